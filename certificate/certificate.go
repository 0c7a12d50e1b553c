package certificate

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/pem"
	"math"
	"time"

	"ctlclient/message"
)

// Certificate is what a list, a token and a person need of a certificate. No signature of
// it is checked; a list trusts the certificates that it holds.
type Certificate struct {
	DER          []byte
	Version      int // 1 to 3
	SubjectName  Name
	IssuerName   Name
	Subject      string // as in server records: CN=..;OU=..;O=..
	Issuer       string
	TokenSubject string // as in token records: cn="..";ou=..
	TokenIssuer  string
	CN, IssuerCN string
	Serial       []byte // most significant byte first, as magnitude, no sign byte
	NotBefore    time.Time
	NotAfter     time.Time        // both zero when not understood
	PublicKey    crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, or nil when not understood
	RawPublicKey []byte           // as in PUBLICKEY: the content of the certificate's BIT STRING
	RSA          *RSAKey          // nil when the key is no RSA key
	KeyBits      int              // of the modulus or the curve; 0 when not understood
	Curve        string           // of an EC key: P-256, P-384, P-521, or whatever it is; else empty
	Signature    []byte
	SigAlg       string // SHA256-RSA, or the identifier in dots
}

// MaxSize is how many bytes [Parse] takes at most, PEM and all.
const MaxSize = 1 << 20

// Parse reads one certificate, in DER or PEM; of several PEM blocks the first
// certificate. What follows the certificate is ignored.
func Parse(data []byte) (*Certificate, error) {
	if len(data) > MaxSize {
		return nil, message.Errorf("certificate: longer than %d bytes", MaxSize)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, message.NewError("certificate: there is none, the input is empty")
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		der, err := firstPEM(data)
		if err != nil {
			return nil, err
		}
		data = der
	}
	c, err := parseCertificate(data)
	if err != nil {
		return nil, message.Errorf("certificate: %w", err)
	}
	return c, nil
}

func firstPEM(data []byte) ([]byte, error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, message.NewError("certificate: no PEM block of a certificate")
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
			return block.Bytes, nil
		}
		data = rest
	}
}

// parts are the elements of a certificate that are read.
type parts struct {
	whole, sigAlg, signature, version, serial, issuer, validity, subject, key element
}

// split finds the parts. Extensions and unique identifiers follow them; a list needs none of
// these, so they may be as broken as they like.
func split(data []byte) (p parts, err error) {
	outer := derReader{b: data}
	p.whole = outer.next(derSequence, "the certificate")
	in := derReader{b: p.whole.content, err: outer.err}
	tbs := in.next(derSequence, "the signed part")
	p.sigAlg = in.next(derSequence, "the signature algorithm")
	p.signature = in.next(derBitString, "the signature")
	if in.err != nil {
		return p, in.err
	}
	r := derReader{b: tbs.content}
	if r.peek() == derVersion {
		p.version = r.next(derVersion, "the version")
	}
	p.serial = r.next(derInteger, "the serial number")
	r.next(derSequence, "the inner signature algorithm")
	p.issuer = r.next(derSequence, "the issuer")
	p.validity = r.next(derSequence, "the validity")
	p.subject = r.next(derSequence, "the subject")
	p.key = r.next(derSequence, "the public key")
	return p, r.err
}

func parseCertificate(data []byte) (*Certificate, error) {
	p, err := split(data)
	if err != nil {
		return nil, err
	}
	c := &Certificate{
		DER:       bytes.Clone(p.whole.whole),
		Version:   1,
		Signature: bytes.Clone(p.signature.bits()),
		SigAlg:    algorithmName(p.sigAlg),
		Serial:    bytes.Clone(magnitude(p.serial.content)),
	}
	v := derReader{b: p.version.content}
	if n := v.next(derInteger, "the version").content; len(n) > 0 {
		c.Version = int(n[len(n)-1]) + 1
	}
	c.setNames(p.subject, p.issuer)
	c.setValidity(p.validity)
	if err := c.setKey(p.key); err != nil {
		return nil, err
	}
	return c, nil
}

