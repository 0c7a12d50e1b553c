package gui

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// asker answers the questions of a job with dialogs. A job calls it from its own goroutine;
// each call shows a dialog through fyne.Do and waits for the person or for its context.
type asker struct {
	dialogs *widgets.Dialogs
	events  func(workflow.Event) // on the UI goroutine
	// words says a confirmation in the person's language; on the UI goroutine.
	words func(workflow.Confirmation) (title, text string)
	// practicePIN is that of the practice tokens, "" outside of a rehearsal; on the UI goroutine.
	practicePIN func() string

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

// tokenName is a token as a person tells it from another.
func tokenName(label, serial string) string {
	if serial == "" {
		return label
	}
	return label + " (" + serial + ")"
}

// PIN asks once for one attempt.
func (a *asker) PIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	return a.secret(ctx, t("pin.title"), t("pin.label"), func(content *fyne.Container) {
		content.Add(widgets.Flush(widgets.Wrapped(t("pin.text", map[string]any{"Token": tokenName(r.Token, r.Serial)}))))
		if r.Context {
			content.Add(widgets.Flush(widgets.Wrapped(t("pin.again"))))
		}
		switch {
		case r.FinalTry:
			content.Add(widgets.NewNotice(widgets.DangerNotice, t("pin.final")))
		case r.CountLow:
			content.Add(widgets.NewNotice(widgets.WarningNotice, t("pin.low")))
		}
		if pin := a.practicePIN(); pin != "" {
			content.Add(widgets.Flush(widgets.QuietText(t("tokens.practice-pin", map[string]any{"PIN": pin}))))
		}
	})
}

// Password asks for a node's password.
func (a *asker) Password(ctx context.Context, node, user string) ([]byte, error) {
	return a.secret(ctx, t("password.title"), t("password.label"), func(content *fyne.Container) {
		content.Add(widgets.Flush(widgets.Wrapped(t("password.text", map[string]any{"Node": node, "User": user}))))
	})
}

// secret asks for one; explain fills in what stands above the field.
func (a *asker) secret(ctx context.Context, title, label string, explain func(*fyne.Container)) ([]byte, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		entry := widgets.NewSecretField()
		content := container.NewVBox()
		explain(content)
		content.Add(widgets.Form(label, entry))
		q := widgets.NewQuestion(a.dialogs, title, content, t("button.ok"), t("button.cancel"), false)
		q.First = entry
		q.Check = func() bool { return entry.Text != "" }
		q.OnAnswer = func(yes bool) {
			secret := entry.Take()
			if !yes {
				clear(secret)
				end(nil)
				return
			}
			end(&answer{secret: secret, yes: true})
		}
		q.Show()
		return func() { q.Answer(false) }
	})
	if err != nil {
		return nil, err
	}
	return got.secret, nil
}

// newPIN asks twice and goes on only when both are the same.
func (a *asker) newPIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		first, again := widgets.NewSecretField(), widgets.NewSecretField()
		note := container.NewVBox()
		content := container.NewVBox(widgets.Flush(widgets.Wrapped(t("pin.new.text", map[string]any{"Token": tokenName(r.Token, r.Serial)}))),
			widgets.Form(t("pin.new"), first, t("pin.repeat"), again), note)
		q := widgets.NewQuestion(a.dialogs, t("tokens.pin"), content, t("button.ok"), t("button.cancel"), false)
		q.First = first
		q.Check = func() bool {
			note.RemoveAll()
			if first.Text == "" || first.Text != again.Text {
				note.Add(widgets.NewNotice(widgets.WarningNotice, t("pin.differ")))
				return false
			}
			return true
		}
		q.OnAnswer = func(yes bool) {
			secret, other := first.Take(), again.Take()
			clear(other)
			if !yes {
				clear(secret)
				end(nil)
				return
			}
			end(&answer{secret: secret, yes: true})
		}
		first.OnSubmitted = func(string) { a.dialogs.Window.Canvas().Focus(again) }
		q.Show()
		return func() { q.Answer(false) }
	})
	if err != nil {
		return nil, err
	}
	return got.secret, nil
}

// Identity shows a fingerprint that is met for the first time.
func (a *asker) Identity(ctx context.Context, node, kind, fingerprint string) (bool, error) {
	return a.confirm(ctx, func() *widgets.Question {
		print := widget.NewLabelWithStyle(bothForms(fingerprint), fyne.TextAlignLeading, fyne.TextStyle{Monospace: true})
		print.Wrapping = fyne.TextWrapBreak
		content := container.NewVBox(
			widgets.Flush(widgets.Wrapped(t("identity.text", map[string]any{"Node": node, "Kind": kind}))),
			widgets.Flush(print), widgets.NewCopyButton(t("button.copy"), func() string { return fingerprint }),
			widgets.NewNotice(widgets.InfoNotice, t("identity.advice")))
		return widgets.NewQuestion(a.dialogs, t("identity.title"), content, t("identity.keep"), t("button.cancel"), true)
	})
}

// losesPhones reports a danger that ends with phones cleared by hand.
func losesPhones(c workflow.Confirmation) bool {
	return len(c.Plan.Lost()) > 0 || slices.ContainsFunc(c.Hazards, func(h hazard.Hazard) bool { return h.Consequence.LosesPhones() })
}

// Confirm asks whether to go on.
func (a *asker) Confirm(ctx context.Context, c workflow.Confirmation) (bool, error) {
	return a.confirm(ctx, func() *widgets.Question {
		title, text := a.words(c)
		content := container.NewVBox(widgets.Flush(widgets.Wrapped(text)))
		for _, h := range c.Hazards {
			if c.Danger && h.Severity != hazard.Danger {
				continue // the review has shown it; here is only what is to be accepted
			}
			content.Add(widgets.NewNotice(noticeOf(h.Severity), message.Sentence(strings.TrimSpace(say(h.Message)))))
		}
		yes := t("button.continue")
		switch e := c.Plan.Earlier(); {
		case c.Danger && !losesPhones(c):
			yes = t("confirm.accept-danger")
		case c.Danger:
			yes = t("confirm.accept-loss")
		case e != nil && e.Back:
			yes = t("result.take-back.yes")
		}
		return widgets.NewQuestion(a.dialogs, title, content, yes, t("button.cancel"), c.Danger || c.Undescribed)
	})
}

// confirm waits for the yes or no of a question.
func (a *asker) confirm(ctx context.Context, make func() *widgets.Question) (bool, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		q := make()
		q.OnAnswer = func(yes bool) { end(&answer{yes: yes}) }
		q.Show()
		return func() { q.Answer(false) }
	})
	if err != nil {
		return false, err
	}
	return got.yes, nil
}
