package token

import "testing"

// Wrapped tells whether a signer signs through crypto11.
func Wrapped(s *Signer) bool { return s.wrapped }

// ParseCertificate reads a certificate as one from a token.
func ParseCertificate(t testing.TB, der []byte) Certificate {
	t.Helper()
	c, _, err := parseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
