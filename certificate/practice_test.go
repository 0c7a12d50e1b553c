package certificate_test

import (
	"crypto/x509/pkix"
	"testing"

	"ctlclient/certificate"
)

func TestIsPractice(t *testing.T) {
	plain := []byte("no certificate at all")
	if certificate.IsPractice(plain) || certificate.IsPractice(nil) {
		t.Error("what has no mark counts as a practice token")
	}
	var e pkix.Extension
	e.Id = certificate.PracticeExtension
	if e.Id.String() != "2.25.1127202611" {
		t.Errorf("the mark is %s: tokens made before would no longer be known by it", e.Id)
	}
}
