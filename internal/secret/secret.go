// Package secret reads a PIN or a password of one line, from a file or a descriptor,
// the same way wherever the program takes one, and knows which variables of the
// environment hold one.
//
// What editors and shells add unseen would cost a token one of its tries, or lock an
// account: so it is left out where that is certain (the end of the line, a UTF-8 byte
// order mark) and refused where it is not (UTF-16, a NUL, a blank at an end).
package secret

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"ctlclient/message"
)

// Error is a secret that is not used as it stands. It never holds any of it.
type Error struct {
	err  error // what is wrong with it
	hint message.Message
}

func (e *Error) Error() string { return e.err.Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Error) Said() error { return e.err }

// Hints say what to do about it.
func (e *Error) Hints() []message.Message {
	if e.hint.IsZero() {
		return nil
	}
	return []message.Message{e.hint}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Line reads to the end of the line, which is not part of the secret; the caller wipes
// what it is given. It reads byte by byte: no buffer keeps a copy, and the next secret
// of the same reader is on the next line. The secret has most bytes at most.
func Line(r io.Reader, most int) ([]byte, error) {
	line := make([]byte, 0, most+len(byteOrderMark)+1) // never moved, so that clear reaches all of it
	var c [1]byte
	defer clear(c[:])
	for {
		_, err := io.ReadFull(r, c[:])
		if errors.Is(err, io.EOF) || err == nil && c[0] == '\n' {
			break
		}
		if err == nil && len(line) == cap(line) {
			err = &Error{err: message.Errorf("longer than %d bytes", most)}
		}
		if err != nil {
			clear(line)
			return nil, err
		}
		line = append(line, c[0])
	}
	secret := bytes.TrimPrefix(bytes.TrimSuffix(line, []byte("\r")), byteOrderMark)
	if err := check(secret, most); err != nil {
		clear(line)
		return nil, err
	}
	return secret, nil
}

func check(secret []byte, most int) error {
	asUTF8 := message.Phrase("save it as plain UTF-8, without a byte order mark")
	first, _ := utf8.DecodeRune(secret)
	last, _ := utf8.DecodeLastRune(secret)
	switch {
	case bytes.HasPrefix(secret, []byte{0xff, 0xfe}) || bytes.HasPrefix(secret, []byte{0xfe, 0xff}):
		return &Error{message.NewError("written in UTF-16"), asUTF8}
	case bytes.IndexByte(secret, 0) >= 0:
		return &Error{message.NewError("it holds a NUL byte, as text in UTF-16 does"), asUTF8}
	case len(secret) > most:
		return &Error{err: message.Errorf("longer than %d bytes", most)}
	case unicode.IsSpace(first) || unicode.IsSpace(last):
		return &Error{message.NewError("it begins or ends with a blank"), message.Phrase("take the blank out, for it would be tried as well; if it belongs there, enter the secret on a terminal")}
	}
	return nil
}

var withheld struct {
	sync.Mutex
	names []string
}

// Withhold marks a variable of the environment as one that holds a secret.
func Withhold(name string) {
	withheld.Lock()
	defer withheld.Unlock()
	withheld.names = append(withheld.names, name)
}

// Environ is the environment without the secrets, for a program that is started.
func Environ() []string {
	withheld.Lock()
	defer withheld.Unlock()
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(withheld.names, name)
	})
}
