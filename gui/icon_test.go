package gui

import (
	"bytes"
	"flag"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
)

var update = flag.Bool("update", false, "write the pictures anew that tests compare with")

func writeImage(t *testing.T, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The icon is drawn from its source, so that a change there is not forgotten here.
func TestIcon(t *testing.T) {
	test.NewTempApp(t)
	svg, err := os.ReadFile("icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	picture := canvas.NewImageFromResource(fyne.NewStaticResource("icon.svg", svg))
	picture.FillMode = canvas.ImageFillContain
	c.SetContent(picture)
	c.Resize(fyne.NewSize(256, 256))
	drawn := c.Capture()
	if *update {
		writeImage(t, "icon.png", drawn)
		return
	}
	kept, err := png.Decode(bytes.NewReader(icon().Content()))
	if err != nil {
		t.Fatal(err)
	}
	if kept.Bounds() != drawn.Bounds() {
		t.Fatalf("icon.png is %v, icon.svg is drawn as %v", kept.Bounds(), drawn.Bounds())
	}
	for y := range 256 {
		for x := range 256 {
			r, g, b, a := kept.At(x, y).RGBA()
			r2, g2, b2, a2 := drawn.At(x, y).RGBA()
			if r != r2 || g != g2 || b != b2 || a != a2 {
				t.Fatalf("icon.png is not what icon.svg draws at %d,%d: go test ./gui -run TestIcon -update", x, y)
			}
		}
	}
}
