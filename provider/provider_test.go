package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/ctlp"
)

const (
	ctlFile  = "CTLFile.tlv"
	password = "Kein Geheimnis?"
)

// events is an audit log that a test waits for.
type events struct {
	mu   sync.Mutex
	text strings.Builder
	line chan map[string]any
}

func (e *events) Write(p []byte) (int, error) {
	e.mu.Lock()
	e.text.Write(p)
	e.mu.Unlock()
	var m map[string]any
	if err := json.Unmarshal(p, &m); err != nil {
		return 0, err
	}
	e.line <- m
	return len(p), nil
}

func (e *events) all() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.String()
}

// wait reads on to an event.
func (e *events) wait(t testing.TB, name string) map[string]any {
	t.Helper()
	for {
		select {
		case m := <-e.line:
			if m["msg"] == name {
				return m
			}
		case <-t.Context().Done():
			t.Fatalf("no %s in %s", name, e.all())
		}
	}
}

// cheap is a hash that costs tests little.
func cheap(password string) hash {
	h := hash{memory: 64, passes: 1, lanes: 1, salt: []byte("somesalt")}
	h.sum = h.of([]byte(password), hashLength)
	return h
}

// running is a service with a user, admin.
type running struct {
	dir, folder, config string
	addr, fingerprint   string
	events              *events
}

func writeConfig(t testing.TB, dir, more string) string {
	t.Helper()
	folder := filepath.Join(dir, "tftp")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "provider.toml")
	text := "listen = \"127.0.0.1:0\"\nfolder = \"tftp\"\n" + more
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func start(t testing.TB, more string) *running {
	t.Helper()
	r := &running{dir: t.TempDir(), events: &events{line: make(chan map[string]any, 1000)}}
	r.folder = filepath.Join(r.dir, "tftp")
	r.config = writeConfig(t, r.dir, more)
	if err := os.WriteFile(filepath.Join(r.dir, "users"), []byte("admin:"+cheap(password).String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	started, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Run(ctx, r.config, Options{Name: "ctlclient test", Stderr: r.events,
			Started: func(addr net.Addr, fingerprint string, made bool) {
				r.addr, r.fingerprint = addr.String(), fingerprint
				if !made {
					t.Error("a first start without a new certificate")
				}
				close(started)
			}})
	}()
	select {
	case <-started:
	case err := <-done:
		t.Fatal("run:", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("run:", err)
		}
		if all := r.events.all(); strings.Contains(all, password) || !strings.Contains(all, `"stop"`) {
			t.Errorf("audit log: %s", all)
		}
	})
	return r
}

