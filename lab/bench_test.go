package lab

import (
	"fmt"
	"testing"

	"ctlclient/internal/bench/meter"
)

// How long a lab of so many nodes takes to start, the first time and again.
func BenchmarkUp(b *testing.B) {
	for _, cucm := range []bool{false, true} {
		for _, nodes := range []int{2, 8, 28} {
			for _, again := range []bool{false, true} {
				b.Run(fmt.Sprintf("cucm=%t/nodes=%d/again=%t", cucm, nodes, again), func(b *testing.B) {
					var up meter.Meter
					o := Options{Nodes: nodes, CUCM: cucm, KeyBits: 1024, NoAltTFTP: true}
					start := func(dir string) {
						o.Dir = dir
						var l *Lab
						up.Time(func() {
							var err error
							if l, err = Up(b.Context(), o); err != nil {
								b.Fatal(err)
							}
						})
						b.StopTimer()
						if err := l.Close(); err != nil {
							b.Fatal(err)
						}
						b.StartTimer()
					}
					dir := b.TempDir()
					if again {
						start(dir)
						b.ResetTimer()
						up = meter.Meter{}
					}
					for b.Loop() {
						if !again {
							b.StopTimer()
							dir = b.TempDir()
							b.StartTimer()
						}
						start(dir)
					}
					up.Report(b, "up")
				})
			}
		}
	}
}
