package lab

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/httpfile"
	"ctlclient/protocol/sftp"
	"ctlclient/protocol/tftp"
	"ctlclient/protocol/tvs"
)

func TestProfileWorksAsItIs(t *testing.T) {
	l := up(t, Options{Firewall: true})
	p, err := site.Load(l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Nodes) != 4 || p.Nodes[0].Role != "publisher" || p.Nodes[2].Transport != "sftp" || p.Nodes[3].Role != "firewall" {
		t.Errorf("profile: %+v", p)
	}
	for i, n := range p.Nodes {
		if n.Transport == "ctlp" {
			c, err := l.Nodes[i].Certificate(certProvider)
			if err != nil || n.Fingerprint != ctlp.Fingerprint(c) {
				t.Errorf("%s is pinned as %s", n.Name, n.Fingerprint)
			}
		}
	}
}

func TestProviderTellsTheCluster(t *testing.T) {
	l := up(t, Options{})
	c := provide(t, l.publisher())
	got, err := c.Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Mixed || len(got.Nodes) != 2 || !got.Nodes[0].Publisher || got.Nodes[1].Name != "cucm-sub1" {
		t.Errorf("cluster: %+v", got)
	}
	creds, err := c.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, k := range creds {
		functions = append(functions, k.NodeName+" "+ctlbuild.Function(k.Function).Slug())
	}
	want := []string{"cucm-pub sast", "cucm-pub sast", "cucm-pub ccm+tftp", "cucm-pub capf", "cucm-sub1 ccm+tftp"}
	if !slices.Equal(functions, want) {
		t.Errorf("credentials %q, want %q", functions, want)
	}
}

func status(t *testing.T, err error) ctlp.Status {
	t.Helper()
	var s *ctlp.StatusError
	if !errors.As(err, &s) {
		t.Fatalf("%v is no answer of the node", err)
	}
	return s.Status
}

