// Package tvs is the Trust Verification Service protocol, TCP 2445 (stub: being written).
package tvs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

type Answer struct {
	Valid bool
	Roles []uint8
	TTL   time.Duration
}

type Options struct {
	VerifyPeer func(cert *x509.Certificate, raw []byte) error // required
	DeviceName string                                         // default "CP-7975-SEP000000000000"
	Legacy     bool                                           // TLS 1.0
	Timeout    time.Duration
	Dialer     func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Verify asks one question on a connection of its own.
func Verify(ctx context.Context, addr string, certDER []byte, o Options) (Answer, error) {
	panic("stub")
}

// Request as a server sees it.
type Request struct {
	DeviceName  string
	Certificate []byte
}

type ServerOptions struct {
	Certificate func() (tls.Certificate, error) // looked up at each handshake: certificates get regenerated
	Answer      func(r Request) Answer
	Legacy      bool
	Timeout     time.Duration
	MaxConns    int
}

type Server struct{}

func NewServer(o ServerOptions) *Server      { panic("stub") }
func (s *Server) Serve(l net.Listener) error { panic("stub") }
func (s *Server) Close() error               { panic("stub") }
