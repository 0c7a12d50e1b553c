package cluster

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/tvs"
	"ctlclient/trust"
)

func TestSnapshot(t *testing.T) {
	lists := ctltest.NewCluster(t, 1024)
	ctl, itl := lists.Tokenless(t), lists.ITL(t)
	s := newSite(t, ctl.Bytes())
	s.node("pub").put(ITLFile, itl.Bytes())
	c := s.connect(s.options())
	snap, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !snap.Mixed() || len(snap.Servers) != 2 || len(snap.Credentials) != 1 || snap.ITL == nil || snap.ITL.SHA1() != itl.SHA1() {
		t.Errorf("mixed %v, %d nodes, %d credentials, ITL %v (%v)", snap.Mode, len(snap.Servers), len(snap.Credentials), snap.ITL != nil, snap.ITLErr)
	}
	if !snap.Agree || snap.Current == nil || snap.Current.SHA1() != ctl.SHA1() {
		t.Errorf("agree %v, current %v", snap.Agree, snap.Current)
	}
	for _, n := range snap.Nodes {
		if n.Err != nil || n.Missing || n.List == nil || n.TFTPAgree == nil || !*n.TFTPAgree {
			t.Errorf("%s: %+v", n.Node.Name, n)
		}
	}
	if len(snap.Expect()) != 3 {
		t.Errorf("expect %v", snap.Expect())
	}

	if snap.NoITL || snap.ITLErr != nil {
		t.Errorf("an ITL that was read: none %t, %v", snap.NoITL, snap.ITLErr)
	}

	// One node serves no list, another one that does not parse and that TFTP does not know.
	s.node("sub").put(CTLFile, []byte("no list"))
	empty := t.TempDir()
	s.node("sub").tftpDir.Store(&empty)
	s.node("alt").remove(CTLFile)
	if snap, err = c.Snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub, alt := snap.Nodes[1], snap.Nodes[2]
	if sub.Err == nil || string(sub.File) != "no list" || sub.TFTPAgree == nil || *sub.TFTPAgree {
		t.Errorf("sub: %+v", sub)
	}
	if !alt.Missing || alt.File != nil || alt.Err != nil || alt.TFTPAgree == nil || !*alt.TFTPAgree {
		t.Errorf("alt: %+v", alt)
	}
	if snap.Agree || snap.Current == nil {
		t.Errorf("agree %v, current %v", snap.Agree, snap.Current)
	}
	if sum, named := snap.Expect()["alt"]; !named || sum != nil {
		t.Error("a node without a file is not expected to have none")
	}

	// A subscriber that is gone does not stop a snapshot, the publisher does.
	s.node("sub").halt()
	if snap, err = c.Snapshot(t.Context()); err != nil || snap.Nodes[1].Err == nil || snap.Nodes[1].File != nil {
		t.Errorf("without the subscriber: %v, %v", snap.Nodes[1], err)
	}
	s.node("pub").halt()
	var node *NodeError
	if _, err = c.Snapshot(t.Context()); !errors.As(err, &node) || node.Node != "pub" {
		t.Errorf("without the publisher: %v", err)
	}
}

