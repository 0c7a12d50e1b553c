package sshconn_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sshconn"
)

func TestSilentServer(t *testing.T) {
	addr, _ := mute(t)
	_, err := sshconn.Dial(t.Context(), addr, sshconn.Options{
		User: "admin", HostKey: func(string, ssh.PublicKey) error { return nil }, Timeout: 20 * time.Millisecond,
	})
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v, want a timeout", err)
	}
}

func TestCancel(t *testing.T) {
	addr, accepted := mute(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-accepted
		cancel()
	}()
	_, err := sshconn.Dial(ctx, addr, sshconn.Options{
		User: "admin", HostKey: func(string, ssh.PublicKey) error { return nil }, Timeout: time.Hour,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// clocked is a connection that knows its deadline.
type clocked struct {
	net.Conn
	mu       sync.Mutex
	deadline time.Time
}

func (c *clocked) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return c.Conn.SetDeadline(t)
}

func (c *clocked) ticking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero()
}

// The clock that runs while the server is waited for stands still while a
// person is asked, and when the connection is made.
func TestPatientWithPeople(t *testing.T) {
	p := startPeer(t, passwordLogin)
	var conn *clocked
	ticking := map[string]bool{}
	client, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{
		User: "admin",
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			conn = &clocked{Conn: c}
			return conn, err
		},
		HostKey: func(string, ssh.PublicKey) error { ticking["host key"] = conn.ticking(); return nil },
		Password: func(context.Context) ([]byte, error) {
			ticking["password"] = conn.ticking()
			return []byte(secret), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ticking["connection"] = conn.ticking()
	for at, yes := range ticking {
		if yes {
			t.Errorf("%s: the clock runs", at)
		}
	}
	if len(ticking) != 3 {
		t.Errorf("looked at %v", ticking)
	}
}

// A question that the person breaks off is the person's error.
func TestBreakOff(t *testing.T) {
	p := startPeer(t, passwordLogin)
	broken := errors.New("interrupted by the person")
	_, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{
		User: "admin", HostKey: pin(p.key.PublicKey()),
		Password: func(context.Context) ([]byte, error) { return nil, broken },
	})
	if !errors.Is(err, broken) || errors.Is(err, sshconn.ErrLogin) || len(p.log()) != 0 {
		t.Errorf("%v; the server saw %q", err, p.log())
	}
}
