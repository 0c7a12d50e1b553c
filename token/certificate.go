package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"ctlclient/certificate"
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

// ReadCertificate reads a certificate (DER) that was exported from a token which is elsewhere.
func ReadCertificate(der []byte) (Certificate, error) {
	c, _, err := parseCertificate(der)
	return c, err
}

// PublicKey is the certificate's RSA key, nil when it has none that can be read.
func (c Certificate) PublicKey() crypto.PublicKey {
	_, key, _ := parseCertificate(c.DER)
	return key
}

// sha256 is the certificate's fingerprint in hexadecimal.
func (c Certificate) sha256() string {
	sum := sha256.Sum256(c.DER)
	return hex.EncodeToString(sum[:])
}

// parseCertificate reads what a person is shown: names as Windows' certificate window
// has them, and empty what cannot be read. Only bytes that are no certificate at all
// are an error. What a token has behind the certificate stays in DER.
func parseCertificate(der []byte) (Certificate, crypto.PublicKey, error) {
	c := Certificate{DER: der}
	p, err := certificate.Parse(der)
	if err != nil {
		return c, nil, err
	}
	c.Subject, c.Issuer = p.SubjectName.String(), p.IssuerName.String()
	c.Serial, c.NotBefore, c.NotAfter = p.Serial, p.NotBefore, p.NotAfter
	if k, ok := p.PublicKey.(*rsa.PublicKey); ok {
		c.KeyBits = k.N.BitLen()
		return c, k, nil
	}
	return c, nil, nil
}
