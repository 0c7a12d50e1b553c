package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/term"

	"ctlclient/internal/secret"
	"ctlclient/message"
)

// maxSecret bounds a PIN or password read from a file or descriptor, in bytes.
const maxSecret = 4096

// errNoTerminal: a question cannot be asked.
var errNoTerminal = message.NewError("there is no terminal to ask on")

// secretSource is where PINs come from: prompt | env:NAME | file:PATH | fd:N.
type secretSource struct {
	kind, arg  string
	flag, what string   // what it is called: --pin-source, PIN
	fd         *os.File // of fd:N, kept between questions
}

func newSecretSource(s string) (*secretSource, error) {
	return newSourceOf("--pin-source", "PIN", s)
}

// newSourceOf reads the value of a flag that says where a secret comes from. The
// value is in no error: it may be the secret itself, put there by mistake.
func newSourceOf(flag, what, s string) (*secretSource, error) {
	kind, arg, _ := strings.Cut(s, ":")
	bad := usageWith(message.Phrase("use %s prompt, env:NAME, file:PATH or fd:N", flag), "wrong %s", flag)
	src := &secretSource{kind: kind, arg: arg, flag: flag, what: what}
	switch kind {
	case "", "prompt":
		src.kind = "prompt"
		if arg != "" {
			return nil, bad
		}
	case "env", "file":
		if arg == "" {
			return nil, bad
		}
		if kind == "env" {
			secret.Withhold(arg)
		}
	case "fd":
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return nil, bad
		}
		if n != 0 && runtime.GOOS == "windows" {
			return nil, errDescriptor(flag)
		}
	default:
		return nil, bad
	}
	return src, nil
}

// errDescriptor: a program of Windows inherits handles, not numbers.
func errDescriptor(flag string) error {
	return usageWith(message.Phrase("use %s fd:0, which is standard input, file:PATH or env:NAME", flag), "%s: Windows has no file descriptors but fd:0", flag)
}

// get reads one secret; the caller wipes it. prompt asks where the source is a person.
func (s *secretSource) get(ctx context.Context, prompt string) ([]byte, error) {
	switch s.kind {
	case "env":
		v, ok := os.LookupEnv(s.arg)
		if !ok {
			return nil, usageWith(message.Phrase("set it, or use another %s", s.flag), "the environment has no %s", s.arg)
		}
		return []byte(v), nil
	case "file":
		f, err := os.Open(s.arg)
		if err != nil {
			return nil, usageWith(message.Phrase("name a file that is there, or use another %s", s.flag), "%s file: %w", message.Words(s.what), err)
		}
		defer f.Close()
		return s.firstLine(f)
	case "fd":
		if s.fd == nil {
			n, err := strconv.Atoi(s.arg)
			if err != nil {
				return nil, err
			}
			if s.fd = os.Stdin; n != 0 {
				s.fd = os.NewFile(uintptr(n), "fd "+s.arg)
			}
		}
		return s.firstLine(s.fd)
	}
	pin, err := askSecret(ctx, prompt)
	if errors.Is(err, errNoTerminal) {
		return nil, usageWith(message.Phrase("give it another way: %s env:NAME, file:PATH or fd:N", s.flag), "the %s must be asked for, and %v", message.Words(s.what), err)
	}
	return pin, err
}

// newSecret asks twice where it asks a person: a typing error would lock them out.
func newSecret(ctx context.Context, src *secretSource, prompt, again string) ([]byte, error) {
	first, err := src.get(ctx, prompt)
	if err != nil || src.kind != "prompt" {
		return first, err
	}
	second, err := src.get(ctx, again)
	defer clear(second)
	if err != nil {
		clear(first)
		return nil, err
	}
	if !bytes.Equal(first, second) {
		clear(first)
		return nil, usagef("nothing was changed; run the command again", "the two entries differ")
	}
	return first, nil
}

// firstLine reads a secret that is one line.
func (s *secretSource) firstLine(r io.Reader) ([]byte, error) {
	line, err := secret.Line(r, maxSecret)
	var bad *secret.Error
	if errors.As(err, &bad) {
		return nil, usageWith(message.Phrase("%s", message.Lines(bad.Hints())), "the %s cannot be used: %v", message.Words(s.what), err)
	}
	if err != nil {
		return nil, usageWith(message.Phrase("set it, or use another %s", s.flag), "reading the %s: %w", message.Words(s.what), err)
	}
	return line, nil
}

// askSecret asks on the controlling terminal without echo.
func askSecret(ctx context.Context, prompt string) (secret []byte, err error) {
	in, out, err := openTerminal()
	if err != nil {
		return nil, errNoTerminal
	}
	defer closeTerminal(in, out)
	fd := int(in.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	// The terminal must not stay without echo, whatever ends the wait.
	defer func() {
		err = errors.Join(err, term.Restore(fd, state))
		fmt.Fprintln(out)
	}()
	if err := silence(fd); err != nil {
		return nil, err
	}
	fmt.Fprint(out, prompt)
	type answer struct {
		b   []byte
		err error
	}
	done := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		done <- answer{b, err}
	}()
	select {
	case a := <-done:
		return a.b, a.err
	case <-ctx.Done():
		return nil, ctx.Err() // the reader still waits
	}
}

// askLine asks on the controlling terminal, with echo.
func askLine(ctx context.Context, prompt string) (string, error) {
	in, out, err := openTerminal()
	if err != nil {
		return "", errNoTerminal
	}
	defer closeTerminal(in, out)
	fmt.Fprint(out, prompt)
	type answer struct {
		s   string
		err error
	}
	done := make(chan answer, 1)
	go func() {
		s, err := bufio.NewReader(io.LimitReader(in, maxSecret)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		done <- answer{strings.TrimSpace(s), err}
	}()
	select {
	case a := <-done:
		return a.s, a.err
	case <-ctx.Done():
		fmt.Fprintln(out)
		return "", ctx.Err()
	}
}

// closeTerminal closes what openTerminal opened.
func closeTerminal(in, out *os.File) {
	_ = in.Close() // nothing was left to be written
	if out != in {
		_ = out.Close()
	}
}
