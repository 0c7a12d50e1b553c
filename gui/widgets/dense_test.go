package widgets

import (
	"runtime"
	"testing"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// A screen that is shown again and again loads no fonts again: each time it did, they took
// 7 MB for as long as the window was open.
func TestDenseLoadsNoFonts(t *testing.T) {
	test.NewTempApp(t)
	show := func() uint64 {
		w := test.NewWindow(container.NewVBox(Facts("name", "value"), Badge("a word")))
		w.Canvas().Capture()
		w.Close()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := show()
	var last uint64
	for range 5 {
		last = show()
	}
	if last > first+5<<20 {
		t.Errorf("%d MB in use at first, %d after five times more", first>>20, last>>20)
	}
}
