package hazard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

func ecCertificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "provisioning"},
		NotBefore: ctltest.Time, NotAfter: ctltest.Time.AddDate(20, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// What is dangerous in a list alone is found in a draft without a cluster, and a good one has
// nothing of it.
func TestFindInDraft(t *testing.T) {
	c, ec := ctltest.NewCluster(t, 1024), ecCertificate(t)
	spec := ctltest.Token("SAST-4096", ctltest.Hex("0102030405060708090A"))
	spec.Bits, spec.Length = 4096, 0
	large := ctltest.New(t, spec)
	add := func(e ctlbuild.Entry) func(*ctlbuild.Draft) {
		return func(d *ctlbuild.Draft) {
			if _, err := d.Add(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		what  string
		build func(*ctlbuild.Draft)
		now   time.Time
		rules string
	}{
		{"nothing", func(*ctlbuild.Draft) {}, ctltest.Time, ""},
		{"one SAST", func(d *ctlbuild.Draft) { d.Records = d.Records[:4] }, ctltest.Time, "one-sast"},
		{"three SAST", add(ctlbuild.Entry{Certificate: c.Recovery.DER, Host: "pub"}), ctltest.Time, "sast-count"},
		{"an EC key as SAST", add(ctlbuild.Entry{Certificate: ec, Token: true}), ctltest.Time, "sast-key sast-count"},
		{"4096 bits as SAST", add(ctlbuild.Entry{Certificate: large.DER, Token: true}), ctltest.Time, "sast-size sast-count"},
		{"an EC key for HTTPS as APP-SERVER", add(ctlbuild.Entry{Function: ctlbuild.AppServer, Certificate: ec}), ctltest.Time, "ec-for-https"},
		{"an EC key for HTTPS as TFTP", add(ctlbuild.Entry{Function: ctlbuild.TFTP, Certificate: ec}), ctltest.Time, "ec-for-https"},
		{"the same, in a file for it", func(d *ctlbuild.Draft) {
			d.SignerVersion = [2]byte{1, 1}
			add(ctlbuild.Entry{Function: ctlbuild.TFTP, Certificate: ec})(d)
		}, ctltest.Time, ""},
		{"a certificate twice", func(d *ctlbuild.Draft) { d.Records = append(d.Records, d.Records[1]) }, ctltest.Time, "duplicate-records"},
		{"years later", func(*ctlbuild.Draft) {}, ctltest.Time.AddDate(9, 0, 0), "signer-validity certificate-validity"},
	} {
		d := c.ETokensDraft(t)
		test.build(d)
		var rules []string
		for _, h := range FindInDraft(d, c.Token1.DER, test.now) {
			rules = append(rules, h.Rule)
			if h.Message.IsZero() || h.Source == "" || h.Hint.IsZero() {
				t.Errorf("%s: %+v", test.what, h)
			}
		}
		if got := strings.Join(rules, " "); got != test.rules {
			t.Errorf("%s: %s, want %s", test.what, got, test.rules)
		}
	}
}

// An update is warned of the same.
func TestUpdateIsWarnedOfAnECToken(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	old := c.ETokens(t)
	d := ctlbuild.Edit(old)
	if _, err := d.AddToken(ecCertificate(t)); err != nil {
		t.Fatal(err)
	}
	found := Find(t.Context(), Change{Old: old, Draft: d, Signer: c.Token1.DER, Mixed: true, Now: ctltest.Time}, nil)
	if !slices.ContainsFunc(found, func(h Hazard) bool { return h.Rule == "sast-key" }) {
		t.Errorf("%+v", found)
	}
}
