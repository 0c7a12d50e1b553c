package certificate

import (
	"bytes"
	"encoding/asn1"
)

// PracticeExtension marks the certificate of a practice token: a software key whose PIN
// everybody knows. Its value is a sentence that says so. The arc is 2.25, under which
// nobody needs to register.
var PracticeExtension = asn1.ObjectIdentifier{2, 25, 1127202611}

var practiceMark = func() []byte {
	der, err := asn1.Marshal(PracticeExtension)
	if err != nil {
		panic(err) // a constant
	}
	return der
}()

// IsPractice reports whether a certificate (DER) is a practice token's. The mark is looked
// for as bytes, so that no oddity elsewhere in the certificate hides it.
func IsPractice(der []byte) bool { return bytes.Contains(der, practiceMark) }
