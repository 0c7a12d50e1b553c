//go:build unix

package interop

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/internal/bench/meter"
)

// list writes a list of so many records of 2048 bits.
func list(b *testing.B, path string, records int) {
	c := ctltest.NewCluster(b, 2048)
	d := c.ETokensDraft(b)
	for i := len(d.Records); i < records; i++ {
		s := ctltest.Server(fmt.Sprintf("cucm-sub%02d", i))
		s.Bits, s.KeyName = 2048, "server"
		if _, err := d.Add(ctlbuild.Entry{
			Function: ctlbuild.CCMTFTP, Certificate: ctltest.New(b, s).DER, IP: netip.AddrFrom4([4]byte{10, 48, 48, byte(i)}),
		}); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.WriteFile(path, ctltest.Sign(b, d, c.Token1).Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkVerify is `file verify` of one list as a process, beside /bin/true.
func BenchmarkVerify(b *testing.B) {
	program, file := build(b), filepath.Join(b.TempDir(), "CTLFile.tlv")
	for _, records := range []int{8, 57} {
		list(b, file, records)
		b.Run(fmt.Sprint(records), func(b *testing.B) {
			var ours, nothing meter.Meter
			for b.Loop() {
				ours.Run(b, program, "file", "verify", file)
				nothing.Run(b, "/bin/true")
			}
			ours.Report(b, "verify")
			nothing.Report(b, "true")
		})
	}
}

// BenchmarkFolder is `file verify` of a folder of the phones' own lists, beside a program
// that reads them and no more.
func BenchmarkFolder(b *testing.B) {
	program := build(b)
	for _, phones := range []int{1_000, 10_000} {
		dir := b.TempDir()
		first := filepath.Join(dir, "CTLSEP000000000000.tlv")
		list(b, first, 8)
		data, err := os.ReadFile(first)
		if err != nil {
			b.Fatal(err)
		}
		for i := 1; i < phones; i++ {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("CTLSEP%012X.tlv", i)), data, 0o600); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprint(phones), func(b *testing.B) {
			var ours, reading meter.Meter
			for b.Loop() {
				ours.Run(b, program, "file", "verify", dir)
				reading.Run(b, "/bin/sh", "-c", `cat "$1"/*.tlv >/dev/null`, "sh", dir)
			}
			ours.Report(b, "verify")
			reading.Report(b, "read")
		})
	}
}
