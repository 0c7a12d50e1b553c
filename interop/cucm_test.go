//go:build linux

package interop

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/protocol/axl"
	"ctlclient/protocol/serviceability"
)

// npmPackages are by others: Cisco's schema and a client of it, a client of RisPort70, and
// what makes a server from a WSDL.
var npmPackages = []string{"cisco-axl@1.2.5", "cisco-risport@3.0.3", "soap@1.3.0"}

// releases whose schema is at hand; the oldest and the newest for what takes long.
var (
	releases  = []string{"11.5", "12.5", "14.0", "15.0"}
	outermost = []string{"11.5", "15.0"}
)

// npm fetches the packages once into the user's cache and gives the folder of modules.
func npm(t *testing.T) string {
	t.Helper()
	program := need(t, "npm")
	need(t, "node")
	cache, err := os.UserCacheDir()
	if err != nil {
		missing(t, err)
	}
	name := strings.NewReplacer("@", "-", " ", "_").Replace(strings.Join(npmPackages, " "))
	all := filepath.Join(cache, "ctlclient-interop")
	dir := filepath.Join(all, name)
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(dir); err == nil {
		return modules
	}
	if err := os.MkdirAll(all, 0o700); err != nil {
		t.Fatal(err)
	}
	// Two tests may fetch at the same time: each into a folder of its own, which becomes
	// the one that counts only when it is whole.
	fresh, err := os.MkdirTemp(all, "fetching-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := append([]string{"install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, npmPackages...)
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = fresh
	if out, err := c.CombinedOutput(); err != nil {
		missing(t, fmt.Errorf("npm install %s: %w\n%s", strings.Join(npmPackages, " "), err, out))
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, other := os.Stat(dir); other != nil {
			t.Fatal(err)
		}
	}
	return modules
}

// cucm is what our servers answer for: of every field there is one that is filled.
type cucm struct {
	release string
	phones  []axl.Phone
	looks   int // at services
}

func newCUCM(release string, phones int) *cucm {
	c := &cucm{release: release}
	for i := range phones {
		c.phones = append(c.phones, axl.Phone{Name: fmt.Sprintf("SEP%012X", i), Product: "Cisco 8845", Model: "Cisco 8845", Protocol: "SIP",
			DevicePool: "Default & more", SecurityProfile: "Cisco 8845 - <Secure>", Load: "sip8845_65.14-3-1-0201-246"})
	}
	return c
}

func (c *cucm) Begin(axl.Call) error { return nil }
func (c *cucm) Version() string      { return c.release + ".1.13900-155" }
func (c *cucm) Nodes() []axl.Node {
	return []axl.Node{{Name: "cucm-pub", Description: "Publisher", Publisher: true}, {Name: "10.0.0.2"}}
}
func (c *cucm) Services() []axl.Service {
	return []axl.Service{{Node: "cucm-pub", Name: "Cisco Tftp", Active: true}, {Node: "10.0.0.2", Name: "Cisco CTL Provider"}}
}
func (c *cucm) Mixed() bool { return true }
func (c *cucm) Pools() []axl.Pool {
	return []axl.Pool{{Name: "Default & more", Group: "Default", Members: []string{"10.0.0.2", "cucm-pub"}}}
}
func (c *cucm) SecurityByDefault() []axl.Feature {
	return []axl.Feature{{Model: "Cisco 8845", Name: "Security By Default"}}
}
func (c *cucm) Certificates() []axl.Certificate {
	return []axl.Certificate{{Store: "Phone-SAST-trust", Server: "cucm-pub", Subject: "CN=SAST-1", Issuer: "CN=CA", Serial: "0a0b", DER: []byte("0 stands for one")}}
}
func (c *cucm) Phones(skip, first int) ([]axl.Phone, int) {
	page := c.phones[min(skip, len(c.phones)):]
	if first >= 0 {
		page = page[:min(first, len(page))]
	}
	return page, len(c.phones)
}
func (c *cucm) ResetPhone(name string, _ axl.ResetKind) error {
	for _, p := range c.phones {
		if p.Name == name {
			return nil
		}
	}
	return &axl.Fault{Code: 5007, Words: "Item not valid: The specified " + name + " was not found"}
}

