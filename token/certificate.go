package token

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Certificate is one certificate object of a token.
type Certificate struct {
	Label     string
	ID        []byte
	DER       []byte // as the token gives it
	Subject   string // cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems, Inc."
	Issuer    string // cn=Cisco Manufacturing CA;o=Cisco Systems
	Serial    []byte // most significant byte first, no leading zero
	NotBefore time.Time
	NotAfter  time.Time
	KeyBits   int  // 0 when the key is not RSA or cannot be read
	HasKey    bool // a private key with this id is visible (on many tokens only after login)
}

// PublicKey is the certificate's RSA key, nil when it has none that can be read.
func (c Certificate) PublicKey() crypto.PublicKey {
	_, key, _ := parseCertificate(c.DER)
	return key
}

// tbs is as much of a certificate as is needed here (RFC 5280, section 4.1),
// with everything that tokens are known to encode oddly left raw.
type tbs struct {
	Raw          asn1.RawContent
	Version      asn1.RawValue `asn1:"optional,explicit,tag:0"`
	Serial       asn1.RawValue
	SignatureAlg asn1.RawValue
	Issuer       asn1.RawValue
	Validity     asn1.RawValue
	Subject      asn1.RawValue
	Key          struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	Rest []asn1.RawValue `asn1:"optional"`
}

// parseCertificate reads what a person is shown. It uses crypto/x509 where that
// accepts the certificate; where it does not (a negative serial number, an odd
// string, trailing bytes), it reads field by field and leaves empty what cannot
// be read. Only a DER that is no certificate at all is an error.
func parseCertificate(der []byte) (Certificate, crypto.PublicKey, error) {
	c := Certificate{DER: der}
	outer, t, err := splitCertificate(der)
	if err != nil {
		return c, nil, err
	}
	c.Serial = bytes.TrimLeft(t.Serial.Bytes, "\x00")
	c.Subject, c.Issuer = nameText(t.Subject.FullBytes), nameText(t.Issuer.FullBytes)
	if x, err := x509.ParseCertificate(outer); err == nil {
		c.NotBefore, c.NotAfter = x.NotBefore, x.NotAfter
		return withKey(c, x.PublicKey)
	}
	c.NotBefore, c.NotAfter = validity(t.Validity.Bytes)
	return withKey(c, rsaKey(t.Key.Key.Bytes))
}

func withKey(c Certificate, key crypto.PublicKey) (Certificate, crypto.PublicKey, error) {
	if k, ok := key.(*rsa.PublicKey); ok && k != nil {
		c.KeyBits = k.N.BitLen()
		return c, k, nil
	}
	return c, nil, nil
}

// splitCertificate gives the certificate without bytes behind it, and its fields.
func splitCertificate(der []byte) ([]byte, *tbs, error) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return nil, nil, fmt.Errorf("not a certificate: %w", err)
	}
	var inner asn1.RawValue
	if _, err := asn1.Unmarshal(outer.Bytes, &inner); err != nil {
		return nil, nil, fmt.Errorf("not a certificate: %w", err)
	}
	t := new(tbs)
	if _, err := asn1.Unmarshal(inner.FullBytes, t); err != nil {
		return nil, nil, fmt.Errorf("not a certificate: %w", err)
	}
	if t.Serial.Tag != asn1.TagInteger || len(t.Serial.Bytes) == 0 {
		return nil, nil, errors.New("not a certificate: it has no serial number")
	}
	return outer.FullBytes, t, nil
}

func validity(b []byte) (from, to time.Time) {
	rest, err := asn1.Unmarshal(b, &from)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	if _, err := asn1.Unmarshal(rest, &to); err != nil {
		return from, time.Time{}
	}
	return from, to
}

// rsaKey reads a PKCS#1 RSAPublicKey, nil when it is none.
func rsaKey(b []byte) crypto.PublicKey {
	var k struct{ N, E *big.Int }
	if _, err := asn1.Unmarshal(b, &k); err != nil || k.N.Sign() <= 0 || !k.E.IsInt64() || k.E.Int64() < 3 || k.E.Int64() > 1<<31-1 {
		return nil
	}
	return &rsa.PublicKey{N: k.N, E: int(k.E.Int64())}
}

var nameKeys = map[string]string{
	"2.5.4.3": "cn", "2.5.4.11": "ou", "2.5.4.10": "o", "2.5.4.7": "l", "2.5.4.8": "st",
	"2.5.4.6": "c", "2.5.4.5": "serialnumber", "1.2.840.113549.1.9.1": "e",
	"0.9.2342.19200300.100.1.25": "dc",
}

// nameText writes a name as the certificate windows of these tokens do: the
// common name in front, keys in lower case, `;` between, and a value in quotes
// when blanks at its ends or a separator would otherwise be lost on a reader.
func nameText(der []byte) string {
	var parts []string
	var seq asn1.RawValue
	if _, err := asn1.Unmarshal(der, &seq); err != nil {
		return ""
	}
	for rest := seq.Bytes; len(rest) > 0; {
		var set asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &set); err != nil {
			break
		}
		for attrs := set.Bytes; len(attrs) > 0; {
			var a struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			if attrs, err = asn1.Unmarshal(attrs, &a); err != nil {
				break
			}
			key := nameKeys[a.Type.String()]
			if key == "" {
				key = a.Type.String()
			}
			parts = append(parts, key+"="+quoteValue(stringValue(a.Value)))
		}
	}
	// DER names run from the country down to the common name; people read up.
	if len(parts) > 1 && !strings.HasPrefix(parts[0], "cn=") {
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	}
	return strings.Join(parts, ";")
}

// stringValue reads any of ASN.1's strings; control characters become blanks so
// that a name cannot steer a terminal.
func stringValue(v asn1.RawValue) string {
	var s string
	switch v.Tag {
	case 30: // BMPString
		var b strings.Builder
		for i := 0; i+1 < len(v.Bytes); i += 2 {
			b.WriteRune(rune(v.Bytes[i])<<8 | rune(v.Bytes[i+1]))
		}
		s = b.String()
	case asn1.TagT61String:
		var b strings.Builder
		for _, c := range v.Bytes {
			b.WriteRune(rune(c))
		}
		s = b.String()
	default:
		s = strings.ToValidUTF8(string(v.Bytes), "\uFFFD")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

func quoteValue(s string) string {
	if s == "" || s != strings.TrimSpace(s) || strings.ContainsAny(s, ",;+=\"<>#\\") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
