package softhsm_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

func store(t *testing.T) *softhsm.Store {
	t.Helper()
	s, err := softhsm.New(t.TempDir())
	if errors.Is(err, softhsm.ErrMissing) {
		needPart(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func needPart(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func create(t *testing.T, s *softhsm.Store, sp softhsm.Spec) *softhsm.Token {
	t.Helper()
	tok, err := s.Create(sp)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The shape of an eToken's certificate, as far as a trust list shows it.
func TestCertificateLooksLikeAnETokens(t *testing.T) {
	tok := create(t, store(t), softhsm.Spec{})
	c, err := x509.ParseCertificate(tok.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^SAST-ADN[0-9a-f]{8} {8}$`).MatchString(c.Subject.CommonName) {
		t.Errorf("common name %q", c.Subject.CommonName)
	}
	if tok.Label != strings.TrimSpace(c.Subject.CommonName) || tok.PIN != "Cisco123" {
		t.Errorf("label %q, PIN %q", tok.Label, tok.PIN)
	}
	if s := c.Subject; len(s.Organization) != 1 || s.Organization[0] != "Cisco Systems, Inc." || len(s.OrganizationalUnit) != 1 || s.OrganizationalUnit[0] != "IPCBU" || len(s.Names) != 3 {
		t.Errorf("subject %v", s)
	}
	if i := c.Issuer; i.CommonName != "Cisco Manufacturing CA" || len(i.Organization) != 1 || i.Organization[0] != "Cisco Systems" || len(i.Names) != 2 {
		t.Errorf("issuer %v", i)
	}
	if len(c.SerialNumber.Bytes()) != 10 || c.SerialNumber.Sign() < 0 {
		t.Errorf("serial number %x", c.SerialNumber)
	}
	if c.SignatureAlgorithm != x509.SHA1WithRSA || c.PublicKey.(*rsa.PublicKey).N.BitLen() != 1024 {
		t.Errorf("%v, %d bits", c.SignatureAlgorithm, c.PublicKey.(*rsa.PublicKey).N.BitLen())
	}
	if !c.NotAfter.Equal(c.NotBefore.AddDate(10, 0, 0)) {
		t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
	}
}

func TestStoresAreApart(t *testing.T) {
	one, two := store(t), store(t)
	a, b := create(t, one, softhsm.Spec{Label: "A"}), create(t, two, softhsm.Spec{Label: "B"})
	for s, want := range map[*softhsm.Store]*softhsm.Token{one: a, two: b} {
		if err := s.Use(); err != nil {
			t.Fatal(err)
		}
		infos, err := token.List(t.Context(), []string{s.Module})
		if err != nil || len(infos) != 1 || infos[0].Serial != want.Serial {
			t.Errorf("%s holds %+v, %v", s.Dir, infos, err)
		}
	}
	// A store opened again holds what it held.
	again, err := softhsm.New(one.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Find(t.Context(), []string{again.Module}, token.URI{Token: "A"}); err != nil {
		t.Error(err)
	}
	for _, f := range []string{one.Dir, one.Conf(), filepath.Join(one.Dir, "tokens")} {
		if i, err := os.Stat(f); err != nil || i.Mode().Perm()&0o077 != 0 && f != one.Dir {
			t.Errorf("%s: %v, %v", f, i.Mode(), err)
		}
	}
}

func TestRemove(t *testing.T) {
	s := store(t)
	create(t, s, softhsm.Spec{Label: "TWIN"})
	create(t, s, softhsm.Spec{Label: "TWIN"})
	keep := create(t, s, softhsm.Spec{Label: "KEEP"})
	if err := s.Remove("TWIN"); err != nil {
		t.Fatal(err)
	}
	infos, err := token.List(t.Context(), []string{s.Module})
	if err != nil || len(infos) != 1 || infos[0].Serial != keep.Serial {
		t.Errorf("left: %+v, %v", infos, err)
	}
	if err := s.Remove("TWIN"); err == nil {
		t.Error("removed twice")
	}
}

func TestSpecRefused(t *testing.T) {
	s := store(t)
	for name, sp := range map[string]softhsm.Spec{
		"label":    {Label: strings.Repeat("x", 33)},
		"key size": {KeyBits: 1000},
		"tiny key": {KeyBits: 512},
		"PIN":      {PIN: "1"},
	} {
		if _, err := s.Create(sp); err == nil {
			t.Errorf("%s was taken", name)
		} else if sp.PIN != "" && strings.Contains(err.Error(), `"1"`) {
			t.Errorf("the PIN stands in %v", err)
		}
	}
	if _, err := softhsm.New(filepath.Join(t.TempDir(), "a#b")); err == nil {
		t.Error("a folder that softhsm2.conf cannot name was taken")
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("SOFTHSM2_MODULE", filepath.Join(t.TempDir(), "none.so"))
	_, err := softhsm.New(t.TempDir())
	var h message.Advisor
	if !errors.Is(err, softhsm.ErrMissing) || !errors.As(err, &h) || !strings.Contains(message.Lines(h.Hints()).String(), "apt install softhsm2") {
		t.Errorf("%v", err)
	}
}

// OpenSC's pkcs11-tool reads and signs with what was made, and agrees with us.
func TestOpenSCReadsOurTokens(t *testing.T) {
	tool, err := exec.LookPath("pkcs11-tool")
	if err != nil {
		needPart(t, errors.New("pkcs11-tool is not installed (apt install opensc)"))
	}
	s := store(t)
	imported, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, sp := range map[string]softhsm.Spec{"made there": {}, "imported": {Key: imported}, "no public key": {NoPublicKey: true}} {
		t.Run(name, func(t *testing.T) {
			tok := create(t, s, sp)
			run := func(args ...string) []byte {
				t.Helper()
				cmd := exec.Command(tool, append([]string{"--module", s.Module, "--token-label", tok.Label}, args...)...)
				cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+s.Conf())
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("pkcs11-tool %q: %v\n%s%s", args, err, out, stderr.Bytes())
				}
				return out
			}
			dir := t.TempDir()
			der, data, sig := filepath.Join(dir, "der"), filepath.Join(dir, "data"), filepath.Join(dir, "sig")
			run("--read-object", "--type", "cert", "--id", "01", "--output-file", der)
			if b, err := os.ReadFile(der); err != nil || !bytes.Equal(b, tok.Certificate) {
				t.Errorf("certificate differs, %v", err)
			}
			objects := string(run("--list-objects", "--login", "--pin", tok.PIN))
			if got := strings.Contains(objects, "Public Key Object"); got == sp.NoPublicKey {
				t.Errorf("public key object: %v\n%s", got, objects)
			}
			if err := os.WriteFile(data, []byte("trust list"), 0o600); err != nil {
				t.Fatal(err)
			}
			run("--sign", "--mechanism", "SHA1-RSA-PKCS", "--id", "01", "--login", "--pin", tok.PIN, "--input-file", data, "--output-file", sig)
			theirs, err := os.ReadFile(sig)
			if err != nil {
				t.Fatal(err)
			}
			u, err := token.ParseURI(tok.URI)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := token.Open(t.Context(), u, token.Options{Modules: []string{s.Module}, PIN: token.PINFile(pinFile(t, tok.PIN))})
			if err != nil {
				t.Fatal(err)
			}
			defer signer.Close()
			digest := sha1.Sum([]byte("trust list"))
			ours, err := signer.Sign(nil, digest[:], crypto.SHA1)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(ours, theirs) {
				t.Errorf("signatures differ:\n%s\n%s", hex.EncodeToString(ours), hex.EncodeToString(theirs))
			}
		})
	}
}

func pinFile(t *testing.T, pin string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(p, []byte(pin), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}
