// Package reach says in plain words why a server could not be reached.
//
// The net package's own errors name system calls ("dial tcp 10.0.0.1:2444: connect:
// connection refused") and repeat the address that the caller names already. What
// always holds: the cause stays in the chain, so that errors.As finds the
// *net.OpError or *net.DNSError beneath, and a context's end is never reworded.
package reach

import (
	"context"
	"errors"
	"net"
	"os"
)

// Error is a server that could not be connected to.
type Error struct {
	Addr string // host:port
	Err  error  // what the network said
}

func (e *Error) Error() string {
	if timedOut(e.Err) {
		return "no answer from " + e.Addr
	}
	return "cannot connect to " + e.Addr + ": " + Reason(e.Err)
}
func (e *Error) Unwrap() error { return e.Err }

// Hint names the next action.
func (e *Error) Hint() string {
	var dns *net.DNSError
	host, port, err := net.SplitHostPort(e.Addr)
	switch {
	case errors.Is(e.Err, context.Canceled), err != nil:
		return ""
	case errors.As(e.Err, &dns):
		return "see that the name " + host + " is right, or give the address"
	}
	return "see that " + host + " is up, that its service runs, and that no firewall stands before port " + port
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
func Reason(err error) string {
	var (
		dns  *net.DNSError
		op   *net.OpError
		call *os.SyscallError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return "the name is not known"
		}
		return "the name could not be looked up: " + dns.Err
	case timedOut(err):
		return "no answer"
	case errors.As(err, &call):
		return call.Err.Error()
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}
