package certificate_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte/asn1"

	"ctlclient/certificate"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// oddCertificates are ones that crypto/x509 refuses and real lists hold.
func oddCertificates(t testing.TB) map[string]*ctltest.Cert {
	t.Helper()
	odd := map[string]ctltest.Spec{
		"negative serial number":      {Subject: "CN=odd", Serial: ctltest.Hex("FF01")},
		"serial number not minimal":   {Subject: "CN=odd", Serial: ctltest.Hex("00000102")},
		"serial number empty":         {Subject: "CN=odd", Serial: []byte{}},
		"PrintableString with an @":   {Subject: "CN=odd@home", Serial: []byte{1}},
		"UTF8String that is no UTF-8": {Subject: "CN=odd\xff\xfe", Serial: []byte{1}, Text: asn1.UTF8String},
		"extensions that are no DER":  {Subject: "CN=odd", Serial: []byte{1}, Extensions: []byte("\x30\x7fgarbage")},
		"the same extension twice":    {Subject: "CN=odd", Serial: []byte{1}, Extensions: []byte("\x30\x07\x06\x02\x2a\x03\x04\x01\x00\x30\x07\x06\x02\x2a\x03\x04\x01\x00")},
		"broken basic constraints":    {Subject: "CN=odd", Serial: []byte{1}, Extensions: []byte("\x30\x0a\x06\x03\x55\x1d\x13\x04\x03\x30\x05\x01")},
	}
	certs := map[string]*ctltest.Cert{}
	for name, spec := range odd {
		spec.KeyName = "odd"
		certs[name] = ctltest.New(t, spec)
	}
	plain := ctltest.New(t, ctltest.Spec{Subject: "CN=odd", Serial: []byte{1}, KeyName: "odd"})
	n := len(plain.DER) - 4
	certs["a length of three bytes"] = &ctltest.Cert{
		DER: append([]byte{0x30, 0x83, 0, byte(n >> 8), byte(n)}, plain.DER[4:]...), Key: plain.Key,
	}
	certs["an indefinite length"] = &ctltest.Cert{
		DER: append(append([]byte{0x30, 0x80}, plain.DER[4:]...), 0, 0), Key: plain.Key,
	}
	return certs
}

// A certificate that crypto/x509 refuses does not make a list unreadable,
// unsignable or unverifiable.
func TestOddCertificates(t *testing.T) {
	for name, cert := range oddCertificates(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := x509.ParseCertificate(cert.DER); err == nil {
				t.Fatal("crypto/x509 takes it: the case shows nothing")
			}
			c, err := certificate.Parse(cert.DER)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(c.CN, "odd") || c.KeyBits != 1024 || c.SigAlg != "SHA1-RSA" || !bytes.Equal(c.DER, cert.DER) {
				t.Errorf("read as %+v", c)
			}
			d := ctlbuild.NewDraft()
			if _, err := d.AddToken(cert.DER); err != nil {
				t.Fatal(err)
			}
			l, err := ctlbuild.Sign(context.Background(), d, cert)
			if err != nil {
				t.Fatal(err)
			}
			if v := l.Verify(); !v.OK {
				t.Error(v.Reason)
			}
		})
	}
}

