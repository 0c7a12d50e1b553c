package token_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"

	"ctlclient/softhsm"
	"ctlclient/token"
)

func TestOddities(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sast := pkix.Name{CommonName: "SAST-ADN0054f509        ", OrganizationalUnit: []string{"IPCBU"}}
	for name, c := range map[string]struct {
		cert   x509.Certificate
		issuer pkix.Name
		curve  bool
		want   []token.Oddity
	}{
		"an eToken":      {x509.Certificate{Subject: sast, KeyUsage: x509.KeyUsageDigitalSignature}, pkix.Name{CommonName: "Cisco Manufacturing CA"}, false, nil},
		"made by itself": {x509.Certificate{Subject: pkix.Name{CommonName: "sast-hq"}}, pkix.Name{CommonName: "sast-hq"}, false, nil},
		"a PIV card": {x509.Certificate{Subject: pkix.Name{CommonName: "Jane Doe"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, pkix.Name{CommonName: "Agency CA"}, false,
			[]token.Oddity{token.OddNames, token.OddIssuer, token.OddUse}},
		"an authority": {x509.Certificate{Subject: pkix.Name{CommonName: "CA"}, BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, pkix.Name{CommonName: "CA"}, false,
			[]token.Oddity{token.OddNames, token.OddCA, token.OddNoSign}},
		"a curve": {x509.Certificate{Subject: sast}, sast, true, []token.Oddity{token.OddKey}},
	} {
		c.cert.SerialNumber = big.NewInt(0x0102ff)
		var pub any = &key.PublicKey
		if c.curve {
			pub = &curve.PublicKey
		}
		der, err := x509.CreateCertificate(rand.Reader, &c.cert, &x509.Certificate{Subject: c.issuer}, pub, key)
		if err != nil {
			t.Fatal(err)
		}
		got := token.ParseCertificate(t, der)
		if o := got.Oddities(); !slices.Equal(o, c.want) {
			t.Errorf("%s: %v, want %v", name, o, c.want)
		}
		if got.SerialHex() != "0102ff" || got.SerialReversedHex() != "ff0201" || len(got.Thumbprint()) != 40 {
			t.Errorf("%s, %s, %s", got.SerialHex(), got.SerialReversedHex(), got.Thumbprint())
		}
		if _, err := hex.DecodeString(got.Thumbprint()); err != nil {
			t.Error(err)
		}
	}
	for o := token.OddNames; o <= token.OddKey; o++ {
		if o.String() == "" {
			t.Errorf("oddity %d has no words", o)
		}
	}
	s := store(t)
	create(t, s, softhsm.Spec{Practice: true})
	infos, err := token.List(t.Context(), []string{s.Module})
	if err != nil || len(infos) != 1 {
		t.Fatal(err)
	}
	if !infos[0].Practice() || len(infos[0].Certificates[0].Oddities()) > 0 {
		t.Errorf("a practice token: %v, %v", infos[0].Practice(), infos[0].Certificates[0].Oddities())
	}
}
