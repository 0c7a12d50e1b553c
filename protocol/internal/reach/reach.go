// Package reach says in plain words why a server could not be reached.
//
// The net package's own errors name system calls ("dial tcp 10.0.0.1:2444: connect:
// connection refused") and repeat the address that the caller names already. What
// always holds: the cause stays in the chain, so that errors.As finds the
// *net.OpError or *net.DNSError beneath, and a context's end is never reworded.
//
// All that may pass by itself is ErrUnreachable: no connection, one that was lost, one
// that fell silent. What a server answered is not.
package reach

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"ctlclient/message"
)

// ErrUnreachable is a server that could not be connected to, or a connection that was
// lost or fell silent: what was asked may or may not have been done.
var ErrUnreachable = message.NewError("the server cannot be reached")

// Error is a server that could not be connected to. It is ErrUnreachable.
type Error struct {
	Addr string // host:port
	Err  error  // what the network said
}

// Error is Said in English.
func (e *Error) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Error) Said() error {
	if timedOut(e.Err) {
		return message.Errorf("no answer from %s", e.Addr)
	}
	return message.Errorf("cannot connect to %s: %v", e.Addr, Reason(e.Err))
}
func (e *Error) Unwrap() error        { return e.Err }
func (e *Error) Is(target error) bool { return target == ErrUnreachable }

// Hints name the next action.
func (e *Error) Hints() []message.Message {
	var dns *net.DNSError
	host, port, err := net.SplitHostPort(e.Addr)
	switch {
	case errors.Is(e.Err, context.Canceled), err != nil:
		return nil
	case errors.As(e.Err, &dns):
		return message.Hint("see that the name %s is right, or give the address", host)
	}
	return message.Hint("see that %s is up, that its service runs, and that no firewall stands before port %s", host, port)
}

// LostError is a connection that ended or fell silent. It is ErrUnreachable.
type LostError struct {
	After time.Duration // 0: it ended; else how long an answer was waited for
	Slow  bool          // answers came, and not the last one
	Err   error         // what the network said; nil where nothing was heard
}

// Lost is a connection that ended, by err.
func Lost(err error) *LostError { return &LostError{Err: err} }

// Silent is a connection on which no answer came in time. It is
// context.DeadlineExceeded too.
func Silent(after time.Duration) *LostError {
	return &LostError{After: after, Err: context.DeadlineExceeded}
}

// TooSlow is a transfer that was under way and not done in time. It is
// context.DeadlineExceeded too.
func TooSlow(after time.Duration) *LostError {
	return &LostError{After: after, Slow: true, Err: context.DeadlineExceeded}
}

// Error is Said in English.
func (e *LostError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *LostError) Said() error {
	switch {
	case e.Slow:
		return message.Errorf("not done within %v", e.After)
	case e.After > 0:
		return message.Errorf("no answer within %v", e.After)
	case e.Err == nil, errors.Is(e.Err, io.EOF), errors.Is(e.Err, io.ErrUnexpectedEOF), errors.Is(e.Err, net.ErrClosed):
		return message.NewError("the server ended the connection")
	}
	return message.Errorf("the connection was lost: %v", Reason(e.Err))
}
func (e *LostError) Unwrap() error        { return e.Err }
func (e *LostError) Is(target error) bool { return target == ErrUnreachable }

// IsLoss tells what a connection reports of its own end from what its peer says.
func IsLoss(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.As(err, &op) && (op.Op == "read" || op.Op == "write")
}

// Failed wraps what a dialer said about addr. The end of ctx is returned as it is: it
// is the caller's own doing.
func Failed(ctx context.Context, addr string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &Error{Addr: addr, Err: err}
}

// Reason is the innermost part of a network error that says something to a person.
func Reason(err error) error {
	var (
		dns  *net.DNSError
		op   *net.OpError
		call *os.SyscallError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return message.NewError("interrupted")
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return message.NewError("the name is not known")
		}
		return message.Errorf("the name could not be looked up: %s", dns.Err)
	case timedOut(err):
		return message.NewError("no answer")
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

// Strange is an answer that the server which was meant does not give, so that another one is
// likely to be there.
func Strange(err error) error { return &strangeError{err} }

type strangeError struct{ err error }

// Error is Said in English.
func (e *strangeError) Error() string { return e.err.Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *strangeError) Said() error   { return e.err }
func (e *strangeError) Unwrap() error { return e.err }

// Hints name the next action.
func (e *strangeError) Hints() []message.Message {
	return message.Hint("see which server answers there: check the address and the port, and that no proxy is between")
}
