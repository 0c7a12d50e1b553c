package ctlbuild_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
)

// large is the list of a cluster of 20 servers, as large as Cisco sizes them.
func large(b *testing.B) *ctlbuild.List {
	b.Helper()
	c := ctltest.NewCluster(b, 2048)
	d := c.ETokensDraft(b)
	for i := range 18 {
		s := ctltest.Server(fmt.Sprintf("cucm-sub%02d", i))
		s.Bits, s.KeyName = 2048, "server"
		_, err := d.Add(ctlbuild.Entry{
			Function: ctlbuild.CCMTFTP, Certificate: ctltest.New(b, s).DER,
			IP: netip.AddrFrom4([4]byte{10, 48, 48, byte(i)}),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return ctltest.Sign(b, d, c.Token2)
}

// full is a list of the size that a large cluster has: 57 records of 2048 bits.
func full(b testing.TB, records int) *ctlbuild.List {
	b.Helper()
	c := ctltest.NewCluster(b, 2048)
	d := ctlbuild.NewDraft()
	d.Time = ctltest.Time
	signer := ctltest.New(b, ctltest.Spec{Subject: "CN=ITLRECOVERY_pub;OU=TAC;O=Cisco", Serial: []byte{1}, Bits: 2048})
	server := ctltest.Server("server")
	server.Bits, server.KeyName = 2048, "server"
	for i := range records {
		e := ctlbuild.Entry{
			Function: ctlbuild.CCMTFTP, Certificate: ctltest.New(b, server).DER, Dialect: ctlbuild.DialectTokenless,
			Host: fmt.Sprintf("cucm-sub%02d", i), IP: netip.AddrFrom4([4]byte{10, 48, 48, byte(i)}),
		}
		switch i {
		case 0:
			e.Function, e.Certificate = ctlbuild.SAST, c.Pub.DER
		case 1:
			e.Function, e.Certificate = ctlbuild.SAST, signer.DER
		}
		r, err := ctlbuild.NewRecord(e)
		if err != nil {
			b.Fatal(err)
		}
		d.Records = append(d.Records, r)
	}
	return ctltest.Sign(b, d, signer)
}

// BenchmarkFull is what a list costs from its bytes to the verdict. The least that it can
// cost, the digest of its bytes and one RSA verification, is taken in turn with it: x-limit is
// the median of the ratios, and is to be at most 1.25.
func BenchmarkFull(b *testing.B) {
	for _, records := range []int{14, 57} {
		l := full(b, records)
		data := l.Bytes()
		r, _ := l.Signer()
		c, err := ctlbuild.ParseCertificate(r.Certificate())
		if err != nil {
			b.Fatal(err)
		}
		key, sum := c.PublicKey.(*rsa.PublicKey), make([]byte, sha1.Size)
		signature, err := rsa.SignPKCS1v15(nil, ctltest.Key("CN=ITLRECOVERY_pub;OU=TAC;O=Cisco", 2048), crypto.SHA1, sum)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%d-records", records), func(b *testing.B) {
			b.ReportAllocs()
			var ratios []float64
			for b.Loop() {
				start := time.Now()
				read, err := ctlbuild.Parse(data)
				if err != nil || !read.Verify().OK {
					b.Fatal(err)
				}
				took := time.Since(start)
				b.StopTimer() // the limit's allocations are not ours
				start = time.Now()
				sha1.Sum(data)
				if err := rsa.VerifyPKCS1v15(key, crypto.SHA1, sum, signature); err != nil {
					b.Fatal(err)
				}
				ratios = append(ratios, float64(took)/float64(time.Since(start)))
				b.StartTimer()
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x-limit")
		})
	}
}

func BenchmarkParse(b *testing.B) {
	data := large(b).Bytes()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ctlbuild.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	l := large(b)
	b.ReportAllocs()
	for b.Loop() {
		if v := l.Verify(); !v.OK {
			b.Fatal(v.Reason)
		}
	}
}

func BenchmarkShow(b *testing.B) {
	l := large(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := ctlbuild.Show(io.Discard, l, time.UTC); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	l := large(b)
	d := ctlbuild.Edit(l)
	b.ReportAllocs()
	for b.Loop() {
		if d := ctlbuild.CompareDraft(l, d); len(d.Changes) != 0 {
			b.Fatal("the list differs from itself")
		}
	}
}
