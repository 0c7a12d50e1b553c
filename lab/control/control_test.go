package control

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
)

// up starts a lab that can be reached, with keys that are made quickly.
func up(t *testing.T, o lab.Options) *lab.Lab {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.KeyBits = 1024
	l, err := Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// signer stands in for an eToken.
type signer struct {
	*rsa.PrivateKey
	der []byte
}

func (s signer) Certificate() []byte { return s.der }

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x54f509), Subject: pkix.Name{CommonName: "SAST-1"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, der}
}

// tokenCTL puts a CTL that the signer signed onto every node.
func tokenCTL(t *testing.T, l *lab.Lab, s signer) *ctlbuild.List {
	t.Helper()
	current, err := l.CurrentCTL()
	if err != nil {
		t.Fatal(err)
	}
	d := ctlbuild.Edit(current)
	if _, err := d.AddToken(s.der); err != nil {
		t.Fatal(err)
	}
	list, err := ctlbuild.Sign(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range l.Nodes {
		if err := os.WriteFile(filepath.Join(n.Folder, ctlbuild.CTLFileName), list.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// trusted counts what is in Phone-SAST-trust.
func trusted(t *testing.T, l *lab.Lab) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(l.Dir, "Phone-SAST-trust"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func dial(t *testing.T, l *lab.Lab) *Remote {
	t.Helper()
	r, err := Dial(l.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestRemoteDoesWhatTheLabDoes(t *testing.T) {
	l := up(t, lab.Options{Version: "10.5"})
	r := dial(t, l)
	signer := newSigner(t)
	if err := r.TrustCertificate(signer.der); err != nil {
		t.Fatal(err)
	}
	if trusted(t, l) != 1 {
		t.Error("the certificate is not in the trust store")
	}
	list := tokenCTL(t, l, signer)
	if err := r.RestartServices(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := r.RestartPhones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(l.Phones) {
		t.Fatalf("%d boots", len(all))
	}
	for _, b := range all {
		want := b.Phone.Model != "7940"
		if b.CTL.Accept != want || b.CTL.ByTVS != want || b.CTL.Reason == "" || len(b.Console) == 0 || b.CTL.Phone.Name != b.Phone.Name {
			t.Errorf("%s: %+v", b.Phone.Model, b.CTL)
		}
		if holds := b.Phone.CTL != nil && b.Phone.CTL.MD5() == list.MD5(); holds != want {
			t.Errorf("%s holds the new CTL: %t, want %t", b.Phone.Model, holds, want)
		}
	}

	one, err := r.RestartPhone(t.Context(), all[0].Phone.Name)
	if err != nil || one.Phone.Name != all[0].Phone.Name || !one.Accepted() {
		t.Errorf("one phone: %v, %+v", err, one.CTL)
	}
	if _, err := r.RestartPhone(t.Context(), "SEP000000000000"); err == nil {
		t.Error("a phone that is none booted")
	}

	before := l.Status()
	if err := r.Regenerate("", "callmanager"); err != nil {
		t.Fatal(err)
	}
	if l.Status().Nodes[0].ITL == before.Nodes[0].ITL {
		t.Error("the ITL is the one from before")
	}
	if err := r.Stop("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	s, err := r.Status()
	if err != nil {
		t.Fatal(err)
	}
	if s.Nodes[1].Running || !s.Nodes[0].Running || !s.Mixed || s.Version != "10.5" || len(s.Phones) != 4 {
		t.Errorf("status: %+v", s)
	}
	if err := r.Start("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"rename":   r.RenameHost("cucm-sub1", "cucm-north"),
		"restore":  r.RestoreBackup("cucm-north"),
		"rollback": r.PrepareRollback(true),
		"export":   r.RefuseExport(true),
		"clear":    r.ClearPhone(l.Phones[0].Name),
		"point":    r.PointPhone(l.Phones[0].Name, "127.0.0.1:69"),
		"distrust": r.Distrust(signer.der),
		"fault":    r.SetFault(lab.FaultHoldTrust, 1),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	s = l.Status()
	if !s.Rollback || !s.ExportRefused || s.Faults[lab.FaultHoldTrust] != 1 || s.Nodes[1].Name != "cucm-north" || s.Phones[0].CTL != "" || trusted(t, l) != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestRemoteHasTheLabsWords(t *testing.T) {
	l := up(t, lab.Options{})
	r := dial(t, l)
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"no such node":        {r.Stop("cucm-9"), `no node "cucm-9"`},
		"no such phone":       {r.ClearPhone("SEP000000000000"), "no phone"},
		"no such certificate": {r.Regenerate("", "ipsec"), "callmanager, tvs, capf, itlrecovery, tomcat"},
		"not the publisher's": {r.Regenerate("cucm-sub1", "capf"), "has no CAPF"},
		"no certificate":      {r.TrustCertificate([]byte("x")), "Phone-SAST-trust"},
		"not a CUCM node":     {r.Regenerate("tftp-1", "tvs"), "no CUCM node"},
		"a name twice":        {r.RenameHost("cucm-sub1", "cucm-pub"), "already"},
		"no host name":        {r.RenameHost("cucm-sub1", "../x"), "not a host name"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", what, c.err, c.want)
		}
	}
}

func TestControlWantsTheToken(t *testing.T) {
	l := up(t, lab.Options{})
	r := dial(t, l)
	for _, token := range []string{"", "Bearer ", "Bearer x"} {
		req, err := r.request("stop", call{Node: "cucm-pub"})
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", token)
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("token %q: %s", token, resp.Status)
		}
	}
	if !l.Nodes[0].Running() {
		t.Error("the node was stopped")
	}
}

func TestDialWithoutALab(t *testing.T) {
	l := up(t, lab.Options{})
	control := filepath.Join(l.Dir, lab.ControlFile)
	data, err := os.ReadFile(control)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var none *NotRunningError
	if _, err := Dial(l.Dir); !errors.As(err, &none) || none.Stale {
		t.Errorf("after Close: %v", err)
	}

	// A lab whose program died leaves its control.json behind.
	if err := os.WriteFile(control, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(l.Dir); !errors.As(err, &none) || !none.Stale || none.Hints()[0].Actions()[0].File != l.Dir {
		t.Errorf("with a stale control.json: %v", err)
	}

	// The port may belong to another lab by then: its token is another.
	other := up(t, lab.Options{})
	var c controlFile
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	c.Address = dial(t, other).control.Address
	if data, err = json.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(control, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(l.Dir); !errors.As(err, &none) || !none.Stale {
		t.Errorf("with somebody else at the address: %v", err)
	}
	again := up(t, lab.Options{Dir: l.Dir})
	dial(t, again)
}
