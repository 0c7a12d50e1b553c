package gui

import (
	"context"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/token"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// asker answers the questions of a job with dialogs. A job calls it from its own goroutine;
// each call shows a dialog through fyne.Do and waits for the person or for its context.
type asker struct {
	window fyne.Window
	events func(workflow.Event) // on the UI goroutine

	mu      sync.Mutex
	pending []workflow.Event
	posted  bool
}

var _ workflow.UI = (*asker)(nil)

// eventInterval is how often a fast job reaches the screen: about ten times a second.
const eventInterval = 100 * time.Millisecond

// Event gathers what a job reports and hands it on in batches.
func (a *asker) Event(e workflow.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = append(a.pending, e)
	if a.posted {
		return
	}
	a.posted = true
	time.AfterFunc(eventInterval, func() { fyne.Do(a.flush) })
}

// flush runs on the UI goroutine.
func (a *asker) flush() {
	a.mu.Lock()
	batch := a.pending
	a.pending, a.posted = nil, false
	a.mu.Unlock()
	for _, e := range batch {
		a.events(e)
	}
}

// answer of a dialog.
type answer struct {
	secret []byte
	yes    bool
}

// wait shows a dialog and waits. show gets a function that ends the dialog with an answer and
// returns one that closes it; a nil answer is "cancelled".
func (a *asker) wait(ctx context.Context, show func(end func(*answer)) (closeIt func())) (*answer, error) {
	answers := make(chan *answer, 1)
	closing := make(chan func(), 1)
	fyne.Do(func() {
		a.flush()
		var once sync.Once
		closing <- show(func(got *answer) { once.Do(func() { answers <- got }) })
	})
	select {
	case got := <-answers:
		if got == nil {
			return nil, context.Canceled
		}
		return got, nil
	case <-ctx.Done():
		go func() {
			hide := <-closing
			fyne.Do(hide)
		}()
		return nil, ctx.Err()
	}
}

// PIN asks once for one attempt.
func (a *asker) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	name := r.Token
	if r.Serial != "" {
		name += " (" + r.Serial + ")"
	}
	lines := []string{t("pin.text", map[string]any{"Token": name})}
	if r.Context {
		lines = append(lines, t("pin.again"))
	}
	warning := ""
	switch {
	case r.FinalTry:
		warning = t("pin.final")
	case r.CountLow:
		warning = t("pin.low")
	}
	return a.secret(ctx, t("pin.title"), strings.Join(lines, "\n"), warning, t("pin.label"))
}

// Password asks for a node's password.
func (a *asker) Password(ctx context.Context, node, user string) ([]byte, error) {
	return a.secret(ctx, t("password.title"),
		t("password.text", map[string]any{"Node": node, "User": user}), "", t("password.label"))
}

func (a *asker) secret(ctx context.Context, title, text, warning, label string) ([]byte, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		entry := newSecretEntry()
		form := container.New(layout.NewFormLayout(), widget.NewLabel(label), entry)
		content := container.NewVBox(wrapped(text))
		if warning != "" {
			content.Add(newNotice(warningNotice, warning))
		}
		content.Add(form)
		d := newQuestion(a.window, title, content, t("button.ok"), t("button.cancel"), false)
		d.onAnswer = func(yes bool) {
			secret := entry.take()
			if !yes {
				end(nil)
				return
			}
			end(&answer{secret: secret, yes: true})
		}
		entry.onSubmit = func() { d.answer(true) }
		entry.onEscape = func() { d.answer(false) }
		d.show()
		a.window.Canvas().Focus(entry)
		return func() { d.answer(false) }
	})
	if err != nil {
		return nil, err
	}
	return got.secret, nil
}

// Identity shows a fingerprint that is met for the first time.
func (a *asker) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		print := widget.NewLabelWithStyle(fingerprint, fyne.TextAlignLeading, fyne.TextStyle{Monospace: true})
		print.Selectable = true
		content := container.NewVBox(
			wrapped(t("identity.text", map[string]any{"Node": node, "Kind": kind})),
			print,
			wrapped(t("identity.advice")))
		d := newQuestion(a.window, t("identity.title"), content, t("identity.keep"), t("button.cancel"), true)
		d.onAnswer = func(yes bool) { end(&answer{yes: yes}) }
		d.show()
		return func() { d.answer(false) }
	})
	if err != nil {
		return false, err
	}
	return got.yes, nil
}