func TestSerialNumbers(t *testing.T) {
	for _, c := range []struct{ der, serial, token string }{
		{"45DAA2AF00000027F93C", "45DAA2AF00000027F93C", "3CF927000000AFA2DA45"},
		{"008A01", "8A01", "018A"}, // the sign byte is no part of the number
		{"8A01", "8A01", "018A"},   // negative: the bytes as they stand
		{"00", "00", "00"},
	} {
		cert := ctltest.New(t, ctltest.Spec{Subject: "CN=serial", Serial: ctltest.Hex(c.der)})
		for _, e := range []struct {
			entry ctlbuild.Entry
			want  string
		}{
			{ctlbuild.Entry{Function: ctlbuild.CAPF}, c.serial},
			{ctlbuild.Entry{Token: true}, c.token},
			{ctlbuild.Entry{Token: true, SerialOrder: ctlbuild.BigEndian}, c.serial},
		} {
			e.entry.Certificate = cert.DER
			r, err := ctlbuild.NewRecord(e.entry)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.SerialNumber(), ctltest.Hex(e.want)) {
				t.Errorf("%s (token %v) is written %X, want %s", c.der, e.entry.Token, r.SerialNumber(), e.want)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ subject, server, token, cn string }{
		{
			"L=Krakow;ST=Malopolska;CN=pub;OU=TAC;O=Cisco;C=PL",
			"CN=pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL",
			"cn=pub;ou=TAC;o=Cisco;l=Krakow;st=Malopolska;c=PL", "pub",
		},
		{
			"O=Cisco Systems, Inc.;OU=IPCBU;CN=SAST-ADN0054f509        ",
			"CN=SAST-ADN0054f509        ;OU=IPCBU;O=Cisco Systems, Inc.",
			`cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems`, "SAST-ADN0054f509",
		},
		{"CN=a, b;O=c", "CN=a, b;O=c", `cn="a`, "a, b"},
		{"CN=a\x00b;O=c", "CN=a", `cn="a`, "a"},
		{`CN=a "b" c;O=d`, `CN=a "b" c;O=d`, `cn="a ""b"" c";o=d`, `a "b" c`},
		{"CN= a", "CN= a", `cn=" a"`, "a"},
		{"CN=a+b", "CN=a+b", `cn="a+b"`, "a+b"},
		{"CN=a;OU=x;OU=y", "CN=a;OU=x;OU=y", "cn=a;ou=x;ou=y", "a"},
		{"DC=local;DC=lab;CN=JASBURNS-AD", "CN=JASBURNS-AD", "cn=JASBURNS-AD;dc=local;dc=lab", "JASBURNS-AD"},
		{"DC=local;DC=lab", "DC=local;DC=lab", "dc=local;dc=lab", ""},
	} {
		cert := ctltest.New(t, ctltest.Spec{Subject: c.subject, Serial: []byte{1}, KeyName: "names"})
		got, err := certificate.Parse(cert.DER)
		if err != nil {
			t.Fatal(err)
		}
		if got.Subject != c.server || got.TokenSubject != c.token || got.CN != c.cn || got.Issuer != c.server {
			t.Errorf("%q is read as %q, %q, %q;\nwant %q, %q, %q", c.subject, got.Subject, got.TokenSubject, got.CN, c.server, c.token, c.cn)
		}
		r, err := ctlbuild.NewRecord(ctlbuild.Entry{Certificate: cert.DER, Token: true})
		if err != nil {
			t.Fatal(err)
		}
		if cn, _, _ := strings.Cut(c.cn, ","); r.CN() != cn {
			t.Errorf("the common name in %q is %q, want %q", r.SubjectName(), r.CN(), cn)
		}
	}
}

func TestNameStrings(t *testing.T) {
	for _, c := range []struct {
		tag       asn1.Tag
		raw, want string
	}{
		{asn1.UTF8String, "Kraków", "Kraków"},
		{asn1.T61String, "Krak\xf3w", "Kraków"},
		{asn1.T61String, "Kraków", "Kraków"},
		{asn1.Tag(0x1e), "\x00K\x00r\x00\xf3", "Kró"},
		{asn1.Tag(0x1c), "\x00\x00\x00K\x00\x01\xf5\x11", "K🔑"},
		{asn1.PrintableString, "a\xffb", "a\xffb"},
	} {
		cert := ctltest.New(t, ctltest.Spec{Subject: "CN=" + c.raw, Serial: []byte{1}, Text: c.tag, KeyName: "names"})
		got, err := certificate.Parse(cert.DER)
		if err != nil {
			t.Fatal(err)
		}
		if got.CN != c.want {
			t.Errorf("%q under tag %#x is read as %q, want %q", c.raw, uint8(c.tag), got.CN, c.want)
		}
	}
}

// An EC certificate can be carried and written; its record's PUBLICKEY is the
// uncompressed point.
func TestECCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "provisioning"},
		NotBefore: from, NotAfter: from.AddDate(2, 0, 0), // UTCTime and GeneralizedTime
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := certificate.Parse(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(c.PublicKey) || c.KeyBits != 256 || c.KeyText().String() != "256-bit ECDSA (P-256)" || c.SigAlg != "ECDSA-SHA256" {
		t.Errorf("read as %+v", c)
	}
	if !c.NotBefore.Equal(template.NotBefore) || !c.NotAfter.Equal(template.NotAfter) {
		t.Errorf("valid from %v to %v", c.NotBefore, c.NotAfter)
	}
	for last, want := range map[byte]string{1: "256-bit ECDSA (P-192)", 9: "256-bit ECDSA (curve 1.2.840.10045.3.1.9)"} {
		p256 := ctltest.Hex("2A8648CE3D030107")
		other := bytes.Replace(der, p256, append(bytes.Clone(p256[:7]), last), 1)
		if c, err := certificate.Parse(other); err != nil || c.PublicKey != nil || c.KeyText().String() != want {
			t.Errorf("%s, want %s: %v", c.KeyText(), want, err)
		}
	}
	r, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.AppServer, Certificate: der})
	if err != nil {
		t.Fatal(err)
	}
	if k := r.PublicKey(); len(k) != 65 || k[0] != 4 {
		t.Errorf("PUBLICKEY is % x", k)
	}
}

func TestParseCertificateRefuses(t *testing.T) {
	good := ctltest.New(t, ctltest.Spec{Subject: "CN=a", Serial: []byte{1}, KeyName: "names"}).DER
	for name, data := range map[string][]byte{
		"nothing":            nil,
		"text":               []byte("certificate"),
		"a PEM key":          pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: []byte{1}}),
		"half a certificate": good[:len(good)/2],
		"a length of 2^40":   {0x30, 0x85, 1, 0, 0, 0, 0},
		"nested for ever":    bytes.Repeat([]byte{0x30, 0x80}, 1000),
		"too much":           make([]byte, certificate.MaxSize+1),
	} {
		if c, err := certificate.Parse(data); err == nil {
			t.Errorf("%s is read as %+v", name, c)
		}
	}
}

func TestParseCertificatePEM(t *testing.T) {
	good := ctltest.New(t, ctltest.Spec{Subject: "CN=a", Serial: []byte{1}, KeyName: "names"})
	key := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: []byte{1}})
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: good.DER})
	c, err := certificate.Parse(append(append([]byte("subject=CN = a\n"), key...), block...))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.DER, good.DER) || !good.Key.PublicKey.Equal(c.PublicKey.(*rsa.PublicKey)) {
		t.Error("another certificate was read")
	}
}
