// Package platform drives a node's administration CLI over SSH (stub: being written).
package platform

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

type Options struct {
	User     string
	Password func(ctx context.Context) ([]byte, error)
	HostKey  func(addr string, key ssh.PublicKey) error // required, before any password
	Legacy   bool
	Timeout  time.Duration // per command; service restarts take minutes
	Dialer   func(ctx context.Context, network, addr string) (net.Conn, error)
	Output   func(line string) // what the node prints, as it comes
}

// UnexpectedError carries output that is not understood; it is shown, never guessed.
type UnexpectedError struct {
	Command, Output string
}

func (e *UnexpectedError) Error() string { panic("stub") }

type Client struct{}

func Dial(ctx context.Context, addr string, o Options) (*Client, error) { panic("stub") }
func (c *Client) Close() error                                          { panic("stub") }

// ListInfo is what show ctl / show itl prints, parsed.
type ListInfo struct {
	Missing  bool
	MD5      string
	SHA1     string
	Length   int
	Modified string
	Records  []RecordInfo
	Signer   int // record that was used to sign, from 0, -1 none
	Verified bool
	Raw      string
}

type RecordInfo struct {
	Function, DNSName, SubjectName, IssuerName, SerialNumber, CertificateSHA1 string
	UsedToSign                                                                bool
}

// ParseShow reads the output of show ctl / show itl.
func ParseShow(out string) (*ListInfo, error) { panic("stub") }

func (c *Client) ShowCTL(ctx context.Context) (*ListInfo, error)             { panic("stub") }
func (c *Client) ShowITL(ctx context.Context) (*ListInfo, error)             { panic("stub") }
func (c *Client) SetClusterMode(ctx context.Context, mixed bool) error       { panic("stub") } // utils ctl set-cluster
func (c *Client) UpdateCTLFile(ctx context.Context) error                    { panic("stub") } // utils ctl update CTLFile
func (c *Client) DeleteCTLFile(ctx context.Context) (deleted int, err error) { panic("stub") }
func (c *Client) ClusterMixed(ctx context.Context) (bool, error)             { panic("stub") } // run sql select
func (c *Client) RestartService(ctx context.Context, name string) error      { panic("stub") } // Cisco Tftp | Cisco CallManager
func (c *Client) Version(ctx context.Context) (string, error)                { panic("stub") } // show version active

// Handler answers commands in the lab. confirm asks y/n with the prompt given, as the node would.
type Handler func(ctx context.Context, command string, out func(string), confirm func(prompt string) (bool, error)) error

type ServerOptions struct {
	HostKey ssh.Signer
	Login   func(user string, password []byte) bool
	Handler Handler
	Banner  string
}

type Server struct{}

func NewServer(o ServerOptions) *Server      { panic("stub") }
func (s *Server) Serve(l net.Listener) error { panic("stub") }
func (s *Server) Close() error               { panic("stub") }
