// Package sftp puts one file safely on a server over SFTP (stub: being written).
package sftp

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

type Options struct {
	User string
	// HostKey is called before anything secret is sent. Required.
	HostKey  func(addr string, key ssh.PublicKey) error
	Password func(ctx context.Context) ([]byte, error) // asked at most once
	KeyFile  string
	KeyPass  func(ctx context.Context) ([]byte, error)
	Agent    bool // use the agent of SSH_AUTH_SOCK
	Legacy   bool // SHA-1 host keys, old key exchanges and ciphers
	Timeout  time.Duration
	Dialer   func(ctx context.Context, network, addr string) (net.Conn, error)
}

type File struct {
	Name string
	Data []byte
	Time time.Time
	Path string
}

// ErrNotExist etc. are errors.Is-able: fs.ErrNotExist, fs.ErrPermission, ErrNoSpace.
var ErrNoSpace error

// ErrConflict: the live file is not the expected one.
var ErrConflict error

type Client struct{}

func Dial(ctx context.Context, addr string, o Options) (*Client, error) { panic("stub") }

// Warnings in words: server has no fsync, no posix-rename...
func (c *Client) Warnings() []string                                      { panic("stub") }
func (c *Client) Get(ctx context.Context, dir, name string) (File, error) { panic("stub") }

// Stage writes a temporary name beside the target, flushed, permissions and owner as the live file's; read back and compared. token names it.
func (c *Client) Stage(ctx context.Context, dir, name string, data []byte, expect *[32]byte) (token string, err error) {
	panic("stub")
}

// Commit keeps the live file as name.previous and renames the staged one over it.
func (c *Client) Commit(ctx context.Context, dir, name, token string, expect *[32]byte) error {
	panic("stub")
}
func (c *Client) Abort(ctx context.Context, dir, token string) error                   { panic("stub") }
func (c *Client) Delete(ctx context.Context, dir, name string, expect *[32]byte) error { panic("stub") }
func (c *Client) Close() error                                                         { panic("stub") }
