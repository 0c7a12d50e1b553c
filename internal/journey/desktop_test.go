//go:build !nogui && linux

package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ctlclient/internal/xvfb"
)

// Pictures are kept where this says; nothing compares them.
var screensDir = flag.String("screens", "", "write a picture of every screen into this folder")

// patience is until a condition that does not come true fails the test.
var patience = flag.Duration("patience", 4*time.Minute, "how long the person waits for what does not come")

const poll = 15 * time.Millisecond // between two looks

// smallest is the window in which every screen must find room, less a frame and a title.
var smallest = [2]float32{1024, 700}

// tableKind is the Kind of a table that has the focus.
const tableKind = "*widgets.Table"

// program is the built desktop program.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "journey-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "ctlclient")
		build := exec.Command("go", "build", "-tags", "accessibility,trace", "-o", program, "ctlclient/cmd/ctlclient")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "the desktop program does not build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// state is one line of the program's trace.
type state struct {
	Screen string
	Dialog bool
	Texts  []string
	Focus  *item
	Busy   []string
	Status string
	Rows   []item // of the tables in front, those in sight
	Heads  []item // their titles, as wide as their columns
	Menu   []item // of the menu that is open
	// Pointer is where the window takes the mouse to be.
	Pointer [2]float32
	Least   [2]float32 // width and height below which the window cannot be made
}

type item struct {
	ID                  string // of a widget, wherever it moves
	Label, Kind, Text   string
	X, Y, Width, Height float32
}

// has reports whether a text holds part.
func (s state) has(part string) bool {
	return slices.ContainsFunc(s.Texts, func(text string) bool { return strings.Contains(text, part) })
}

// desktop is the running program, and the person before it.
type desktop struct {
	t     *testing.T
	d     *xvfb.Display
	home  string
	texts map[string]string // of the language it runs in
	cmd   *exec.Cmd
	log   *bytes.Buffer
	ended chan struct{}
	exit  error // once ended is closed
	trace *os.File
	rest  []byte
	last  state
}

// homeOf is a home folder for the test. Its name is seen in pictures, so that it is a plain one there.
func homeOf(t *testing.T) string {
	t.Helper()
	if *screensDir == "" {
		return t.TempDir()
	}
	for n := 1; ; n++ {
		plain := filepath.Join(os.TempDir(), fmt.Sprintf("rehearsal-%d", n))
		switch err := os.Mkdir(plain, 0o700); {
		case err == nil:
			t.Cleanup(func() { _ = os.RemoveAll(plain) })
			return plain
		case !errors.Is(err, fs.ErrExist):
			t.Fatal(err)
		}
	}
}

// environment is a machine of its own: no setting of the person who runs the tests counts.
func environment(home string, more ...string) []string {
	env := []string{"HOME=" + home, "PATH=" + filepath.Join(home, "bin") + ":" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_DATA_HOME=" + filepath.Join(home, "data"),
		"XDG_STATE_HOME=" + filepath.Join(home, "state"), "XDG_RUNTIME_DIR=" + filepath.Join(home, "run"),
		"LIBGL_ALWAYS_SOFTWARE=1", "FYNE_SCALE=1"}
	return append(env, more...)
}

// open starts the program. lang is a locale such as en_US, theme light or dark.
func open(t *testing.T, d *xvfb.Display, home, lang, theme string, more ...string) *desktop {
	t.Helper()
	file := map[string]string{"en_US": "en.json", "pt_BR": "pt-BR.json"}[lang]
	data, err := os.ReadFile(filepath.Join("..", "..", "gui", "translations", file))
	if err != nil {
		t.Fatal(err)
	}
	p := &desktop{t: t, d: d, home: home, log: &bytes.Buffer{}, ended: make(chan struct{})}
	if err := json.Unmarshal(data, &p.texts); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	if p.trace, err = os.OpenFile(trace, os.O_CREATE|os.O_RDONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(program)
	p.cmd.Env = environment(home, "DISPLAY="+d.Name, "LANG="+lang+".UTF-8", "FYNE_THEME="+theme, "CTLCLIENT_TRACE="+trace)
	p.cmd.Env = append(p.cmd.Env, more...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.exit = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		_ = p.trace.Close()
	})
	p.until("the first screen", func(s state) bool { return s.Screen != "" && len(s.Busy) == 0 })
	// There is no window manager that would give the window the keyboard.
	d.Xdo(t, "search", "--sync", "--onlyvisible", "--name", p.text("app.title"), "windowfocus", "--sync")
	return p
}

