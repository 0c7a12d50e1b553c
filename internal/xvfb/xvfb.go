//go:build linux

// Package xvfb is a display for tests of windows: an X server without a screen, the hands before
// it, and its picture.
package xvfb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Width and Height of the display, in pixels.
const (
	Width  = 1180
	Height = 780
)

const (
	patience = 4 * time.Minute       // until a display that takes no clients fails the test
	poll     = 15 * time.Millisecond // between two looks
)

// Display is an X server of our own that draws into a file.
type Display struct {
	Name string // ":7"
	dir  string
}

// Need says that a part is missing: a failure in CI, a skipped test elsewhere.
func Need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
				t.Fatalf("%s is missing (scripts/setup test installs it)", p)
			}
			t.Skipf("%s is missing (scripts/setup test installs it)", p)
		}
	}
}

// New starts Xvfb on a number that is free; it ends with the test.
func New(t *testing.T, options ...string) *Display {
	t.Helper()
	Need(t, "Xvfb", "xdotool", "xclip")
	d := &Display{dir: t.TempDir()}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	args := append([]string{"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", Width, Height),
		"-fbdir", d.dir, "-nolisten", "tcp", "-noreset"}, options...)
	cmd := exec.Command("Xvfb", args...)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	var number [16]byte
	n, err := r.Read(number[:])
	if err != nil {
		t.Fatalf("Xvfb did not say which display it is: %v", err)
	}
	d.Name = ":" + strings.TrimSpace(string(number[:n]))
	d.ready(t)
	return d
}

// ready waits until the display takes clients, which is a moment after it named itself.
func (d *Display) ready(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		cmd := exec.Command("xdotool", "getdisplaygeometry")
		cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the display takes no clients: %v\n%s", err, out)
		}
	}
}

// Xdo does what a person's hands do.
func (d *Display) Xdo(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("xdotool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Clipboard is the text that was copied last, "" where none was.
func (d *Display) Clipboard(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xclip", "-selection", "clipboard", "-o")
	cmd.Env = append(os.Environ(), "DISPLAY="+d.Name)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // it ends with 1 where there is none
		t.Fatalf("xclip: %v", err)
	}
	return string(out)
}

// Picture is what the screen shows. The file is an XWD dump, version 7: twenty-five 32-bit
// big-endian words, the window's name, the colour map of 12 bytes an entry, then the lines.
func (d *Display) Picture() (*image.NRGBA, error) {
	data, err := os.ReadFile(filepath.Join(d.dir, "Xvfb_screen0"))
	if err != nil {
		return nil, err
	}
	const words = 25
	if len(data) < 4*words {
		return nil, fmt.Errorf("%d bytes are no screen", len(data))
	}
	var h [words]int
	for i := range h {
		h[i] = int(binary.BigEndian.Uint32(data[4*i:]))
	}
	headerSize, version, width, height := h[0], h[1], h[4], h[5]
	bits, stride, colours := h[11], h[12], h[19]
	start := headerSize + 12*colours
	if version != 7 || bits != 32 || len(data) < start+stride*height {
		return nil, fmt.Errorf("not a screen of 32 bits a pixel: version %d, %d bits", version, bits)
	}
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		line := data[start+y*stride:]
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{R: line[4*x+2], G: line[4*x+1], B: line[4*x], A: 0xff})
		}
	}
	return img, nil
}

// WritePNG keeps a picture, and makes its folder.
func WritePNG(name string, img image.Image) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(f, img); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
