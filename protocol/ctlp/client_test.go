package ctlp

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/trips"
)

// A node that says it committed other bytes than it was given is not believed to have
// done the job.
func TestCommitOfOtherBytes(t *testing.T) {
	stage := make([]byte, 16)
	for name, c := range map[string]struct {
		digest any
		ok     bool
	}{
		"the digest staged": {sumNew, true},
		"another digest":    {sumOld, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := dialScript(t,
				[2][]byte{
					wire(t, "56 01 09 00 00000001 00000062", "10 0000000b", "=CTLFile.tlv",
						"11 00000003", "=new", "12 00000020", sumNew, "17 00000020", make([]byte, 32)),
					wire(t, "56 01 0a 00 00000001 0000001c 01 00000002 0000 15 00000010", stage),
				},
				[2][]byte{
					wire(t, "56 01 0b 00 00000002 00000015 15 00000010", stage),
					wire(t, "56 01 0c 00 00000002 00000033 01 00000002 0000 13 00000002", "=/x", "12 00000020", c.digest),
				})
			id, err := client.Stage(t.Context(), ctlFile, []byte("new"), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = client.Commit(t.Context(), id)
			var digest *DigestError
			switch {
			case c.ok && err != nil:
				t.Error(err)
			case !c.ok && !errors.As(err, &digest):
				t.Errorf("%v, want a *DigestError", err)
			case !c.ok && (digest.Want != sha256.Sum256([]byte("new")) || digest.Path != "/x" || message.Lines(digest.Hints()).String() == "" || errors.Is(err, ErrUnreachable)):
				t.Errorf("%+v", digest)
			}
		})
	}
}

// What may pass by itself is one class; an answer is none of it.
func TestUnreachable(t *testing.T) {
	n := startNode(t, nil)
	o := n.options()
	o.Timeout = 300 * time.Millisecond
	mute, err := net.Listen("tcp", "127.0.0.1:0") // connects, and nobody ever answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	hangsUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangsUp.Close() })
	go func() {
		for {
			c, err := hangsUp.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for what, addr := range map[string]string{"nobody listens": nobody.Addr().String(), "silence": mute.Addr().String(), "hangs up": hangsUp.Addr().String()} {
		if _, err := Dial(t.Context(), addr, o); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v, want ErrUnreachable", what, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, mute.Addr().String(), o); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Errorf("interrupted: %v", err)
	}
	c := n.login(t)
	if _, err := c.Get(t.Context(), "missing"); errors.Is(err, ErrUnreachable) || StatusOf(err) != NotFound {
		t.Errorf("an answer: %v", err)
	}
	n.Server.group.Close()
	if _, err := c.Get(t.Context(), ctlFile); !errors.Is(err, ErrUnreachable) || !errors.Is(err, ErrClosed) {
		t.Errorf("lost: %v, want ErrUnreachable", err)
	}
	if _, err := c.Get(t.Context(), ctlFile); !errors.Is(err, ErrUnreachable) {
		t.Errorf("after that: %v, want ErrUnreachable", err)
	}
}

// An update over one connection is at most 1.5 times the round trips that it cannot do
// without: connect, TLS, LOGIN, GET, STAGE, COMMIT, GET, LOGOUT and two to spare.
func TestRoundTrips(t *testing.T) {
	const limit = 10 * 3 / 2
	n := startNode(t, nil)
	n.put(t, ctlFile, "old")
	counter, err := trips.New(n.addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	c, err := Dial(ctx, counter.Addr(), n.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
		t.Fatal(err)
	}
	f, err := c.Get(ctx, ctlFile)
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Stage(ctx, ctlFile, make([]byte, MaxFile), &f.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Commit(ctx, id); err != nil {
		t.Fatal(err)
	}
	if f, err = c.Get(ctx, ctlFile); err != nil || len(f.Data) != MaxFile {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := counter.Close(); err != nil {
		t.Error(err)
	}
	got := counter.Trips()
	t.Logf("%d round trips", got)
	if got > limit {
		t.Errorf("%d round trips, want at most %d", got, limit)
	}
	if f.Path != filepath.Join(n.dir, ctlFile) {
		t.Errorf("path %s", f.Path)
	}
}

// Logging out has an end of its own: a node that froze after its last answer is not
// waited for.
func TestCloseOfFrozenNode(t *testing.T) {
	c := dialScript(t, [2][]byte{
		wire(t, "56 01 13 00 00000001 00000000"), // LOGOUT, and no answer
		nil,
	})
	c.loggedIn = true
	done := make(chan error, 1)
	go func() { done <- c.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("Close waits for a node that says no more")
	}
}
