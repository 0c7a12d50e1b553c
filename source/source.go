// Package source reads the files that a person names: a path, standard input, or the
// address of a file that a node serves to phones, over TFTP or HTTP.
//
// What always holds: a file is read up to a limit and no further, and a password that
// somebody put into an address is neither sent nor repeated in an error.
package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/tftp"
)

// Forms says what a FILE can be.
var Forms = message.Phrase("FILE is a path, -, tftp://host[:port]/NAME or http://host[:6970]/NAME")

// Options of Read and Fetch; the zero value is good.
type Options struct {
	Stdin io.Reader    // what - stands for; without it - is no place to read from
	Limit int          // bytes; 0: ctlbuild.MaxFile, as much as a trust list can be
	Note  func(string) // told, in a sentence, of what a person should know; may be nil

	// Silence is how long one request over TFTP may go unanswered; 0: 3 s.
	Silence time.Duration
}

func (o Options) limit() int {
	if o.Limit > 0 {
		return o.Limit
	}
	return ctlbuild.MaxFile
}

func (o Options) note(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

// IsAddress tells an address from a path.
func IsAddress(arg string) bool { return strings.Contains(arg, "://") }

// Read reads a FILE argument. Errors are *AddressError, *FetchError and *TooLongError, and
// what PlainError makes for a path.
func Read(ctx context.Context, arg string, o Options) ([]byte, error) {
	switch {
	case arg == "-" && o.Stdin != nil:
		return bounded(o.Stdin, "standard input", o.limit())
	case IsAddress(arg):
		return Fetch(ctx, arg, o)
	}
	return readFile(arg, o.limit())
}

func readFile(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, PlainError(err)
	}
	defer f.Close()
	size := 0
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = int(min(info.Size(), int64(limit)))
	}
	return boundedFrom(f, path, limit, size)
}

// bounded reads all of r, which a person knows by name.
func bounded(r io.Reader, name string, limit int) ([]byte, error) {
	return boundedFrom(r, name, limit, 0)
}

// boundedFrom makes room for as many bytes as are expected.
func boundedFrom(r io.Reader, name string, limit, expected int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(expected + bytes.MinRead) // what is left shows that the end is reached
	_, err := b.ReadFrom(io.LimitReader(r, int64(limit)+1))
	data := b.Bytes()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // the path is named already
	}
	if err != nil {
		return nil, message.Errorf("cannot read %s: %w", name, err)
	}
	if len(data) > limit {
		return nil, &TooLongError{name, limit}
	}
	return data, nil
}

// TooLongError is a file that is longer than anything that phones take.
type TooLongError struct {
	Name  string // path or redacted address
	Limit int    // bytes
}

// Error is Said in English.
func (e *TooLongError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *TooLongError) Said() error {
	if e.Limit == ctlbuild.MaxFile {
		return message.Errorf("%s is longer than %d bytes, which no trust list is", e.Name, e.Limit)
	}
	return message.Errorf("%s is longer than %d bytes, which no signed file is", e.Name, e.Limit)
}

// PlainError says what is wrong with a file without naming system calls.
func PlainError(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return message.Errorf("cannot open %s: %w", pe.Path, pe.Err)
	}
	return err
}

// AddressError is an address that no file can be fetched from.
type AddressError struct {
	Address string // redacted
	Why     error  // what is wrong, to follow the address
}

// Error is Said in English.
func (e *AddressError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *AddressError) Said() error { return fmt.Errorf("%q %w", e.Address, e.Why) }

// Hints say what addresses look like.
func (e *AddressError) Hints() []message.Message { return []message.Message{Forms} }

// FetchError is a file that a server does not have (fs.ErrNotExist), or that it could not
// be asked for. The error beneath names the place.
type FetchError struct{ Err error }

func (e *FetchError) Error() string { return e.Err.Error() }
func (e *FetchError) Unwrap() error { return e.Err }

// Hints say what there is to ask for.
func (e *FetchError) Hints() []message.Message {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return message.Hint("a node serves %s, %s and, for one phone, CTLSEP<MAC>.tlv, ITLSEP<MAC>.tlv, SEP<MAC>.cnf.xml.sgn", ctlbuild.CTLFileName, ctlbuild.ITLFileName)
	}
	return nil
}

var (
	loginPart = lazyregexp.New(`(?s)//.*@`)
	bareLogin = lazyregexp.New(`(?s):[^/@]*:.*@`)
)

// Redact is what may be repeated of an address: not a password that was put there in vain.
func Redact(address string) string {
	return bareLogin.ReplaceAllString(loginPart.ReplaceAllString(address, "//...@"), ":...@")
}

// ports are those on which nodes serve files to phones.
var ports = map[string]int{"tftp": tftp.Port, "http": httpfile.Port}

// parse reads an address and completes its port.
func parse(address string) (u *url.URL, defaultPort bool, err error) {
	u, err = url.Parse(address)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, false, &AddressError{Redact(address), message.NewError("names no host and file")}
	}
	port, ok := ports[u.Scheme]
	switch {
	case !ok:
		return nil, false, &AddressError{Redact(address), message.NewError("is not a place that files can be read from")}
	case u.User != nil:
		return nil, false, &AddressError{Redact(address), message.NewError("has a login in it; phones use none")}
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), fmt.Sprint(port))
		defaultPort = true
	}
	return u, defaultPort, nil
}

// again is how often a server that could be asked over HTTP is asked a second time over TFTP.
const again = 1

// Fetch gets a file that a node serves to phones: tftp://host[:69]/NAME or
// http://host[:6970]/NAME. Where nobody answers over TFTP on the usual port (a firewall,
// as that of Windows, may let no answer through), the node is asked over HTTP, as newer
// phones do, and o.Note is told.
func Fetch(ctx context.Context, address string, o Options) ([]byte, error) {
	u, usual, err := parse(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" {
		data, err := httpfile.Get(ctx, u.String(), int64(o.limit()))
		return data, failed(err, u.String(), o.limit())
	}
	t := tftp.Options{Timeout: o.Silence, MaxSize: int64(o.limit())}
	if usual {
		t.Retries = again
	}
	data, err := tftp.Get(ctx, u.Host, strings.TrimPrefix(u.Path, "/"), t)
	if is[net.Error](err) && usual && ctx.Err() == nil {
		h := url.URL{Scheme: "http", Host: net.JoinHostPort(u.Hostname(), fmt.Sprint(httpfile.Port)), Path: u.Path}
		if data, herr := httpfile.Get(ctx, h.String(), int64(o.limit())); herr == nil {
			o.note("%s does not answer over TFTP; the file came over HTTP, from port %d", u.Hostname(), httpfile.Port)
			return data, nil
		}
	}
	return data, failed(err, u.String(), o.limit())
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func failed(err error, address string, limit int) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, tftp.ErrTooLarge), errors.Is(err, httpfile.ErrTooLarge):
		err = &TooLongError{address, limit}
	}
	return &FetchError{err}
}

// FromPhone asks a TFTP server ("host" or "host:port") for a file, as a phone does that has
// been told of this server: over TFTP and in no other way.
func FromPhone(ctx context.Context, server, name string) ([]byte, error) {
	return tftp.Get(ctx, server, name, tftp.Options{})
}
