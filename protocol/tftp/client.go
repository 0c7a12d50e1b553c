// Package tftp fetches files over TFTP as a phone does, and serves them as a
// node does.
//
// TFTP is RFC 1350, with the options of RFC 2347 to 2349 (blksize, tsize). The
// client is github.com/pin/tftp with three things put round it that a caller
// here cannot do without: the transfer is bounded, it ends when its context
// ends, and the server's error codes become errors that can be told apart. The
// server is our own, because a practice cluster runs several nodes on several
// loopback addresses of one machine: each must answer from the address that was
// asked, on every system, and be gone with all its transfers when it is closed.
//
// What always holds: nothing is ever written by either side (there are no write
// requests here), files travel in octet mode only, and no transfer takes more
// memory than the limit it was given.
package tftp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"time"

	pintftp "github.com/pin/tftp/v3"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// Port is the one a TFTP server listens on.
const Port = 69

// Defaults of Options.
const (
	DefaultTimeout = 3 * time.Second
	DefaultRetries = 4
	DefaultMaxSize = 1 << 20
	DefaultWhole   = 2 * time.Minute

	// DefaultBlockSize fills one Ethernet frame.
	DefaultBlockSize = 1428

	// MaxName is the longest file name asked for or answered, in bytes.
	MaxName = 255
)

// Error codes of RFC 1350 and RFC 2347.
const (
	codeNotDefined      = 0
	codeNotFound        = 1
	codeAccessViolation = 2
	codeIllegal         = 4
	codeOptionsRefused  = 8
)

// ErrUnreachable: no answer, or not all of it. It may pass by itself; a server's error
// packet is an answer.
var ErrUnreachable = reach.ErrUnreachable

// ErrTooLarge: the file is longer than Options.MaxSize.
var ErrTooLarge = message.NewError("file is larger than the limit")

// codeWords are the meanings of the codes, for a server that says no more.
var codeWords = map[int]string{
	codeNotFound:        "file not found",
	codeAccessViolation: "access violation",
	3:                   "disk full",
	codeIllegal:         "illegal operation",
	5:                   "unknown transfer",
	6:                   "file already exists",
	7:                   "no such user",
	codeOptionsRefused:  "options refused",
}

// ServerError is an error packet: the server's code and its own words, made
// safe to print. Code 1 is fs.ErrNotExist, code 2 fs.ErrPermission.
type ServerError struct {
	Code    int
	Message string
}

// Error is Said in English.
func (e *ServerError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ServerError) Said() error {
	words := codeWords[e.Code]
	switch {
	case e.Message == "" && words == "":
		return message.Errorf("server answered with error %d and gave no reason", e.Code)
	case e.Message == "":
		return message.Errorf("server answered with error %d: %s", e.Code, message.Words(words))
	}
	return message.Errorf("server answered with error %d: %s", e.Code, message.Words(e.Message))
}

// Is lets errors.Is find the file system errors behind the codes.
func (e *ServerError) Is(target error) bool {
	switch e.Code {
	case codeNotFound:
		return target == fs.ErrNotExist
	case codeAccessViolation:
		return target == fs.ErrPermission
	}
	return false
}

// Options of Get; the zero value is good.
type Options struct {
	Timeout   time.Duration // for one answer; default DefaultTimeout
	Retries   int           // repeated requests for one answer; default DefaultRetries, below 0: none
	Whole     time.Duration // for all of the file; default DefaultWhole
	MaxSize   int64         // bytes; default DefaultMaxSize
	BlockSize int           // asked for, 512 to 65464; default DefaultBlockSize; 512 asks for nothing, as phones do
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	switch {
	case o.Retries == 0:
		o.Retries = DefaultRetries
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Whole <= 0 {
		o.Whole = DefaultWhole
	}
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.BlockSize < 512 || o.BlockSize > 65464 {
		o.BlockSize = DefaultBlockSize
	}
	return o
}

// Get fetches one file from addr ("host:port"; without a port, 69).
//
// A file that the server does not have is fs.ErrNotExist, one longer than
// MaxSize is ErrTooLarge; a server that does not answer is ErrUnreachable and a net.Error
// whose Timeout is true, after (Retries+1) times Timeout; so is one that is not done
// after Whole, however little it sends at a time. When ctx ends, Get returns at once.
func Get(ctx context.Context, addr, name string, o Options) ([]byte, error) {
	o = o.withDefaults()
	if err := checkName(name); err != nil {
		return nil, message.Errorf("fetch %q: %w", name, err)
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), strconv.Itoa(Port))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Whole, reach.TooSlow(o.Whole))
	defer cancel()
	data, err := get(ctx, addr, name, o)
	var refused *ServerError
	if errors.As(err, &refused) && refused.Code == codeOptionsRefused && o.BlockSize != 512 {
		// RFC 2347: a server may end a transfer because of the options; one
		// without any is what every server understands.
		o.BlockSize = 512
		data, err = get(ctx, addr, name, o)
	}
	if err != nil {
		return nil, message.Errorf("fetch tftp://%s/%s: %w", addr, name, err)
	}
	return data, nil
}

