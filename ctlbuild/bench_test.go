package ctlbuild_test

import (
	"fmt"
	"io"
	"net/netip"
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
