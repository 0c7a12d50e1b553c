// Package sshconn makes the SSH connections under sftp and platform, for both
// ends: the client that logs in to a node, and the server that answers for a
// node in the practice cluster.
//
// What always holds, for a client: the host key is judged before anything
// secret is sent, and a key refused ends the connection there; one password
// entry makes one login attempt; algorithms broken by age are offered only when
// asked for; and no error carries a secret.
package sshconn

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// Port is the one an SSH server listens on.
const Port = 22

// DefaultTimeout bounds each wait for the server while connecting, a person's
// answers not counted.
const DefaultTimeout = 20 * time.Second

// DefaultAgentPatience is how long an SSH agent has for a signature.
const DefaultAgentPatience = time.Minute

// Options of Dial.
type Options struct {
	User string

	// HostKey judges the server's key before anything secret is sent; an error
	// ends the connection and is what Dial returns (errors.Is and errors.As see
	// it). It may ask a person. Required.
	HostKey func(addr string, key ssh.PublicKey) error

	// HostKeyAlgorithms, if not empty, are the only kinds of host key accepted,
	// in order of preference: those of the key that is already known, so that a
	// server with several keys shows that one.
	HostKeyAlgorithms []string

	// Password is called at most once, only if the server wants one, after
	// HostKey. The slice stays the caller's: it is neither kept nor changed.
	// The library underneath makes strings of it, which cannot be wiped.
	Password func(ctx context.Context) ([]byte, error)

	KeyFile string                                    // private key in PEM or OpenSSH form
	KeyPass func(ctx context.Context) ([]byte, error) // asked at most once, if KeyFile wants it
	Agent   bool                                      // also use the keys of the agent: of SSH_AUTH_SOCK; on Windows also OpenSSH's and Pageant

	// AgentPatience is how long the agent has for a signature, for which it may ask a
	// person; default DefaultAgentPatience. To tell its keys it has Timeout.
	AgentPatience time.Duration

	Legacy  bool          // also SHA-1 host keys, old key exchanges and ciphers
	Timeout time.Duration // of each wait while connecting; default DefaultTimeout
	Dialer  func(ctx context.Context, network, addr string) (net.Conn, error)
}

// ErrUnreachable: no connection, or one that was lost or fell silent before the login
// was done. It may pass by itself; all other errors are an answer.
var ErrUnreachable = reach.ErrUnreachable

// ErrLogin: the server was reached and is the right one, and refused the login.
var ErrLogin = message.NewError("login refused")

// LoginError is ErrLogin with the ways that were tried.
type LoginError struct {
	User   string
	Tried  []string // password, key, keyboard-interactive; empty: the server offered none that we have
	Reason string   // if it was not simply the server's no
	Err    error
}

// Error is Said in English.
func (e *LoginError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *LoginError) Said() error {
	if e.Reason != "" {
		return message.Errorf("login as %q refused: %s", e.User, e.Reason)
	}
	if len(e.Tried) == 0 {
		return message.Errorf("login as %q refused: the server accepts none of the ways we can log in", e.User)
	}
	return message.Errorf("login as %q refused (tried: %s)", e.User, strings.Join(e.Tried, ", "))
}

func (e *LoginError) Is(target error) bool { return target == ErrLogin }
func (e *LoginError) Unwrap() error        { return e.Err }

// Hints name the next action.
func (e *LoginError) Hints() []message.Message {
	if len(e.Tried) == 0 || e.Reason != "" {
		return message.Hint("give a password or a key file for this node, or load its key into the SSH agent")
	}
	return message.Hint("check the user name and the password or key of this node; nothing is tried again by itself, so that no account gets locked")
}

// AlgorithmError: the two sides have no algorithm in common.
type AlgorithmError struct {
	Legacy bool // the old ones were offered already
	Err    error
}

// Error is Said in English.
func (e *AlgorithmError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *AlgorithmError) Said() error {
	return message.Errorf("no algorithm in common with the server: %w", e.Err)
}
func (e *AlgorithmError) Unwrap() error { return e.Err }

// Hints name the next action.
func (e *AlgorithmError) Hints() []message.Message {
	if e.Legacy {
		return message.Hint("the server speaks nothing we know, old algorithms included; it needs an update")
	}
	return message.Hint("if this is an old server, set legacy = true for this node in the profile: SHA-1 and CBC are then allowed for it")
}

// AgentError: the SSH agent cannot be used.
type AgentError struct {
	Socket string
	Err    error
}

