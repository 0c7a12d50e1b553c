package gui

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/adrg/xdg"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/workflow"
)

// tr is t, whose name tests need for themselves.
func tr(key string, data ...any) string { return t(key, data...) }

// patience bounds every wait; nothing is asserted about how long something takes.
const patience = time.Minute

// bench is the program's window on the toolkit's test driver. The test's goroutine is the UI
// goroutine: what tasks hand over waits in a queue until a test runs it, so that a test sees
// each state of the window and nothing touches a widget behind its back.
type bench struct {
	*testing.T
	s       *shell
	queue   chan func()
	options Options
}

// queuedApp and queuedDriver put fyne.Do into a queue. The toolkit's own test driver runs it
// at once on whatever goroutine called, which real drivers never do.
type queuedApp struct {
	fyne.App
	driver queuedDriver
}

func (a queuedApp) Driver() fyne.Driver { return a.driver }

type queuedDriver struct {
	fyne.Driver
	queue chan func()
}

func (d queuedDriver) DoFromGoroutine(f func(), wait bool) {
	if wait {
		panic("fyne.DoAndWait is never called in this package")
	}
	d.queue <- f
}

var translated = sync.OnceValue(loadTranslations)

// newBench opens the window on folders of its own.
func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(home, "state"))
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	if err := translated(); err != nil {
		t.Fatal(err)
	}
	app := test.NewTempApp(t)
	b := &bench{T: t, queue: make(chan func(), 1000), options: o}
	queued := queuedApp{App: app, driver: queuedDriver{Driver: app.Driver(), queue: b.queue}}
	fyne.SetCurrentApp(queued)
	app.Settings().SetTheme(widgets.NewTheme())
	if o.Session.Modules == nil {
		// No token of the machine that runs the tests counts.
		o.Session.Modules = []string{filepath.Join(home, "no-module.so")}
	}
	b.s = newShell(t.Context(), queued, o)
	b.s.window.Resize(fyne.NewSize(1180, 780))
	t.Cleanup(b.close)
	return b
}

// close ends the window's work; what it still hands over is dropped.
func (b *bench) close() {
	done := make(chan error)
	go func() { done <- b.s.close() }()
	for {
		select {
		case <-b.queue:
		case err := <-done:
			if err != nil {
				b.Error(err)
			}
			return
		}
	}
}

// until runs what tasks hand over until a condition holds. Only what runs here changes the
// window, so that between two looks there is nothing to wait for but the queue.
func (b *bench) until(what string, holds func() bool) {
	b.Helper()
	deadline := time.After(patience)
	for !holds() {
		select {
		case f := <-b.queue:
			f()
		case <-deadline:
			b.Fatalf("waited in vain for %s; the window says:\n%s", what, strings.Join(b.texts(), "\n"))
		}
	}
}

// idle waits until no task runs.
func (b *bench) idle() {
	b.Helper()
	b.until("the end of all work", func() bool { return len(b.s.tasks.running()) == 0 })
}

// front is the dialog where there is one, else the screen.
func (b *bench) front() fyne.CanvasObject {
	if top := b.s.window.Canvas().Overlays().Top(); top != nil {
		return top
	}
	return b.s.body
}

func (b *bench) dialogOpen() bool { return b.s.window.Canvas().Overlays().Top() != nil }

// texts is what can be read in front.
func (b *bench) texts() []string {
	var texts []string
	for _, o := range test.LaidOutObjects(b.front()) {
		switch o := o.(type) {
		case interface{ Text() string }: // a table or a text, also what is out of sight
			texts = append(texts, o.Text())
		case fyne.Widget:
			// Labels, buttons and fields, and what is made of them.
			if f := reflect.Indirect(reflect.ValueOf(o)).FieldByName("Text"); f.IsValid() && f.Kind() == reflect.String {
				texts = append(texts, f.String())
			}
		}
	}
	return texts
}

