//go:build unix

package token_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

// Modules that keep to the standard less than SoftHSM2 sign all the same.
func TestOddModules(t *testing.T) {
	for _, way := range []string{
		"no-locking", "no-arguments", "slots-anew", "no-size-query", "one-session", "hidden-modulus", "list-each", "serial 0000000000000000",
		"mechanisms 3", // CKM_RSA_X_509
		"mechanisms 6", // CKM_SHA1_RSA_PKCS
	} {
		t.Run(way, func(t *testing.T) {
			paths(t, func(t *testing.T, b *bench) {
				b.do(b.Odd(way))
				a := &asker{pin: b.tok.PIN}
				s := open(t, "pkcs11:token=SAST-1", b.options(a))
				for range 2 {
					sig, err := crypto.SignMessage(s, rand.Reader, []byte("trust list"), crypto.SHA1)
					if err != nil {
						t.Fatal(err)
					}
					if err := rsa.VerifyPKCS1v15(s.Public().(*rsa.PublicKey), crypto.SHA1, digest[:], sig); err != nil {
						t.Error(err)
					}
				}
				b.do(s.Close())
				if len(a.asked) != 1 {
					t.Errorf("PIN asked for %d times", len(a.asked))
				}
				b.attempts(1)
			})
		})
	}
}

// A digest that the token does not take is said as such, with those that it takes.
func TestRefusedDigest(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Odd("mechanisms 40,42")) // CKM_SHA256_RSA_PKCS, CKM_SHA512_RSA_PKCS
	s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
	_, err := crypto.SignMessage(s, rand.Reader, []byte("x"), crypto.SHA1)
	e := wantKind(t, err, token.DigestRefused)
	if !strings.Contains(e.Error(), "SHA-1") || !strings.Contains(message.Lines(e.Hints()).String(), "it takes SHA-256, SHA-512") {
		t.Errorf("%v\n%s", e, message.Lines(e.Hints()).String())
	}
	if _, err := crypto.SignMessage(s, rand.Reader, []byte("x"), crypto.SHA256); err != nil {
		t.Error(err)
	}
}

// A key that wants the PIN for each signature and does not say so is found out by the
// error, and the person is asked.
func TestHiddenAlwaysAuthenticate(t *testing.T) {
	for _, noPublic := range []bool{false, true} {
		b := newBench(t, softhsm.Spec{AlwaysAuthenticate: true, NoPublicKey: noPublic})
		b.do(b.Odd("hidden-always"))
		a := &asker{pin: b.tok.PIN}
		s := open(t, b.tok.URI, b.options(a))
		mustSign(t, s)
		mustSign(t, s)
		if len(a.asked) != 3 || a.asked[0].Context || !a.asked[1].Context || !a.asked[2].Context {
			t.Errorf("asked %+v", a.asked)
		}
		b.attempts(3)
		b.do(s.Close())
	}
}

// One signature initialises the module once, and holds no process when it is done.
func TestInitialisedOnce(t *testing.T) {
	paths(t, func(t *testing.T, b *bench) {
		s := open(t, b.tok.URI, b.options(&asker{pin: b.tok.PIN}))
		mustSign(t, s)
		mustSign(t, s)
		b.do(s.Close())
		if n, err := b.Calls("C_Initialize"); err != nil || n != 1 {
			t.Errorf("C_Initialize was called %d times, %v", n, err)
		}
		if n, err := b.Calls("C_Finalize"); err != nil || n != 1 {
			t.Errorf("C_Finalize was called %d times, %v", n, err)
		}
	})
}

// Two tokens alike in label and serial number are two, each with a name.
func TestTwinTokens(t *testing.T) {
	b := newBench(t, softhsm.Spec{Label: "SAST"})
	other := create(t, b.store, softhsm.Spec{Label: "SAST"})
	b.do(b.Odd("serial 0000000000000000"))
	infos, err := token.List(t.Context(), []string{b.Module})
	b.do(err)
	if len(token.Distinct(infos)) != 2 {
		t.Fatalf("tokens %+v", infos)
	}
	for _, i := range infos {
		want := i.Certificates[0].DER
		pin := b.tok.PIN
		s := open(t, i.URI().String(), b.options(&asker{pin: pin}))
		if !bytes.Equal(s.Certificate(), want) {
			t.Errorf("%s names another token", i.URI())
		}
		mustSign(t, s)
		b.do(s.Close())
	}
	_, err = token.Find(t.Context(), []string{b.Module}, token.URI{Token: "SAST"})
	if e := wantKind(t, err, token.Ambiguous); !strings.Contains(message.Lines(e.Hints()).String(), "slot-id=") {
		t.Errorf("hint %q", message.Lines(e.Hints()).String())
	}
	o := b.options(&asker{pin: other.PIN})
	o.ExpectCertificate = other.Certificate
	if s := open(t, "pkcs11:token=SAST", o); !bytes.Equal(s.Certificate(), other.Certificate) {
		t.Error("the other twin")
	}
}

