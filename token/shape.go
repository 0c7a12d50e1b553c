package token

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"

	"ctlclient/certificate"
)

// SerialHex is the certificate's serial number as certificates and trust lists have it,
// most significant byte first.
func (c Certificate) SerialHex() string { return hex.EncodeToString(c.Serial) }

// SerialReversedHex is the serial number in the other order of bytes, as some of
// Windows' tools show it.
func (c Certificate) SerialReversedHex() string {
	b := slices.Clone(c.Serial)
	slices.Reverse(b)
	return hex.EncodeToString(b)
}

// Thumbprint is the SHA-1 of the certificate in hexadecimal, as Windows shows it.
func (c Certificate) Thumbprint() string {
	sum := sha1.Sum(c.DER)
	return hex.EncodeToString(sum[:])
}

// Practice tells a token of the practice cluster: a software key whose PIN everybody
// knows.
func (i Info) Practice() bool {
	return slices.ContainsFunc(i.Certificates, func(c Certificate) bool { return certificate.IsPractice(c.DER) })
}

// Oddity is one way in which a certificate is not shaped like that of a SAST. It
// keeps nobody from using it: some sites have their own, and phones look at none of
// this.
type Oddity uint8

const (
	OddNames  Oddity = iota + 1 // neither a SAST's common name nor Cisco's unit IPCBU
	OddIssuer                   // issued neither by Cisco nor by itself
	OddCA                       // the certificate of a certification authority
	OddUse                      // made for another use: servers, clients, e-mail, logon
	OddNoSign                   // its key may not sign, as it says itself
	OddKey                      // no RSA key of 1024 to 2048 bits, which phones verify
)

var oddityText = [...]string{
	OddNames:  "its names are not those of a SAST (CN=SAST-..., OU=IPCBU)",
	OddIssuer: "it was issued neither by Cisco nor by itself",
	OddCA:     "it is the certificate of a certification authority",
	OddUse:    "it was made for another use (servers, logon or e-mail)",
	OddNoSign: "it says that its key is not for signatures",
	OddKey:    "its key is not RSA of 1024 to 2048 bits, which all phones verify",
}

// String is the oddity in plain words.
func (o Oddity) String() string {
	if int(o) < len(oddityText) {
		return oddityText[o]
	}
	return ""
}

// Oddities lists what is not as on a SAST, nil where everything is.
func (c Certificate) Oddities() []Oddity {
	var all []Oddity
	add := func(o Oddity, is bool) {
		if is {
			all = append(all, o)
		}
	}
	if p, err := certificate.Parse(c.DER); err == nil {
		add(OddNames, !strings.HasPrefix(strings.ToUpper(p.CN), "SAST") && !hasPart(p.SubjectName, "2.5.4.11", "IPCBU"))
		add(OddIssuer, c.Issuer != c.Subject && !strings.HasPrefix(p.IssuerCN, "Cisco"))
	}
	if x, err := x509.ParseCertificate(c.DER); err == nil {
		add(OddCA, x.BasicConstraintsValid && x.IsCA)
		add(OddUse, len(x.ExtKeyUsage) > 0 && !slices.Contains(x.ExtKeyUsage, x509.ExtKeyUsageAny) || len(x.UnknownExtKeyUsage) > 0)
		add(OddNoSign, x.KeyUsage != 0 && x.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0)
	}
	add(OddKey, c.KeyBits < 1024 || c.KeyBits > 2048)
	return all
}

func hasPart(n certificate.Name, oid, value string) bool {
	return slices.ContainsFunc(n, func(a certificate.Attribute) bool { return a.OID == oid && strings.EqualFold(a.Value, value) })
}
