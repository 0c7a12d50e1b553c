// Package sftp puts one named file safely on a server over SFTP, and takes it
// away again: the way of a trust list to an alternate TFTP server or a firewall.
// It also has the server that plays that part in the practice cluster.
//
// SFTP is version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions:
// posix-rename to replace a file in one step, fsync to know that it is on disk,
// statvfs to say why it is not. What a server lacks is said in words, before
// anything is written where it matters, afterwards as a warning where not.
//
// What always holds:
//
//   - A live file changes by rename alone: whoever reads it gets the old file or
//     the new one, whole. Bytes are written only to a temporary name beside it.
//   - A file is replaced or removed only if it is the one that the caller
//     expects, by its SHA-256; otherwise ErrConflict. (SFTP knows no lock: a
//     change between the check and the rename, a few milliseconds, is not seen.)
//   - The file that was there before is kept as NAME.previous.
//   - What was staged has been read back and compared.
//   - Names are base names: nothing outside the folder given is touched.
//
// Requests that do not depend on each other travel together: an update is some
// twenty-five round trips, login included, and not a hundred.
//
// A Client is for one goroutine at a time. SFTP has no way to give up a single
// request: when a context or Options.Timeout ends, the connection is closed, the call
// returns at once, and the Client is of no further use. Closing waits for nobody. What
// a dead job left behind is removed by Abort, whose token the job knows beforehand
// (NewToken, StageAs), or found by Leftovers.
//
// Errors tell what to do next: ErrUnreachable may pass by itself, sshconn.ErrLogin is
// a refused login, and all others are the server's answer or its state, which asking
// again does not change.
package sftp

import (
	"context"
	"net"
	"path"
	"strings"
	"sync"
	"time"

	pkgsftp "github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
	"ctlclient/protocol/sshconn"
)

const (
	// MaxFile is the longest file that is read or written, in bytes. A trust
	// list has some kilobytes.
	MaxFile = 1 << 20

	// DefaultTimeout of one call.
	DefaultTimeout = 60 * time.Second
)

// Options of Dial. The fields up to Dialer are those of sshconn.Options.
type Options struct {
	User string
	// HostKey is called before anything secret is sent. Required.
	HostKey           func(addr string, key ssh.PublicKey) error
	HostKeyAlgorithms []string                                  // kinds of the key already known; empty: any
	Password          func(ctx context.Context) ([]byte, error) // asked at most once; the slice stays the caller's
	KeyFile           string
	KeyPass           func(ctx context.Context) ([]byte, error)
	Agent             bool          // use the agent of SSH_AUTH_SOCK
	Legacy            bool          // SHA-1 host keys, old key exchanges and ciphers
	Timeout           time.Duration // of one call, default DefaultTimeout; connecting has less
	Dialer            func(ctx context.Context, network, addr string) (net.Conn, error)

	// AllowNonAtomic lets Commit work on a server that cannot replace a file in
	// one step: the live file is renamed to NAME.previous, then the staged one
	// to NAME. Between the two, for a moment, there is no live file; never half
	// a one.
	AllowNonAtomic bool

	// Warn is told what the server lacks and what could not be done, in words, each
	// once, as soon as it matters: a server is read without a word about writing.
	Warn func(what message.Message)
}

// File is a file as it was read.
type File struct {
	Name string
	Data []byte
	Time time.Time // last modification, server's clock, whole seconds
	Path string    // as the server was asked for it
}

// Client is a logged-in connection.
type Client struct {
	ssh     *ssh.Client
	sftp    *pkgsftp.Client
	options Options
	closing sync.WaitGroup // of handles whose answer nobody waits for

	posixRename, fsync, statvfs bool

	mu       sync.Mutex
	warnings []message.Message
}

// ErrUnreachable: no connection, or one that was lost or fell silent; what was asked
// may or may not have been done.
var ErrUnreachable = reach.ErrUnreachable

