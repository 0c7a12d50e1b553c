// Package ctlp is the CTL Provider protocol, TCP 2444 (stub: being written).
package ctlp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"time"
)

type Status uint16

const (
	OK Status = iota
	Malformed
	LoginFirst
	BadLogin
	LockedOut
	NotFound
	Conflict
	BadList
	NoSpace
	Busy
	NotSupported
	Internal
	ExportRefused
)

func (s Status) String() string { panic("stub") }

// StatusError is an answer other than 0.
type StatusError struct {
	Status     Status
	Message    string // the server's words, bounded and made printable
	RetryAfter time.Duration
	Request    string // LOGIN, STAGE...
}

func (e *StatusError) Error() string { return fmt.Sprint(e.Status) }

type Service uint8

const (
	CallManager Service = 1
	TFTP        Service = 2
	CAPF        Service = 3
	CTLProvider Service = 4
	TVS         Service = 5
)

type Node struct {
	Name      string
	Address   string
	Publisher bool
	Services  []Service
}

type Credential struct {
	NodeName, NodeAddress string
	Function              uint16
	Certificate           []byte // DER
}

type Cluster struct {
	Mixed bool
	Nodes []Node
}

type File struct {
	Name   string
	Data   []byte
	SHA256 [32]byte
	Time   time.Time
	Path   string
}

type StageID [16]byte

// Options of a client.
type Options struct {
	// VerifyPeer is called with the server's certificate before anything is sent; its error ends the connection. Required.
	VerifyPeer func(cert *x509.Certificate, raw []byte) error
	Legacy     bool          // TLS 1.0/1.1 and RSA key exchange, for servers of that age
	Timeout    time.Duration // per request, default 30 s
	Client     string        // name and version
	Dialer     func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Fingerprint is "SHA256:" + unpadded base64 of the certificate's DER digest, as ssh prints.
func Fingerprint(der []byte) string { panic("stub") }

type Client struct{}

func Dial(ctx context.Context, addr string, o Options) (*Client, error) { panic("stub") }
func (c *Client) Login(ctx context.Context, user string, password []byte) (server string, err error) {
	panic("stub")
}
func (c *Client) Cluster(ctx context.Context) (Cluster, error)          { panic("stub") }
func (c *Client) Credentials(ctx context.Context) ([]Credential, error) { panic("stub") }
func (c *Client) Get(ctx context.Context, name string) (File, error)    { panic("stub") }

// Stage: expect nil means "expect no such file".
func (c *Client) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (StageID, error) {
	panic("stub")
}
func (c *Client) Commit(ctx context.Context, id StageID) (path string, sum [32]byte, err error) {
	panic("stub")
}
func (c *Client) Abort(ctx context.Context, id StageID) error { panic("stub") }
func (c *Client) Delete(ctx context.Context, name string, expect *[32]byte) (path string, err error) {
	panic("stub")
}
func (c *Client) SetMode(ctx context.Context, mixed bool) (bool, error) { panic("stub") }
func (c *Client) Close() error                                          { panic("stub") }

// Backend is what a server serves; errors that are *StatusError keep their status, others become Internal.
type Backend interface {
	Login(ctx context.Context, user string, password []byte) (ok bool, err error)
	Cluster(ctx context.Context) (Cluster, error)
	Credentials(ctx context.Context) ([]Credential, error)
	SetMode(ctx context.Context, mixed bool) (bool, error)
	// Check is asked before a file is staged (a valid list? trusted signer?).
	Check(ctx context.Context, name string, old, new []byte) error
	// Changed is told after a commit or delete.
	Changed(name string)
}

// Store keeps the served files in a folder: stage beside, fsync, rename, <name>.previous kept.
type Store struct{ Dir string }

type ServerOptions struct {
	Certificate tls.Certificate
	Backend     Backend
	Dir         string // served folder
	Name        string // SERVER
	Legacy      bool
	Log         func(event string, kv ...any) // audit; never a password
	IdleTimeout time.Duration
	MaxConns    int
}

type Server struct{}

func NewServer(o ServerOptions) (*Server, error) { panic("stub") }
func (s *Server) Serve(l net.Listener) error     { panic("stub") }
func (s *Server) Close() error                   { panic("stub") } // ends connections; stages of them are removed