func (b *bench) says(part string) bool {
	for _, text := range b.texts() {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// mustSay fails unless everything can be read in front.
func (b *bench) mustSay(parts ...string) {
	b.Helper()
	for _, part := range parts {
		if !b.says(part) {
			b.Errorf("%q cannot be read; these can:\n%s", part, strings.Join(b.texts(), "\n"))
		}
	}
}

// untilSays waits for a text in front.
func (b *bench) untilSays(part string) {
	b.Helper()
	b.until("the text "+part, func() bool { return b.says(part) })
}

// pressable is a button, also one of our own.
type pressable interface {
	fyne.Tappable
	fyne.Disableable
	fyne.Accessible
}

// button finds a button in front by the key of its text; a question leaves the dots of what
// led to it out.
func (b *bench) button(key string) pressable {
	b.Helper()
	var short pressable
	for _, o := range test.LaidOutObjects(b.front()) {
		p, ok := o.(pressable)
		switch {
		case ok && p.AccessibilityLabel() == tr(key):
			return p
		case ok && p.AccessibilityLabel() == strings.TrimSuffix(tr(key), "…"):
			short = p
		}
	}
	if short == nil {
		b.Fatalf("no button %q; the window says:\n%s", tr(key), strings.Join(b.texts(), "\n"))
	}
	return short
}

// tap works a button that must be able to.
func (b *bench) tap(key string) {
	b.Helper()
	button := b.button(key)
	if button.Disabled() {
		b.Fatalf("the button %q is disabled", tr(key))
	}
	test.Tap(button)
}

// textField is a field of one line, also one of our own.
type textField interface {
	fyne.Focusable
	SetText(string)
	SetPlaceHolder(string)
}

// on waits for a screen, with no dialog before it and no work behind it.
func (b *bench) on(id screenID) {
	b.Helper()
	b.until("screen "+string(id), func() bool {
		return b.s.current == id && !b.dialogOpen() && len(b.s.tasks.running()) == 0
	})
}

// typeSecret answers the question for a PIN or password.
func (b *bench) typeSecret(label, secret string) {
	b.Helper()
	b.until("the question", func() bool { return b.dialogOpen() && b.says(tr(label)) })
	entry, ok := b.s.window.Canvas().Focused().(textField)
	if !ok {
		b.Fatalf("the focus is on %T, not on the field", b.s.window.Canvas().Focused())
	}
	entry.SetText(secret)
	entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// practised is a bench with a lab and two practice tokens, connected.
type practised struct {
	*bench
	lab    *lab.Lab
	store  *softhsm.Store
	tokens []*softhsm.Token
}

// needSoftHSM makes a store of tokens, or skips where SoftHSM2 is not installed.
func needSoftHSM(t *testing.T) *softhsm.Store {
	t.Helper()
	t.Setenv("SOFTHSM2_CONF", "")
	store, err := softhsm.New(t.TempDir())
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return store
}

// newPractised starts lab and window, and waits until the overview and both tokens are there.
func newPractised(t *testing.T, o lab.Options) *practised {
	t.Helper()
	p := &practised{store: needSoftHSM(t)}
	for _, label := range []string{"SAST-1", "SAST-2"} {
		tok, err := p.store.Create(softhsm.Spec{Label: label})
		if err != nil {
			t.Fatal(err)
		}
		p.tokens = append(p.tokens, tok)
	}
	p.startLab(t, o)
	p.bench = newBench(t, Options{Session: workflow.Options{
		Modules: []string{alone(p.store)}, StateDir: t.TempDir()}})
	p.connect()
	p.until("both tokens", func() bool { return len(p.s.model.tokens) == 2 })
	return p
}

func (p *practised) startLab(t *testing.T, o lab.Options) {
	t.Helper()
	o.Dir = t.TempDir()
	var err error
	if p.lab, err = lab.Up(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := p.lab.RestartPhones(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (p *practised) connect() {
	p.Helper()
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		p.Fatal(err)
	}
	p.s.connect(profile)
	p.on(screenOverview)
}

// trustTokens does what the upload page does.
func (p *practised) trustTokens() {
	p.Helper()
	for _, tok := range p.tokens {
		if err := p.lab.TrustCertificate(tok.Certificate); err != nil {
			p.Fatal(err)
		}
	}
}

// served is the MD5 of what every node serves.
func (p *practised) served() map[string]string {
	sums := map[string]string{}
	for _, n := range p.lab.Status().Nodes {
		sums[n.Name] = n.CTL
	}
	return sums
}

// scripted answers a job's questions as the command line's flags would.
type scripted struct {
	workflow.UI
	pin string
}

func (scripted) Event(workflow.Event) {}
func (scripted) Confirm(context.Context, workflow.Confirmation) (bool, error) {
	return true, nil
}

// focusTable is the first table in front.
func focusTable(b *bench) *widgets.Table {
	b.Helper()
	for _, o := range test.LaidOutObjects(b.front()) {
		if tb, ok := o.(*widgets.Table); ok {
			return tb
		}
	}
	b.Fatal("no table in front")
	return nil
}
