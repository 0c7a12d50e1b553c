package meet

import (
	"bytes"
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"ctlclient/cluster/site"
	"ctlclient/internal/secret"
	"ctlclient/message"
)

const maxSecret = 4096 // bytes

// Prompter is how a person is asked.
type Prompter interface {
	// Password asks for the password of user at node. The caller wipes it.
	Password(ctx context.Context, node, user string) ([]byte, error)
	// Identity shows the fingerprint of a server that was never met; true keeps it.
	// --yes never answers this.
	Identity(ctx context.Context, node, kind, fingerprint string) (bool, error)
}

// ChangePrompter is a Prompter with words of its own for a server that is no longer
// who it was, which only `cluster pin` asks about; another Prompter gets Identity.
type ChangePrompter interface {
	// IdentityChanged shows both fingerprints; true keeps the new one. --yes never
	// answers this.
	IdentityChanged(ctx context.Context, node, kind, known, fingerprint string) (bool, error)
}

// Secrets asks for passwords, each once, and holds them until Wipe. Its methods may be
// called from several goroutines: one question at a time is put before the person.
type Secrets struct {
	prompter Prompter
	resolve  func(path string) string

	mu   sync.Mutex
	held map[string][]byte
}

// NewSecrets asks through prompter (nil: nobody can be asked); resolve makes the paths of
// file:PATH absolute.
func NewSecrets(prompter Prompter, resolve func(path string) string) *Secrets {
	return &Secrets{prompter: prompter, resolve: resolve}
}

// Get returns a copy of the password of user at node for a service ("ctlp", "sftp",
// "ssh", "axl", "platform"), which the caller wipes. A person is asked once per service
// and user, a descriptor is read once.
func (s *Secrets) Get(ctx context.Context, source, service, node, user string) ([]byte, error) {
	s.mu.Lock() // also puts one question at a time before the person
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	key := source
	if source == site.SourcePrompt {
		key = strings.Join([]string{source, service, user}, "\x00")
	}
	if pw, ok := s.held[key]; ok {
		return bytes.Clone(pw), nil
	}
	pw, err := s.read(ctx, source, node, user)
	if err != nil {
		return nil, &PasswordError{User: user, Node: node, Err: err}
	}
	if s.held == nil {
		s.held = map[string][]byte{}
	}
	s.held[key] = pw
	return bytes.Clone(pw), nil
}

func (s *Secrets) read(ctx context.Context, source, node, user string) ([]byte, error) {
	kind, arg, _ := strings.Cut(source, ":")
	switch kind {
	case site.SourcePrompt:
		if s.prompter == nil {
			return nil, message.NewError("nobody can be asked; name a source such as file:PATH in the profile")
		}
		return s.prompter.Password(ctx, node, user)
	case "env":
		secret.Withhold(arg)
		v, ok := os.LookupEnv(arg)
		if !ok || v == "" {
			return nil, message.Errorf("environment variable %s is not set", arg)
		}
		return []byte(v), nil
	case "file":
		f, err := os.Open(s.resolve(arg))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return firstLine(f)
	case "fd":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return nil, message.NewError("fd:N needs a descriptor's number")
		}
		f := os.NewFile(uintptr(n), "password")
		if f == nil {
			return nil, message.Errorf("descriptor %d is not open", n)
		}
		defer f.Close()
		return firstLine(f)
	}
	return nil, site.CheckSource(source)
}

// Forget drops what a source gave, so that the person is asked anew after a refusal.
func (s *Secrets) Forget(source, service, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join([]string{source, service, user}, "\x00")
	clear(s.held[key])
	delete(s.held, key)
}

// Wipe overwrites and forgets all passwords.
func (s *Secrets) Wipe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, pw := range s.held {
		clear(pw)
		delete(s.held, k)
	}
}

// firstLine reads a password: everything before the first line end.
func firstLine(r io.Reader) ([]byte, error) {
	line, err := secret.Line(r, maxSecret)
	if err == nil && len(line) == 0 {
		err = message.NewError("the source is empty")
	}
	return line, err
}
