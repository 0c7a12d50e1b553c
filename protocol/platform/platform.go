// Package platform drives a node's administration CLI over SSH, the one that
// greets with the prompt "admin:", and answers for a node in the practice
// cluster.
//
// That CLI is made for people: a shell on a terminal, with prompts, questions,
// pages and, on some systems, escape sequences. There is no other interface for
// some of what a migration needs (utils ctl ..., show ctl). The texts are those
// of Cisco's guides and technotes.
//
// What always holds:
//
//   - A question is answered only if it is the one that the command is known to
//     ask, and once. Any other question, and any result that is not known, is an
//     *UnexpectedError with what the node printed; nothing is guessed, and the
//     connection is closed, so that nothing is answered by accident.
//   - Success is what the node says in the words of success, never the absence
//     of an error.
//   - Every wait has an end: for the first prompt, for each command, for each write.
//     Closing waits for nobody.
//   - The host key is judged before the password is asked for (see sshconn).
//
// A Client runs one command at a time; calls from several goroutines wait for
// each other. When a context ends in the middle of a command the connection is
// closed: what became of the command is then not known, and the Client is of no
// further use.
package platform

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/message"
	"ctlclient/protocol/sshconn"
)

const (
	// DefaultTimeout of one command.
	DefaultTimeout = 2 * time.Minute

	// FirstPrompt is the time that a node has for its first prompt, at least: it takes
	// 5 to 15 s as a rule.
	FirstPrompt = time.Minute

	// restartFactor: a service restart takes minutes, not seconds.
	restartFactor = 5

	// prompt of the CLI, at the start of a line.
	prompt = "admin:"

	// maxOutput bounds what one command may print, in bytes. A list of a large
	// cluster is printed in some tens of kilobytes.
	maxOutput = 1 << 20

	// maxShown bounds the output that an error carries, in bytes.
	maxShown = 4 << 10

	// A terminal wide enough that no line wraps, and long enough that most
	// output fits a page.
	terminalColumns, terminalRows = 500, 1000
)

// Options of Dial. Those that sshconn.Options has too are the same.
type Options struct {
	User              string
	Password          func(ctx context.Context) ([]byte, error)  // asked at most once; the slice stays the caller's
	HostKey           func(addr string, key ssh.PublicKey) error // required, before any password
	HostKeyAlgorithms []string                                   // kinds of the key already known; empty: any
	Legacy            bool
	Timeout           time.Duration // of a command, default DefaultTimeout; a service restart has five times as long
	FirstPrompt       time.Duration // default: Timeout, and FirstPrompt at least
	Dialer            func(ctx context.Context, network, addr string) (net.Conn, error)
	Output            func(line string) // what the node prints, as it comes, without control characters; called on one goroutine
}

// UnexpectedError is output that is not understood. It is shown, never guessed.
type UnexpectedError struct {
	Command string // empty: at login
	Output  string // the last of what the node printed, at most 4 KiB, without control characters
	Reason  string // what was expected instead
	Err     error  // may be nil; context.DeadlineExceeded when the prompt did not come back

	// Ended: the command is over and the connection can be used further; only its result
	// is not understood. What it did can be looked up.
	Ended bool
}

// Error is Said in English.
func (e *UnexpectedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *UnexpectedError) Said() error {
	if e.Command != "" {
		return message.Errorf("unexpected answer of the node to %q: %s", e.Command, e.Reason)
	}
	return message.Errorf("unexpected answer of the node after login: %s", e.Reason)
}

func (e *UnexpectedError) Unwrap() error { return e.Err }

// Hints show what the node printed.
func (e *UnexpectedError) Hints() []message.Message {
	if strings.TrimSpace(e.Output) == "" {
		return message.Hint("the node printed nothing")
	}
	return message.Hint("the node printed:\n%s", e.Output)
}

// errClosed: the shell was given up after a command went wrong.
var errClosed = message.NewError("the connection to the node's CLI is closed")

// Client is a logged-in shell at its prompt.
type Client struct {
	options Options
	ssh     *ssh.Client
	session *ssh.Session
	input   io.Writer
	chunks  chan []byte // what the node sends; closed at its end
	stop    chan struct{}

	mu     sync.Mutex // held by the command at work
	screen screen
	hide   string // a secret that is being typed; taken out of what Output is told
	closed bool
}

// Dial connects, checks the host key, logs in and waits for the prompt. Errors
// of the login are sshconn's: errors.Is(err, sshconn.ErrLogin).
func Dial(ctx context.Context, addr string, o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.FirstPrompt <= 0 {
		o.FirstPrompt = max(o.Timeout, FirstPrompt)
	}
	conn, err := sshconn.Dial(ctx, addr, sshconn.Options{
		User:              o.User,
		HostKey:           o.HostKey,
		HostKeyAlgorithms: o.HostKeyAlgorithms,
		Password:          o.Password,
		Legacy:            o.Legacy,
		Timeout:           min(o.Timeout, sshconn.DefaultTimeout),
		Dialer:            o.Dialer,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{options: o, ssh: conn, chunks: make(chan []byte), stop: make(chan struct{})}
	if o.Output != nil {
		c.screen.line = func(line string) { o.Output(c.shown(line)) }
	}
	if err := c.shell(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// shown is a line as it may be shown.
func (c *Client) shown(line string) string {
	if c.hide == "" {
		return line
	}
	return strings.ReplaceAll(line, c.hide, "***")
}

// shell starts the CLI on a terminal, waits for its first prompt, and turns the pager
// off where the node knows how: what it answers does not matter, both pagers are
// answered if they appear all the same.
func (c *Client) shell(ctx context.Context) error {
	e := exchange{timeout: c.options.FirstPrompt}
	if _, err := c.within(ctx, e, func(ctx context.Context) (string, error) { return c.first(ctx, e) }); err != nil {
		return err
	}
	told := c.screen.line
	c.screen.line = nil
	defer func() { c.screen.line = told }()
	_, err := c.run(ctx, exchange{command: cmdNoPager, timeout: c.options.Timeout})
	return err
}

// first opens the terminal and reads up to the first prompt.
func (c *Client) first(ctx context.Context, e exchange) (string, error) {
	fail := func(err error) (string, error) { return "", message.Errorf("start the node's CLI: %w", err) }
	session, err := c.ssh.NewSession()
	if err != nil {
		return fail(err)
	}
	c.session = session
	output, err := session.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if c.input, err = session.StdinPipe(); err != nil {
		return fail(err)
	}
	// No echo is asked for; one that comes all the same is taken out.
	modes := ssh.TerminalModes{ssh.ECHO: 0}
	if err := session.RequestPty("vt100", terminalRows, terminalColumns, modes); err != nil {
		return fail(err)
	}
	if err := session.Shell(); err != nil {
		return fail(err)
	}
	go c.receive(output)
	return c.converse(ctx, e)
}

// receive passes on what the node sends.
func (c *Client) receive(output io.Reader) {
	defer close(c.chunks)
	for {
		chunk := make([]byte, 4<<10)
		n, err := output.Read(chunk)
		if n > 0 {
			select {
			case c.chunks <- chunk[:n]:
			case <-c.stop:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Close ends the connection; a command at work ends with an error.
func (c *Client) Close() error {
	_ = c.ssh.Close() // first, so that a command at work lets go of the lock
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveUp()
	return nil
}

// giveUp ends the connection for good; mu is held. A shell that is closed in the
// middle ends with an error of no interest.
func (c *Client) giveUp() {
	_ = c.ssh.Close()
	if !c.closed {
		c.closed = true
		close(c.stop)
	}
}
