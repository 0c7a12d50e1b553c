//go:build !nogui && linux

package journey

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	screenWidth  = 1180
	screenHeight = 780
)

// display is an X server of our own that draws into a file.
type display struct {
	name string // ":7"
	dir  string
}

// need says that a part is missing: a failure in CI, a skipped test elsewhere.
func need(t *testing.T, programs ...string) {
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

// newDisplay starts Xvfb on a number that is free; it ends with the test.
func newDisplay(t *testing.T, options ...string) *display {
	t.Helper()
	need(t, "Xvfb", "xdotool")
	d := &display{dir: t.TempDir()}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	args := append([]string{"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", screenWidth, screenHeight),
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
	d.name = ":" + strings.TrimSpace(string(number[:n]))
	d.ready(t)
	return d
}

// ready waits until the display takes clients, which is a moment after it named itself.
func (d *display) ready(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		cmd := exec.Command("xdotool", "getdisplaygeometry")
		cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
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

// xdo does what a person's hands do.
func (d *display) xdo(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("xdotool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// picture is what the screen shows. The file is an XWD dump, version 7: twenty-five 32-bit
// big-endian words, the window's name, the colour map of 12 bytes an entry, then the lines.
func (d *display) picture() (*image.NRGBA, error) {
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

func writePNG(name string, img image.Image) error {
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

func pixels(v float32) string { return strconv.Itoa(int(v)) }
