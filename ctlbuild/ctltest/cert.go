// Package ctltest makes certificates and signed lists for tests: shaped like
// those of real clusters, with the names, serial numbers, key sizes and, to the
// byte, the lengths that `show ctl` printed of them.
//
// Certificates are laid out here rather than by crypto/x509, as lists hold ones
// that crypto/x509 would not make: negative serial numbers, exact lengths, any
// bytes in a name. Keys are random and made once in a process for each name and
// size.
package ctltest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Spec describes a certificate.
type Spec struct {
	Subject string // KEY=value;KEY=value in the certificate's order; keys CN OU O L ST C DC
	Issuer  string // empty: self-signed
	Serial  []byte // content of the INTEGER, as it stands

	Bits   int // RSA key; 0: 1024
	Length int // pad the DER to this length with an extension; 0: as it comes

	IssuerBits int         // key of the issuer when it is another; 0: 2048
	Hash       crypto.Hash // of the certificate's signature; 0: SHA-1

	NotBefore, NotAfter time.Time // zero: 2014-06-05 and five years later
	KeyName             string    // another name gives another key; empty: the subject

	// Extensions stand in the certificate as they are, in place of padding: the
	// content of the SEQUENCE of extensions, broken if need be.
	Extensions []byte

	// Text is the type of the name's strings; 0: PrintableString.
	Text asn1.Tag
}

// Cert is a certificate with its key. It is a ctlbuild.Signer.
type Cert struct {
	DER []byte
	Key *rsa.PrivateKey
}

// Certificate is the DER.
func (c *Cert) Certificate() []byte { return c.DER }

// Public is the public key.
func (c *Cert) Public() crypto.PublicKey { return &c.Key.PublicKey }

// Sign makes a PKCS#1 v1.5 signature.
func (c *Cert) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return rsa.SignPKCS1v15(nil, c.Key, opts.HashFunc(), digest)
}

var keys sync.Map // of func() *rsa.PrivateKey

// Key gives the key of a name and size, the same one all through a process.
func Key(name string, bits int) *rsa.PrivateKey {
	once := sync.OnceValue(func() *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err) // a size below 1024 bits: a mistake in the test
		}
		return k
	})
	made, _ := keys.LoadOrStore(fmt.Sprint(bits, " ", name), once)
	return made.(func() *rsa.PrivateKey)()
}

// fill puts in what a Spec leaves out.
func (s *Spec) fill() {
	if s.Bits == 0 {
		s.Bits = 1024
	}
	if s.IssuerBits == 0 {
		s.IssuerBits = 2048
	}
	if s.Hash == 0 {
		s.Hash = crypto.SHA1
	}
	if s.NotBefore.IsZero() {
		s.NotBefore = time.Date(2014, 6, 5, 16, 31, 39, 0, time.UTC)
	}
	if s.NotAfter.IsZero() {
		s.NotAfter = s.NotBefore.AddDate(5, 0, 0)
	}
	if s.KeyName == "" {
		s.KeyName = s.Subject
	}
	if s.Text == 0 {
		s.Text = asn1.PrintableString
	}
}

// New makes a certificate.
func New(t testing.TB, s Spec) *Cert {
	t.Helper()
	s.fill()
	c := &Cert{Key: Key(s.KeyName, s.Bits)}
	signer := c.Key
	if s.Issuer == "" {
		s.Issuer = s.Subject
	} else {
		signer = Key(s.Issuer, s.IssuerBits)
	}
	c.DER = s.pad(t, signer, rsaKey{c.Key.N, big.NewInt(int64(c.Key.E))})
	return c
}

// WithKey is the DER of a certificate for an RSA key that crypto/rsa would
// refuse: of any size, with any exponent. It is signed by the issuer, or with
// the subject's ordinary key.
func WithKey(t testing.TB, s Spec, n, e *big.Int) []byte {
	t.Helper()
	s.fill()
	s.Length = 0
	if s.Issuer == "" {
		s.Issuer = s.Subject
	}
	return s.pad(t, Key(s.Issuer, s.IssuerBits), rsaKey{n, e})
}

