package gui

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"ctlclient/token"
	"ctlclient/workflow"
)

// say shows good news.
func (s *shell) say(text string) {
	q := newQuestion(s.window, t("app.title"), newNotice(goodNotice, text), t("button.close"), "", false)
	q.onlyYes()
	q.show()
}

// failUnlessStopped shows an error unless the person stopped the job.
func (s *shell) failUnlessStopped(what string, err error) {
	var e *workflow.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &e) && e.Reason == workflow.Declined {
		s.status.text.SetText(t("status.stopped"))
		return
	}
	s.fail(what, err)
}

func errIncomplete() error { return errors.New(t("entries.incomplete")) }

// sha1Text is a digest as show ctl prints it.
func sha1Text(der []byte) string {
	sum := sha1.Sum(der)
	return fmt.Sprintf("% X", sum[:])
}

// newPIN asks twice and goes on only when both are the same.
func (a *asker) newPIN(ctx context.Context, r token.PINRequest) ([]byte, error) {
	got, err := a.wait(ctx, func(end func(*answer)) func() {
		first, again := newSecretEntry(), newSecretEntry()
		note := container.NewVBox()
		form := container.New(layout.NewFormLayout(),
			widget.NewLabel(t("pin.new")), first, widget.NewLabel(t("pin.repeat")), again)
		d := newQuestion(a.window, t("tokens.pin"),
			container.NewVBox(wrapped(t("pin.new.text", map[string]any{"Token": r.Token})), form, note),
			t("button.ok"), t("button.cancel"), false)
		d.check = func() bool {
			note.RemoveAll()
			if first.Text == "" || first.Text != again.Text {
				note.Add(newNotice(warningNotice, t("pin.differ")))
				return false
			}
			return true
		}
		d.onAnswer = func(yes bool) {
			secret, other := first.take(), again.take()
			clear(other)
			if !yes {
				end(nil)
				return
			}
			end(&answer{secret: secret, yes: true})
		}
		for _, e := range []*secretEntry{first, again} {
			e.onEscape = func() { d.answer(false) }
		}
		first.onSubmit = func() { a.window.Canvas().Focus(again) }
		again.onSubmit = func() { d.answer(true) }
		d.show()
		a.window.Canvas().Focus(first)
		return func() { d.answer(false) }
	})
	if err != nil {
		return nil, err
	}
	return got.secret, nil
}
