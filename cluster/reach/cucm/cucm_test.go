package cucm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/certificate"
	"ctlclient/cluster"
	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
)

// practice is a lab that is a CUCM as Cisco ships it, and its profile.
func practice(t *testing.T, o lab.Options) (*lab.Lab, *site.Profile) {
	t.Helper()
	o.CUCM, o.Dir, o.KeyBits = true, t.TempDir(), 1024
	l, err := lab.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := site.Load(l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	return l, p
}

func connect(t *testing.T, p *site.Profile, o cluster.Options) *cluster.Cluster {
	t.Helper()
	if o.StateDir == "" {
		o.StateDir = t.TempDir()
	}
	c, err := cluster.Connect(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Every certificate is of the server that has it, also where the cluster lists its servers
// by address and its certificates by name.
func TestCredentialsAreOfTheirServers(t *testing.T) {
	l, p := practice(t, lab.Options{Nodes: 3, Version: "12.5"})
	snap, err := connect(t, p, cluster.Options{}).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snap.Mode != reach.Mixed || snap.Version.String() == "" || len(snap.Servers) != 3 || !snap.Agree {
		t.Errorf("mode %v, version %v, %d servers, agree %t", snap.Mode, snap.Version, len(snap.Servers), snap.Agree)
	}
	call := map[string]string{} // address -> common name
	sast := 0
	for _, c := range snap.Credentials {
		parsed, err := certificate.Parse(c.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		switch c.Function {
		case ctlbuild.CCMTFTP:
			call[c.NodeAddress] = parsed.CN
		case ctlbuild.SAST:
			sast++
		}
	}
	for _, n := range l.Nodes {
		if got := call[n.Address]; got != n.Name {
			t.Errorf("CallManager of %s is %q", n.Name, got)
		}
	}
	if sast != 2 {
		t.Errorf("%d SAST certificates, want ITLRecovery and CallManager of the publisher", sast)
	}
	if len(snap.SecurityByDefault) == 0 || snap.From["mode"] != "AXL" {
		t.Errorf("Security By Default %v, mode from %s", snap.SecurityByDefault, snap.From["mode"])
	}
}

// A password that one door of one node refused is tried nowhere else: each further attempt
// may lock the account.
func TestRefusedPasswordIsTriedOnce(t *testing.T) {
	_, p := practice(t, lab.Options{Nodes: 3})
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("not this one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.PlatformPasswordSource = "file:" + wrong
	for i := range p.Nodes {
		p.Nodes[i].SSHPasswordSource = p.PlatformPasswordSource
	}
	c := connect(t, p, cluster.Options{})
	if _, err := c.Snapshot(t.Context()); err != nil {
		t.Fatal(err) // the application user does all of this
	}
	before := attempts(t, p)
	err := c.Prepare(t.Context())
	if reach.ClassOf(err) != reach.Login {
		t.Errorf("error %v (%s), want a refused login", err, reach.ClassOf(err))
	}
	if _, err := c.Site.Author.Write(t.Context(), reach.WriteCTL); reach.ClassOf(err) != reach.Login {
		t.Errorf("the CLI: %v", err)
	}
	if tried := attempts(t, p) - before; tried != 1 {
		t.Errorf("the password was tried %d times", tried)
	}

	p.PasswordSource = p.PlatformPasswordSource
	if _, err := cluster.Connect(t.Context(), p, cluster.Options{StateDir: t.TempDir()}); reach.ClassOf(err) != reach.Login {
		t.Errorf("a wrong application user: %v", err)
	}
}

// attempts counts the refused logins in the lab's log.
func attempts(t *testing.T, p *site.Profile) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(filepath.Dir(p.File), "lab.log"))
	if err != nil {
		t.Skip("the lab keeps no log: ", err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, ": login of ") && strings.HasSuffix(strings.TrimSpace(line), ": false") {
			n++
		}
	}
	return n
}

// A server that is no longer who it was is told nothing.
func TestChangedCertificateStopsIt(t *testing.T) {
	_, p := practice(t, lab.Options{})
	p.Nodes[1].Fingerprint = "SHA256:" + strings.Repeat("A", 43)
	_, err := cluster.Connect(t.Context(), p, cluster.Options{StateDir: t.TempDir()})
	var changed *meet.IdentityError
	if !errors.As(err, &changed) || changed.Node != p.Nodes[1].Name || changed.Want != p.Nodes[1].Fingerprint {
		t.Errorf("error %v", err)
	}
}

// Phones carry the TVS servers of their CallManager group; an error of the caller ends the
// list and is the caller's own.
func TestPhones(t *testing.T) {
	l, p := practice(t, lab.Options{})
	c := connect(t, p, cluster.Options{})
	seen := map[string]reach.Phone{}
	if _, err := c.Site.Phones.List(t.Context(), func(p reach.Phone) error { seen[p.Name] = p; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, ph := range l.Phones {
		if got := seen[ph.Name]; got.Model != "Cisco "+ph.Model || len(got.TVS) == 0 || !strings.HasSuffix(got.TVS[0], fmt.Sprint(p.Nodes[0].Port(site.PortTVS))) {
			t.Errorf("%s: %+v", ph.Name, got)
		}
	}
	stop := errors.New("enough")
	n := 0
	if _, err := c.Site.Phones.List(t.Context(), func(reach.Phone) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("%d phones, error %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Site.Phones.List(ctx, func(reach.Phone) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
