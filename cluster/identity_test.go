package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

const fingerprintA = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// unpinned takes the fingerprints out of the profile.
func (s *testSite) unpinned() {
	for i := range s.profile.Nodes {
		s.profile.Nodes[i].Fingerprint, s.profile.Nodes[i].SFTPHostKey = "", ""
	}
}

func TestFirstMeetingIsConfirmedOnceAndKept(t *testing.T) {
	s := newSite(t, oldFile)
	s.unpinned()
	s.connect(s.options())
	want := []string{
		"pub TLS certificate " + ctlp.Fingerprint(s.node("pub").tls.Certificate[0]),
		"sub TLS certificate " + ctlp.Fingerprint(s.node("sub").tls.Certificate[0]),
		"alt SSH host key " + ssh.FingerprintSHA256(s.node("alt").hostKey.PublicKey()),
	}
	for _, w := range want {
		if n := strings.Count(strings.Join(s.prompter.identities, "\n"), w); n != 1 {
			t.Errorf("%q was asked %d times", w, n)
		}
	}
	s.connect(s.options())
	if len(s.prompter.identities) != 3 {
		t.Errorf("asked again: %q", s.prompter.identities[3:])
	}
	info, err := os.Stat(filepath.Join(s.dir, "clusters", "site", "identities.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kept in %v, %v", info, err)
	}
}

// A server that nobody confirmed gets no password.
func TestUnconfirmedServerGetsNoPassword(t *testing.T) {
	for _, prompter := range []*fakePrompter{{}, nil} {
		s := newSite(t, oldFile)
		s.unpinned()
		o := s.options()
		o.Prompter = nil
		if prompter != nil {
			o.Prompter = prompter
		}
		_, err := Connect(t.Context(), s.profile, o)
		var id *meet.IdentityError
		if !errors.As(err, &id) || id.Want != "" || id.Got == "" || message.ActionsOf(id)[0].Do != message.MeetServers {
			t.Fatalf("error %v", err)
		}
		s.wantNoLogins()
	}
}

func (s *testSite) wantNoLogins() {
	s.t.Helper()
	for _, n := range s.nodes {
		if got := n.logins.Load(); got != 0 {
			s.t.Errorf("%s was sent a password %d times", n.name, got)
		}
	}
}

