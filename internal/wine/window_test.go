//go:build linux

package wine

import (
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/ctlbuild/ctltest"
	"ctlclient/internal/xvfb"
)

// seat is a Windows desktop with one program in it, started by a parent named explorer.exe and
// without standard handles, as Explorer does it.
type seat struct {
	t     *testing.T
	d     *xvfb.Display
	cmd   *exec.Cmd
	ended chan struct{}
	said  *log // by Wine
}

// log is what a program writes while somebody reads it.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// sit starts the desktop program with arguments.
func sit(t *testing.T, d *xvfb.Display, args ...string) *seat {
	t.Helper()
	size := "/desktop=" + strings.ReplaceAll(t.Name(), "/", "-") + ",1180x780"
	s := &seat{t: t, d: d, ended: make(chan struct{}), said: &log{}}
	s.cmd = tool("wine", append([]string{"explorer", size, `C:\explorer.exe`, windows(filepath.Join(*programs, "ctlclient-desktop.exe"))}, args...)...)
	s.cmd.Env = append(s.cmd.Env, "DISPLAY="+d.Name)
	s.cmd.Stderr = s.said
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = tool("wineserver", "-k").Run()
		<-s.ended
	})
	return s
}

// until waits for a picture.
func (s *seat) until(what string, holds func(image.Image) bool) image.Image {
	s.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		img, err := s.d.Picture()
		if err == nil && holds(img) {
			if *screens != "" {
				name := filepath.Join(*screens, strings.ReplaceAll(s.t.Name(), "/", "-")+".png")
				if err := xvfb.WritePNG(name, img); err != nil {
					s.t.Error(err)
				}
			}
			return img
		}
		select {
		case <-tick.C:
		case <-s.ended:
			s.t.Fatalf("the program ended before %s", what)
		case <-deadline:
			failed := filepath.Join(s.t.ArtifactDir(), "failed.png")
			s.t.Fatalf("waited in vain for %s; the screen: %v, %v", what, failed, xvfb.WritePNG(failed, img))
		}
	}
}

// The colours of the entry of the menu that is open, and of the sign of an error in a box.
var (
	chosen = color.NRGBA{R: 0x0b, G: 0x5d, B: 0x8a, A: 0xff}
	red    = color.NRGBA{R: 0xcc, A: 0xff}
)

// near tells whether a pixel has about this colour.
func near(img image.Image, x, y int, want color.NRGBA) bool {
	r, g, b, _ := img.At(x, y).RGBA()
	far := func(a uint32, b uint8) bool { d := int(a>>8) - int(b); return d > 0x18 || d < -0x18 }
	return !far(r, want.R) && !far(g, want.G) && !far(b, want.B)
}

// hasBox tells whether there is a box with the sign of an error, some hundred pixels large.
func hasBox(img image.Image) bool {
	count := 0
	for y := 100; y < xvfb.Height-100; y++ {
		for x := 100; x < xvfb.Width-100; x++ {
			if near(img, x, y, red) {
				count++
			}
		}
	}
	return count > 100
}

// state is the program's own folder.
func state(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c(), "users", "*", "AppData", "Local", "ctlclient"))
	if err != nil || len(found) != 1 {
		t.Fatalf("state folders: %q, %v", found, err)
	}
	return found[0]
}

// A double click opens the window, and closing it leaves no crash file behind.
func TestWindow(t *testing.T) {
	need(t)
	d := xvfb.New(t)
	s := sit(t, d)
	s.until("Clusters in the menu", func(img image.Image) bool { return near(img, 185, 68, chosen) })
	files := filepath.Join(state(t), "crash-*.txt")
	if names, err := filepath.Glob(files); err != nil || len(names) != 1 {
		t.Errorf("a run has one crash file: %q, %v", names, err)
	}
	d.Xdo(t, "mousemove", "600", "12", "click", "1", "key", "alt+F4")
	<-s.ended
	if names, err := filepath.Glob(files); err != nil || len(names) != 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
}

// "Open with" opens the file in Inspect.
func TestOpenWith(t *testing.T) {
	need(t)
	file := filepath.Join(folder(t), "CTLFile 電.tlv")
	if err := os.WriteFile(file, ctltest.NewCluster(t, 2048).Tokenless(t).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	sit(t, xvfb.New(t), windows(file)).until("Inspect in the menu", func(img image.Image) bool {
		return near(img, 185, 228, chosen)
	})
}

// What goes wrong before there is a window is in a box, with what to do; Wine's trace has its words.
func TestBoxes(t *testing.T) {
	need(t)
	notCTL := filepath.Join(t.TempDir(), "a.tlv")
	if err := os.WriteFile(notCTL, []byte("no list"), 0o600); err != nil {
		t.Fatal(err)
	}
	former := machine.env
	defer func() { machine.env = former }()
	machine.env = append(machine.env, "WINEDEBUG=-all,trace+msgbox")
	for _, test := range []struct {
		name    string
		display []string
		args    []string
		says    string
	}{
		{"flag", nil, []string{"--nope"}, "ctlclient.exe --help tells what there is"},
		{"state", nil, []string{"--state-dir", windows(notCTL)}, "The program cannot write into its own folder"},
		{"file", nil, []string{windows(notCTL + ".not")}, "There is no file"},
		{"no OpenGL", []string{"-extension", "GLX"}, nil, "opengl32.dll of Mesa"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sit(t, xvfb.New(t, test.display...), test.args...)
			s.until("a box", hasBox)
			if said := s.said.String(); !strings.Contains(said, test.says) {
				t.Errorf("no %q in %s", test.says, said)
			}
		})
	}
}
