package fleet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/internal/bench/meter"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
	"ctlclient/trust/trusttest"
)

// export is a fleet as AXL and RIS give it, of this many phones: 90 in 100 hold the
// current lists, the others a former CTL by its checksum, or nothing that is known.
func export(s *trusttest.Scene, phones int) []byte {
	models := []string{"7945", "7965", "8841", "8861", "7940"}
	var b bytes.Buffer
	b.WriteString("name,model,ctl,itl\n")
	for i := range phones {
		ctl, itl := s.ETokens.MD5(), s.ITL.SHA1()
		switch i % 20 {
		case 0:
			ctl = s.Tokenless.MD5()
		case 10:
			ctl = "00000000000000000000000000000000"
		}
		fmt.Fprintf(&b, "SEP%012X,%s,%s,%s\n", i, models[i%len(models)], ctl, itl)
	}
	return b.Bytes()
}

// Verdicts on a fleet from its export, beside reading that export and nothing else; and the
// memory that is in use when all verdicts are there.
func BenchmarkVerdicts(b *testing.B) {
	s := trusttest.New(b)
	next := trusttest.Edited(b, s.ETokens, s.Token1, func(*ctlbuild.Draft) {})
	for _, n := range []int{10_000, 100_000} {
		data := export(s, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			before := inUse()
			var verdicts, reading meter.Meter
			var held uint64
			for b.Loop() {
				var vs []trust.Verdict
				verdicts.Time(func() {
					entries, err := fleet.Read(bytes.NewReader(data), nil)
					if err != nil {
						b.Fatal(err)
					}
					phones := fleet.Resolve(entries, trust.KnownLists(s.Tokenless), fleet.Current{CTL: s.ETokens, ITL: s.ITL})
					vs = trust.AssessAll(b.Context(), phones, trust.Offer{CTL: next}, trust.NoTVS)
				})
				b.StopTimer()
				held = max(held, max(inUse(), before)-before)
				if len(vs) != n {
					b.Fatal(len(vs))
				}
				reading.Time(func() { readOnly(b, data) })
				b.StartTimer()
			}
			verdicts.Report(b, "verdicts")
			reading.Report(b, "read")
			b.ReportMetric(float64(held)/1e6, "held-MB")
		})
	}
}

// inUse is the memory in use after a collection, in bytes.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func readOnly(b *testing.B, data []byte) {
	r := csv.NewReader(bytes.NewReader(data))
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
