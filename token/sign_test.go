package token_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"fmt"
	"os"
	"testing"

	"ctlclient/softhsm"
	"ctlclient/token"
)

// store makes a SoftHSM2 store, or ends the test where SoftHSM2 is missing.
func store(t testing.TB) *softhsm.Store {
	t.Helper()
	s, err := softhsm.New(t.TempDir())
	if err == softhsm.ErrMissing && os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, s *softhsm.Store, sp softhsm.Spec) *softhsm.Token {
	t.Helper()
	tok, err := s.Create(sp)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// pin is a PINFunc that gives one PIN and counts how often it is asked.
func pin(value string, asked *[]token.PINRequest) token.PINFunc {
	return func(_ context.Context, r token.PINRequest) ([]byte, error) {
		if asked != nil {
			*asked = append(*asked, r)
		}
		return []byte(value), nil
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

func TestSign(t *testing.T) {
	s := store(t)
	for _, bits := range []int{1024, 2048} {
		for _, noPublic := range []bool{false, true} {
			tok := create(t, s, softhsm.Spec{KeyBits: bits, NoPublicKey: noPublic})
			t.Run(fmt.Sprintf("%d bits, no public key %v", bits, noPublic), func(t *testing.T) {
				signer, err := token.Open(t.Context(), uri(t, tok.URI), token.Options{Modules: []string{s.Module}, PIN: pin(tok.PIN, nil)})
				if err != nil {
					t.Fatal(err)
				}
				defer signer.Close()
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
			})
		}
	}
}
