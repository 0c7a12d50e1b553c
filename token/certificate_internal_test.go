package token

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

func testCertificate(t testing.TB) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(0x45DAA2AF),
		Subject:      pkix.Name{CommonName: "SAST-ADN0054f509        ", OrganizationalUnit: []string{"IPCBU"}, Organization: []string{"Cisco Systems, Inc."}},
		NotBefore:    time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2055, 1, 1, 0, 0, 0, 0, time.UTC), // GeneralizedTime
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Each oddity makes crypto/x509 refuse the certificate; what a person is shown is
// the same as before.
func TestOddEncodings(t *testing.T) {
	der := testCertificate(t)
	plain, key, err := parseCertificate(der)
	if err != nil || key == nil || plain.KeyBits != 1024 || plain.Subject != `cn="SAST-ADN0054f509        ";ou=IPCBU;o="Cisco Systems, Inc."` {
		t.Fatalf("%+v, %v", plain, err)
	}
	version := bytes.Index(der, []byte{0xa0, 3, 2, 1, 2}) + 4
	for name, odd := range map[string][]byte{
		"unknown version": replace(der, version, 7),
		"negative serial": replace(der, version+3, 0xc5),
		"bytes behind it": append(bytes.Clone(der), 0, 0),
		"odd string type": replace(der, bytes.Index(der, []byte("SAST-ADN"))-2, 4), // OCTET STRING
	} {
		t.Run(name, func(t *testing.T) {
			if x, err := x509.ParseCertificate(odd); err == nil && x.Version == 3 {
				t.Fatal("crypto/x509 takes it: no odd encoding")
			}
			c, k, err := parseCertificate(odd)
			if err != nil {
				t.Fatal(err)
			}
			if c.Subject != plain.Subject || c.KeyBits != 1024 || !c.NotAfter.Equal(plain.NotAfter) || !c.NotBefore.Equal(plain.NotBefore) {
				t.Errorf("%+v", c)
			}
			if k == nil || !k.(*rsa.PublicKey).Equal(key) {
				t.Error("another key")
			}
			if !bytes.Equal(c.DER, odd) {
				t.Error("the token's bytes were changed")
			}
		})
	}
}

func replace(b []byte, at int, v byte) []byte {
	b = bytes.Clone(b)
	b[at] = v
	return b
}

// Whatever a token gives as a certificate is either refused or kept byte for byte,
// and what is shown of it holds nothing that could steer a terminal.
func FuzzParseCertificate(f *testing.F) {
	der := testCertificate(f)
	f.Add(der)
	f.Add(append(bytes.Clone(der), 0))
	f.Add(der[:len(der)/2])
	f.Fuzz(func(t *testing.T, der []byte) {
		c, key, err := parseCertificate(der)
		if err != nil {
			return
		}
		if !bytes.Equal(c.DER, der) {
			t.Fatal("bytes changed")
		}
		for _, r := range c.Subject + c.Issuer {
			if r < ' ' || 0x7f <= r && r < 0xa0 {
				t.Fatalf("control character in %q, %q", c.Subject, c.Issuer)
			}
		}
		if (key == nil) != (c.KeyBits == 0) {
			t.Fatalf("key %v, %d bits", key, c.KeyBits)
		}
		if len(c.Serial) > 1 && c.Serial[0] == 0 {
			t.Fatalf("serial number % x", c.Serial)
		}
	})
}