// close ends the program as a session's end does, and looks for what it complained about.
func (p *desktop) close() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(*patience):
		p.fail("the program does not end")
	}
	var exit *exec.ExitError
	if p.exit != nil && !(errors.As(p.exit, &exit) && exit.ExitCode() == 130) {
		p.t.Errorf("the program ended with %v", p.exit)
	}
	p.checkLog()
}

// checkLog fails on what the toolkit writes when a widget is touched from a wrong goroutine,
// and on its other errors.
func (p *desktop) checkLog() {
	p.t.Helper()
	// The toolkit watches its file of settings and now and then reads it while it writes it.
	log := strings.ReplaceAll(p.log.String(), "Fyne error:  Preferences load error:", "")
	for _, bad := range []string{"*** Error in Fyne call thread", "Fyne error:", "panic", "DATA RACE"} {
		if strings.Contains(log, bad) {
			p.t.Errorf("the program complained:\n%s", p.log)
			return
		}
	}
}

// text is a key's text in the language of the program.
func (p *desktop) text(key string) string {
	p.t.Helper()
	text, ok := p.texts[key]
	if !ok {
		p.t.Fatalf("no text for %q", key)
	}
	return text
}

// now reads on in the trace.
func (p *desktop) now() state {
	buf := make([]byte, 64<<10)
	for {
		n, _ := p.trace.Read(buf)
		if n == 0 {
			break
		}
		p.rest = append(p.rest, buf[:n]...)
	}
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			return p.last
		}
		p.rest = rest
		var s state
		if err := json.Unmarshal(line, &s); err != nil {
			p.t.Fatalf("trace: %v: %s", err, line)
		}
		if s.Least != p.last.Least && (s.Least[0] > smallest[0] || s.Least[1] > smallest[1]) {
			p.t.Errorf("screen %s needs %.0fx%.0f", s.Screen, s.Least[0], s.Least[1])
		}
		p.last = s
	}
}

func (p *desktop) fail(format string, args ...any) {
	p.t.Helper()
	state := p.now()
	state.Heads = nil
	for i, text := range state.Texts {
		state.Texts[i] = text[:min(len(text), 300)]
	}
	s, _ := json.MarshalIndent(state, "", "  ")
	where := ""
	if img, err := p.d.Picture(); err == nil {
		where = filepath.Join(p.t.ArtifactDir(), "failed.png")
		if err := xvfb.WritePNG(where, img); err != nil {
			where = err.Error()
		}
	}
	p.t.Fatalf("%s\nthe screen (%s): %s\nthe log: %s", fmt.Sprintf(format, args...), where, s, p.log)
}

// until waits for a condition.
func (p *desktop) until(what string, holds func(state) bool) state {
	p.t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	deadline := time.After(*patience)
	for {
		if s := p.now(); holds(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-p.ended:
			p.fail("the program ended (%v) before %s", p.exit, what)
		case <-deadline:
			p.fail("waited in vain for %s", what)
		}
	}
}

// idle waits until nothing is under way.
func (p *desktop) idle() state {
	p.t.Helper()
	return p.until("an end of the work", func(s state) bool { return len(s.Busy) == 0 })
}

// onScreen waits for a screen with no dialog before it and no work behind it.
func (p *desktop) onScreen(id string) state {
	p.t.Helper()
	return p.until("screen "+id, func(s state) bool { return s.Screen == id && !s.Dialog && len(s.Busy) == 0 })
}

// dialog waits for a dialog that says part.
func (p *desktop) dialog(part string) state {
	p.t.Helper()
	return p.until(fmt.Sprintf("a dialog with %q", part), func(s state) bool { return s.Dialog && s.has(part) })
}

func (p *desktop) key(names ...string) {
	p.t.Helper()
	p.d.Xdo(p.t, append([]string{"key"}, names...)...)
}

func (p *desktop) write(text string) {
	p.t.Helper()
	p.d.Xdo(p.t, "type", "--delay", "15", text)
}

// focus presses Tab until the next widget with a label has the focus.
func (p *desktop) focus(label string) item {
	p.t.Helper()
	return p.focusOn(fmt.Sprintf("%q", label), func(f item) bool { return f.Label == label })
}

