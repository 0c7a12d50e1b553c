package token

import (
	"testing"
	"time"
)

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

// PauseWith makes watchers pause as f says, until the test ends.
func PauseWith(t testing.TB, f func(time.Duration) <-chan time.Time) {
	t.Helper()
	former := after
	after = f
	t.Cleanup(func() { after = former })
}
