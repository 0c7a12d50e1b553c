package token

import (
	"bytes"
	"math/big"

	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

// maxKeys is how many private keys of a token are looked at.
const maxKeys = 64

// privateKey is a private key that may be a certificate's.
type privateKey struct {
	handle pkcs11.ObjectHandle
	always bool // CKA_ALWAYS_AUTHENTICATE
}

// findKeys finds the private keys that may be the certificate's: the one with its
// modulus, whatever its id; where a token does not show the modulus, those with the
// certificate's id and then the others, which a signature tells apart. The lock is
// held.
func (s *Signer) findKeys() error {
	p := s.run.proc
	handles, err := p.FindObjects(s.session, maxKeys, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY))
	if err != nil {
		return classify(s.info, message.Phrase("looking for the key"), err)
	}
	var certain, likely, possible []privateKey
	other := false // a key has the certificate's id and another modulus
	for _, h := range handles {
		a, err := p.GetAttributes(s.session, h, pkcs11.CKA_MODULUS, pkcs11.CKA_ID, pkcs11.CKA_ALWAYS_AUTHENTICATE, pkcs11.CKA_KEY_TYPE)
		if err != nil {
			return classify(s.info, message.Phrase("looking for the key"), err)
		}
		k := privateKey{h, isTrue(a[2])}
		sameID := len(s.cert.ID) > 0 && bytes.Equal(a[1], s.cert.ID)
		switch {
		case len(a[0]) > 0 && new(big.Int).SetBytes(a[0]).Cmp(s.pub.N) == 0:
			certain = append(certain, k)
		case len(a[0]) > 0:
			other = other || sameID
		case len(a[3]) > 0 && !isUlong(a[3], pkcs11.CKK_RSA):
		case sameID:
			likely = append(likely, k)
		default:
			possible = append(possible, k)
		}
	}
	if s.keys = certain; len(certain) == 0 {
		s.keys = append(likely, possible...)
	}
	if len(s.keys) == 0 && other {
		return s.otherKey()
	}
	if len(s.keys) == 0 {
		return &Error{Kind: NoKey, Token: s.info.Label, Module: s.info.Module, Detail: message.Plain(s.cert.Subject)}
	}
	s.askAlways.Store(s.keys[0].always)
	return nil
}

func (s *Signer) otherKey() error {
	return &Error{Kind: Mismatch, Token: s.info.Label, Module: s.info.Module, Detail: message.Phrase("its key is not the one of its certificate %s", s.cert.Subject),
		hints: message.Hint("the certificate on the token belongs to another key; use another token")}
}

func isTrue(b []byte) bool { return len(b) == 1 && b[0] != 0 }

// isUlong compares a CK_ULONG in the byte order of the processor: of the small numbers
// here one byte is not zero, and it is at an end.
func isUlong(b []byte, n byte) bool {
	return len(bytes.Trim(b, "\x00")) == 0 && n == 0 || bytes.Equal(bytes.Trim(b, "\x00"), []byte{n})
}
