package platform

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"

	"ctlclient/protocol/sshconn"
)

// ErrServerClosed is what Server.Serve returns after Close.
var ErrServerClosed = sshconn.ErrServerClosed

// ErrUnknownCommand is for a Handler to return; the server answers as a node
// does.
var ErrUnknownCommand = errors.New("unknown command")

// failure is how a node words an error.
func failure(err error) string {
	words := err.Error()
	if errors.Is(err, ErrUnknownCommand) {
		words = "No valid command entered"
	}
	return "Executed command unsuccessfully\n" + words
}

// Handler answers commands in the lab. out prints a line (or several, separated
// by newlines). confirm prints a question and reads the answer; y and yes are
// yes. An error is printed after "Executed command unsuccessfully". ctx ends
// with the connection. Handlers of several connections run side by side.
type Handler func(ctx context.Context, command string, out func(string), confirm func(prompt string) (bool, error)) error

// ServerOptions of NewServer.
type ServerOptions struct {
	HostKey ssh.Signer
	Login   func(user string, password []byte) bool
	Handler Handler
	Banner  string // lines printed before the first prompt
}

// Server is a node's CLI: a login, a shell with the prompt "admin:", as many
// sessions as come.
type Server struct {
	ssh     *sshconn.Server
	options ServerOptions
}

// NewServer makes a server; it does nothing until Serve. To start again after
// Close, make a new one.
func NewServer(o ServerOptions) *Server {
	s := &Server{options: o}
	s.ssh = sshconn.NewServer(sshconn.ServerOptions{HostKey: o.HostKey, Login: o.Login, Session: s.session})
	return s
}

// Serve accepts connections until Close. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.ssh.Serve(l) }

// Close ends Serve and cuts every connection, at once.
func (s *Server) Close() error { return s.ssh.Close() }

// session waits for a shell; single commands (exec) are refused as a node does.
func (s *Server) session(ctx context.Context, _ string, channel ssh.Channel, requests <-chan *ssh.Request) {
	columns, rows := 80, 24
	for request := range requests {
		ok := false
		switch request.Type {
		case "pty-req":
			var pty struct {
				Term                         string
				Columns, Rows, Width, Height uint32
				Modes                        string
			}
			if ok = ssh.Unmarshal(request.Payload, &pty) == nil; ok {
				columns, rows = size(pty.Columns, columns), size(pty.Rows, rows)
			}
		case "shell":
			ok = true
		}
		if request.WantReply && request.Reply(ok, nil) != nil {
			return
		}
		if ok && request.Type == "shell" {
			go ssh.DiscardRequests(requests)
			_ = s.shell(ctx, channel, columns, rows) // the person left, or the connection ended
			return
		}
	}
}

// size of a terminal in one direction; 0 is how a client says that it has none.
func size(asked uint32, otherwise int) int {
	if asked == 0 {
		return otherwise
	}
	return int(min(asked, 10_000))
}

// shell reads commands until "exit".
func (s *Server) shell(ctx context.Context, channel ssh.Channel, columns, rows int) error {
	terminal := term.NewTerminal(channel, prompt)
	// A size that it refuses leaves it at its own.
	_ = terminal.SetSize(columns, rows)
	say := func(text string) error {
		_, err := io.WriteString(terminal, strings.TrimSuffix(text, "\n")+"\n")
		return err
	}
	if s.options.Banner != "" {
		if err := say(s.options.Banner); err != nil {
			return err
		}
	}
	confirm := func(question string) (bool, error) {
		terminal.SetPrompt(question)
		defer terminal.SetPrompt(prompt)
		answer, err := terminal.ReadLine()
		if err != nil {
			return false, err
		}
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", nil
	}
	for {
		line, err := terminal.ReadLine()
		if err != nil {
			return err
		}
		command := strings.Join(strings.Fields(line), " ")
		switch command {
		case "":
			continue
		case "exit", "quit":
			_, err := channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			return err
		}
		var failed error // of the terminal: the connection is gone
		out := func(text string) { failed = errors.Join(failed, say(text)) }
		if err := s.options.Handler(ctx, command, out, confirm); err != nil {
			out(failure(err))
		}
		if failed != nil {
			return failed
		}
	}
}
