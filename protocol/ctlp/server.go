package ctlp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"ctlclient/protocol/internal/serve"
	"ctlclient/protocol/internal/tlsconn"
)

// Defaults of a server.
const (
	DefaultIdleTimeout = time.Minute
	DefaultMaxConns    = 2048
	// DefaultMaxStrangers keeps one machine without a password from taking all
	// connections.
	DefaultMaxStrangers = 32
)

// ErrServerClosed is what Serve returns after Close.
var ErrServerClosed = serve.ErrServerClosed

// Backend decides what a server does. Its methods are called from several
// goroutines at once. An error that is a *StatusError keeps its status and
// words, another becomes Internal; a node that is not the publisher answers
// Cluster, Credentials and SetMode with NotSupported. ctx ends with the server.
type Backend interface {
	// Login looks at a password, which is wiped afterwards. A wrong user name
	// must take as long as a wrong password.
	Login(ctx context.Context, user string, password []byte) (ok bool, err error)
	Cluster(ctx context.Context) (Cluster, error)
	Credentials(ctx context.Context) ([]Credential, error)
	// SetMode returns the mode that holds then.
	SetMode(ctx context.Context, mixed bool) (bool, error)
	// Check is asked before a file is staged: is it a valid list, of a signer to
	// be trusted? old is the live file, nil for none.
	Check(ctx context.Context, name string, old, new []byte) error
	// Changed is told after a commit or a delete.
	Changed(name string)
}

// Revoker is a Backend that can take a login back: it is asked before each
// request, and after a no the session has to log in again. It is how a user who
// was removed loses connections that are open.
type Revoker interface {
	Allowed(user string) bool
}

// ServerOptions of a server.
type ServerOptions struct {
	Certificate tls.Certificate
	Backend     Backend // required
	Dir         string  // the folder served; it must exist
	Name        string  // SERVER: name and version
	Legacy      bool    // also TLS 1.0 and 1.1, RSA key exchange, 3DES
	// Log is told what happened, as pairs of a key and a value; never a
	// password. Called from several goroutines at once. Events: login,
	// login-failed, locked-out, logout, stage, commit, abort, delete, set-mode,
	// revoked (with status, 0 for done), connection-refused, protocol-error.
	Log         func(event string, kv ...any)
	IdleTimeout time.Duration // between requests, and for a handshake; 0: DefaultIdleTimeout
	MaxConns    int           // at a time; 0: DefaultMaxConns
	// MaxStrangers is how many connections one address (IPv6: one /64) may have on
	// which nobody has logged in yet; 0: DefaultMaxStrangers.
	MaxStrangers int
}

// Server answers CTLP for one folder.
type Server struct {
	o        ServerOptions
	tls      *tls.Config
	cert     atomic.Pointer[tls.Certificate]
	backend  atomic.Pointer[Backend]
	store    *Store
	lockouts lockouts
	bulk     slots // messages longer than smallMessage, from the body's first byte to the answer's last
	disk     slots // requests at work in the folder
	group    serve.Group
	ctx      context.Context // of all its requests
	cancel   context.CancelFunc
}

// NewServer opens the folder; Serve starts the server, Close ends it.
func NewServer(o ServerOptions) (*Server, error) {
	switch {
	case o.Backend == nil:
		return nil, errors.New("a CTLP server needs a backend")
	case len(o.Certificate.Certificate) == 0:
		return nil, errors.New("a CTLP server needs a certificate")
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = DefaultIdleTimeout
	}
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.MaxStrangers <= 0 {
		o.MaxStrangers = DefaultMaxStrangers
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	store, err := OpenStore(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, store: store, group: serve.Group{Max: o.MaxConns, MaxStrangers: o.MaxStrangers},
		bulk: make(slots, maxBulk), disk: make(slots, maxDisk)}
	// A server begins a life of its own, which Close ends.
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.SetCertificate(o.Certificate)
	s.SetBackend(o.Backend)
	s.tls = tlsconn.ServerConfig(func() (*tls.Certificate, error) { return s.cert.Load(), nil }, o.Legacy)
	return s, nil
}

// SetCertificate is shown from the next handshake on; connections stay.
func (s *Server) SetCertificate(c tls.Certificate) { s.cert.Store(&c) }

// SetBackend decides from the next request on; connections stay, and so do those
// who are logged in, unless the backend is a Revoker that says no.
func (s *Server) SetBackend(b Backend) { s.backend.Store(&b) }

// Serve answers on l until Close, then returns ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	return s.group.Serve(l, s.handle, func(c net.Conn, why error) {
		s.o.Log("connection-refused", "address", c.RemoteAddr().String(), "reason", why.Error())
	})
}

// Close ends listeners and connections, waits for what is under way, and removes
// what is staged.
func (s *Server) Close() error {
	s.cancel()
	return errors.Join(s.group.Close(), s.store.Close())
}