func (p *desktop) focusOn(what string, is func(item) bool) item {
	p.t.Helper()
	if f := p.resting(); f != nil && is(*f) {
		return *f
	}
	var seen []string
	labels := map[string]string{}
	for range 120 {
		f := p.tab()
		if is(f) {
			return f
		}
		if len(seen) > 1 && f.ID == seen[0] {
			break
		}
		seen, labels[f.ID] = append(seen, f.ID), f.Label
	}
	p.fail("%s cannot be reached by keyboard; these can: %q", what, slices.Collect(maps.Values(labels)))
	return item{}
}

// tab goes to the next control.
func (p *desktop) tab() item {
	p.t.Helper()
	before := p.now().Focus
	p.key("Tab")
	return *p.until("the next focus", func(s state) bool {
		return s.Focus != nil && (before == nil || s.Focus.ID != before.ID)
	}).Focus
}

// resting is what has the focus once it has stopped moving by itself: a dialog that opens takes
// it a moment later, and a Tab pressed before would be answered twice.
func (p *desktop) resting() *item {
	p.t.Helper()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	last := p.now().Focus
	for same := 0; same < 12; same++ {
		<-tick.C
		now := p.now().Focus
		if (now == nil) != (last == nil) || now != nil && *now != *last {
			same = 0
		}
		last = now
	}
	return last
}

// press works a button by keyboard.
func (p *desktop) press(key string) {
	p.t.Helper()
	p.t.Log("press", key)
	label := p.text(key)
	// A question leaves the dots of what led to it out.
	p.focusOn(fmt.Sprintf("%q", label), func(f item) bool { return f.Label == label || f.Label == strings.TrimSuffix(label, "…") })
	p.key("space")
}

// click works a button with the mouse, held for as long as a finger does.
func (p *desktop) click(key string) {
	p.t.Helper()
	f := p.focus(p.text(key))
	// A screen that has just come gives its main control the focus before all is in its place.
	p.settled()
	if now := p.now().Focus; now != nil && now.Label == f.Label {
		f = *now
	}
	p.clickAt(f)
}

// row chooses the n-th row (from 0) that begins with start in the next table: a table
// is one stop of the Tab key, and the arrows go through its rows.
func (p *desktop) row(start string, n int) {
	p.t.Helper()
	p.focusOn("a table", func(f item) bool { return f.Kind == tableKind })
	p.key("Home")
	for at := 1; ; at++ {
		var count int
		row := ""
		p.until(fmt.Sprintf("row %d", at), func(s state) bool {
			if s.Focus == nil {
				return false
			}
			var now int
			_, row, _ = strings.Cut(s.Focus.Label, ": ")
			_, err := fmt.Sscanf(s.Focus.Text, "%d of %d", &now, &count)
			return err == nil && now == at
		})
		if strings.HasPrefix(row, start) {
			if n == 0 {
				return
			}
			n--
		}
		if at == count {
			p.fail("no row starts with %q", start)
		}
		p.key("Down")
	}
}

// shot keeps a picture of the window, once it has stopped changing.
func (p *desktop) shot(name string) {
	p.t.Helper()
	if *screensDir == "" {
		return
	}
	p.d.Xdo(p.t, "mousemove", pixels(xvfb.Width-1), pixels(xvfb.Height-1))
	img := p.settled()
	if err := xvfb.WritePNG(filepath.Join(*screensDir, name+".png"), img); err != nil {
		p.t.Fatal(err)
	}
}

// settled is the picture after which many others were the same. A caret blinks and a wheel
// turns for ever, so that after some seconds any picture will do.
func (p *desktop) settled() *image.NRGBA {
	p.t.Helper()
	var last *image.NRGBA
	same := 0
	tick := time.NewTicker(2 * poll)
	defer tick.Stop()
	for deadline := time.After(4 * time.Second); ; {
		img, err := p.d.Picture()
		if err != nil {
			p.t.Fatal(err)
		}
		if last != nil && bytes.Equal(last.Pix, img.Pix) {
			same++
		} else {
			same = 0
		}
		last = img
		if same >= 30 {
			return img
		}
		select {
		case <-tick.C:
		case <-deadline:
			return img
		}
	}
}
