package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

func TestSign(t *testing.T) {
	s := store(t)
	for _, bits := range []int{1024, 2048} {
		for _, noPublic := range []bool{false, true} {
			tok := create(t, s, softhsm.Spec{KeyBits: bits, NoPublicKey: noPublic})
			t.Run(fmt.Sprintf("%d bits, no public key %v", bits, noPublic), func(t *testing.T) {
				a := &asker{pin: tok.PIN}
				signer := open(t, tok.URI, token.Options{Modules: []string{s.Module}, PIN: a.ask})
				if wrapped := token.Wrapped(signer); wrapped == noPublic {
					t.Errorf("signs through crypto11: %v", wrapped)
				}
				if !bytes.Equal(signer.Certificate(), tok.Certificate) {
					t.Error("another certificate than the one made")
				}
				for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
					d := h.New()
					d.Write([]byte("trust list"))
					digest := d.Sum(nil)
					sig, err := signer.Sign(nil, digest, h)
					if err != nil {
						t.Fatal(err)
					}
					if err := rsa.VerifyPKCS1v15(signer.Public().(*rsa.PublicKey), h, digest, sig); err != nil {
						t.Errorf("%v: %v", h, err)
					}
				}
				if len(a.asked) != 1 {
					t.Errorf("PIN asked for %d times", len(a.asked))
				}
				if r := a.asked[0]; r.Token != tok.Label || r.Serial != tok.Serial || r.Context {
					t.Errorf("asked with %+v", r)
				}
				a.wiped(t)
			})
		}
	}
}

func TestSignRefusesWhatPhonesCannotVerify(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{})
	signer := open(t, tok.URI, token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: tok.PIN}).ask})
	for name, opts := range map[string]crypto.SignerOpts{
		"PSS":            &rsa.PSSOptions{Hash: crypto.SHA1},
		"no digest":      crypto.Hash(0),
		"MD5":            crypto.MD5,
		"another length": crypto.SHA256,
		"nil":            nil,
	} {
		if _, err := signer.Sign(nil, digest[:], opts); err == nil {
			t.Errorf("%s was signed", name)
		}
	}
}

// The signers of a migration: two tokens open at once, closed in either order, and
// one of them twice.
func TestSeveralSigners(t *testing.T) {
	s := store(t)
	one, two := create(t, s, softhsm.Spec{Label: "SAST-1"}), create(t, s, softhsm.Spec{Label: "SAST-2"})
	o := func(a *asker) token.Options { return token.Options{Modules: []string{s.Module}, PIN: a.ask} }
	again := &asker{pin: "not asked for"}

	a := open(t, one.URI, o(&asker{pin: one.PIN}))
	b := open(t, two.URI, o(&asker{pin: two.PIN}))
	c := open(t, one.URI, o(again))
	if len(again.asked) != 0 {
		t.Error("the PIN of a token that is logged in was asked for")
	}
	if !token.Wrapped(a) || token.Wrapped(b) || token.Wrapped(c) {
		t.Error("crypto11 serves the first signer of a module and no other")
	}
	for _, signer := range []*token.Signer{a, b, c} {
		mustSign(t, signer)
	}
	a.Close()
	mustSign(t, b)
	mustSign(t, c)
	if _, err := token.List(t.Context(), []string{s.Module}); err != nil {
		t.Error(err)
	}
	c.Close()
	c.Close()
	mustSign(t, b)
	if _, err := c.Sign(nil, digest[:], crypto.SHA1); err == nil {
		t.Error("a closed signer signs")
	}
	if _, err := s.Create(softhsm.Spec{}); !errors.Is(err, token.ErrInUse) {
		t.Errorf("making a token under an open signer: %v", err)
	}
	b.Close()
	d := open(t, one.URI, o(&asker{pin: one.PIN}))
	if !token.Wrapped(d) {
		t.Error("crypto11 does not serve a module that is free again")
	}
	mustSign(t, d)
}