// ris answers for RisPort70 and Control Center.
type ris struct{ *cucm }

func (r ris) Phones([]string) []serviceability.NodePhones {
	var n serviceability.NodePhones
	n.Node = "cucm-pub"
	for i, p := range r.phones {
		n.Phones = append(n.Phones, serviceability.Registration{Name: p.Name, Status: serviceability.Registered, Model: 683, Protocol: "SIP", Load: p.Load,
			Download: "Successful", Web: true, Address: netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), Time: time.Unix(1425895935, 0)})
	}
	return []serviceability.NodePhones{n, {Node: "10.0.0.2"}, {Node: "down", Code: "NodeNotResponding"}}
}

// Services has another process after each look, so that a restart is over at once.
func (r ris) Services([]string) []serviceability.ServiceState {
	r.looks++
	return []serviceability.ServiceState{{Name: "Cisco Tftp", State: "Started", Started: fmt.Sprint("look ", r.looks), Up: time.Hour}, serviceability.NotActivated("Cisco CTL Provider")}
}
func (r ris) Control(_, _ string, names []string) []serviceability.ServiceState {
	return []serviceability.ServiceState{{Name: names[0], State: "Starting"}}
}

// identity is a server's certificate, also as files.
func identity(t *testing.T) (pair tls.Certificate, cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cucm-pub"},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert = write(t, dir, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	key = write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, cert, key
}

// options pin one certificate.
func options(der []byte) axl.Options {
	return axl.Options{
		User: "admin", Password: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			if !bytes.Equal(raw, der) {
				return errors.New("another certificate")
			}
			return nil
		},
	}
}

// tape keeps every SOAP body that is sent and answered.
type tape struct {
	handler http.Handler
	mu      sync.Mutex
	bodies  []string
}

func (p *tape) keep(envelope []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, body, _ := strings.Cut(string(envelope), "<soapenv:Body>")
	body, _, _ = strings.Cut(body, "</soapenv:Body>")
	p.bodies = append(p.bodies, body)
}

type copied struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (c *copied) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}

func (p *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	p.keep(question)
	r.Body = io.NopCloser(bytes.NewReader(question))
	c := &copied{ResponseWriter: w}
	p.handler.ServeHTTP(c, r)
	p.keep(c.body.Bytes())
}

// serveTLS answers on an address of loopback until the test ends.
func serveTLS(t *testing.T, addr string, handler http.Handler) (string, []byte) {
	t.Helper()
	pair, _, _ := identity(t)
	l, err := tls.Listen("tcp", addr, &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return l.Addr().String(), pair.Certificate[0]
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// askEverything has our client ask each question that it knows.
func askEverything(t *testing.T, c *axl.Client, phone string) {
	t.Helper()
	ctx := t.Context()
	_, err := c.Nodes(ctx)
	check(t, "nodes", err)
	_, err = c.Services(ctx)
	check(t, "services", err)
	_, err = c.Mixed(ctx)
	check(t, "mode", err)
	_, err = c.Pools(ctx)
	check(t, "pools", err)
	_, err = c.SecurityByDefault(ctx)
	check(t, "features", err)
	_, err = c.FeatureNames(ctx)
	check(t, "names of features", err)
	_, err = c.StoreNames(ctx)
	check(t, "names of stores", err)
	_, err = c.Certificates(ctx)
	check(t, "certificates", err)
	_, err = c.CountPhones(ctx)
	check(t, "count", err)
	check(t, "phones", c.Phones(ctx, func([]axl.Phone) error { return nil }))
	_, err = c.TVSCertificates(ctx)
	check(t, "TVS", err)
	_, err = c.TVSCertificate(ctx, "CN=CA", "0a0b")
	check(t, "TVS entry", err)
	check(t, "reset", c.ResetPhone(ctx, phone, axl.Reset))
	check(t, "restart", c.ResetPhone(ctx, phone, axl.Restart))
	if err := c.ResetPhone(ctx, "SEPFFFFFFFFFFFF", axl.Reset); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown phone: %v", err)
	}
}