// Error is Said in English.
func (e *AgentError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *AgentError) Said() error {
	if timeout, ok := errors.AsType[net.Error](e.Err); ok && timeout.Timeout() {
		return message.Errorf("the SSH agent at %s does not answer", e.Socket)
	}
	return message.Errorf("the SSH agent at %s cannot be used: %v", e.Socket, reach.Reason(e.Err))
}
func (e *AgentError) Unwrap() error { return e.Err }

// Hints name the next action.
func (e *AgentError) Hints() []message.Message {
	return message.Hint("see that the agent runs and has the key (ssh-add -l; Pageant: its icon in the task bar); or give this node a key file or a password instead")
}

// Dial connects and logs in. When ctx ends, Dial returns at once. The
// connection that it returns no longer depends on ctx.
func Dial(ctx context.Context, addr string, o Options) (*ssh.Client, error) {
	if o.HostKey == nil {
		return nil, message.NewError("no way to check the host key was given")
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.AgentPatience <= 0 {
		o.AgentPatience = DefaultAgentPatience
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), strconv.Itoa(Port))
	}
	dial := o.Dialer
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	dialCtx, cancel := context.WithTimeout(ctx, o.Timeout)
	conn, err := dial(dialCtx, "tcp", addr)
	cancel()
	if err != nil {
		return nil, reach.Failed(ctx, addr, err)
	}
	client, err := handshake(ctx, conn, addr, o)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

func handshake(ctx context.Context, conn net.Conn, addr string, o Options) (*ssh.Client, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	login := &login{ctx: ctx, conn: conn, addr: addr, options: o}
	defer login.close()
	config, err := login.config()
	if err != nil {
		return nil, err
	}
	login.waitForServer()
	sshConn, channels, requests, err := ssh.NewClientConn(conn, addr, config)
	if err != nil {
		return nil, login.explain(err)
	}
	if !stop() {
		sshConn.Close()
		return nil, ctx.Err()
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		sshConn.Close()
		return nil, err
	}
	return ssh.NewClient(sshConn, channels, requests), nil
}

// configuration for one login; algorithms first.
func (l *login) config() (*ssh.ClientConfig, error) {
	methods, err := l.methods()
	if err != nil {
		return nil, err
	}
	secure := ssh.SupportedAlgorithms()
	config := &ssh.ClientConfig{
		User:            l.options.User,
		Auth:            methods,
		HostKeyCallback: l.hostKey,
		ClientVersion:   "SSH-2.0-ctlclient",
		// A banner is a stranger's text on the way to the prompt; not shown.
		BannerCallback: func(string) error { return nil },
	}
	config.KeyExchanges = secure.KeyExchanges
	config.Ciphers = secure.Ciphers
	config.MACs = secure.MACs
	for _, algorithm := range secure.HostKeys {
		// Host certificates would need a CA; what is pinned here are keys.
		if !strings.Contains(algorithm, "-cert-") {
			config.HostKeyAlgorithms = append(config.HostKeyAlgorithms, algorithm)
		}
	}
	if l.options.Legacy {
		config.KeyExchanges = append(config.KeyExchanges,
			ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDHGEXSHA1, ssh.InsecureKeyExchangeDH1SHA1)
		config.Ciphers = append(config.Ciphers, ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC)
		config.MACs = append(config.MACs, ssh.InsecureHMACSHA196)
		config.HostKeyAlgorithms = append(config.HostKeyAlgorithms, ssh.KeyAlgoRSA)
	}
	if len(l.options.HostKeyAlgorithms) > 0 {
		config.HostKeyAlgorithms = l.options.HostKeyAlgorithms
	}
	return config, nil
}

// explain finds the reason behind the library's error.
func (l *login) explain(err error) error {
	if ctxErr := l.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if l.stopped != nil {
		return l.stopped
	}
	if _, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		return &AlgorithmError{Legacy: l.options.Legacy, Err: err}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return reach.Silent(l.options.Timeout)
	}
	if l.agentErr != nil && !l.passwordUsed {
		return &AgentError{Socket: l.agentConn.name, Err: l.agentErr}
	}
	// A server may say no, or hang up once it has had enough of attempts.
	if l.accepted != nil && (len(l.tried) > 0 || strings.Contains(err.Error(), "unable to authenticate")) {
		return &LoginError{User: l.options.User, Tried: l.tried, Err: err}
	}
	if reach.IsLoss(err) {
		return reach.Lost(err)
	}
	return err
}