func TestOpenFailures(t *testing.T) {
	s := store(t)
	good := create(t, s, softhsm.Spec{Label: "SAST-1"})
	twin1, twin2 := create(t, s, softhsm.Spec{Label: "TWIN"}), create(t, s, softhsm.Spec{Label: "TWIN"})
	create(t, s, softhsm.Spec{Label: "BARE", NoCertificate: true})
	create(t, s, softhsm.Spec{Label: "CERT-ONLY", NoPrivateKey: true})
	create(t, s, softhsm.Spec{Label: "ODD-PAIR", DER: good.Certificate})
	notModule := filepath.Join(t.TempDir(), "libnot.so")
	if err := os.WriteFile(notModule, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := func(context.Context, token.PINRequest) ([]byte, error) { return nil, errors.New("no terminal") }
	for _, c := range []struct {
		name, uri string
		o         token.Options
		want      token.Kind
		hint      string
	}{
		{"absent", "pkcs11:token=SAST-9", token.Options{}, token.NotFound, "token=SAST-1"},
		{"wrong serial", "pkcs11:token=SAST-1;serial=00", token.Options{}, token.NotFound, "token=SAST-1"},
		{"other module", "pkcs11:token=SAST-1?module-name=opensc-pkcs11", token.Options{}, token.NotFound, ""},
		{"two alike", "pkcs11:token=TWIN", token.Options{}, token.Ambiguous, twin2.Serial},
		{"no certificate", "pkcs11:token=BARE", token.Options{}, token.NoCertificate, ""},
		{"no such id", "pkcs11:token=SAST-1;id=%07", token.Options{}, token.NoCertificate, "id=%01"},
		{"no such object", "pkcs11:token=SAST-1;object=x", token.Options{}, token.NoCertificate, "SAST-ADN"},
		{"no key", "pkcs11:token=CERT-ONLY", token.Options{}, token.NoKey, ""},
		{"certificate of another key", "pkcs11:token=ODD-PAIR", token.Options{}, token.Mismatch, ""},
		{"another token expected", "pkcs11:token=SAST-1", token.Options{ExpectCertificate: twin1.Certificate}, token.Mismatch, ""},
		{"wrong PIN", "pkcs11:token=SAST-1", token.Options{PIN: (&asker{pin: "0000"}).ask}, token.PINWrong, "no second attempt"},
		{"no PIN entered", "pkcs11:token=SAST-1", token.Options{PIN: (&asker{}).ask}, token.PINRequired, "give-pin"},
		{"nobody to ask", "pkcs11:token=SAST-1", token.Options{PIN: nobody}, token.PINRequired, "give-pin"},
		{"module missing", "pkcs11:token=SAST-1?module-path=/nowhere/lib.so", token.Options{}, token.NoModule, ""},
		{"not a module", "pkcs11:token=SAST-1", token.Options{Modules: []string{notModule}}, token.NoModule, ""},
		{"no PIN file", "pkcs11:token=SAST-1?pin-source=file:/nowhere", token.Options{}, token.PINRequired, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Modules == nil {
				c.o.Modules = []string{s.Module}
			}
			if c.o.PIN == nil {
				c.o.PIN = (&asker{pin: softhsm.DefaultPIN}).ask
			}
			_, err := token.Open(t.Context(), uri(t, c.uri), c.o)
			e := wantKind(t, err, c.want)
			if !strings.Contains(message.Lines(e.Hints()).String(), c.hint) {
				t.Errorf("hint %q does not hold %q", message.Lines(e.Hints()).String(), c.hint)
			}
		})
	}
	// What was refused has left the module usable.
	mustSign(t, open(t, good.URI, token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: good.PIN}).ask}))
}

func TestExpectedCertificateChoosesBetweenTwins(t *testing.T) {
	s := store(t)
	create(t, s, softhsm.Spec{Label: "TWIN"})
	want := create(t, s, softhsm.Spec{Label: "TWIN"})
	signer := open(t, "pkcs11:token=TWIN", token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: want.PIN}).ask, ExpectCertificate: want.Certificate})
	if !bytes.Equal(signer.Certificate(), want.Certificate) {
		t.Error("the wrong twin was taken")
	}
}

// SoftHSM2 itself wants a context-specific login for such a key.
func TestPINForEachSignature(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{AlwaysAuthenticate: true})
	a := &asker{pin: tok.PIN}
	signer := open(t, tok.URI, token.Options{Modules: []string{s.Module}, PIN: a.ask})
	mustSign(t, signer)
	mustSign(t, signer)
	if len(a.asked) != 3 || a.asked[0].Context || !a.asked[1].Context || !a.asked[2].Context {
		t.Errorf("asked %+v", a.asked)
	}
	a.pin = "wrong"
	_, err := signer.Sign(nil, digest[:], crypto.SHA1)
	wantKind(t, err, token.PINWrong)
	a.pin = tok.PIN
	mustSign(t, signer)
	a.wiped(t)
}