// What phones get comes over TFTP; where TFTP is silent or not run, over HTTP, and that is
// said. A TFTP service that says no is not silent: phones that ask it get nothing.
func TestFetchTFTP(t *testing.T) {
	s := newSite(t, oldFile)
	o := s.options()
	o.Timeout = 50 * time.Millisecond
	var warnings []string
	o.Progress = func(p Progress) {
		if p.State == StateWarning {
			warnings = append(warnings, p.Text.String())
		}
	}
	c, err := open(s.profile, o)
	if err != nil {
		t.Fatal(err)
	}
	n := c.Profile.Nodes[1]
	if got, err := c.FetchTFTP(t.Context(), n, CTLFile); err != nil || string(got) != string(oldFile) {
		t.Errorf("TFTP: %s, %v", brief(got), err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "over HTTP: "+r.URL.Path)
	})}
	go srv.Serve(l)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close(); silent.Close() })
	http := site.At(l.Addr().(*net.TCPAddr).Port)
	n.HTTPPort = http
	n.Address, n.TFTPPort = "127.0.0.1", site.NotRun()
	if got, err := c.FetchTFTP(t.Context(), n, CTLFile); err != nil || string(got) != "over HTTP: /CTLFile.tlv" || len(warnings) != 0 {
		t.Errorf("HTTP alone: %q, %v, %q", got, err, warnings)
	}
	n.TFTPPort = site.At(silent.LocalAddr().(*net.UDPAddr).Port)
	if got, err := c.FetchTFTP(t.Context(), n, CTLFile); err != nil || string(got) != "over HTTP: /CTLFile.tlv" ||
		len(warnings) != 1 || !strings.Contains(warnings[0], "TFTP is silent") {
		t.Errorf("TFTP silent: %q, %v, %q", got, err, warnings)
	}
	refused := func(string, net.Addr) (io.ReadCloser, int64, error) { return nil, 0, fs.ErrPermission }
	n.TFTPPort = site.At(serveTFTP(t, "127.0.0.1", refused))
	if _, err := c.FetchTFTP(t.Context(), n, CTLFile); reach.ClassOf(err) != reach.Permanent {
		t.Errorf("TFTP refuses: %v", err)
	}
	n.HTTPPort, n.TFTPPort = site.NotRun(), site.NotRun()
	if _, err := c.FetchTFTP(t.Context(), n, CTLFile); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("neither: %v", err)
	}
}

// tvsServer answers "valid" with its list of roles, and counts the questions.
func tvsServer(t *testing.T, cert *ctltest.Cert, ttl time.Duration) (port int, asked *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int32{}
	srv := tvs.NewServer(tvs.ServerOptions{
		Certificate: func() (tls.Certificate, error) {
			return tls.Certificate{Certificate: [][]byte{cert.DER}, PrivateKey: cert.Key}, nil
		},
		Answer: func(tvs.Request) tvs.Answer {
			asked.Add(1)
			return tvs.Answer{Valid: true, Roles: []uint8{0, 2}, TTL: ttl}
		},
	})
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return l.Addr().(*net.TCPAddr).Port, asked
}

func TestTVS(t *testing.T) {
	lists := ctltest.NewCluster(t, 2048)
	itl := lists.ITL(t)
	s := newSite(t, oldFile)
	port, asked := tvsServer(t, lists.TVS, time.Hour)
	impostor, _ := tvsServer(t, lists.Token1, time.Hour)
	now := time.Date(2026, 3, 14, 22, 0, 0, 0, time.UTC)
	o := s.options()
	o.Now = func() time.Time { return now }
	for i, p := range []int{port, impostor} {
		s.profile.Nodes[i].TVSPort = site.At(p)
	}
	c := s.connect(o)
	for i := range c.Nodes[:2] {
		c.Nodes[i].Profile.Address = "127.0.0.1"
	}

	// Every node is asked; one whose own certificate the ITL does not know is not believed.
	got, err := c.AskTVS(t.Context(), itl, lists.Token2.DER)
	if err != nil || len(got) != 2 {
		t.Fatalf("AskTVS: %v, %v", got, err)
	}
	if r := got["pub"]; r.Err != nil || !r.Answer.Valid || string(r.Answer.Roles) != "\x00\x02" || r.Answer.TTL != time.Hour {
		t.Errorf("pub: %+v", r)
	}
	if r := got["sub"]; r.Err == nil || r.Answer.Valid || !strings.Contains(r.Err.Error(), "sub") {
		t.Errorf("sub: %+v", r)
	}

	// A phone asks its servers in their order and remembers the answer for its time.
	phone := trust.Phone{Name: "SEP0011215A1AE3", Model: "7975", ITL: itl}
	asked.Store(0)
	for _, want := range []int32{1, 1} {
		a, err := c.TVS().Ask(t.Context(), phone, trust.Question{Certificate: lists.Token2.DER})
		if err != nil || !a.Valid || asked.Load() != want {
			t.Errorf("Ask: %+v, %v after %d questions, want %d", a, err, asked.Load(), want)
		}
	}
	now = now.Add(time.Hour)
	if _, err := c.TVS().Ask(t.Context(), phone, trust.Question{Certificate: lists.Token2.DER}); err != nil || asked.Load() != 2 {
		t.Errorf("after the time to live: %v, %d questions", err, asked.Load())
	}
	phone.TVS = []string{fmt.Sprint("127.0.0.1:", impostor), fmt.Sprint("127.0.0.1:", port)}
	if a, err := c.TVS().Ask(t.Context(), phone, trust.Question{Certificate: lists.Token2.DER}); err != nil || !a.Valid || asked.Load() != 3 {
		t.Errorf("the phone's own servers: %+v, %v", a, err)
	}
	// A phone without a list has nothing that vouches for a server.
	if a, err := c.TVS().Ask(t.Context(), trust.Phone{Name: "SEP0011215A1AE4"}, trust.Question{Certificate: lists.Token2.DER}); err == nil {
		t.Errorf("a phone that holds nothing believed %+v", a)
	}
	phone.TVS = phone.TVS[:1]
	for range 2 {
		if _, err := c.TVS().Ask(t.Context(), phone, trust.Question{Certificate: lists.Token2.DER}); err == nil {
			t.Error("an impostor was believed")
		}
	}
}

