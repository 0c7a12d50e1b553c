package ctlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Clients who are slow with long messages keep nobody from short ones, and lose their
// place to those who wait for it.
func TestSlowLongMessages(t *testing.T) {
	inBubble(t, &backend{}, func(t *testing.T, n *node, o Options) {
		ctx := t.Context()
		var slow []net.Conn
		for range maxBulk {
			raw, err := o.Dialer(ctx, "", "")
			if err != nil {
				t.Fatal(err)
			}
			conn := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
			rawLogin(t, conn)
			// The head of a STAGE of 1 MiB, and not a byte more.
			send(t, conn, wire(t, "56 01 09 00 00000001 00100000"))
			slow = append(slow, conn)
		}
		synctest.Wait()
		c, err := Dial(ctx, "node", o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		id, err := c.Stage(ctx, ctlFile, []byte("short"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Commit(ctx, id); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("a short message waited %v", took)
		}
		o.Timeout = time.Hour
		c, err = Dial(ctx, "node", o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Login(ctx, testUser, []byte(testPassword)); err != nil {
			t.Fatal(err)
		}
		long := bytes.Repeat([]byte("x"), MaxFile)
		if _, err := c.Stage(ctx, "CTLLong.tlv", long, nil); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > bulkTimeout {
			t.Errorf("a long message waited %v, want at most %v", took, bulkTimeout)
		}
		for _, conn := range slow {
			if _, err := io.ReadAll(conn); err != nil {
				t.Errorf("a slow client: %v, want its end", err)
			}
		}
		synctest.Wait()
		if len(n.bulk) != 0 || len(n.disk) != 0 {
			t.Errorf("%d and %d places are kept", len(n.bulk), len(n.disk))
		}
		c.Close()
	})
}

// Long answers and long requests side by side, more than there are places: all are
// served, and all places come back.
func TestLongMessagesSideBySide(t *testing.T) {
	n := startNode(t, func(o *ServerOptions) { o.MaxStrangers = 100 })
	n.put(t, "CTLOld.tlv", strings.Repeat("o", MaxFile))
	long := bytes.Repeat([]byte("n"), MaxFile)
	var wg sync.WaitGroup
	for i := range 3 * maxBulk {
		c := n.login(t)
		wg.Go(func() {
			if i%2 == 0 {
				if f, err := c.Get(t.Context(), "CTLOld.tlv"); err != nil || len(f.Data) != MaxFile {
					t.Errorf("get: %d bytes, %v", len(f.Data), err)
				}
				return
			}
			id, err := c.Stage(t.Context(), ctlFile, long, nil)
			if err != nil {
				t.Errorf("stage: %v", err)
				return
			}
			if err := c.Abort(t.Context(), id); err != nil {
				t.Errorf("abort: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := make(slots, 1)
		if err := s.take(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		wantStatus(t, s.take(t.Context(), time.Second), Busy)
		if took := time.Since(start); took != time.Second {
			t.Errorf("busy after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.take(ctx, time.Second); err != context.Canceled {
			t.Errorf("interrupted: %v", err)
		}
		time.AfterFunc(time.Second/2, s.free)
		if err := s.take(t.Context(), time.Second); err != nil {
			t.Errorf("a place that became free: %v", err)
		}
	})
}

// One address without a password cannot take all connections; logging in makes room.
func TestStrangers(t *testing.T) {
	n := startNode(t, func(o *ServerOptions) { o.MaxConns, o.MaxStrangers = 10, 2 })
	n.login(t)
	n.login(t)
	n.dial(t)
	n.dial(t)
	if c, err := Dial(t.Context(), n.addr, n.options()); err == nil {
		c.Close()
		t.Error("a third connection without a login")
	}
	if !strings.Contains(n.log.all(), "connection-refused") {
		t.Error("the log does not tell of it")
	}
}