func TestPINSource(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{})
	file := filepath.Join(t.TempDir(), "pin with blank")
	if err := os.WriteFile(file, []byte(tok.PIN+"\r\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	u := uri(t, tok.URI)
	for _, source := range []string{"file:" + file, "file://" + strings.ReplaceAll(file, " ", "%20"), file} {
		u.PINSource = source
		a := &asker{pin: "not asked"}
		signer := open(t, u.String(), token.Options{Modules: []string{s.Module}, PIN: a.ask})
		if len(a.asked) > 0 {
			t.Errorf("%s: the person was asked", source)
		}
		mustSign(t, signer)
		signer.Close()
	}
	blank := filepath.Join(t.TempDir(), "blank")
	if err := os.WriteFile(blank, []byte(tok.PIN+" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, bytes.Repeat([]byte("1"), 600), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"|cat /etc/passwd", "file://elsewhere/pin", "file:" + big, "file:" + blank} {
		u.PINSource = source
		_, err := token.Open(t.Context(), u, token.Options{Modules: []string{s.Module}})
		wantKind(t, err, token.PINRequired)
	}
}

// A certificate that crypto/x509 refuses is listed and signed with all the same.
func TestOddCertificate(t *testing.T) {
	s := store(t)
	plain := create(t, s, softhsm.Spec{})
	der := bytes.Clone(plain.Certificate)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(der, cert.SerialNumber.Bytes())
	der[at] |= 0x80 // a negative serial number
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Skip("crypto/x509 has become tolerant of negative serial numbers")
	}
	odd := create(t, s, softhsm.Spec{Label: "ODD", DER: der})
	info, c, err := token.CertificateOf(t.Context(), []string{s.Module}, uri(t, odd.URI))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.DER, der) || c.Issuer != "cn=Cisco Manufacturing CA;o=Cisco Systems" || c.KeyBits != 1024 {
		t.Errorf("read as %+v", c)
	}
	if !c.NotAfter.Equal(cert.NotAfter) || !c.NotBefore.Equal(cert.NotBefore) {
		t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
	}
	if info.Label != "ODD" || len(info.Certificates) != 1 {
		t.Errorf("token %+v", info)
	}
	// Its key is another one than the token's: seen before anything is signed.
	_, err = token.Open(t.Context(), uri(t, odd.URI), token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: odd.PIN}).ask})
	wantKind(t, err, token.Mismatch)
}

func TestKeyWithAnotherID(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{KeyID: []byte{9, 9}})
	mustSign(t, open(t, tok.URI, token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: tok.PIN}).ask}))
}

func TestChangePIN(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{})
	o := token.Options{Modules: []string{s.Module}}
	change := func(old, new string) error {
		a, b := &asker{pin: old}, &asker{pin: new}
		o.PIN = a.ask
		err := token.ChangePIN(t.Context(), uri(t, tok.URI), o, b.ask)
		if len(a.asked) != 1 || a.asked[0].New || len(b.asked) == 1 && !b.asked[0].New {
			t.Errorf("asked %+v, %+v", a.asked, b.asked)
		}
		a.wiped(t)
		b.wiped(t)
		return err
	}
	wantKind(t, change("wrong", "Neu12345"), token.PINWrong)
	wantKind(t, change(tok.PIN, "1"), token.Failed)
	wantKind(t, change(tok.PIN, ""), token.PINRequired)
	if err := change(tok.PIN, "Neu12345"); err != nil {
		t.Fatal(err)
	}
	o.PIN = (&asker{pin: tok.PIN}).ask
	_, err := token.Open(t.Context(), uri(t, tok.URI), o)
	wantKind(t, err, token.PINWrong)
	o.PIN = (&asker{pin: "Neu12345"}).ask
	mustSign(t, open(t, tok.URI, o))
}

// Whoever closes a token, or does not get it, leaves it logged out and the module free, also
// where the module stays in use: the next one is asked for the PIN.
func TestEveryEndLogsOut(t *testing.T) {
	s := store(t)
	good := create(t, s, softhsm.Spec{Label: "SAST-1"})
	bare := create(t, s, softhsm.Spec{Label: "CERT-ONLY", NoPrivateKey: true})
	v, err := token.Look(t.Context(), []string{s.Module})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, c := range []struct {
		uri, pin string
		want     error
	}{
		{good.URI, good.PIN, nil},
		{good.URI, "wrong", token.PINWrong},
		{bare.URI, bare.PIN, token.NoKey},
	} {
		for range 2 {
			a := &asker{pin: c.pin}
			signer, err := v.Open(t.Context(), uri(t, c.uri), token.Options{PIN: a.ask})
			if !errors.Is(err, c.want) {
				t.Fatalf("%s: %v", c.uri, err)
			}
			if err == nil {
				mustSign(t, signer)
				_ = signer.Close()
			}
			if len(a.asked) != 1 {
				t.Errorf("%s, %v: asked for %d PINs", c.uri, c.want, len(a.asked))
			}
			if _, err := s.Create(softhsm.Spec{}); err != nil { // for which the module must be free
				t.Fatalf("after %v: %v", c.want, err)
			}
		}
	}
}
