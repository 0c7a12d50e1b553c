package cluster

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/sftp"
	"ctlclient/protocol/tftp"
)

const (
	sitePassword = "correct horse 7 battery"
	sitePasswEnv = "CLUSTER_TEST_PASSWORD"
)

// testSite is a cluster of real servers on loopback: a publisher and a subscriber over
// CTLP, an alternate TFTP server over SFTP, each with TFTP.
type testSite struct {
	t        testing.TB
	dir      string // state of the program under test
	profile  *site.Profile
	nodes    []*siteNode
	prompter *fakePrompter
}

type siteNode struct {
	t       testing.TB
	name    string
	address string
	dir     string // served folder
	port    int    // of CTLP or SFTP
	tls     tls.Certificate
	hostKey ssh.Signer
	site    *testSite
	proxy   *proxy // nil: none stands before it

	deny       atomic.Bool // refuse every login
	logins     atomic.Int32
	refuse     atomic.Pointer[ctlp.StatusError] // what staging is answered with
	mode       atomic.Value                     // string: "mixed", "non-secure", as it was set last
	refuseMode atomic.Pointer[ctlp.StatusError] // what setting the mode is answered with
	tftpDir    atomic.Pointer[string]           // where TFTP reads, normally dir

	mu   sync.Mutex
	stop func()
}

var siteCount atomic.Int32

// newSite starts the nodes; all serve old (nil: nothing).
func newSite(t testing.TB, old []byte) *testSite {
	t.Helper()
	return newSiteIn(t, old, t.TempDir)
}

// newSiteIn makes the served folders with folder.
func newSiteIn(t testing.TB, old []byte, folder func() string) *testSite {
	t.Helper()
	s := &testSite{t: t, dir: t.TempDir(), prompter: &fakePrompter{password: sitePassword, accept: true}}
	n := siteCount.Add(1)
	block := fmt.Sprintf("127.%d.%d.", 20+os.Getpid()%200, n%250)
	s.profile = &site.Profile{Name: "site", User: "admin", PasswordSource: "env:" + sitePasswEnv}
	for i, role := range []string{site.RolePublisher, site.RoleSubscriber, site.RoleTFTP} {
		node := &siteNode{t: t, site: s, name: []string{"pub", "sub", "alt"}[i], address: fmt.Sprintf("%s%d", block, i+1), dir: folder()}
		if old != nil {
			node.put(CTLFile, old)
		}
		p := site.Node{Name: node.name, Role: role, Address: node.address, HTTPPort: site.NotRun(), TVSPort: site.NotRun(), SSHPort: site.NotRun()}
		if role == site.RoleTFTP {
			node.hostKey = newHostKey(t)
			p.Transport, p.Path, p.SFTPUser, p.SFTPPasswordSource = site.TransportSFTP, "/", "ctl", "env:"+sitePasswEnv
			p.SFTPHostKey = ssh.FingerprintSHA256(node.hostKey.PublicKey())
		} else {
			node.tls = newCertificate(t, node.name)
			p.Transport, p.Fingerprint = site.TransportCTLP, ctlp.Fingerprint(node.tls.Certificate[0])
		}
		node.start()
		t.Cleanup(node.halt)
		p.TFTPPort = site.At(node.startTFTP())
		p.CTLPPort, p.SFTPPort = site.At(node.port), site.At(node.port)
		s.nodes = append(s.nodes, node)
		s.profile.Nodes = append(s.profile.Nodes, p)
	}
	return s
}

