package meter

import (
	"testing"
	"time"
)

func TestTheLeastCounts(t *testing.T) {
	var m Meter
	for _, d := range []time.Duration{5, 3, 4} {
		m.add(d, 10-d)
	}
	if m.Wall != 3 || m.CPU != 5 {
		t.Errorf("%+v", m)
	}
}
