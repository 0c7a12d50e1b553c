package practice_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/token/practice"
)

// file makes practice tokens.
func file(t *testing.T, labels ...string) (path string, made []*softhsm.Token) {
	t.Helper()
	p, err := softhsm.OwnPractice(t.TempDir())
	if err == nil {
		made, err = p.Make(t.Context(), labels...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Module(), made
}

func enters(pin string) token.PINFunc {
	return func(context.Context, token.PINRequest) ([]byte, error) { return []byte(pin), nil }
}

// login opens a signer, which is one attempt.
func login(t *testing.T, path, pin string, final bool) error {
	t.Helper()
	s, err := token.Open(t.Context(), token.URI{Token: "SAST-1"}, token.Options{Modules: []string{path}, PIN: enters(pin), AllowFinalTry: final})
	if err == nil {
		err = s.Close()
	}
	return err
}

func flags(t *testing.T, path string) token.Flags {
	t.Helper()
	i, err := token.Find(t.Context(), []string{path}, token.URI{Token: "SAST-1"})
	if err != nil {
		t.Fatal(err)
	}
	return i.Flags
}

// Wrong PINs are counted as on an eToken, in the file: a program that is started anew goes on
// counting. A right one fills the count again; a locked token takes none until it is reset.
func TestTriesCountDown(t *testing.T) {
	path, _ := file(t, "SAST-1", "SAST-2")
	if f := flags(t, path); f.PINCountLow || f.PINFinalTry || f.PINLocked || !f.LoginRequired {
		t.Errorf("of a new token: %+v", f)
	}
	wrong := func(want token.Kind) {
		t.Helper()
		if err := login(t, path, "not-the-PIN", true); !errors.Is(err, want) {
			t.Fatalf("a wrong PIN: %v, want %v", err, want)
		}
	}
	wrong(token.PINWrong)
	if f := flags(t, path); !f.PINCountLow {
		t.Errorf("after a wrong PIN: %+v", f)
	}
	if err := login(t, path, practice.DefaultPIN, false); err != nil {
		t.Fatal(err)
	}
	if f := flags(t, path); f.PINCountLow {
		t.Errorf("after a right PIN: %+v", f)
	}
	for range practice.MaxTries - 1 {
		wrong(token.PINWrong)
	}
	if f := flags(t, path); !f.PINFinalTry {
		t.Errorf("with one try left: %+v", f)
	}
	if err := login(t, path, practice.DefaultPIN, false); !errors.Is(err, token.PINFinalTry) {
		t.Errorf("the last try was made without a word: %v", err)
	}
	wrong(token.PINLocked)
	if err := login(t, path, practice.DefaultPIN, true); !errors.Is(err, token.PINLocked) {
		t.Errorf("a locked token takes the right PIN: %v", err)
	}
	if err := practice.Reset(path); err != nil {
		t.Fatal(err)
	}
	if err := login(t, path, practice.DefaultPIN, false); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

func TestPINIsChanged(t *testing.T) {
	path, _ := file(t, "SAST-1")
	o := token.Options{Modules: []string{path}, PIN: enters(practice.DefaultPIN)}
	change := func(pin string) error {
		return token.ChangePIN(t.Context(), token.URI{Token: "SAST-1"}, o, enters(pin))
	}
	if err := change("123"); !errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)) {
		t.Errorf("a PIN of three characters: %v", err)
	}
	if err := change("Kaktus-99"); err != nil {
		t.Fatal(err)
	}
	if err := login(t, path, "Kaktus-99", false); err != nil {
		t.Error(err)
	}
	if err := login(t, path, practice.DefaultPIN, false); !errors.Is(err, token.PINWrong) {
		t.Errorf("the former PIN: %v", err)
	}
}

// A practice token says what it is wherever a token is shown, and is its owner's alone.
func TestNamedPractice(t *testing.T) {
	path, made := file(t, "SAST-1")
	i, err := token.Find(t.Context(), []string{path}, token.URI{Token: "SAST-1"})
	if err != nil {
		t.Fatal(err)
	}
	if i.Model != "PRACTICE token" || i.Serial != made[0].Serial || i.Serial[:8] != "PRACTICE" || !i.Practice() {
		t.Errorf("it calls itself %q, %q, practice %v", i.Model, i.Serial, i.Practice())
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// No way leads to a token that signs without the mark: neither into the file nor onto a token.
func TestNothingButPractice(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	plain := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, plain, plain, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokens"+practice.Extension)
	if _, err := practice.Add(path, "SAST-1", key, der); err == nil {
		t.Error("a certificate without the mark became a practice token")
	}
	path, _ = file(t, "SAST-1")
	u := token.URI{Token: "SAST-1"}
	_, _, err = token.Init(t.Context(), u, token.Make{Serial: []byte{1}, Erase: true}, token.MakeOptions{
		Options: token.Options{Modules: []string{path}, PIN: enters(practice.DefaultPIN)}, SOPIN: enters("security-officer"), NewPIN: enters("Kaktus-99"),
		Erasing: func(token.Info) (bool, error) { return true, nil }})
	if !errors.Is(err, pkcs11.Error(pkcs11.CKR_TOKEN_WRITE_PROTECTED)) {
		t.Errorf("token init: %v", err)
	}
	if err := login(t, path, practice.DefaultPIN, false); err != nil {
		t.Errorf("the token is not what it was: %v", err)
	}
	_, made := file(t, "SAST-1")
	if _, _, err := token.ImportCertificate(t.Context(), u, made[0].Certificate, true,
		token.Options{Modules: []string{path}, PIN: enters(practice.DefaultPIN)}); err == nil {
		t.Error("a certificate of another key was stored")
	}
}

// A file that is no more, or is damaged, is told; nothing is loaded as a library.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens"+practice.Extension)
	for _, text := range []string{"", "{}", `{"format":"practice tokens of ctlclient, good for practice clusters alone","tokens":[null]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := token.List(t.Context(), []string{path}); !errors.Is(err, token.NoModule) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