// A machine in the middle has another certificate or host key: the job stops before a
// password has left for any node, and names both fingerprints.
func TestMachineInTheMiddle(t *testing.T) {
	tests := []struct {
		name, node, pinned string // pinned: profile, kept, known_hosts
	}{
		{"TLS, pinned in the profile", "sub", "profile"},
		{"TLS, kept", "pub", "kept"},
		{"SSH, pinned in the profile", "alt", "profile"},
		{"SSH, kept", "alt", "kept"},
		{"SSH, in known_hosts", "alt", "known_hosts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, oldFile)
			n := s.node(tt.node)
			want := ssh.FingerprintSHA256
			was := ""
			if n.hostKey != nil {
				was = want(n.hostKey.PublicKey())
			} else {
				was = ctlp.Fingerprint(n.tls.Certificate[0])
			}
			switch tt.pinned {
			case "kept":
				s.unpinned()
			case "known_hosts":
				s.unpinned()
				s.knownHost(n, n.hostKey.PublicKey())
			}
			c, err := Connect(t.Context(), s.profile, s.options())
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			if tt.pinned == "known_hosts" && strings.Contains(fmt.Sprint(s.prompter.identities), "alt") {
				t.Error("a server in known_hosts was asked about")
			}
			for _, n := range s.nodes {
				n.logins.Store(0)
			}
			// Somebody else answers now.
			n.halt()
			is := ""
			if n.hostKey != nil {
				n.hostKey = newHostKey(t)
				is = want(n.hostKey.PublicKey())
			} else {
				n.tls = newCertificate(t, n.name)
				is = ctlp.Fingerprint(n.tls.Certificate[0])
			}
			n.start()
			o := s.options()
			o.Tolerant = true // even so
			_, err = Connect(t.Context(), s.profile, o)
			var id *meet.IdentityError
			if !errors.As(err, &id) || id.Node != tt.node || id.Want != was || id.Got != is {
				t.Fatalf("error %v", err)
			}
			if text := err.Error(); !strings.Contains(text, was) || !strings.Contains(text, is) || message.Lines(id.Hints()).String() == "" {
				t.Errorf("error %q, hint %q", text, message.Lines(id.Hints()).String())
			}
			s.wantNoLogins()

			// A legitimate change is accepted by pinning, unless the profile says otherwise.
			_, err = Pin(t.Context(), s.profile, s.options(), false)
			if tt.pinned == "profile" {
				if !errors.As(err, &id) {
					t.Errorf("Pin against the profile: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("Pin: %v", err)
			}
			s.wantNoLogins()
			s.connect(s.options())
		})
	}
}

func (s *testSite) knownHost(n *siteNode, key ssh.PublicKey) {
	s.t.Helper()
	s.profile.KnownHosts = filepath.Join(s.t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{fmt.Sprintf("[%s]:%d", n.address, n.port)}, key) + "\n"
	if err := os.WriteFile(s.profile.KnownHosts, []byte(line), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// A connection that is made anew in the middle of a job is held to the same identity.
func TestIdentityIsCheckedOnReconnect(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	n := s.node("sub")
	c.o.fault = once("commit.intended", "sub", func() error {
		n.halt()
		n.logins.Store(0)
		n.tls = newCertificate(t, "sub")
		n.start()
		return nil
	})
	_, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
	var partial *PartialError
	var id *meet.IdentityError
	if !errors.As(err, &partial) || !errors.As(err, &id) || id.Node != "sub" {
		t.Fatalf("error %v", err)
	}
	if n.logins.Load() != 0 {
		t.Error("a password was sent to the changed server")
	}
}

func TestIdentitiesAreSeenWithoutLogin(t *testing.T) {
	s := newSite(t, oldFile)
	s.profile.Nodes[1].Fingerprint = fingerprintA
	s.profile.Nodes[2].SFTPHostKey = ""
	list, err := Identities(t.Context(), s.profile, s.options(), false)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if i := list[0]; i.Changed() || i.Known != i.Fingerprint || i.Kind != meet.KindTLS {
		t.Errorf("pub %+v", i)
	}
	for _, i := range list {
		// What a person compares is what the fingerprint is of.
		if (i.Kind == meet.KindTLS) != (i.Certificate != nil && i.Fingerprint == ctlp.Fingerprint(i.Certificate)) {
			t.Errorf("%s %s: the certificate is not that of the fingerprint %s", i.Node, i.Service, i.Fingerprint)
		}
	}
	if i := list[1]; !i.Changed() || i.Known != fingerprintA || i.Source != meet.FromProfile {
		t.Errorf("sub %+v", i)
	}
	if i := list[2]; i.Changed() || i.Known != "" || i.Fingerprint != ssh.FingerprintSHA256(s.node("alt").hostKey.PublicKey()) {
		t.Errorf("alt %+v", i)
	}
	s.wantNoLogins()
	if len(s.prompter.identities) != 0 {
		t.Error("looking asked a question")
	}
}

// One password entry is one attempt on one node; the person is asked once for all.
func TestWrongPasswordIsTriedOnOneNode(t *testing.T) {
	s := newSite(t, oldFile)
	s.profile.PasswordSource = "prompt"
	s.prompter.password = "wrong"
	_, err := Connect(t.Context(), s.profile, s.options())
	var node *NodeError
	if !errors.As(err, &node) || node.Node != "pub" || node.Step != StepLogin {
		t.Fatalf("error %v", err)
	}
	if p, o := s.node("pub").logins.Load(), s.node("sub").logins.Load(); p != 1 || o != 0 {
		t.Errorf("%d tries on the publisher, %d on the subscriber", p, o)
	}
	s.prompter.password = sitePassword
	s.prompter.passwords = nil
	s.connect(s.options())
	if fmt.Sprint(s.prompter.passwords) != "[pub admin]" {
		t.Errorf("asked %q", s.prompter.passwords)
	}
}

func TestTolerantConnect(t *testing.T) {
	s := newSite(t, oldFile)
	s.node("sub").halt()
	if _, err := Connect(t.Context(), s.profile, s.options()); err == nil || !strings.Contains(err.Error(), "sub") {
		t.Fatalf("error %v", err)
	}
	o := s.options()
	o.Tolerant = true
	c := s.connect(o)
	snap, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if snap.Nodes[1].Err == nil || snap.Nodes[0].File == nil || snap.Agree {
		t.Errorf("snapshot %+v", snap.Nodes)
	}
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); !errors.As(err, new(*UnchangedError)) {
		t.Errorf("Distribute: %v", err)
	}
	s.wantAll(oldFile)
	s.node("pub").halt()
	if _, err := Connect(t.Context(), s.profile, o); err == nil {
		t.Error("connected without a publisher")
	}
}

func TestLegacyIsWarnedAboutEachTime(t *testing.T) {
	s := newSite(t, oldFile)
	s.profile.Nodes[1].Legacy = true
	o := s.options()
	warned := map[string]int{}
	o.Progress = func(p Progress) {
		if p.State == StateWarning && strings.Contains(p.Text.String(), "legacy") {
			warned[p.Node]++
		}
	}
	c, err := Connect(t.Context(), s.profile, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if warned["sub"] == 0 || warned["pub"] != 0 || warned["alt"] != 0 {
		t.Errorf("warnings %v", warned)
	}
}

// A server has host keys of several kinds and shows one; the others are asked for
// before it counts as changed.
func TestServerWithSeveralHostKeys(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	first := newHostKey(t)
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		t.Error("a password was sent")
		return nil, errors.New("no")
	}}
	config.AddHostKey(first)
	config.AddHostKey(second)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var handshakes sync.WaitGroup
	handshakes.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handshakes.Go(func() {
				defer conn.Close()
				ssh.NewServerConn(conn, config) // the client leaves in the middle of it
			})
		}
	})
	t.Cleanup(func() { l.Close(); handshakes.Wait() })
	s := newSite(t, oldFile)
	n := &s.profile.Nodes[2]
	n.Address, n.SFTPPort = "127.0.0.1", site.At(l.Addr().(*net.TCPAddr).Port)
	for _, signer := range []ssh.Signer{first, second, newHostKey(t)} {
		n.SFTPHostKey = ssh.FingerprintSHA256(signer.PublicKey())
		list, err := Identities(t.Context(), s.profile, s.options(), false)
		if err != nil {
			t.Fatal(err)
		}
		known := signer == first || signer == second
		if i := list[2]; i.Err != nil || i.Changed() == known || known && i.Fingerprint != n.SFTPHostKey {
			t.Errorf("%s: %+v", signer.PublicKey().Type(), i)
		}
	}
}