// RSAKeyOf reads of a certificate in DER its RSA key alone, which takes a small part of the
// time that [Parse] does; nil when it is another kind of key. What one refuses the other
// refuses too.
func RSAKeyOf(der []byte) (*RSAKey, error) {
	p, err := split(der)
	if err == nil {
		var algorithm, bits element
		if algorithm, bits, err = splitKey(p.key); err == nil {
			return rsaKeyOf(algorithm, bits.bits()), nil
		}
	}
	return nil, message.Errorf("certificate: %w", err)
}

func (c *Certificate) setNames(subject, issuer element) {
	s, i := parseName(subject.content), parseName(issuer.content)
	c.SubjectName, c.IssuerName = s, i
	c.Subject, c.Issuer = s.Server(), i.Server()
	c.TokenSubject, c.TokenIssuer = s.Token(), i.Token()
	c.CN, c.IssuerCN = s.CN(), i.CN()
}

// setValidity leaves both times zero when either is not understood: half a
// period would mislead.
func (c *Certificate) setValidity(validity element) {
	from, rest, err := readElement(validity.content)
	if err != nil {
		return
	}
	to, _, err := readElement(rest)
	if err != nil {
		return
	}
	notBefore, ok1 := parseTime(from)
	notAfter, ok2 := parseTime(to)
	if ok1 && ok2 {
		c.NotBefore, c.NotAfter = notBefore, notAfter
	}
}

var utcTimes = []string{"060102150405Z0700", "0601021504Z0700"}
var generalizedTimes = []string{"20060102150405Z0700", "20060102150405.999Z0700", "20060102150405", "200601021504Z0700"}

func parseTime(e element) (time.Time, bool) {
	layouts := generalizedTimes
	if e.tag == derUTCTime {
		layouts = utcTimes
	} else if e.tag != derGeneralizedTime {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(e.content))
		if err != nil {
			continue
		}
		if e.tag == derUTCTime && t.Year() >= 2050 {
			t = t.AddDate(-100, 0, 0) // RFC 5280: 50 to 99 is the last century
		}
		return t.UTC(), true
	}
	return time.Time{}, false
}

// Object identifiers, as the content bytes of their encoding.
const (
	oidRSA     = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
	oidRSAPSS  = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"
	oidEC      = "\x2a\x86\x48\xce\x3d\x02\x01"
	oidEd25519 = "\x2b\x65\x70"
)

var curves = map[string]func() elliptic.Curve{
	"1.2.840.10045.3.1.7": elliptic.P256,
	"1.3.132.0.34":        elliptic.P384,
	"1.3.132.0.35":        elliptic.P521,
}