type rsaKey struct{ n, e *big.Int }

// pad finds the padding with which the certificate has the wanted length. A
// critical extension is three bytes longer, which fills the gaps that DER's
// lengths leave.
func (s Spec) pad(t testing.TB, signer *rsa.PrivateKey, pub rsaKey) []byte {
	t.Helper()
	der := s.encode(t, signer, pub, -1, false)
	if s.Length == 0 || s.Length == len(der) {
		return der
	}
	for _, critical := range []bool{false, true} {
		for n := max(0, s.Length-len(der)-40); n < s.Length-len(der); n++ {
			if padded := s.encode(t, signer, pub, n, critical); len(padded) == s.Length {
				return padded
			}
		}
	}
	t.Fatalf("a certificate for %s cannot be %d bytes long; it has %d without padding", s.Subject, s.Length, len(der))
	return nil
}

var (
	oidRSA     = []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}
	oidComment = []byte{0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x0d} // Netscape comment
	sigOIDs    = map[crypto.Hash]byte{crypto.SHA1: 5, crypto.SHA256: 11, crypto.SHA512: 13}
	attributes = map[string][]byte{
		"CN": {0x55, 4, 3}, "C": {0x55, 4, 6}, "L": {0x55, 4, 7}, "ST": {0x55, 4, 8},
		"O": {0x55, 4, 10}, "OU": {0x55, 4, 11},
		"DC": {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19},
	}
)

// encode lays the certificate out, with padding of n bytes unless n is
// negative.
func (s Spec) encode(t testing.TB, signer *rsa.PrivateKey, pub rsaKey, n int, critical bool) []byte {
	t.Helper()
	tbs := build(t, asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddASN1Int64(2) })
		b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(s.Serial) })
		s.addAlgorithm(b)
		s.addName(t, b, s.Issuer)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1UTCTime(s.NotBefore)
			b.AddASN1UTCTime(s.NotAfter)
		})
		s.addName(t, b, s.Subject)
		addKey(b, pub)
		switch {
		case s.Extensions != nil:
			addExtensions(b, func(b *cryptobyte.Builder) { b.AddBytes(s.Extensions) })
		case n >= 0:
			addExtensions(b, func(b *cryptobyte.Builder) { addPadding(b, n, critical) })
		}
	})
	h := s.Hash.New()
	h.Write(tbs)
	signature, err := rsa.SignPKCS1v15(nil, signer, s.Hash, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return build(t, asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		s.addAlgorithm(b)
		b.AddASN1BitString(signature)
	})
}

func build(t testing.TB, tag asn1.Tag, f cryptobyte.BuilderContinuation) []byte {
	t.Helper()
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(tag, f)
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func addOID(b *cryptobyte.Builder, oid []byte) {
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(oid) })
}

func (s Spec) addAlgorithm(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		oid := append([]byte(nil), oidRSA...)
		oid[len(oid)-1] = sigOIDs[s.Hash]
		addOID(b, oid)
		b.AddASN1NULL()
	})
}

func (s Spec) addName(t testing.TB, b *cryptobyte.Builder, name string) {
	t.Helper()
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for part := range strings.SplitSeq(name, ";") {
			key, value, _ := strings.Cut(part, "=")
			oid, ok := attributes[key]
			if !ok {
				t.Fatalf("no attribute %q for the name %q", key, name)
			}
			b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addOID(b, oid)
					b.AddASN1(s.Text, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
				})
			})
		}
	})
}

func addKey(b *cryptobyte.Builder, pub rsaKey) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, oidRSA)
			b.AddASN1NULL()
		})
		b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1BigInt(pub.n)
				b.AddASN1BigInt(pub.e)
			})
		})
	})
}

func addExtensions(b *cryptobyte.Builder, content cryptobyte.BuilderContinuation) {
	b.AddASN1(asn1.Tag(3).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, content)
	})
}

func addPadding(b *cryptobyte.Builder, n int, critical bool) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, oidComment)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1OctetString(make([]byte, n))
	})
}
