package sshconn

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/internal/serve"
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
var ErrServerClosed = serve.ErrServerClosed

// ServerOptions of NewServer.
type ServerOptions struct {
	HostKey ssh.Signer // required
	Banner  string     // shown before the login

	// Login judges a user name and password. Called on several goroutines.
	Login func(user string, password []byte) bool
	// Interactive asks for the password by keyboard-interactive alone, as newer nodes do;
	// else by the method password.
	Interactive bool
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
	group   serve.Group
	ctx     context.Context // of everything that happens here
	cancel  context.CancelFunc
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
		judge := func(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if len(password) > maxPasswordSize || !o.Login(c.User(), password) {
				return nil, ErrLogin
			}
			return nil, nil
		}
		if o.Interactive {
			config.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := ask("", "", []string{"Password: "}, []bool{false})
				if err != nil || len(answers) != 1 {
					return nil, ErrLogin
				}
				return judge(c, []byte(answers[0]))
			}
		} else {
			config.PasswordCallback = judge
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
	s := &Server{options: o, config: config, group: serve.Group{Max: maxConnections}}
	// A server begins a life of its own, which Close ends.
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Serve accepts connections until Close. It closes l.
func (s *Server) Serve(l net.Listener) error { return s.group.Serve(l, s.connection, nil) }

// Close cuts every connection, at once, and waits until their sessions have ended.
func (s *Server) Close() error {
	s.cancel()
	return s.group.Close()
}

func (s *Server) connection(conn net.Conn) {
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
	ctx, cancel := context.WithCancel(s.ctx)
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