// One token that two modules show is one, under the name that either gives it, and
// through the maker's module.
func TestTwoModulesOneToken(t *testing.T) {
	b := newBench(t, softhsm.Spec{})
	b.do(b.Odd("serial OTHER"))
	general := filepath.Join(b.Dir, "opensc-pkcs11.so")
	data, err := os.ReadFile(b.Module)
	b.do(err)
	b.do(os.WriteFile(general, data, 0o700))
	for _, named := range [][]string{{general, b.store.Module}, {b.store.Module, general}} {
		infos, err := token.List(t.Context(), named)
		b.do(err)
		if len(infos) != 2 || infos[0].Serial == infos[1].Serial {
			t.Fatalf("views %+v", infos)
		}
		if d := token.Distinct(infos); len(d) != 1 || d[0].Module != b.store.Module {
			t.Errorf("%+v", d)
		}
		for _, i := range infos {
			for _, u := range []token.URI{i.URI(), i.CertificateURI(i.Certificates[0])} {
				s := open(t, u.String(), token.Options{Modules: named, PIN: (&asker{pin: b.tok.PIN}).ask})
				mustSign(t, s)
				if s.Info().Module != b.store.Module {
					t.Errorf("%s is used through %s", u, s.Info().Module)
				}
				b.do(s.Close())
			}
		}
		found, err := token.Find(t.Context(), named, token.URI{Token: "SAST-1", ModuleName: "opensc-pkcs11"})
		if err != nil || found.Module != general {
			t.Errorf("named by module: %q, %v", found.Module, err)
		}
	}
}

// Two hundred lists with two names of one library, at once and one after the other.
func TestTwoNamesOfOneLibrary(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{})
	data, err := os.ReadFile(s.Module)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	one, two := filepath.Join(dir, "libone.so"), filepath.Join(dir, "libtwo.so")
	if err := errors.Join(os.WriteFile(one, data, 0o700), os.Link(one, two)); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		infos, err := token.List(t.Context(), []string{one, two})
		if err != nil || len(infos) != 2 || infos[0].Serial != tok.Serial || infos[1].Serial != tok.Serial {
			t.Fatalf("%+v, %v", infos, err)
		}
	}
}

// Certificates that are private objects are read after the login, with one PIN for
// all that follows.
func TestPrivateCertificates(t *testing.T) {
	s := store(t)
	tok := create(t, s, softhsm.Spec{PrivateCertificate: true})
	named := []string{s.Module}
	a := &asker{pin: tok.PIN}
	o := token.Options{Modules: named, PIN: a.ask}
	signer := open(t, tok.URI, o)
	if !bytes.Equal(signer.Certificate(), tok.Certificate) {
		t.Error("another certificate")
	}
	mustSign(t, signer)
	signer.Close()
	o.ExpectCertificate = tok.Certificate
	open(t, tok.URI, o).Close()
	o.ExpectCertificate = create(t, s, softhsm.Spec{}).Certificate
	_, err := token.Open(t.Context(), uri(t, tok.URI), o)
	wantKind(t, err, token.Mismatch)
	if len(a.asked) != 3 {
		t.Errorf("asked for %d PINs", len(a.asked))
	}

	_, _, err = token.CertificateOf(t.Context(), named, uri(t, tok.URI))
	wantKind(t, err, token.NoCertificate)
	a.asked = nil
	v, err := token.Look(t.Context(), named)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	o.ExpectCertificate = nil
	info, c, err := v.CertificateWith(t.Context(), uri(t, tok.URI), o)
	if err != nil || !bytes.Equal(c.DER, tok.Certificate) || info.Serial != tok.Serial {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, again, err := v.CertificateOf(info.CertificateURI(c)); err != nil || !bytes.Equal(again.DER, c.DER) {
		t.Errorf("the certificate is not known after the login: %v", err)
	}
	signer, err = v.Open(t.Context(), info.CertificateURI(c), o)
	if err != nil {
		t.Fatal(err)
	}
	mustSign(t, signer)
	signer.Close()
	if len(a.asked) != 1 {
		t.Errorf("one job asked for %d PINs", len(a.asked))
	}
	v.Close()
	a.asked = nil
	open(t, tok.URI, o)
	if len(a.asked) != 1 {
		t.Error("the login outlives the job")
	}
}

// A renewed certificate of the same key can be told apart from the old one by what
// the list prints, also where id and label are the same.
func TestRenewedCertificates(t *testing.T) {
	s := store(t)
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	old := create(t, s, softhsm.Spec{Label: "SAST-1", Key: key})
	renewed := create(t, s, softhsm.Spec{Label: "SAST-2", Key: key}).Certificate
	if err := s.Remove("SAST-2"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddCertificate("SAST-1", old.PIN, renewed); err != nil {
		t.Fatal(err)
	}
	i, err := token.Find(t.Context(), []string{s.Module}, uri(t, old.URI))
	if err != nil || len(i.Certificates) != 2 {
		t.Fatalf("%+v, %v", i.Certificates, err)
	}
	seen := map[string]bool{}
	for _, c := range i.Certificates {
		u := i.CertificateURI(c).String()
		seen[u] = true
		signer := open(t, u, token.Options{Modules: []string{s.Module}, PIN: (&asker{pin: old.PIN}).ask})
		if !bytes.Equal(signer.Certificate(), c.DER) {
			t.Errorf("%s names another certificate", u)
		}
		mustSign(t, signer)
		signer.Close()
	}
	if len(seen) != 2 {
		t.Errorf("URIs %v", seen)
	}
	_, err = token.Open(t.Context(), uri(t, old.URI), token.Options{Modules: []string{s.Module}})
	wantKind(t, err, token.Ambiguous)
}
