// Package meter measures for benchmarks what a thing takes at least: on the clock, and of
// the processors. Of several runs the least counts, as what else a machine does can only
// add to it; time of processors says something even on a machine that is busy.
package meter

import (
	"os/exec"
	"testing"
	"time"
)

// Meter holds the least that was seen; its zero value has seen nothing.
type Meter struct {
	Wall, CPU time.Duration
	seen      bool
}

// Time does work in this process.
func (m *Meter) Time(work func()) {
	start, cpu := time.Now(), spent()
	work()
	m.add(time.Since(start), spent()-cpu)
}

// Run runs a program, which is to succeed.
func (m *Meter) Run(b *testing.B, name string, args ...string) {
	b.Helper()
	c := exec.CommandContext(b.Context(), name, args...)
	start := time.Now()
	if err := c.Run(); err != nil {
		b.Fatal(name, err)
	}
	m.add(time.Since(start), c.ProcessState.UserTime()+c.ProcessState.SystemTime())
}

func (m *Meter) add(wall, cpu time.Duration) {
	if !m.seen {
		m.Wall, m.CPU, m.seen = wall, cpu, true
	}
	m.Wall, m.CPU = min(m.Wall, wall), min(m.CPU, cpu)
}

// Report gives both to a benchmark, in milliseconds, as NAME-ms and NAME-cpu-ms.
func (m *Meter) Report(b *testing.B, name string) {
	b.ReportMetric(float64(m.Wall)/1e6, name+"-ms")
	b.ReportMetric(float64(m.CPU)/1e6, name+"-cpu-ms")
}
