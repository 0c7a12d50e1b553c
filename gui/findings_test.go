package gui

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// A list that others wrote, under another name and with an EC key, is shown as the list that it
// is; what is odd about it stands above its records, and the key's curve with the record.
func TestInspectOfAListThatOthersWrote(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "provisioning"}, NotBefore: ctltest.Time, NotAfter: ctltest.Time.AddDate(1, 0, 0)}
	ec, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c := ctltest.NewCluster(t, 1024)
	d := c.ETokensDraft(t)
	d.FileName = "mylist.bin"
	if _, err := d.Add(ctlbuild.Entry{Function: ctlbuild.AppServer, Certificate: ec, Host: "prov"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "download.tmp")
	list := ctltest.Sign(t, d, c.Token1)
	if err := os.WriteFile(path, list.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, Options{})
	b.drop(path)
	b.mustSay(tr("notice.good"), tr("notice.warning"), say(list.Findings()[0].Message))
	i := b.s.screen(screenInspect).(*inspectScreen)
	i.table.Choose(len(list.Records) - 1)
	b.mustSay("384-bit ECDSA (P-384)", "SHA-256")
}
