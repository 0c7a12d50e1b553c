package token_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"errors"
	"os"
	"testing"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

// store makes a SoftHSM2 store, or ends the test where SoftHSM2 is missing.
func store(t testing.TB) *softhsm.Store {
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

// needPart ends a test for want of a part: CI sets CTLCLIENT_REQUIRE_PARTS, so that
// a test is never left out there unseen.
func needPart(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func create(t testing.TB, s *softhsm.Store, sp softhsm.Spec) *softhsm.Token {
	t.Helper()
	tok, err := s.Create(sp)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// asker is a person with a PIN who remembers what was asked and the slice that was given.
type asker struct {
	pin    string
	before func() // runs while the person types
	asked  []token.PINRequest
	given  [][]byte
}

func (a *asker) ask(_ context.Context, r token.PINRequest) ([]byte, error) {
	a.asked = append(a.asked, r)
	if a.before != nil {
		a.before()
	}
	b := []byte(a.pin)
	a.given = append(a.given, b)
	return b, nil
}

// wiped fails the test when a PIN that was given still stands in its slice.
func (a *asker) wiped(t *testing.T) {
	t.Helper()
	for _, b := range a.given {
		for _, c := range b {
			if c != 0 {
				t.Fatalf("the PIN was not wiped: %q", b)
			}
		}
	}
}

func uri(t testing.TB, s string) token.URI {
	t.Helper()
	u, err := token.ParseURI(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func open(t testing.TB, u string, o token.Options) *token.Signer {
	t.Helper()
	s, err := token.Open(t.Context(), uri(t, u), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var digest = sha1.Sum([]byte("trust list"))

// mustSign makes a signature and checks it.
func mustSign(t testing.TB, s *token.Signer) {
	t.Helper()
	sig, err := s.Sign(nil, digest[:], crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	if err := rsa.VerifyPKCS1v15(s.Public().(*rsa.PublicKey), crypto.SHA1, digest[:], sig); err != nil {
		t.Fatal(err)
	}
}

// wantKind checks an error's kind, and that it has a next step to offer.
func wantKind(t testing.TB, err error, k token.Kind) *token.Error {
	t.Helper()
	var e *token.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is no *token.Error; want %v", err, k)
	}
	if !errors.Is(err, k) || e.Kind != k {
		t.Fatalf("error %v; want %v", err, k)
	}
	if message.Lines(e.Hints()).String() == "" {
		t.Errorf("%v has no hint", err)
	}
	return e
}