func TestProviderRefuses(t *testing.T) {
	l := up(t, Options{ExportRefused: true, NonSecure: true})
	pub, sub := provide(t, l.publisher()), provide(t, l.Nodes[1])
	good, err := l.buildCTL(t.Context(), usualKey)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1

	if _, err := sub.Cluster(t.Context()); status(t, err) != ctlp.NotSupported {
		t.Errorf("a subscriber asked about the cluster: %v", err)
	}
	if _, err := pub.SetMode(t.Context(), true); status(t, err) != ctlp.ExportRefused {
		t.Errorf("mixed mode without registration: %v", err)
	}
	if _, err := pub.Stage(t.Context(), ctlName, bad, nil); status(t, err) != ctlp.BadList {
		t.Errorf("a list with a bad signature: %v", err)
	}
	if _, err := pub.Stage(t.Context(), ctlName, []byte("no list"), nil); status(t, err) != ctlp.BadList {
		t.Errorf("what is no list: %v", err)
	}
	if _, err := pub.Stage(t.Context(), ctlName, good, nil); err != nil {
		t.Errorf("a good list: %v", err)
	}
	wrong, err := ctlp.Dial(t.Context(), hostPort(l.Nodes[1].Address, l.Nodes[1].Ports().CTLP), ctlp.Options{VerifyPeer: func(*x509.Certificate, []byte) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	if _, err := wrong.Login(t.Context(), adminUser, []byte("wrong")); status(t, err) != ctlp.BadLogin {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestACommitShowsAtOnceOverTFTPAndHTTP(t *testing.T) {
	l := up(t, Options{})
	list := clientCTL(t, l, token(t, "SAST-1"), token(t, "SAST-2"))
	n := l.publisher()
	p := n.Ports()
	overTFTP, err := tftp.Get(t.Context(), hostPort(n.Address, p.TFTP), ctlName, tftp.Options{})
	if err != nil || !bytes.Equal(overTFTP, list.Bytes()) {
		t.Errorf("TFTP serves something else: %v", err)
	}
	overHTTP, err := httpfile.Get(t.Context(), "http://"+hostPort(n.Address, p.HTTP)+"/"+ctlName, ctlbuild.MaxFile)
	if err != nil || !bytes.Equal(overHTTP, list.Bytes()) {
		t.Errorf("HTTP serves something else: %v", err)
	}
	if !n.RestartDue() {
		t.Error("the node does not notice that its services are to be restarted")
	}
	if err := l.RestartServices(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n.RestartDue() {
		t.Error("the node asks for a restart after one")
	}
}

func TestNamesThatAreNotServed(t *testing.T) {
	l := up(t, Options{})
	n := l.publisher()
	if err := os.WriteFile(filepath.Join(n.Folder, ".CTLFile.tlv.stage"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../certs/TVS.key", `..\certs\TVS.key`, "/etc/passwd", ".CTLFile.tlv.stage", "nothing.tlv", "CTLSEPFFFFFFFFFFFF.tlv"} {
		if _, err := n.open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v, want fs.ErrNotExist", name, err)
		}
	}
	own, err := n.open("CTL" + l.Phones[0].Name + ".tlv")
	if err != nil || !bytes.Equal(own, served(t, l, ctlName).Bytes()) {
		t.Errorf("a phone's own CTL: %v", err)
	}
}

func TestSFTPServesTheFolderOfTheAlternateServer(t *testing.T) {
	l := up(t, Options{})
	n, err := l.Node("tftp-1")
	if err != nil {
		t.Fatal(err)
	}
	c, err := sftp.Dial(t.Context(), hostPort(n.Address, n.Ports().SFTP), sftp.Options{
		User: sftpUser,
		HostKey: func(_ string, k ssh.PublicKey) error {
			if !bytes.Equal(k.Marshal(), n.hostKey.PublicKey().Marshal()) {
				return errors.New("another key")
			}
			return nil
		},
		Password: func(context.Context) ([]byte, error) { return bytes.Clone(l.password), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f, err := c.Get(t.Context(), sftpRoot, ctlName)
	if err != nil || !bytes.Equal(f.Data, served(t, l, ctlName).Bytes()) {
		t.Errorf("SFTP serves something else: %v", err)
	}
}

func TestTVSVouchesForWhatTheClusterKnows(t *testing.T) {
	l := up(t, Options{Version: "10.5"})
	ask := func(t *testing.T, n *Node, der []byte) tvs.Answer {
		t.Helper()
		a, err := tvs.Verify(t.Context(), hostPort(n.Address, n.Ports().TVS), der, tvs.Options{VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			if want, err := n.Certificate(certTVS); err != nil || !bytes.Equal(raw, want) {
				return errors.New("another certificate")
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	own := func(n *Node, name string) []byte {
		der, err := n.Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	uploaded, listed, stranger := token(t, "SAST-1"), token(t, "SAST-2"), token(t, "SAST-3")
	if err := l.TrustCertificate(uploaded.der); err != nil {
		t.Fatal(err)
	}
	clientCTL(t, l, listed)
	former := own(l.Nodes[1], certCallManager)
	if err := l.Regenerate("cucm-sub1", "callmanager"); err != nil {
		t.Fatal(err)
	}
	for _, n := range l.callManagers() {
		for _, c := range []struct {
			what  string
			der   []byte
			roles []uint8
		}{
			{"in Phone-SAST-trust", uploaded.der, []uint8{0}},
			{"in the CTL that is served", listed.der, []uint8{0}},
			{"still in the CTL, no longer the node's", former, []uint8{2}},
			{"a new CallManager", own(l.Nodes[1], certCallManager), []uint8{0, 2}},
			{"ITLRecovery", own(l.publisher(), certITLRecovery), []uint8{0}},
			{"a stranger's", stranger.der, nil},
			{"what is no certificate", []byte("x"), nil},
		} {
			a := ask(t, n, c.der)
			slices.Sort(a.Roles)
			if a.Valid != (c.roles != nil) || !bytes.Equal(a.Roles, c.roles) {
				t.Errorf("%s: %s: valid %t, roles %v; want roles %v", n.Name, c.what, a.Valid, a.Roles, c.roles)
			}
			if a.Valid && a.TTL != tvsTTL {
				t.Errorf("%s: %s: TTL %v", n.Name, c.what, a.TTL)
			}
		}
	}
	if err := l.Distrust(uploaded.der); err != nil {
		t.Fatal(err)
	}
	if ask(t, l.publisher(), uploaded.der).Valid {
		t.Error("a certificate that was taken out of the trust store is still vouched for")
	}
}

func TestStopPullsThePlugAndStartPutsItIn(t *testing.T) {
	l := up(t, Options{})
	pub := l.publisher()
	ports := pub.Ports()
	c := provide(t, pub)
	if err := l.Stop(pub.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Cluster(t.Context()); err == nil {
		t.Error("an open connection outlives the plug")
	}
	for what, port := range map[string]int{"CTLP": ports.CTLP, "TVS": ports.TVS, "HTTP": ports.HTTP, "SSH": ports.SSH} {
		if conn, err := net.Dial("tcp", hostPort(pub.Address, port)); err == nil {
			conn.Close()
			t.Errorf("%s still answers", what)
		}
	}
	if err := l.Regenerate(pub.Name, "tvs"); err == nil {
		t.Error("a stopped node regenerates a certificate")
	}
	for model, b := range boots(t, l) {
		sub := hostPort(l.Nodes[1].Address, l.Nodes[1].Ports().TFTP)
		if !b.Accepted() || b.Server != sub {
			t.Errorf("%s: accepted %t from %q (%v), want the subscriber's", model, b.Accepted(), b.Server, b.Err)
		}
	}
	if err := l.Stop("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	for model, b := range boots(t, l) {
		if !errors.Is(b.Err, ErrNoTFTP) || b.Accepted() {
			t.Errorf("%s: %v, want ErrNoTFTP", model, b.Err)
		}
	}
	for _, n := range l.callManagers() {
		if err := l.Start(n.Name); err != nil {
			t.Fatal(err)
		}
	}
	if pub.Ports() != ports {
		t.Errorf("the node answers at %+v, before at %+v", pub.Ports(), ports)
	}
	allAccept(t, l)
}

// A node that was away while the CTL changed serves the one it had.
func TestANodeThatWasStoppedMissesTheUpdate(t *testing.T) {
	l := up(t, Options{})
	if err := l.Stop("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	former := l.Nodes[1].checksum(ctlName)
	if err := l.Regenerate("cucm-pub", "capf"); err != nil {
		t.Fatal(err)
	}
	if out := admin(t, l.publisher(), "utils ctl update CTLFile"); !strings.Contains(out, "Unable to copy the CTL file to cucm-sub1") {
		t.Errorf("the command does not name the node:\n%s", out)
	}
	if err := l.Start("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	if got := l.Nodes[1].checksum(ctlName); got != former || got == l.publisher().checksum(ctlName) {
		t.Errorf("the subscriber serves %s, had %s", got, former)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	runtime.GC()
	l, err := Up(t.Context(), Options{Dir: t.TempDir(), KeyBits: 1024, Firewall: true})
	if err != nil {
		t.Fatal(err)
	}
	c := provide(t, l.publisher()) // a connection that stays open
	defer c.Close()
	var at []string
	for _, n := range l.Nodes {
		p := n.Ports()
		for _, port := range []int{p.CTLP, p.TVS, p.HTTP, p.SFTP, p.SSH} {
			if port != 0 {
				at = append(at, hostPort(n.Address, port))
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range at {
		if conn, err := net.Dial("tcp", a); err == nil {
			conn.Close()
			t.Errorf("%s still answers", a)
		}
	}
	// Goroutines of this package and of the servers it runs; Close has waited.
	buf := make([]byte, 1<<20)
	stacks := string(buf[:runtime.Stack(buf, true)])
	for g := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(g, "ctlclient/lab.(*Node)") || strings.Contains(g, ".(*Server).Serve") {
			t.Errorf("still running:\n%s", g)
		}
	}
}

// A question by names is answered with the certificate: an eToken by the names and the
// byte order that lists have, out of the trust store or out of the CTL on the node.
func TestTVSFindsByNames(t *testing.T) {
	l := up(t, Options{Version: "10.5"})
	uploaded, listed, stranger := token(t, "SAST-1"), token(t, "SAST-2"), token(t, "SAST-3")
	if err := l.TrustCertificate(uploaded.der); err != nil {
		t.Fatal(err)
	}
	clientCTL(t, l, listed)
	if err := l.Regenerate("cucm-sub1", "callmanager"); err != nil {
		t.Fatal(err)
	}
	renewed, err := l.Nodes[1].Certificate(certCallManager)
	if err != nil {
		t.Fatal(err)
	}
	n := l.publisher()
	peer := func(_ *x509.Certificate, raw []byte) error {
		if want, err := n.Certificate(certTVS); err != nil || !bytes.Equal(raw, want) {
			return errors.New("another certificate")
		}
		return nil
	}
	for _, c := range []struct {
		what  string
		der   []byte
		token bool
		order ctlbuild.SerialOrder
		roles []uint8
	}{
		{"a token in Phone-SAST-trust", uploaded.der, true, ctlbuild.LittleEndian, []uint8{0}},
		{"a token in the CTL", listed.der, true, ctlbuild.LittleEndian, []uint8{0}},
		{"that token, most significant byte first", listed.der, true, ctlbuild.BigEndian, nil},
		{"that token, named as a server is", listed.der, false, 0, nil},
		{"a new CallManager", renewed, false, 0, []uint8{0, 2}},
		{"a stranger", stranger.der, true, ctlbuild.LittleEndian, nil},
	} {
		r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.der, Token: c.token, SerialOrder: c.order})
		if err != nil {
			t.Fatal(err)
		}
		names := tvs.Names{Subject: r.SubjectName(), Issuer: r.IssuerName(), Serial: r.SerialNumber()}
		a, err := tvs.Query(t.Context(), hostPort(n.Address, n.Ports().TVS), names, tvs.Options{VerifyPeer: peer})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(a.Roles)
		if a.Valid != (c.roles != nil) || !bytes.Equal(a.Roles, c.roles) || a.Valid && !bytes.Equal(a.Certificate, c.der) {
			t.Errorf("%s: valid %t, roles %v, %d bytes; want roles %v", c.what, a.Valid, a.Roles, len(a.Certificate), c.roles)
		}
	}
}
