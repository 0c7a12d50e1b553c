package softhsm

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"

	"github.com/miekg/pkcs11"

	"ctlclient/certificate"
	"ctlclient/message"
	"ctlclient/token/host"
)

var (
	oidCN = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidO  = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidOU = asn1.ObjectIdentifier{2, 5, 4, 11}
)

// name lists attributes from the common name up; the DER runs the other way.
func name(attrs ...pkix.AttributeTypeAndValue) ([]byte, error) {
	var seq pkix.RDNSequence
	for n := len(attrs) - 1; n >= 0; n-- {
		seq = append(seq, pkix.RelativeDistinguishedNameSET{attrs[n]})
	}
	return asn1.Marshal(seq)
}

// caBits is the size of the practice CA's key. Its signature is 256 bytes, which
// with the extensions gives about the 902 bytes of a real eToken certificate.
const caBits = 2048

// caKey is made when it is needed first and forgotten with the process.
var caKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, caBits) })

// issue makes the certificate of a token.
func issue(sp Spec, pub *rsa.PublicKey) ([]byte, error) {
	ca, err := caKey()
	if err != nil {
		return nil, err
	}
	subject, err := name(pkix.AttributeTypeAndValue{Type: oidCN, Value: sp.CN},
		pkix.AttributeTypeAndValue{Type: oidOU, Value: "IPCBU"},
		pkix.AttributeTypeAndValue{Type: oidO, Value: "Cisco Systems, Inc."})
	if err != nil {
		return nil, message.Errorf("subject: %w", err)
	}
	issuer, err := name(pkix.AttributeTypeAndValue{Type: oidCN, Value: "Cisco Manufacturing CA"},
		pkix.AttributeTypeAndValue{Type: oidO, Value: "Cisco Systems"})
	if err != nil {
		return nil, message.Errorf("issuer: %w", err)
	}
	var serial [10]byte
	if _, err := rand.Read(serial[:]); err != nil {
		return nil, err
	}
	serial[0] = serial[0]&0x3f | 0x40 // positive, and ten bytes long
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:]),
		RawSubject:   subject,
		NotBefore:    sp.NotBefore, NotAfter: sp.NotAfter,
		KeyUsage:           x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		SignatureAlgorithm: x509.SHA1WithRSA,
	}
	if sp.Practice {
		text, err := asn1.MarshalWithParams("A practice token: its key is software, its PIN is public.", "utf8")
		if err != nil {
			return nil, err
		}
		leaf.ExtraExtensions = append(leaf.ExtraExtensions, pkix.Extension{Id: certificate.PracticeExtension, Value: text})
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, &x509.Certificate{RawSubject: issuer}, pub, ca)
	if err != nil {
		return nil, message.Errorf("issuing the certificate: %w", err)
	}
	return der, nil
}

func storeCertificate(p *host.Process, session pkcs11.SessionHandle, sp Spec, der []byte) error {
	attrs := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
		pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, sp.PrivateCertificate),
		pkcs11.NewAttribute(pkcs11.CKA_ID, keyID),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, sp.Label),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE, der),
	}
	if c, err := x509.ParseCertificate(der); err == nil {
		serial, err := asn1.Marshal(c.SerialNumber)
		if err != nil {
			return err
		}
		attrs = append(attrs,
			pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, c.RawSubject),
			pkcs11.NewAttribute(pkcs11.CKA_ISSUER, c.RawIssuer),
			pkcs11.NewAttribute(pkcs11.CKA_SERIAL_NUMBER, serial))
	} else {
		attrs = append(attrs, pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, []byte{0x30, 0}))
	}
	if _, err := p.CreateObject(session, attrs); err != nil {
		return message.Errorf("C_CreateObject of the certificate: %w", err)
	}
	return nil
}
