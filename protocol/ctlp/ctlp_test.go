package ctlp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	testUser     = "admin"
	testPassword = "Zw3i Wörter"
	ctlFile      = "CTLFile.tlv"
)

// newCertificate makes a self-signed server certificate.
func newCertificate(t testing.TB, cn string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: cn},
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// backend is a publisher of two nodes.
type backend struct {
	mu       sync.Mutex
	mixed    bool
	refuse   error // of Cluster, Credentials and SetMode
	checkErr error
	loginErr error
	changed  []string
	logins   int
}

func (b *backend) Login(_ context.Context, user string, password []byte) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logins++
	if b.loginErr != nil {
		return false, b.loginErr
	}
	return user == testUser && subtle.ConstantTimeCompare(password, []byte(testPassword)) == 1, nil
}

func (b *backend) Cluster(context.Context) (Cluster, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Cluster{Mixed: b.mixed, Nodes: []Node{
		{Name: "pub", Address: "127.0.0.1", Publisher: true, Services: []Service{CallManager, TFTP, CAPF, CTLProvider, TVS}},
		{Name: "sub", Address: "127.0.0.2", Services: []Service{CallManager}},
	}}, b.refuse
}

func (b *backend) Credentials(context.Context) ([]Credential, error) {
	return []Credential{{NodeName: "pub", NodeAddress: "127.0.0.1", Function: 4, Certificate: []byte{0x30, 0}}}, b.refuse
}

func (b *backend) SetMode(_ context.Context, mixed bool) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse == nil {
		b.mixed = mixed
	}
	return b.mixed, b.refuse
}

func (b *backend) Check(context.Context, string, []byte, []byte) error { return b.checkErr }

func (b *backend) Changed(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed = append(b.changed, name)
}

// auditLog collects what a server logs.
type auditLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *auditLog) log(event string, kv ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, event+" "+fmt.Sprint(kv...))
}

func (l *auditLog) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprint(l.lines)
}

// node is a running server.
type node struct {
	*Server
	addr string
	dir  string
	cert []byte
	be   *backend
	log  *auditLog
}

func startNode(t testing.TB, change func(*ServerOptions)) *node {
	t.Helper()
	n := &node{dir: t.TempDir(), be: &backend{mixed: true}, log: &auditLog{}}
	o := ServerOptions{
		Certificate: newCertificate(t, "node"),
		Backend:     n.be,
		Dir:         n.dir,
		Name:        "test node 1.0",
		Log:         n.log.log,
	}
	if change != nil {
		change(&o)
	}
	n.cert = o.Certificate.Certificate[0]
	s, err := NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	n.Server = s
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.addr = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Error("serve:", err)
		}
	})
	return n
}

// options pin the node's certificate.
func (n *node) options() Options {
	return Options{Client: "test 1.0", VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
		if !bytes.Equal(raw, n.cert) {
			return errors.New("another certificate")
		}
		return nil
	}}
}

func (n *node) dial(t testing.TB) *Client {
	t.Helper()
	c, err := Dial(t.Context(), n.addr, n.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (n *node) login(t testing.TB) *Client {
	t.Helper()
	c := n.dial(t)
	if _, err := c.Login(t.Context(), testUser, []byte(testPassword)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (n *node) put(t testing.TB, name, content string) *[32]byte {
	t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, name), []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return &sum
}

func wantStatus(t testing.TB, err error, want Status) *StatusError {
	t.Helper()
	var se *StatusError
	if !errors.As(err, &se) || se.Status != want {
		t.Fatalf("error %v, want status %d (%v)", err, want, want)
	}
	return se
}

// wantFiles compares the whole folder with what should be in it.
func wantFiles(t testing.TB, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(b)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("the folder holds %q, want %q", got, want)
	}
}
