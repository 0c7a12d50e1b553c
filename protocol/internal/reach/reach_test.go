package reach_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

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
	if !errors.As(got, &e) || !strings.Contains(e.Hint(), "127.0.0.1") {
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
		if got := reach.Reason(c.err); got != c.want {
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