// otherCurves are named, though not reckoned on.
var otherCurves = map[string]string{
	"1.3.132.0.10":          "secp256k1",
	"1.3.132.0.33":          "P-224",
	"1.2.840.10045.3.1.1":   "P-192",
	"1.3.36.3.3.2.8.1.1.7":  "brainpoolP256r1",
	"1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
	"1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}

var sigAlgNames = map[string]string{
	"1.2.840.113549.1.1.2":  "MD2-RSA",
	"1.2.840.113549.1.1.4":  "MD5-RSA",
	"1.2.840.113549.1.1.5":  "SHA1-RSA",
	"1.3.14.3.2.29":         "SHA1-RSA",
	"1.2.840.113549.1.1.10": "RSA-PSS",
	"1.2.840.113549.1.1.11": "SHA256-RSA",
	"1.2.840.113549.1.1.12": "SHA384-RSA",
	"1.2.840.113549.1.1.13": "SHA512-RSA",
	"1.2.840.113549.1.1.14": "SHA224-RSA",
	"1.2.840.10045.4.1":     "ECDSA-SHA1",
	"1.2.840.10045.4.3.2":   "ECDSA-SHA256",
	"1.2.840.10045.4.3.3":   "ECDSA-SHA384",
	"1.2.840.10045.4.3.4":   "ECDSA-SHA512",
	"1.3.101.112":           "Ed25519",
}

func algorithmName(alg element) string {
	r := derReader{b: alg.content}
	oid := dotted(r.next(derOID, "the algorithm").content)
	if name, ok := sigAlgNames[oid]; ok {
		return name
	}
	return oid
}

// splitKey finds the algorithm and the BIT STRING of a public key.
func splitKey(spki element) (algorithm, bits element, err error) {
	r := derReader{b: spki.content}
	algorithm = r.next(derSequence, "the key's algorithm")
	bits = r.next(derBitString, "the key")
	return algorithm, bits, r.err
}

// rsaKeyOf is the key, nil when the algorithm is another or the key is not understood.
func rsaKeyOf(algorithm element, key []byte) *RSAKey {
	a := derReader{b: algorithm.content}
	switch string(a.next(derOID, "the key's algorithm").content) {
	case oidRSA, oidRSAPSS:
		return parseRSAKey(key)
	}
	return nil
}

// setKey takes the key in. A key that is not understood is no error: the
// record can be carried and written without it.
func (c *Certificate) setKey(spki element) error {
	algorithm, bits, err := splitKey(spki)
	if err != nil {
		return err
	}
	c.RawPublicKey = bytes.Clone(bits.bits())
	if c.RSA = rsaKeyOf(algorithm, c.RawPublicKey); c.RSA != nil {
		c.setRSA()
		return nil
	}
	a := derReader{b: algorithm.content}
	switch string(a.next(derOID, "the key's algorithm").content) {
	case oidEC:
		c.setEC(dotted(a.next(derOID, "the curve").content))
	case oidEd25519:
		if len(c.RawPublicKey) == ed25519.PublicKeySize {
			c.KeyBits = 8 * ed25519.PublicKeySize
			c.PublicKey = ed25519.PublicKey(c.RawPublicKey)
		}
	}
	return nil
}

// setEC takes in a point on a curve. On one that is not reckoned on, its length tells the
// size; PublicKey stays nil.
func (c *Certificate) setEC(oid string) {
	if named, ok := curves[oid]; ok {
		curve := named()
		c.KeyBits, c.Curve = curve.Params().BitSize, curve.Params().Name
		if pub, err := ecdsa.ParseUncompressedPublicKey(curve, c.RawPublicKey); err == nil {
			c.PublicKey = pub
		}
		return
	}
	if n := len(c.RawPublicKey); n > 1 && n%2 == 1 && c.RawPublicKey[0] == 4 {
		c.KeyBits = 8 * (n / 2)
	}
	if c.Curve = otherCurves[oid]; c.Curve == "" {
		c.Curve = "curve " + oid
	}
}

func (c *Certificate) setRSA() {
	c.KeyBits = c.RSA.N.BitLen()
	if c.RSA.E.IsInt64() && c.RSA.E.Int64() <= math.MaxInt32 {
		c.PublicKey = &rsa.PublicKey{N: c.RSA.N, E: int(c.RSA.E.Int64())}
	}
}

// KeyType is RSA, ECDSA or Ed25519; empty when the key is not understood.
func (c *Certificate) KeyType() string {
	if c.RSA != nil {
		return "RSA"
	}
	if c.Curve != "" {
		return "ECDSA"
	}
	if _, ok := c.PublicKey.(ed25519.PublicKey); ok {
		return "Ed25519"
	}
	return ""
}

// KeyText is the key for a person: "2048-bit RSA", "256-bit ECDSA (P-256)", "key of an
// unknown kind".
func (c *Certificate) KeyText() message.Message {
	kind := c.KeyType()
	if kind == "" {
		return message.Phrase("key of an unknown kind")
	}
	if c.Curve != "" {
		kind += " (" + c.Curve + ")"
	}
	if c.KeyBits == 0 {
		return message.Plain(kind)
	}
	return message.Phrase("%d-bit %s", c.KeyBits, kind)
}
