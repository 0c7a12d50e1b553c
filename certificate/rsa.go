package certificate

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
	"math/big"
)

// RSAKey is an RSA key of any size and exponent: certificates hold some that
// crypto/rsa refuses.
type RSAKey struct{ N, E *big.Int }

// Bounds on the RSA keys that are reckoned with, so that a file full of
// contrived keys cannot keep the processor busy.
const (
	maxKeyBits      = 16384
	maxExponentBits = 64
)

// parseRSAKey reads a PKCS#1 RSAPublicKey; nil when it is none, or too large
// to be reckoned with.
func parseRSAKey(der []byte) *RSAKey {
	outer := derReader{b: der}
	r := derReader{b: outer.next(derSequence, "the key").content}
	n := new(big.Int).SetBytes(r.next(derInteger, "the modulus").content)
	e := new(big.Int).SetBytes(r.next(derInteger, "the exponent").content)
	if outer.err != nil || r.err != nil || n.BitLen() < 2 || n.BitLen() > maxKeyBits ||
		n.Bit(0) == 0 || e.Sign() == 0 || e.BitLen() > maxExponentBits || e.Cmp(n) >= 0 {
		return nil
	}
	return &RSAKey{n, e}
}

// Size is the length of the modulus, and of a signature, in bytes.
func (k *RSAKey) Size() int { return (k.N.BitLen() + 7) / 8 }

// Verify checks a PKCS#1 v1.5 signature over a digest of SHA-1, SHA-256 or SHA-512.
// crypto/rsa does, unless it refuses the key: keys below 1024 bits and odd exponents are
// still read here, though never signed with.
func (k *RSAKey) Verify(hash crypto.Hash, digest, signature []byte) bool {
	if k.N.BitLen() >= 1024 && k.E.IsInt64() && k.E.Int64() < 1<<31 {
		err := rsa.VerifyPKCS1v15(&rsa.PublicKey{N: k.N, E: int(k.E.Int64())}, hash, digest, signature)
		if err == nil || errors.Is(err, rsa.ErrVerification) {
			return err == nil
		}
	}
	s := new(big.Int).SetBytes(signature)
	if s.Cmp(k.N) >= 0 {
		return false
	}
	want := pkcs1Block(hash, digest, len(signature))
	got := s.Exp(s, k.E, k.N).FillBytes(make([]byte, len(signature)))
	return want != nil && subtle.ConstantTimeCompare(got, want) == 1
}

// digestInfos are the ASN.1 heads of RFC 8017, section 9.2, note 1.
var digestInfos = map[crypto.Hash]string{
	crypto.SHA1:   "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
	crypto.SHA256: "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
	crypto.SHA512: "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
}

// pkcs1Block is the padded digest, 00 01 FF.. 00 DigestInfo; nil when the size
// has no room for it.
func pkcs1Block(hash crypto.Hash, digest []byte, size int) []byte {
	t := append([]byte(digestInfos[hash]), digest...)
	if len(t) > size-11 {
		return nil
	}
	b := bytes.Repeat([]byte{0xFF}, size)
	b[0], b[1] = 0, 1
	b[size-len(t)-1] = 0
	copy(b[size-len(t):], t)
	return b
}
