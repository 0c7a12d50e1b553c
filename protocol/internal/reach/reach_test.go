package reach_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// closedPort is an address at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestFailed(t *testing.T) {
	ctx := t.Context()
	addr := closedPort(t)
	_, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	got := reach.Failed(ctx, addr, err)
	if want := "cannot connect to " + addr + ": connection refused"; !strings.EqualFold(got.Error(), want) && !strings.Contains(got.Error(), "refused") {
		t.Errorf("error %q, want %q", got, want)
	}
	for _, jargon := range []string{"dial tcp", "connect:", "read udp"} {
		if strings.Contains(got.Error(), jargon) {
			t.Errorf("error %q names the system call", got)
		}
	}
	var op *net.OpError
	if !errors.As(got, &op) {
		t.Errorf("%v hides its cause", got)
	}
	var e *reach.Error
	if !errors.As(got, &e) || !strings.Contains(message.Lines(e.Hints()).String(), "127.0.0.1") {
		t.Errorf("%v gives no next action", got)
	}
}

func TestReason(t *testing.T) {
	past, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, late := (&net.Dialer{}).DialContext(past, "tcp", "127.0.0.1:9")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"late":        {late, "no answer"},
		"interrupted": {&net.OpError{Op: "dial", Err: context.Canceled}, "interrupted"},
		"no name":     {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nosuch", IsNotFound: true}}, "the name is not known"},
		"bad port":    {&net.OpError{Op: "dial", Err: &net.AddrError{Err: "invalid port", Addr: "99999"}}, "address 99999: invalid port"},
		"other":       {errors.New("the dialer said so"), "the dialer said so"},
	} {
		if got := reach.Reason(c.err).Error(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTheCallersEndIsNotReworded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := reach.Failed(ctx, "127.0.0.1:1", errors.New("operation was canceled")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's own end", err)
	}
}

// What passes by itself is one class, whatever the words; what a server answered is not
// in it.
func TestUnreachable(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for want, err := range map[string]error{
		"the server ended the connection":                        reach.Lost(io.EOF),
		"not done within 3s":                                     reach.TooSlow(3 * time.Second),
		"no answer within 3s":                                    reach.Silent(3 * time.Second),
		"the connection was lost: " + syscall.ECONNRESET.Error(): reach.Lost(reset),
		"cannot connect to h:1: refused":                         &reach.Error{Addr: "h:1", Err: errors.New("refused")},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
		if !errors.Is(fmt.Errorf("read: %w", err), reach.ErrUnreachable) {
			t.Errorf("%v is not ErrUnreachable", err)
		}
	}
	if !errors.Is(reach.Silent(1), context.DeadlineExceeded) || !errors.Is(reach.Lost(reset), syscall.ECONNRESET) {
		t.Error("the cause is hidden")
	}
	for _, loss := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, io.ErrClosedPipe, reset, syscall.EPIPE, syscall.ECONNRESET} {
		if !reach.IsLoss(fmt.Errorf("x: %w", loss)) {
			t.Errorf("%v is not taken for the end of a connection", loss)
		}
	}
	for _, not := range []error{errors.New("no"), &net.OpError{Op: "dial", Err: errors.New("x")}, context.Canceled} {
		if reach.IsLoss(not) {
			t.Errorf("%v is taken for the end of a connection", not)
		}
	}
}