// Confirm asks whether to go on.
func (a *asker) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		content := container.NewVBox(wrapped(c.Text))
		for _, h := range c.Hazards {
			if c.Danger && h.Severity != trust.Danger {
				continue // the review has shown it; here is only what is to be accepted
			}
			content.Add(newNotice(noticeOf(h.Severity), h.Message))
		}
		yes := t("button.continue")
		if c.Danger {
			yes = t("confirm.accept-loss")
		}
		d := newQuestion(a.window, c.Title, content, yes, t("button.cancel"), c.Danger || c.Undescribed)
		d.onAnswer = func(yes bool) { end(&answer{yes: yes}) }
		d.show()
		return func() { d.answer(false) }
	})
	if err != nil {
		return false, err
	}
	return got.yes, nil
}

// question is a dialog with two buttons that Enter and Escape answer.
type question struct {
	window   fyne.Window
	dialog   *dialog.CustomDialog
	yes      *widget.Button
	no       *widget.Button
	careful  bool // Enter does not mean yes
	done     bool
	check    func() bool // asked before yes; nil: yes is always possible
	onAnswer func(yes bool)
	typed    func(*fyne.KeyEvent)
}

func newQuestion(w fyne.Window, title string, content fyne.CanvasObject, yes, no string, careful bool) *question {
	q := &question{window: w, careful: careful}
	q.yes = widget.NewButtonWithIcon(yes, theme.ConfirmIcon(), func() { q.answer(true) })
	q.yes.Importance = widget.HighImportance
	if careful {
		q.yes.Importance = widget.WarningImportance
	}
	q.no = widget.NewButtonWithIcon(no, theme.CancelIcon(), func() { q.answer(false) })
	q.dialog = dialog.NewCustomWithoutButtons(title, content, w)
	q.dialog.SetButtons([]fyne.CanvasObject{q.no, q.yes})
	return q
}

// onlyYes leaves one button: nothing is asked, only told.
func (q *question) onlyYes() {
	q.dialog.SetButtons([]fyne.CanvasObject{q.yes})
	if q.onAnswer == nil {
		q.onAnswer = func(bool) {}
	}
}

func (q *question) show() {
	q.typed = q.window.Canvas().OnTypedKey()
	q.window.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyEscape:
			q.answer(false)
		case fyne.KeyReturn, fyne.KeyEnter:
			if !q.careful {
				q.answer(true)
			}
		}
	})
	q.dialog.Show()
	// Text that wraps knows its height only once it knows its width.
	width := max(q.dialog.MinSize().Width, 620)
	for range 2 {
		q.dialog.Resize(fyne.NewSize(width, q.dialog.MinSize().Height))
	}
}

func (q *question) answer(yes bool) {
	if q.done || yes && q.check != nil && !q.check() {
		return
	}
	q.done = true
	q.window.Canvas().SetOnTypedKey(q.typed)
	q.dialog.Hide()
	q.onAnswer(yes)
}

// secretEntry is a password field that answers Enter and Escape and forgets what it held.
type secretEntry struct {
	widget.Entry
	onSubmit, onEscape func()
}

func newSecretEntry() *secretEntry {
	e := &secretEntry{}
	e.Password = true
	e.ExtendBaseWidget(e)
	e.OnSubmitted = func(string) { e.onSubmit() }
	return e
}

// TypedKey adds Escape.
func (e *secretEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.onEscape()
		return
	}
	e.Entry.TypedKey(k)
}

// take empties the field and returns what was typed. Fyne keeps text as strings, which Go
// cannot wipe: the bytes returned are the only copy that this program makes.
func (e *secretEntry) take() []byte {
	secret := []byte(e.Text)
	e.SetText("")
	return secret
}
