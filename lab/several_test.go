package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/protocol/httpfile"
	"ctlclient/trust/fleet"
)

func TestTwoLabsAtOnce(t *testing.T) {
	a, b := up(t, Options{}), up(t, Options{})
	used := map[string]string{}
	for _, l := range []*Lab{a, b} {
		for _, n := range l.Nodes {
			p := n.Ports()
			for what, port := range map[string]int{"ctlp": p.CTLP, "tftp": p.TFTP, "sftp": p.SFTP} {
				if port == 0 {
					continue
				}
				at := what + hostPort(n.Address, port)
				if other, ok := used[at]; ok {
					t.Errorf("%s and %s both answer at %s", n.Name, other, at)
				}
				used[at] = n.Name
			}
		}
	}
	allAccept(t, a)
	allAccept(t, b)
	if served(t, a, ctlName).MD5() == served(t, b, ctlName).MD5() {
		t.Error("both serve the same list")
	}
}

// Where there is but one loopback address the ports tell the nodes apart.
func TestOneAddressForAll(t *testing.T) {
	dir := t.TempDir()
	s, err := newState(dir, Options{KeyBits: 1024})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Nodes {
		s.Nodes[i].Address = "127.0.0.1"
	}
	l := &Lab{}
	l.ctx, l.cancel = context.WithCancel(t.Context())
	defer l.cancel()
	l.Dir, l.st = dir, s
	if l.log, err = openLog(filepath.Join(dir, fileLog), nil); err != nil {
		t.Fatal(err)
	}
	l.password = []byte("x")
	for i := range s.Nodes {
		l.Nodes = append(l.Nodes, newNode(l, &s.Nodes[i]))
	}
	if err := l.makeCertificates(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range l.Nodes {
		if err := n.start(true); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[int]bool{}
	for _, n := range l.Nodes {
		p := n.Ports()
		if seen[p.HTTP] {
			t.Errorf("port %d twice", p.HTTP)
		}
		seen[p.HTTP] = true
	}
	for _, n := range l.Nodes {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	}
	l.tasks.Wait()
	if err := l.log.Close(); err != nil {
		t.Error(err)
	}
}

// What the profile's fleet says of the phones is what they hold.
func TestFleetIsWhatPhonesHold(t *testing.T) {
	l := up(t, Options{})
	trustAll(t, l, token(t, "SAST-1"))
	clientCTL(t, l, token(t, "SAST-2"))
	boots(t, l) // the 7940 keeps the former CTL
	if err := l.ClearPhone(l.Phones[0].Name); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(l.Dir, fileFleet))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := fleet.Read(f, func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(l.Dir, name)) })
	if err != nil {
		t.Fatal(err)
	}
	phones := fleet.Resolve(entries, nil, fleet.Current{})
	sum := func(l *ctlbuild.List) string {
		if l == nil {
			return ""
		}
		return l.MD5()
	}
	for i, want := range l.Status().Phones {
		got := phones[i]
		if got.Name != want.Name || got.Model != want.Model || sum(got.CTL) != want.CTL || sum(got.ITL) != want.ITL || got.Unknown != "" {
			t.Errorf("fleet has %+v, want %+v", got, want)
		}
		if !slices.Equal(got.TVS, l.Phones[i].Describe().TVS) {
			t.Errorf("%s asks %q", got.Name, got.TVS)
		}
	}
}

// Verbs may come from several terminals at once; the race detector looks on.
func TestManyAtOnce(t *testing.T) {
	l := up(t, Options{Version: "10.5"})
	var wg sync.WaitGroup
	for what, f := range map[string]func() error{
		"phones":     func() error { _, err := l.RestartPhones(t.Context()); return err },
		"phone":      func() error { _, err := l.RestartPhone(t.Context(), l.Phones[0].Name); return err },
		"services":   func() error { return l.RestartServices(t.Context()) },
		"regenerate": func() error { return l.Regenerate("cucm-pub", "callmanager") },
		"rename":     func() error { return l.RenameHost(l.Status().Nodes[1].Name, "cucm-"+strings.ToLower(rand.Text()[:8])) },
		"rollback":   func() error { return l.PrepareRollback(true) },
		"clear":      func() error { return l.ClearPhone(l.Phones[1].Name) },
		"trust":      func() error { return l.TrustCertificate(token(t, "SAST-1").der) },
		"plug":       func() error { return errors.Join(l.Stop("tftp-1"), l.Start("tftp-1")) },
		"status":     func() error { l.Status(); return nil },
		"read": func() error {
			_, err := httpfile.Get(t.Context(), "http://"+hostPort(l.Nodes[0].Address, l.Nodes[0].Ports().HTTP)+"/SEP0011223344AA.cnf.xml.sgn", 1<<20)
			return err
		},
	} {
		wg.Go(func() {
			for range 3 {
				if err := f(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	wg.Wait()
	if err := l.PrepareRollback(false); err != nil {
		t.Fatal(err)
	}
	admin(t, l.publisher(), "utils ctl update CTLFile")
	for _, p := range l.Phones {
		if err := l.ClearPhone(p.Name); err != nil {
			t.Fatal(err)
		}
	}
	allAccept(t, l)
}