func (r *running) dial(t testing.TB) *ctlp.Client {
	t.Helper()
	c, err := ctlp.Dial(t.Context(), r.addr, ctlp.Options{VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
		if got := ctlp.Fingerprint(raw); got != r.fingerprint {
			return fmt.Errorf("%s instead of %s", got, r.fingerprint)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (r *running) login(t testing.TB) *ctlp.Client {
	t.Helper()
	c := r.dial(t)
	if _, err := c.Login(t.Context(), "admin", []byte(password)); err != nil {
		t.Fatal(err)
	}
	return c
}

// put replaces the live file through the service.
func (r *running) put(t testing.TB, c *ctlp.Client, name string, data []byte) error {
	t.Helper()
	var expect *[32]byte
	if live, err := os.ReadFile(filepath.Join(r.folder, name)); err == nil {
		sum := sha256.Sum256(live)
		expect = &sum
	}
	id, err := c.Stage(t.Context(), name, data, expect)
	if err != nil {
		return err
	}
	_, _, err = c.Commit(t.Context(), id)
	return err
}

func wantStatus(t testing.TB, err error, want ctlp.Status) {
	t.Helper()
	if ctlp.StatusOf(err) != want || err == nil {
		t.Errorf("error %v, want %v", err, want)
	}
}

// signedBy makes a CTL with tokens a and b, signed by a.
func signedBy(t testing.TB, a, b *ctltest.Cert) []byte {
	t.Helper()
	d := ctlbuild.NewDraft()
	for _, c := range []*ctltest.Cert{a, b} {
		if _, err := d.AddToken(c.DER); err != nil {
			t.Fatal(err)
		}
	}
	return ctltest.Sign(t, d, a).Bytes()
}

// Which lists are taken, and which are not.
func TestLists(t *testing.T) {
	cluster := ctltest.NewCluster(t, 2048)
	stranger := ctltest.New(t, ctltest.Token("SAST-ADN00000000", []byte{1, 2, 3}))
	first := signedBy(t, cluster.Token1, cluster.Token2)
	second := signedBy(t, cluster.Token2, cluster.Token1)
	strange := signedBy(t, stranger, cluster.Token1)
	itl := cluster.ITL(t).Bytes()

	r := start(t, "")
	c := r.login(t)
	forged := bytes.Clone(first)
	forged[len(forged)-1] ^= 1
	for name, data := range map[string][]byte{
		"no list":        []byte("hello"),
		"nothing":        nil,
		"a byte changed": forged,
		"cut":            first[:len(first)-10],
		"an ITL":         itl,
	} {
		t.Run(name, func(t *testing.T) { wantStatus(t, r.put(t, c, ctlFile, data), ctlp.BadList) })
	}
	for _, name := range []string{"CTLFile.txt", "SEP0011215A1AE3.cnf.xml", "ringlist.xml", "XTLFile.tlv", "ITLFile.tlv"} {
		wantStatus(t, r.put(t, c, name, first), ctlp.BadList)
	}
	if err := r.put(t, c, "ITLFile.tlv", itl); err != nil {
		t.Error("an ITL under its name:", err)
	}
	for name, data := range map[string][]byte{"the first": first, "another token of it": second} {
		if err := r.put(t, c, ctlFile, data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := r.put(t, c, ctlFile, strange)
	wantStatus(t, err, ctlp.BadList)
	if !strings.Contains(err.Error(), "SAST-ADN00000000") || !strings.Contains(err.Error(), "any-signer") {
		t.Error("the refusal does not tell who signed:", err)
	}
	// Neither is a name that no list had, which a phone would ask for first.
	wantStatus(t, r.put(t, c, "CTLSEP0011215A1AE3.tlv", strange), ctlp.BadList)
	if err := r.put(t, c, "CTLSEP0011215A1AE3.tlv", second); err != nil {
		t.Error("a list of one phone, of a signer that is trusted:", err)
	}
	// Deleting the list is no way round its trust.
	sum := sha256.Sum256(mustRead(t, filepath.Join(r.folder, ctlFile)))
	if _, err := c.Delete(t.Context(), ctlFile, &sum); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, r.put(t, c, ctlFile, strange), ctlp.BadList)
	wantStatus(t, r.put(t, c, "CTLSEP0011215A1AE4.tlv", strange), ctlp.BadList)
	if err := r.put(t, c, ctlFile, first); err != nil {
		t.Error("after a delete:", err)
	}
}

func mustRead(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A list whose new signer the former one did not know goes through where the
// configuration says so, and a job can always take back what it did.
func TestAnySigner(t *testing.T) {
	cluster := ctltest.NewCluster(t, 2048)
	stranger := ctltest.New(t, ctltest.Token("SAST-ADN00000000", []byte{1, 2, 3}))
	first := signedBy(t, cluster.Token1, cluster.Token2)
	strange := signedBy(t, stranger, stranger)

	r := start(t, "any-signer = true\n")
	c := r.login(t)
	for _, data := range [][]byte{first, strange} {
		if err := r.put(t, c, ctlFile, data); err != nil {
			t.Fatal(err)
		}
	}
	// The same without: what stood there before may come back.
	strict := &backend{config: Config{Folder: r.folder}}
	if err := strict.Check(t.Context(), ctlFile, strange, first); err != nil {
		t.Error("take back:", err)
	}
	wantStatus(t, strict.Check(t.Context(), ctlFile, strange, signedBy(t, cluster.Token2, cluster.Token1)), ctlp.BadList)
	wantStatus(t, strict.Check(t.Context(), ctlFile, []byte("no list"), strange), ctlp.BadList)
}

// What is not the publisher says so; what is tells of the cluster and keeps its mode.
func TestPublisher(t *testing.T) {
	ctx := t.Context()
	c := start(t, "").login(t)
	_, err := c.Cluster(ctx)
	wantStatus(t, err, ctlp.NotSupported)
	_, err = c.Credentials(ctx)
	wantStatus(t, err, ctlp.NotSupported)
	_, err = c.SetMode(ctx, true)
	wantStatus(t, err, ctlp.NotSupported)

	cert := ctltest.New(t, ctltest.Server("pbx-1"))
	certFile := filepath.Join(t.TempDir(), "server.der")
	if err := os.WriteFile(certFile, cert.DER, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, fmt.Sprintf(`
[[node]]
name = "pbx-1"
address = "192.0.2.10"
role = "publisher"
services = ["callmanager", "tftp"]
[[node.credential]]
function = "ccm+tftp"
certificate = %q
[[node]]
name = "pbx-2"
address = "192.0.2.11"
role = "subscriber"
`, certFile))
	c = r.login(t)
	for _, mixed := range []bool{true, false, true} {
		if now, err := c.SetMode(ctx, mixed); err != nil || now != mixed {
			t.Errorf("set mode %v: %v, %v", mixed, now, err)
		}
		cl, err := c.Cluster(ctx)
		want := ctlp.Cluster{Mixed: mixed, Nodes: []ctlp.Node{
			{Name: "pbx-1", Address: "192.0.2.10", Publisher: true, Services: []ctlp.Service{ctlp.CallManager, ctlp.TFTP}},
			{Name: "pbx-2", Address: "192.0.2.11"},
		}}
		if err != nil || fmt.Sprint(cl) != fmt.Sprint(want) {
			t.Errorf("%+v, %v; want %+v", cl, err, want)
		}
	}
	cs, err := c.Credentials(ctx)
	if err != nil || len(cs) != 1 || cs[0].NodeName != "pbx-1" || cs[0].Function != uint16(ctlbuild.CCMTFTP) ||
		!bytes.Equal(cs[0].Certificate, cert.DER) {
		t.Errorf("%+v, %v", cs, err)
	}
}

// Who did what is in the log, a line each.
func TestAudit(t *testing.T) {
	cluster := ctltest.NewCluster(t, 1024)
	r := start(t, "")
	c := r.dial(t)
	_, err := c.Login(t.Context(), "admin", []byte(password+"!"))
	wantStatus(t, err, ctlp.BadLogin)
	_, err = c.Login(t.Context(), "nobody", []byte(password))
	wantStatus(t, err, ctlp.BadLogin)
	c = r.login(t)
	data := signedBy(t, cluster.Token1, cluster.Token2)
	if err := r.put(t, c, ctlFile, data); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ event, user string }{
		{"login-failed", "admin"}, {"login-failed", "nobody"}, {"login", "admin"}, {"stage", "admin"}, {"commit", "admin"},
	} {
		m := r.events.wait(t, want.event)
		if m["user"] != want.user || m["time"] == nil || !strings.HasPrefix(fmt.Sprint(m["address"]), "127.0.0.1:") {
			t.Errorf("%v, want %s by %s", m, want.event, want.user)
		}
		if want.event == "commit" && m["sha256"] != fmt.Sprintf("%x", sha256.Sum256(data)) {
			t.Errorf("%v: another digest", m)
		}
	}
}

func TestFolderInUse(t *testing.T) {
	r := start(t, "")
	err := Run(t.Context(), r.config, Options{})
	if !errors.Is(err, ErrFolderInUse) {
		t.Errorf("a second service in the folder: %v", err)
	}
}

// The certificate that clients have pinned outlives a restart; half of a pair is
// not made whole by a new one.
func TestCertificateStays(t *testing.T) {
	dir := t.TempDir()
	c, err := LoadConfig(writeConfig(t, dir, ""))
	if err != nil {
		t.Fatal(err)
	}
	first, made, err := EnsureCertificate(c)
	if err != nil || !made {
		t.Fatalf("made %v, %v", made, err)
	}
	if info, err := os.Stat(c.Key); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key has mode %v, %v", info.Mode(), err)
	}
	again, made, err := EnsureCertificate(c)
	if err != nil || made || again != first {
		t.Errorf("%s, made %v, %v; want %s", again, made, err, first)
	}
	key := mustRead(t, c.Key)
	if err := os.Remove(c.Certificate); err != nil {
		t.Fatal(err)
	}
	if _, made, err := EnsureCertificate(c); err == nil || made || !bytes.Equal(mustRead(t, c.Key), key) {
		t.Errorf("made %v, %v", made, err)
	}
}
