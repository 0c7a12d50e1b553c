package tvs

import (
	"crypto/tls"
	"errors"
	"net"
	"time"

	"ctlclient/protocol/internal/serve"
	"ctlclient/protocol/internal/tlsconn"
)

// DefaultMaxConns is how many clients a server has at a time.
const DefaultMaxConns = 64

// ErrServerClosed is what Serve returns after Close.
var ErrServerClosed = serve.ErrServerClosed

// ServerOptions of a service.
type ServerOptions struct {
	// Certificate is looked up at each handshake: certificates get regenerated.
	Certificate func() (tls.Certificate, error)
	// Answer is called from several goroutines at once. The certificate that it
	// is asked about is whatever a client sent. Nil: every answer is "invalid".
	Answer   func(r Request) Answer
	Legacy   bool          // also TLS 1.0 and 1.1, as old phones need
	Timeout  time.Duration // for a connection from accept to close; 0: DefaultTimeout
	MaxConns int           // 0: DefaultMaxConns
}

// Server answers verify requests.
type Server struct {
	o     ServerOptions
	tls   *tls.Config
	group serve.Group
}

// NewServer makes a server; Serve starts it.
func NewServer(o ServerOptions) *Server {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.Answer == nil {
		o.Answer = func(Request) Answer { return Answer{} }
	}
	s := &Server{o: o, group: serve.Group{Max: o.MaxConns}}
	s.tls = tlsconn.ServerConfig(func() (*tls.Certificate, error) {
		if o.Certificate == nil {
			return nil, errors.New("the service has no certificate")
		}
		c, err := o.Certificate()
		return &c, err
	}, o.Legacy)
	return s
}

// Serve answers on l until Close, then returns ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	return s.group.Serve(l, s.handle, nil)
}

// Close ends listeners and connections and waits for their handlers.
func (s *Server) Close() error { return s.group.Close() }

// handle answers one question. A client that does not follow the format gets no
// answer: the format has none for it.
func (s *Server) handle(raw net.Conn) {
	if raw.SetDeadline(time.Now().Add(s.o.Timeout)) != nil {
		return
	}
	conn := tls.Server(raw, s.tls)
	f, err := readFrame(conn)
	if err != nil {
		return
	}
	r, err := decodeRequest(f.command, f.body)
	if err != nil {
		return
	}
	a := s.o.Answer(r)
	if !r.ByName() {
		a.Certificate = nil
	} else if a.Valid && (len(a.Certificate) == 0 || len(a.Certificate) > maxAnswered) {
		a = Answer{}
	}
	out := frame{command: f.command + 1, session: f.session, body: a.encode()}
	if _, err := conn.Write(out.bytes()); err != nil {
		return
	}
	conn.Close()
}
