package sshconn

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"ctlclient/message"
)

// maxKeyFile bounds a private key file, in bytes.
const maxKeyFile = 64 << 10

// login is the state of one login: what was accepted, tried, and why it ended.
type login struct {
	ctx     context.Context
	conn    net.Conn
	addr    string
	options Options

	accepted     []byte // host key that HostKey accepted
	passwordUsed bool
	tried        []string
	stopped      error // why we ended it ourselves
	agentConn    *agentConn
	agentStop    func() bool
	agentErr     error // of the last answer
}

// waitForServer gives the server its time; waitForPerson takes the clock away.
func (l *login) waitForServer() { _ = l.conn.SetDeadline(time.Now().Add(l.options.Timeout)) }
func (l *login) waitForPerson() { _ = l.conn.SetDeadline(time.Time{}) }

func (l *login) close() {
	if l.agentConn != nil {
		l.agentStop()
		_ = l.agentConn.Close() // nothing is written on it any more
	}
}

// stop notes why the login ends; the library passes on only words.
func (l *login) stop(err error) error {
	if l.stopped == nil {
		l.stopped = err
	}
	return err
}

// hostKey is also called when keys are exchanged again later: the key must then
// be the one accepted, and nobody is asked twice.
func (l *login) hostKey(_ string, _ net.Addr, key ssh.PublicKey) error {
	if l.accepted != nil {
		if !bytes.Equal(l.accepted, key.Marshal()) {
			return message.NewError("the host key changed during the connection")
		}
		return nil
	}
	l.waitForPerson()
	defer l.waitForServer()
	if err := l.options.HostKey(l.addr, key); err != nil {
		return l.stop(err)
	}
	l.accepted = key.Marshal()
	return nil
}

// methods lists the ways to log in: keys first, since they cost no attempt that
// a person would miss.
func (l *login) methods() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if l.options.KeyFile != "" || l.options.Agent {
		var pem []byte
		if l.options.KeyFile != "" {
			var err error
			if pem, err = readKeyFile(l.options.KeyFile); err != nil {
				return nil, err
			}
		}
		methods = append(methods, ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			return l.signers(pem)
		}))
	}
	if l.options.Password != nil {
		methods = append(methods,
			ssh.PasswordCallback(func() (string, error) { return l.password("password") }),
			ssh.KeyboardInteractive(l.keyboardInteractive))
	}
	return methods, nil
}

// password asks for the password, once: a second use of the same entry would be
// a second attempt, which may lock an account.
func (l *login) password(method string) (string, error) {
	if l.passwordUsed {
		return "", message.NewError("the password was used already")
	}
	l.passwordUsed = true
	l.waitForPerson()
	defer l.waitForServer()
	password, err := l.options.Password(l.ctx)
	if err != nil {
		return "", l.stop(err)
	}
	l.tried = append(l.tried, method)
	return string(password), nil
}

// keyboardInteractive answers the one question that a server asks in place of
// the password method. Whatever else it asks (a second factor, a new password)
// is not for this program to answer.
func (l *login) keyboardInteractive(_, _ string, questions []string, echos []bool) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	if len(questions) != 1 || echos[0] {
		return nil, l.stop(&LoginError{User: l.options.User, Tried: l.tried, Reason: "the server asks for more than a password"})
	}
	password, err := l.password("keyboard-interactive")
	if err != nil {
		return nil, err
	}
	return []string{password}, nil
}

// signers of the agent and of the key file.
func (l *login) signers(pem []byte) ([]ssh.Signer, error) {
	var signers []ssh.Signer
	if pem != nil {
		signer, err := l.parseKey(pem)
		if err != nil {
			return nil, l.stop(err)
		}
		signers = append(signers, signer)
	}
	if l.options.Agent {
		fromAgent, err := l.agentSigners()
		if err != nil && len(signers) == 0 && l.options.Password == nil {
			return nil, l.stop(err)
		}
		signers = append(signers, fromAgent...)
	}
	if len(signers) > 0 && !slices.Contains(l.tried, "key") {
		l.tried = append(l.tried, "key")
	}
	return signers, nil
}

func (l *login) parseKey(pem []byte) (ssh.Signer, error) {
	if isPPK(pem) {
		return l.ppkSigner(pem)
	}
	signer, err := ssh.ParsePrivateKey(pem)
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); !ok {
		if err != nil {
			return nil, message.Errorf("key file %s: %w", l.options.KeyFile, err)
		}
		return signer, nil
	}
	if l.options.KeyPass == nil {
		return nil, message.Errorf("key file %s: %w", l.options.KeyFile, err)
	}
	l.waitForPerson()
	defer l.waitForServer()
	passphrase, err := l.options.KeyPass(l.ctx)
	if err != nil {
		return nil, err
	}
	signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, passphrase)
	if err != nil {
		return nil, message.Errorf("key file %s: %w", l.options.KeyFile, err)
	}
	return signer, nil
}

func (l *login) agentSigners() ([]ssh.Signer, error) {
	ctx, cancel := context.WithTimeout(l.ctx, l.options.Timeout)
	defer cancel()
	conn, name, err := dialAgent(ctx)
	if err != nil {
		return nil, err
	}
	l.agentConn = &agentConn{Conn: conn, name: name, login: l, patience: l.options.Timeout}
	l.agentStop = context.AfterFunc(l.ctx, func() { conn.Close() })
	signers, err := agent.NewClient(l.agentConn).Signers()
	if err != nil {
		return nil, &AgentError{Socket: name, Err: cmp.Or(l.agentErr, err)}
	}
	// For a signature it may ask a person, or wait for a finger on a key.
	l.agentConn.patience = l.options.AgentPatience
	return signers, nil
}

// agentConn gives the agent a time for each answer, during which the server's stands
// still.
type agentConn struct {
	net.Conn
	name     string
	login    *login
	patience time.Duration
}

func (c *agentConn) Write(p []byte) (int, error) {
	c.login.waitForPerson()
	if err := c.SetDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *agentConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.login.waitForServer()
	if err != nil {
		c.login.agentErr = err // the library keeps the words alone
	}
	return n, err
}

// readKeyFile reads before anything is connected, so that a wrong path is said
// at once.
func readKeyFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, message.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return nil, message.Errorf("key file %s: not a private key", name)
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, message.Errorf("key file: %w", err)
	}
	return pem, nil
}