// The mode is a step of a job: under its lock, in its journal, undone by rollback.
func TestSetMode(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	s.node("pub").restart()
	spec := JobSpec{Kind: "mode", NoFile: true, Steps: []Step{{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure}}}
	r, err := c.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetMode(t.Context(), reach.Mixed); err != nil || s.node("pub").mode.Load() != "mixed" {
		t.Errorf("%v, %v", err, s.node("pub").mode.Load())
	}
	var locked *journal.LockedError
	if _, err := c.Begin(t.Context(), spec); !errors.As(err, &locked) || locked.Job != "mode" {
		t.Errorf("while another job runs: %v", err)
	}
	out, err := r.End(t.Context())
	if err != nil || out.State != StateFinished {
		t.Errorf("%+v, %v", out, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err = c.Rollback(t.Context(), out.ID); err != nil || out.State != StateTakenBack || s.node("pub").mode.Load() != "non-secure" {
		t.Errorf("rollback: %+v, %v, %v", out, err, s.node("pub").mode.Load())
	}
	s.wantAll(oldFile)
}

// The ITL is that of the publisher, or of the node that runs TFTP in its place. That there is
// none is what a node says, and not what nobody was asked for.
func TestWhoseITL(t *testing.T) {
	lists := ctltest.NewCluster(t, 1024)
	itl := lists.ITL(t)
	for name, tc := range map[string]struct {
		change     func(*testSite)
		read, none bool
	}{
		"the publisher's":          {func(s *testSite) { s.node("pub").put(ITLFile, itl.Bytes()) }, true, false},
		"the publisher has none":   {func(s *testSite) { s.node("sub").put(ITLFile, itl.Bytes()) }, false, true},
		"TFTP on the other node":   {func(s *testSite) { s.node("sub").put(ITLFile, itl.Bytes()); s.noTFTP(0) }, true, false},
		"the other node has none":  {func(s *testSite) { s.noTFTP(0) }, false, true},
		"no node of the cluster's": {func(s *testSite) { s.node("alt").put(ITLFile, itl.Bytes()); s.noTFTP(0); s.noTFTP(1) }, false, false},
		"it cannot be read":        {func(s *testSite) { s.node("pub").put(ITLFile, []byte("no list")) }, false, false},
	} {
		s := newSite(t, lists.Tokenless(t).Bytes())
		tc.change(s)
		snap, err := s.connect(s.options()).Snapshot(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if (snap.ITL != nil) != tc.read || snap.NoITL != tc.none {
			t.Errorf("%s: read %t, none %t (%v)", name, snap.ITL != nil, snap.NoITL, snap.ITLErr)
		}
	}
}

// noTFTP has a node run no TFTP.
func (s *testSite) noTFTP(node int) { s.profile.Nodes[node].TFTPPort = site.NotRun() }