// options of a program that waits for nothing between retries.
func (s *testSite) options() Options {
	return Options{StateDir: s.dir, Prompter: s.prompter, Timeout: 10 * time.Second,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func (s *testSite) connect(o Options) *Cluster {
	s.t.Helper()
	c, err := Connect(s.t.Context(), s.profile, o)
	if err != nil {
		s.t.Fatalf("Connect: %v", err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

func (s *testSite) node(name string) *siteNode {
	for _, n := range s.nodes {
		if n.name == name {
			return n
		}
	}
	s.t.Fatalf("no node %s", name)
	return nil
}

// serves are the contents of the live files by node.
func (s *testSite) serves() map[string]string {
	m := map[string]string{}
	for _, n := range s.nodes {
		m[n.name] = string(n.get(CTLFile))
	}
	return m
}

// wantAll fails unless every node serves want, has no stage lying about, and says so.
func (s *testSite) wantAll(want []byte) {
	s.t.Helper()
	for _, n := range s.nodes {
		if got := n.get(CTLFile); !bytes.Equal(got, want) {
			s.t.Errorf("%s serves %s, want %s", n.name, brief(got), brief(want))
		}
	}
}

func brief(b []byte) string {
	if b == nil {
		return "nothing"
	}
	if len(b) > 24 {
		b = b[:24]
	}
	return fmt.Sprintf("%q", b)
}

func (n *siteNode) put(name string, data []byte) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), data, 0o644); err != nil {
		n.t.Fatal(err)
	}
}

// get reads a served file; nil when there is none.
func (n *siteNode) get(name string) []byte {
	data, err := os.ReadFile(filepath.Join(n.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return data
}

// start serves the node's transport, on the port it had before if it had one.
func (n *siteNode) start() {
	n.t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", n.address, n.port))
	if err != nil {
		n.t.Fatal(err)
	}
	n.port = l.Addr().(*net.TCPAddr).Port
	var serve func(net.Listener) error
	var end func() error
	if n.hostKey != nil {
		srv, err := sftp.NewServer(sftp.ServerOptions{HostKey: n.hostKey, Root: n.dir, Login: func(user string, pw []byte) bool {
			n.logins.Add(1)
			return user == "ctl" && string(pw) == sitePassword && !n.deny.Load()
		}})
		if err != nil {
			n.t.Fatal(err)
		}
		serve, end = srv.Serve, srv.Close
	} else {
		srv, err := ctlp.NewServer(ctlp.ServerOptions{Certificate: n.tls, Backend: n, Dir: n.dir, Name: "test"})
		if err != nil {
			n.t.Fatal(err)
		}
		serve, end = srv.Serve, srv.Close
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(l) // ends with an error that says so
	}()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stop = func() {
		end()
		<-done
	}
}

// halt pulls the node's plug: its connections end at once.
func (n *siteNode) halt() {
	n.mu.Lock()
	stop := n.stop
	n.stop = nil
	n.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (n *siteNode) restart() {
	n.halt()
	n.start()
}

func (n *siteNode) startTFTP() int {
	n.t.Helper()
	n.tftpDir.Store(&n.dir)
	return serveTFTP(n.t, n.address, func(name string, _ net.Addr) (io.ReadCloser, int64, error) {
		f, err := os.Open(filepath.Join(*n.tftpDir.Load(), filepath.Base(name)))
		if err != nil {
			return nil, 0, err
		}
		st, err := f.Stat()
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, st.Size(), nil
	})
}

// serveTFTP serves files over TFTP until the test ends.
func serveTFTP(t testing.TB, address string, open func(string, net.Addr) (io.ReadCloser, int64, error)) (port int) {
	t.Helper()
	c, err := net.ListenPacket("udp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	srv := tftp.NewServer(open)
	go srv.Serve(c)
	t.Cleanup(func() { srv.Close() })
	return c.LocalAddr().(*net.UDPAddr).Port
}

// siteNode is a ctlp.Backend.

func (n *siteNode) Login(_ context.Context, user string, pw []byte) (bool, error) {
	n.logins.Add(1)
	return user == "admin" && string(pw) == sitePassword && !n.deny.Load(), nil
}

func (n *siteNode) Cluster(context.Context) (ctlp.Cluster, error) {
	if n.name != "pub" {
		return ctlp.Cluster{}, &ctlp.StatusError{Status: ctlp.NotSupported}
	}
	c := ctlp.Cluster{Mixed: true}
	for _, o := range n.site.nodes {
		if o.tls.Certificate != nil {
			c.Nodes = append(c.Nodes, ctlp.Node{Name: o.name, Address: o.address, Publisher: o == n,
				Services: []ctlp.Service{ctlp.CallManager, ctlp.TFTP, ctlp.CTLProvider}})
		}
	}
	return c, nil
}

func (n *siteNode) Credentials(context.Context) ([]ctlp.Credential, error) {
	return []ctlp.Credential{{NodeName: n.name, NodeAddress: n.address, Function: 2, Certificate: n.tls.Certificate[0]}}, nil
}

func (n *siteNode) SetMode(_ context.Context, mixed bool) (bool, error) {
	if err := n.refuseMode.Load(); err != nil {
		return false, err
	}
	n.mode.Store(map[bool]string{true: "mixed", false: "non-secure"}[mixed])
	return mixed, nil
}

func (n *siteNode) Changed(string) {}

func (n *siteNode) Check(context.Context, string, []byte, []byte) error {
	if err := n.refuse.Load(); err != nil {
		return err
	}
	return nil
}

// fakePrompter answers for a person and counts the questions.
type fakePrompter struct {
	password string
	accept   bool

	mu         sync.Mutex
	passwords  []string // node user
	identities []string // node kind fingerprint
}

func (p *fakePrompter) Password(_ context.Context, node, user string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passwords = append(p.passwords, node+" "+user)
	return []byte(p.password), nil
}

func (p *fakePrompter) Identity(_ context.Context, node, kind, fingerprint string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.identities = append(p.identities, node+" "+kind+" "+fingerprint)
	return p.accept, nil
}

func newCertificate(t testing.TB, cn string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newHostKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func readTestFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (n *siteNode) remove(name string) {
	n.t.Helper()
	if err := os.Remove(filepath.Join(n.dir, name)); err != nil {
		n.t.Fatal(err)
	}
}