// get makes one transfer. The library offers no way to interrupt a wait for a
// packet, so the transfer has a goroutine of its own: when ctx ends the caller
// goes on, and the goroutine ends at the next packet or, in silence, after
// (Retries+1) times Timeout.
func get(ctx context.Context, addr, name string, o Options) ([]byte, error) {
	resolved, err := resolve(ctx, addr)
	if err != nil {
		return nil, err
	}
	client, err := pintftp.NewClient(resolved)
	if err != nil {
		return nil, err
	}
	client.SetTimeout(o.Timeout)
	client.SetRetries(o.Retries)
	client.SetBackoff(func(int) time.Duration { return 0 })
	if o.BlockSize != 512 {
		client.SetBlockSize(o.BlockSize)
	}

	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		transfer, err := client.Receive(name, "octet")
		if err != nil {
			done <- result{err: serverError(err)}
			return
		}
		sink := &boundedBuffer{ctx: ctx, max: o.MaxSize}
		_, err = transfer.WriteTo(sink)
		if sink.err != nil {
			err = sink.err
		}
		done <- result{sink.Bytes(), serverError(err)}
	}()
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-done:
		if _, ok := errors.AsType[net.Error](r.err); ok {
			return nil, reach.Failed(ctx, addr, r.err)
		}
		if r.err != nil {
			return nil, r.err
		}
		return r.data, nil
	}
}

// resolve looks the host up under ctx; the library would do it without one.
func resolve(ctx context.Context, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if net.ParseIP(host) != nil {
		return addr, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", err
	}
	for _, ip := range ips {
		if ip.Unmap().Is4() { // the phones' family first
			return net.JoinHostPort(ip.Unmap().String(), port), nil
		}
	}
	return net.JoinHostPort(ips[0].String(), port), nil
}

// boundedBuffer refuses the byte after the last one allowed, and every byte
// after the end of its context; the library then tells the server to stop.
type boundedBuffer struct {
	bytes.Buffer
	ctx context.Context
	max int64
	err error
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.err = b.ctx.Err(); b.err != nil {
		return 0, b.err
	}
	if int64(b.Len())+int64(len(p)) > b.max {
		b.err = message.Errorf("%w of %d bytes", ErrTooLarge, b.max)
		return 0, b.err
	}
	return b.Buffer.Write(p)
}

var _ io.Writer = (*boundedBuffer)(nil)

// libraryError is how the library words an error packet.
var libraryError = lazyregexp.New(`(?s)^code: (\d+), message: (.*)$`)

// serverError turns the library's words back into what they were made of.
func serverError(err error) error {
	if err == nil {
		return nil
	}
	m := libraryError.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	code, convErr := strconv.Atoi(m[1])
	if convErr != nil {
		return err
	}
	return &ServerError{Code: code, Message: printable(m[2], 200)}
}

// printable keeps what a terminal may be shown of a stranger's text.
func printable(s string, max int) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= max {
			break
		}
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// checkName refuses names that no packet can carry or no server should see.
func checkName(name string) error {
	if name == "" {
		return message.NewError("file name is empty")
	}
	if len(name) > MaxName {
		return message.Errorf("file name is longer than %d bytes", MaxName)
	}
	for i := 0; i < len(name); i++ {
		if name[i] < ' ' || name[i] == 0x7f {
			return message.NewError("file name has a control character in it")
		}
	}
	return nil
}
