package gui

import (
	"fmt"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/lab"
)

// picturesEnv names a folder: every screen, dialog and state of the window is drawn into it, in both
// themes, both languages, two sizes and three scales, on a small cluster and a large one, to be
// looked at. That takes minutes.
//
//	CTLCLIENT_PICTURES=/tmp/pictures go test ./gui -run TestPictures -timeout 30m
const picturesEnv = "CTLCLIENT_PICTURES"

// The looks of one walk, which is a process of its own: the language of a program is that of its
// environment, and its theme is chosen before the first widget is made.
const (
	lookEnv  = "CTLCLIENT_LOOK" // large or small
	themeEnv = "FYNE_THEME"     // light or dark
	drawEnv  = "CTLCLIENT_DRAW" // the folder, "" to look and draw nothing
	localEnv = "LC_ALL"
)

// inVariant is the program's theme, light or dark whatever the system says.
type inVariant struct {
	fyne.Theme
	variant fyne.ThemeVariant
}

func (v inVariant) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return v.Theme.Color(name, v.variant)
}

// look is one way to see the window: its size in pixels, and how large a unit is.
type look struct {
	name          string
	width, height float32
	scale         float32
}

// looks are what people have: the smallest window and the one of the first start, on a plain
// screen and on those that make everything larger. The smallest window stays as many pixels.
var looks = []look{
	{"1024x700", 1024, 700, 1},
	{"1180x780", firstWidth, firstHeight, 1},
	{"1024x700-125", 1024, 700, 1.25},
	{"1180x780-125", firstWidth * 1.25, firstHeight * 1.25, 1.25},
	{"1024x700-200", 1024, 700, 2},
	{"1180x780-200", firstWidth * 2, firstHeight * 2, 2},
}

// in makes the window as a look has it. Text that wraps knows its height at the
// second layout, and what holds it at the third; the desktop lays out until nothing changes.
func (b *bench) in(l look) {
	c := b.s.window.Canvas()
	c.(software.WindowlessCanvas).SetScale(l.scale)
	size := fyne.NewSize(l.width/l.scale, l.height/l.scale)
	b.s.window.Resize(size.AddWidthHeight(1, 0))
	b.s.window.Resize(size)
	for range 4 {
		c.Content().Refresh()
		if top := c.Overlays().Top(); top != nil {
			top.Refresh()
		}
	}
}

// draw keeps a picture of the window.
func (b *bench) draw(name string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, b.s.window.Canvas().Capture()); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// TestLook is one walk, started by the tests below.
func TestLook(t *testing.T) {
	which, dir := os.Getenv(lookEnv), os.Getenv(drawEnv)
	if which == "" {
		t.Skip("the tests of the window's looks start it")
	}
	o, phones := lab.Options{}, 0
	if which == "large" {
		o, phones = lab.Options{Nodes: 27, Firewall: true}, 5000
	}
	w := newWalker(t, o, phones)
	variant := theme.VariantLight
	if os.Getenv(themeEnv) == "dark" {
		variant = theme.VariantDark
	}
	fyne.CurrentApp().Settings().SetTheme(inVariant{widgets.NewTheme(), variant})
	these := looks
	if dir == "" { // the hardest of each kind are enough to find what is cut
		these = []look{looks[0], looks[4]}
	}
	told := map[string]bool{}
	w.at = func(name string) {
		w.Helper()
		if strings.HasPrefix(os.Getenv(localEnv), "pt") {
			for _, text := range w.texts() {
				if word := englishIn(text); word != "" && !told[text] {
					told[text] = true
					w.Errorf("%s: the English word %q: %s", name, strings.TrimSpace(word), text)
				}
			}
		}
		for _, l := range these {
			w.in(l)
			for _, fault := range w.faults() {
				w.Errorf("%s, %s: %s", name, l.name, fault)
			}
			if dir != "" {
				w.draw(filepath.Join(dir, l.name, name+".png"))
			}
		}
	}
	w.walk()
}

// walkIn starts a walk in a process of its own.
func walkIn(t *testing.T, which, theme, language, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLook$", "-test.timeout=20m")
	cmd.Env = append(os.Environ(), lookEnv+"="+which, themeEnv+"="+theme, localEnv+"="+language+".UTF-8", "LANG="+language+".UTF-8", drawEnv+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Nothing is cut, hidden or written over, on any screen and in any dialog, in the language that
// needs more room; and nothing of it is English.
func TestNothingIsCut(t *testing.T) {
	needSoftHSM(t)
	walkIn(t, "small", "light", "pt_BR", "")
}

// The whole matrix, with pictures of all of it.
func TestPictures(t *testing.T) {
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		t.Skip(picturesEnv + " names no folder")
	}
	needSoftHSM(t)
	for _, which := range []string{"small", "large"} {
		for _, theme := range []string{"light", "dark"} {
			for _, language := range []string{"en_US", "pt_BR"} {
				name := fmt.Sprintf("%s-%s-%s", which, theme, language)
				t.Run(name, func(t *testing.T) { walkIn(t, which, theme, language, filepath.Join(dir, name)) })
			}
		}
	}
}
