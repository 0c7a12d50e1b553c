package sshconn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Limits of a server.
const (
	maxConnections  = 64
	maxSessions     = 8 // in one connection
	maxLoginTries   = 3 // in one connection
	loginGrace      = 60 * time.Second
	maxPasswordSize = 256
)

// ErrServerClosed is what Serve returns after Close.
var ErrServerClosed = errors.New("ssh server closed")

// ServerOptions of NewServer.
type ServerOptions struct {
	HostKey ssh.Signer // required
	Banner  string     // shown before the login

	// Login judges a user name and password. Called on several goroutines.
	Login func(user string, password []byte) bool
	// AuthorizedKeys log in any user.
	AuthorizedKeys []ssh.PublicKey

	// Session serves one session channel and answers its requests; the channel
	// is closed when it returns. ctx ends with the connection.
	Session func(ctx context.Context, user string, channel ssh.Channel, requests <-chan *ssh.Request)
}

// Server accepts SSH connections on any number of listeners.
type Server struct {
	options ServerOptions
	config  *ssh.ServerConfig
	slots   chan struct{}

	mu     sync.Mutex
	closed bool
	open   map[io.Closer]struct{} // listeners and connections
}

// NewServer makes a server; it does nothing until Serve.
func NewServer(o ServerOptions) *Server {
	config := &ssh.ServerConfig{
		MaxAuthTries:  maxLoginTries,
		ServerVersion: "SSH-2.0-ctlclient-lab",
	}
	if o.Banner != "" {
		config.BannerCallback = func(ssh.ConnMetadata) string { return o.Banner }
	}
	if o.Login != nil {
		config.PasswordCallback = func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if len(password) > maxPasswordSize || !o.Login(c.User(), password) {
				return nil, ErrLogin
			}
			return nil, nil
		}
	}
	if len(o.AuthorizedKeys) > 0 {
		config.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			for _, authorized := range o.AuthorizedKeys {
				if bytes.Equal(authorized.Marshal(), key.Marshal()) {
					return nil, nil
				}
			}
			return nil, ErrLogin
		}
	}
	config.AddHostKey(o.HostKey)
	return &Server{
		options: o,
		config:  config,
		slots:   make(chan struct{}, maxConnections),
		open:    make(map[io.Closer]struct{}),
	}
}

// Serve accepts connections until Close, then waits until all of them have
// ended. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if !s.track(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.forget(l)
	// The root of everything that happens here; Close ends it by closing the
	// connections.
	ctx, cancel := context.WithCancel(context.Background())
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel()
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.isClosed() {
				return ErrServerClosed
			}
			return err
		}
		select {
		case s.slots <- struct{}{}:
			connections.Go(func() {
				defer func() { <-s.slots }()
				s.connection(ctx, conn)
			})
		default:
			conn.Close()
		}
	}
}

// Close ends Serve and cuts every connection, at once.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	for c := range s.open {
		// A connection that the library closed first is as closed as it gets.
		if e := c.Close(); !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	clear(s.open)
	return err
}

func (s *Server) track(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open[c] = struct{}{}
	return true
}

func (s *Server) forget(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; ok {
		delete(s.open, c)
		_ = c.Close() // the peer is gone or will notice
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) connection(ctx context.Context, conn net.Conn) {
	if !s.track(conn) {
		conn.Close()
		return
	}
	defer s.forget(conn)
	if conn.SetDeadline(time.Now().Add(loginGrace)) != nil {
		return
	}
	sshConn, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	if conn.SetDeadline(time.Time{}) != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_ = sshConn.Wait() // whatever the reason: it has ended
		cancel()
	}()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	slots := make(chan struct{}, maxSessions)
	for request := range channels {
		if request.ChannelType() != "session" {
			_ = request.Reject(ssh.UnknownChannelType, "sessions only") // fails only with the connection
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			_ = request.Reject(ssh.ResourceShortage, "too many sessions")
			continue
		}
		channel, requests, err := request.Accept()
		if err != nil {
			<-slots
			continue
		}
		sessions.Go(func() {
			defer func() { <-slots }()
			defer channel.Close()
			s.options.Session(ctx, sshConn.User(), channel, requests)
		})
	}
}
