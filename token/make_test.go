package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"regexp"
	"testing"
	"time"

	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token"
)

// makeOptions are a person with both PINs.
func makeOptions(s *softhsm.Store, so, pin string) (token.MakeOptions, *asker, *asker) {
	a, b := &asker{pin: so}, &asker{pin: pin}
	return token.MakeOptions{Options: token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: pin}).ask}, SOPIN: a.ask, NewPIN: b.ask}, a, b
}

// A token as an eToken is, made on an empty one, that signs.
func TestInit(t *testing.T) {
	s := store(t)
	o, so, pin := makeOptions(s, "security-officer", "Cisco123")
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	i, c, err := token.Init(t.Context(), token.URI{ModulePath: s.Module}, token.Make{Serial: []byte{0x45, 0xda, 0xa2, 0xaf}, NotBefore: from}, o)
	if err != nil {
		t.Fatal(err)
	}
	so.wiped(t)
	pin.wiped(t)
	if i.Label != "SAST-ADN45daa2af" || c.Subject != `cn="SAST-ADN45daa2af        ";ou=IPCBU;o="Cisco Systems, Inc."` || c.Issuer != c.Subject {
		t.Errorf("%q: %s, %s", i.Label, c.Subject, c.Issuer)
	}
	x, err := x509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.CheckSignature(x.SignatureAlgorithm, x.RawTBSCertificate, x.Signature); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(c.Serial, []byte{0x45, 0xda, 0xa2, 0xaf}) || !c.NotBefore.Equal(from) || !c.NotAfter.Equal(from.AddDate(10, 0, 0)) || c.KeyBits != 2048 {
		t.Errorf("%+v", c)
	}
	mustSign(t, open(t, i.CertificateURI(c).String(), o.Options))

	// Nothing is added to it, and nothing erased, unless that is said twice.
	u := i.URI()
	_, _, err = token.Init(t.Context(), u, token.Make{}, o)
	wantKind(t, err, token.NotEmpty)
	_, _, err = token.Init(t.Context(), u, token.Make{Erase: true}, o)
	wantKind(t, err, token.NotEmpty)
	o.Erasing = func(which token.Info) (bool, error) { return which.Serial != i.Serial, nil }
	if _, _, err = token.Init(t.Context(), u, token.Make{Erase: true}, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestInitAgain(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{SOPIN: "security-officer"})
	o, _, _ := makeOptions(s, "wrong-officer", "Neu12345")
	o.Erasing = func(token.Info) (bool, error) { return true, nil }
	_, _, err := token.Init(t.Context(), uri(t, tok.URI), token.Make{Erase: true}, o)
	wantKind(t, err, token.PINWrong)
	old := token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: tok.PIN}).ask}
	open(t, tok.URI, old).Close() // nothing was erased
	o, _, _ = makeOptions(s, "security-officer", "Neu12345")
	o.Erasing = func(token.Info) (bool, error) { return true, nil }
	i, c, err := token.Init(t.Context(), uri(t, tok.URI), token.Make{Erase: true, Label: "SAST-2", Subject: "cn=mine;o=Practice", Bits: 1024}, o)
	if err != nil {
		t.Fatal(err)
	}
	if i.Label != "SAST-2" || c.Subject != "cn=mine;o=Practice" || len(i.Certificates) != 1 || len(c.Serial) != 10 {
		t.Errorf("%+v", i)
	}
	mustSign(t, open(t, i.CertificateURI(c).String(), o.Options))
}

// A token that is put in the place of an empty one while the PINs are typed is not initialised:
// whatever is on it would be lost.
func TestInitOfASwappedToken(t *testing.T) {
	s := store(t)
	gate, err := faulty.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o, _, pin := makeOptions(s, "security-officer", "Cisco123")
	o.Modules = []string{gate.Module}
	o.NewPIN = func(ctx context.Context, r token.PINRequest) ([]byte, error) {
		if err := gate.Odd("swapped"); err != nil {
			t.Error(err)
		}
		return pin.ask(ctx, r)
	}
	_, _, err = token.Init(t.Context(), token.URI{ModulePath: gate.Module}, token.Make{}, o)
	wantKind(t, err, token.Mismatch)
	if logins, err := gate.Logins(); err != nil || len(logins) > 0 {
		t.Errorf("it came to %v, %v", logins, err)
	}
}

func TestInitRefused(t *testing.T) {
	s := store(t)
	o, so, _ := makeOptions(s, "security-officer", "Cisco123")
	for want, m := range map[string]token.Make{
		"serial number":      {Serial: make([]byte, 3)},
		"1 to 16 bytes":      {Serial: bytes.Repeat([]byte{1}, 17)},
		"common name":        {Subject: "o=x"},
		"is not cn=":         {Subject: "cn=x;title=y"},
		"key size":           {Bits: 512},
		"longer than 32":     {Label: "123456789012345678901234567890123"},
		"before it is valid": {NotBefore: time.Unix(5, 0), NotAfter: time.Unix(4, 0)},
	} {
		_, _, err := token.Init(t.Context(), token.URI{ModulePath: s.Module}, m, o)
		if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%s: %v", want, err)
		}
	}
	o.NewPIN = (&asker{pin: "1"}).ask
	_, _, err := token.Init(t.Context(), token.URI{ModulePath: s.Module}, token.Make{}, o)
	wantKind(t, err, token.Failed)
	if len(so.asked) != 1 || !so.asked[0].SO {
		t.Errorf("asked %+v", so.asked)
	}
}

// The way over a certification authority: a request, its certificate, the old one gone.
func TestRequestAndImport(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{KeyBits: 2048})
	other := create(t, s, softhsm.Spec{Label: "OTHER"})
	o := token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: tok.PIN}).ask}
	der, err := token.CSR(t.Context(), uri(t, tok.URI), "", o)
	if err != nil {
		t.Fatal(err)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := request.CheckSignature(); err != nil {
		t.Error(err)
	}
	old, err := x509.ParseCertificate(tok.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(request.RawSubject, old.RawSubject) {
		t.Errorf("subject %v", request.Subject)
	}
	if der, err = token.CSR(t.Context(), uri(t, tok.URI), "mine", o); err != nil {
		t.Fatal(err)
	}
	if request, err = x509.ParseCertificateRequest(der); err != nil || request.Subject.CommonName != "mine" {
		t.Errorf("%v, %v", request.Subject, err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7), RawSubject: request.RawSubject},
		&x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}, request.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, replace := range []bool{false, true, true} {
		i, c, err := token.ImportCertificate(t.Context(), uri(t, tok.URI), issued, replace, o)
		want := 2
		if replace {
			want = 1
		}
		if err != nil || !bytes.Equal(c.DER, issued) || len(i.Certificates) != want {
			t.Fatalf("%d certificates, %v", len(i.Certificates), err)
		}
		signer := open(t, i.CertificateURI(c).String(), o)
		mustSign(t, signer)
		signer.Close()
	}
	_, _, err = token.ImportCertificate(t.Context(), uri(t, other.URI), issued, false, o)
	wantKind(t, err, token.NoKey)
}
