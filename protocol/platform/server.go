package platform

import (
	"context"
	"errors"
	"fmt"
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

// Handler answers commands in the lab. An error is printed after "Executed command
// unsuccessfully". ctx ends with the connection. Handlers of several connections run
// side by side.
type Handler func(ctx context.Context, command string, t *Terminal) error

// ServerOptions of NewServer.
type ServerOptions struct {
	HostKey ssh.Signer
	Login   func(user string, password []byte) bool
	Handler Handler
	Banner  string // lines printed before the first prompt

	// Interactive asks for the password by keyboard-interactive, as newer nodes do.
	Interactive bool
	// PageLines stops the output of a command every so many lines, until "set cli
	// pagination off"; 0: never, and the command is not known, as on older nodes.
	PageLines int
	// Start runs before the banner; a real node takes its time there.
	Start func(ctx context.Context)
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
	s.ssh = sshconn.NewServer(sshconn.ServerOptions{HostKey: o.HostKey, Login: o.Login, Interactive: o.Interactive, Session: s.session})
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
	if s.options.Start != nil {
		s.options.Start(ctx)
	}
	t := &Terminal{channel: channel, term: term.NewTerminal(channel, prompt)}
	// A size that it refuses leaves it at its own.
	_ = t.term.SetSize(columns, rows)
	if s.options.Banner != "" {
		t.Print(s.options.Banner)
	}
	t.page = s.options.PageLines
	for {
		if t.err != nil {
			return t.err
		}
		line, err := t.term.ReadLine()
		if err != nil {
			return err
		}
		command := strings.Join(strings.Fields(line), " ")
		switch strings.ToLower(command) {
		case "":
			continue
		case "exit", "quit":
			_, err := channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			return err
		case cmdNoPager, "set cli pagination on":
			if s.options.PageLines > 0 {
				t.pagination(strings.HasSuffix(command, "on"), s.options.PageLines)
				continue
			}
		}
		t.lines, t.quit = 0, false
		if err := s.options.Handler(ctx, command, t); err != nil {
			t.Print(failure(err))
		}
	}
}

// Terminal is what a Handler talks to.
type Terminal struct {
	channel ssh.Channel
	term    *term.Terminal
	page    int  // lines a page; 0: no pager
	lines   int  // printed since the last page
	quit    bool // the person wants to see no more of this command
	err     error
}

// pagination turns the pager on or off and says so.
func (t *Terminal) pagination(on bool, lines int) {
	t.page = 0
	if on {
		t.page = lines
	}
	t.lines, t.quit = 0, false
	t.Print(fmt.Sprintf("Automatic pagination is turned %s", map[bool]string{true: "on", false: "off"}[on]))
}

// Print prints a line, or several separated by newlines.
func (t *Terminal) Print(text string) {
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if t.err != nil || t.quit {
			return
		}
		if t.page > 0 && t.lines >= t.page {
			t.turn()
			if t.quit {
				return
			}
		}
		t.lines++
		_, err := io.WriteString(t.term, line+"\n")
		t.keep(err)
	}
}

func (t *Terminal) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

const pagerQuestion = "Press <enter> for 1 line, <space> for one page, or <q> to quit"

// turn asks what is to be seen next, in bold, and takes the question away again.
func (t *Terminal) turn() {
	_, err := io.WriteString(t.channel, "\x1b[1m"+pagerQuestion+"\x1b[0m")
	t.keep(err)
	key := make([]byte, 1)
	if t.err == nil {
		_, err = t.channel.Read(key)
		t.keep(err)
	}
	_, err = io.WriteString(t.channel, "\r"+strings.Repeat(" ", len(pagerQuestion))+"\r")
	t.keep(err)
	switch key[0] {
	case 'q', 'Q':
		t.quit = true
	case '\r', '\n':
		t.lines = t.page - 1
	default:
		t.lines = 0
	}
}

// Confirm prints a question and reads the answer; y and yes are yes.
func (t *Terminal) Confirm(question string) (bool, error) {
	answer, err := t.Ask(question)
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", err
}

// Ask prints a question and reads a line. An empty question reads the next line of what
// is being pasted.
func (t *Terminal) Ask(question string) (string, error) {
	t.term.SetPrompt(question)
	defer t.term.SetPrompt(prompt)
	t.lines = 0
	line, err := t.term.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	t.keep(err)
	return line, err
}

// Password prints a question and reads a line that is not echoed.
func (t *Terminal) Password(question string) (string, error) {
	line, err := t.term.ReadPassword(question)
	t.keep(err)
	return line, err
}

// maxPasted bounds what Paste reads, in lines.
const maxPasted = 500

// Paste reads lines up to an empty one.
func (t *Terminal) Paste() (string, error) {
	var b strings.Builder
	for range maxPasted {
		line, err := t.Ask("")
		if err != nil {
			return "", err
		}
		if strings.TrimSpace(line) == "" {
			return b.String(), nil
		}
		b.WriteString(line + "\n")
	}
	return "", errors.New("more was pasted than a certificate has")
}
