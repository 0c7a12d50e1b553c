package certificate_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode"

	"ctlclient/certificate"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// A common name is found again in each form that it is written in, whatever stands beside it.
func FuzzCommonName(f *testing.F) {
	f.Add("pub", "Cisco, Inc.")
	f.Add(`a "b" c`, `x;CN=no`)
	f.Add(`a\b+c=d`, `/CN=no/`)
	f.Add("Kraków", `",CN=no`)
	f.Fuzz(func(t *testing.T, cn, other string) {
		want := strings.TrimSpace(cn)
		if strings.ContainsRune(cn+other, 0) || want == "" {
			return // a NUL ends a name
		}
		quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		escaped := func(s string) string {
			var b strings.Builder
			for i := range len(s) {
				if c := s[i]; c < ' ' || strings.IndexByte(` ,+"\<>;#=/`, c) >= 0 {
					fmt.Fprintf(&b, `\%02x`, c)
				} else {
					b.WriteByte(c)
				}
			}
			return b.String()
		}
		written := []string{
			"ou=" + quoted(other) + ";cn=" + quoted(cn), // as for tokens
			"C=NZ,O=" + escaped(other) + ",CN=" + escaped(cn),
			"CN = " + escaped(cn) + ", O = " + escaped(other),
		}
		if !strings.ContainsAny(cn, `;"`) {
			written = append(written, "CN="+cn+";O=x") // as for servers
		}
		for _, name := range written {
			if got := certificate.CommonName(name); got != want {
				t.Fatalf("in %q it is %q, not %q", name, got, want)
			}
		}
		certificate.CommonName(cn) // anything may be written in a file
	})
}

// The certificate reader takes all that crypto/x509 takes and reads the same
// in it; whatever it takes can be written into a record.
func FuzzParse(f *testing.F) {
	for _, c := range oddCertificates(f) {
		f.Add(c.DER)
	}
	c := ctltest.NewCluster(f, 1024)
	for _, cert := range []*ctltest.Cert{c.Pub, c.Token1, c.TVS} {
		f.Add(cert.DER)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := certificate.Parse(data)
		key, keyErr := certificate.RSAKeyOf(data)
		if (err == nil) != (keyErr == nil) && !bytes.Contains(data, []byte("-----BEGIN ")) && len(bytes.TrimSpace(data)) > 0 {
			t.Fatalf("Parse says %v, RSAKeyOf %v", err, keyErr)
		}
		if err == nil && keyErr == nil && ((key == nil) != (c.RSA == nil) || key != nil && key.N.Cmp(c.RSA.N) != 0) {
			t.Fatal("RSAKeyOf reads another key")
		}
		x, xerr := x509.ParseCertificate(data)
		if err != nil {
			if xerr == nil {
				t.Fatalf("crypto/x509 takes it: %v", err)
			}
			return
		}
		if len(data) < 0x8000 {
			e := ctlbuild.Entry{Certificate: c.DER, Token: true}
			if _, err := ctlbuild.NewRecord(e); err != nil && len(data) < 0x2000 {
				t.Fatal(err)
			}
		}
		for _, shown := range []string{c.SubjectName.String(), c.IssuerName.String()} {
			if strings.ContainsFunc(shown, unicode.IsControl) {
				t.Fatalf("a control character is shown: %q", shown)
			}
		}
		// The common name is found again in both forms.
		if c.CN != "" && !strings.ContainsAny(c.CN, `;,="\`) {
			for _, written := range []string{c.Subject, c.TokenSubject} {
				if got := certificate.CommonName(written); got != c.CN {
					t.Fatalf("the common name in %q is %q, not %q", written, got, c.CN)
				}
			}
		}
		if len(c.Serial) > 1 && c.Serial[0] == 0 {
			t.Fatalf("serial number % x", c.Serial)
		}
		if xerr != nil {
			return
		}
		if !bytes.Equal(c.DER, x.Raw) || c.Version != x.Version || new(big.Int).SetBytes(c.Serial).Cmp(x.SerialNumber) != 0 {
			t.Fatalf("read %+v, crypto/x509 reads %+v", c, x)
		}
		if !c.NotAfter.IsZero() && (!c.NotBefore.Equal(x.NotBefore) || !c.NotAfter.Equal(x.NotAfter)) {
			t.Fatalf("valid %v to %v, crypto/x509 reads %v to %v", c.NotBefore, c.NotAfter, x.NotBefore, x.NotAfter)
		}
		switch k := c.PublicKey.(type) {
		case *rsa.PublicKey:
			if x.PublicKeyAlgorithm == x509.RSA && !k.Equal(x.PublicKey) {
				t.Fatal("another RSA key")
			}
		case *ecdsa.PublicKey:
			if !k.Equal(x.PublicKey) {
				t.Fatal("another EC key")
			}
		}
	})
}