// Dial connects, checks the host key, logs in and starts SFTP. Errors of the
// login are sshconn's: errors.Is(err, sshconn.ErrLogin).
func Dial(ctx context.Context, addr string, o Options) (*Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	conn, err := sshconn.Dial(ctx, addr, sshconn.Options{
		User:              o.User,
		HostKey:           o.HostKey,
		HostKeyAlgorithms: o.HostKeyAlgorithms,
		Password:          o.Password,
		KeyFile:           o.KeyFile,
		KeyPass:           o.KeyPass,
		Agent:             o.Agent,
		Legacy:            o.Legacy,
		Timeout:           min(o.Timeout, sshconn.DefaultTimeout),
		Dialer:            o.Dialer,
	})
	if err != nil {
		return nil, err
	}
	c := &Client{ssh: conn, options: o}
	if err := c.start(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) start(ctx context.Context) error {
	ctx, done := c.begin(ctx)
	defer done()
	var err error
	// What is written is read back and compared, so that its parts may travel in any
	// order.
	c.sftp, err = pkgsftp.NewClient(c.ssh, pkgsftp.UseConcurrentReads(true), pkgsftp.UseConcurrentWrites(true))
	if err != nil {
		if ctx.Err() != nil {
			return message.Errorf("start SFTP: %w", context.Cause(ctx))
		}
		if reach.IsLoss(err) {
			return message.Errorf("start SFTP: %w", reach.Lost(err))
		}
		return &NoServiceError{Err: err}
	}
	_, c.posixRename = c.sftp.HasExtension("posix-rename@openssh.com")
	_, c.fsync = c.sftp.HasExtension("fsync@openssh.com")
	_, c.statvfs = c.sftp.HasExtension("statvfs@openssh.com")
	if !c.posixRename {
		if c.options.AllowNonAtomic {
			c.warn(message.Phrase("the server cannot replace a file in one step (no posix-rename@openssh.com): for a moment there is no live file while it is replaced"))
		} else {
			c.warn(message.Phrase("the server cannot replace a file in one step (no posix-rename@openssh.com): a file that exists there is not replaced"))
		}
	}
	return nil
}

// Warnings are those of which Options.Warn was told.
func (c *Client) Warnings() []message.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]message.Message(nil), c.warnings...)
}

func (c *Client) warn(what message.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, known := range c.warnings {
		if known.String() == what.String() {
			return
		}
	}
	c.warnings = append(c.warnings, what)
	if c.options.Warn != nil {
		c.options.Warn(what)
	}
}

// begin binds a call to its context and timeout by closing the connection when
// either ends; done must be called when the call is over. The cause of ctx says which.
func (c *Client) begin(parent context.Context) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeoutCause(parent, c.options.Timeout, reach.Silent(c.options.Timeout))
	stop := context.AfterFunc(ctx, func() { c.ssh.Close() })
	return ctx, func() {
		stop()
		cancel()
	}
}

// Close ends the connection, at once: whatever was asked has been answered or given
// up, and a server that does not answer is not waited for. What was staged stays.
func (c *Client) Close() error {
	// SSH first: the library under SFTP would wait for the server to close its side.
	err := c.ssh.Close()
	// It reports the end that we just made.
	_ = c.sftp.Close()
	c.closing.Wait()
	if reach.IsLoss(err) {
		return nil // the server was quicker
	}
	return err
}

// Get reads a file of at most MaxFile bytes; fs.ErrNotExist when there is none.
func (c *Client) Get(ctx context.Context, dir, name string) (File, error) {
	if err := CheckName(name); err != nil {
		return File{}, err
	}
	ctx, done := c.begin(ctx)
	defer done()
	file := File{Name: name, Path: path.Join(dir, name)}
	data, info, err := c.read(file.Path, nil)
	if err != nil {
		return File{}, c.explain(ctx, "read", file.Path, 0, err)
	}
	file.Data, file.Time = data, info.ModTime()
	return file, nil
}

// CheckName refuses what is not a plain file name: separators of any system,
// ".", "..", control characters, more than 200 bytes.
func CheckName(name string) error {
	switch {
	case name == "", name == ".", name == "..":
		return message.Errorf("%q is not a file name", name)
	case len(name) > maxName:
		return message.Errorf("file name is longer than %d bytes", maxName)
	case strings.ContainsAny(name, `/\:`):
		return message.Errorf("%q is not a plain file name: it has a separator in it", name)
	}
	for i := 0; i < len(name); i++ {
		if name[i] < ' ' || name[i] == 0x7f {
			return message.Errorf("%q is not a plain file name: it has a control character in it", name)
		}
	}
	return nil
}

// maxName leaves room for what is put round a name, within the 255 bytes of most
// file systems.
const maxName = 200
