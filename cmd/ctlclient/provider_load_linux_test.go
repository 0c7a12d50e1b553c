package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"ctlclient/protocol/ctlp"
)

// What docs/provider.md states of the most memory that the service has with a thousand
// clients at a time.
const statedMemory = 400 << 20

// A thousand clients at a time who ask, fifty who store, one who guesses passwords, each
// from an address of its own: none who knows the password is refused, the guesser is
// locked out, and memory stays what the documentation states.
func TestProviderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand clients")
	}
	const asking, storing = 1000, 50
	s := newServed(t)
	s.start()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for range s.audit { // so that the service can go on writing it
		}
	}()
	list := []byte(s.live())
	guesser, err := s.dialFrom(net.IPv4(127, 9, 9, 9))
	if err != nil {
		t.Fatal(err)
	}
	var guessing sync.WaitGroup
	guessing.Go(func() {
		defer guesser.Close()
		for range 6 {
			_, err := guesser.Login(t.Context(), "admin", []byte("not the password"))
			switch ctlp.StatusOf(err) {
			case ctlp.BadLogin:
			case ctlp.LockedOut:
				return
			default:
				t.Errorf("the guesser: %v", err)
				return
			}
		}
		t.Error("the guesser was never locked out")
	})

	start := time.Now()
	var all, inside sync.WaitGroup
	inside.Add(asking + storing)
	for i := range asking + storing {
		all.Go(func() {
			err := func() error {
				arrived := false
				defer func() {
					if !arrived {
						inside.Done()
					}
				}()
				c, err := s.dialFrom(net.IPv4(127, 1, byte(i/250), byte(1+i%250)))
				if err != nil {
					return err
				}
				defer c.Close()
				if _, err := c.Login(t.Context(), "admin", []byte(nodePassword)); err != nil {
					return err
				}
				inside.Done()
				arrived = true
				inside.Wait() // until all are logged in at the same time
				if i >= asking {
					return store(t.Context(), c, fmt.Sprintf("CTLSEP%012X.tlv", i), list)
				}
				f, err := c.Get(t.Context(), "CTLFile.tlv")
				if err == nil && string(f.Data) != string(list) {
					err = fmt.Errorf("%d other bytes", len(f.Data))
				}
				return err
			}()
			if err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	all.Wait()
	took := time.Since(start)
	guessing.Wait()
	for i := range storing {
		if got := s.read(filepath.Join(s.folder, fmt.Sprintf("CTLSEP%012X.tlv", asking+i))); got != string(list) {
			t.Errorf("list %d has %d other bytes", i, len(got))
		}
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-stopped
	if code := exitOf(t, s.process.Wait()); code != 0 {
		t.Errorf("exit %d", code)
	}
	most := maxRSS(s.process.ProcessState)
	t.Logf("%d clients in %v, %d MiB", asking+storing, took.Round(time.Millisecond), most>>20)
	if most > statedMemory {
		t.Errorf("the service had %d MiB, docs/provider.md states at most %d", most>>20, statedMemory>>20)
	}
}

// dialFrom connects from one of the machine's many loopback addresses.
func (s *served) dialFrom(ip net.IP) (*ctlp.Client, error) {
	return ctlp.Dial(s.t.Context(), s.addr, ctlp.Options{
		Client:  "load 1.0",
		Timeout: 5 * time.Minute, // a slow machine is no refusal
		Dialer:  (&net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}).DialContext,
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			if got := ctlp.Fingerprint(raw); got != s.fingerprint {
				return fmt.Errorf("another certificate, %s", got)
			}
			return nil
		},
	})
}

func store(ctx context.Context, c *ctlp.Client, name string, data []byte) error {
	id, err := c.Stage(ctx, name, data, nil)
	if err != nil {
		return err
	}
	_, _, err = c.Commit(ctx, id)
	return err
}
