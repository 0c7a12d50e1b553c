package gui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/cluster/meet"
	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// say shows good news.
func (s *shell) say(text string) { s.tell(widgets.GoodNotice, text) }

// tell shows a sentence.
func (s *shell) tell(kind widgets.NoticeKind, text string) {
	widgets.NewStatement(s.dialogs, t("app.title"), widgets.NewNotice(kind, text)).Show()
}

// fail shows an error in the words of the command line, with its hints, and offers the next
// step as a button where the program can do it.
func (s *shell) fail(what string, err error) { s.failAgain(what, err, "", nil) }

// way is a button that goes on from an error.
type way struct {
	text string
	do   func()
}

// failAgain is fail with a button that tries again, from the start: nothing that went wrong is
// remembered.
func (s *shell) failAgain(what string, err error, again string, try func(), more ...way) {
	words, hints := s.describe(err)
	s.diary.add(what + ": " + tell(err))
	content := container.NewVBox(widgets.NewNotice(widgets.StopNotice, words))
	copied := what + "\n" + words
	if len(hints) > 0 {
		list := container.NewVBox()
		for _, h := range hints {
			list.Add(widgets.Flush(widgets.Wrapped("• " + h)))
			copied += "\n• " + h
		}
		content.Add(widgets.Section(t("error.next"), list))
	}
	content.Add(widgets.NewCopyButton(t("button.copy"), func() string { return copied }))
	q := widgets.NewStatement(s.dialogs, what, content)
	s.offer(q, err)
	for _, a := range message.ActionsOf(err) {
		if do := s.deed(a); do != nil && len(q.Extra) < 2 {
			q.Add(actionText(a), theme.NavigateNextIcon(), do)
		}
	}
	if try != nil {
		q.Add(again, theme.ViewRefreshIcon(), try)
	}
	for _, w := range more {
		q.Add(w.text, theme.NavigateNextIcon(), w.do)
	}
	q.Show()
}

// describe words an error. What a token says of a PIN is said in words, with what is known of the
// tries left.
func (s *shell) describe(err error) (string, []string) {
	message, hints := describe(err)
	var e *token.Error
	if !errors.As(err, &e) {
		return message, hints
	}
	data := map[string]any{"Token": e.Token}
	switch e.Kind {
	case token.PINWrong:
		return t("pin.wrong", data), []string{triesText(e.Flags), t("pin.wrong.hint")}
	case token.PINLocked:
		return t("pin.locked", data), []string{t("pin.locked.hint")}
	}
	return message, hints
}

// triesText is what is known of the tries left: PKCS#11 has three words for it, and no number.
func triesText(f token.Flags) string {
	switch {
	case f.PINLocked:
		return t("tries.none")
	case f.PINFinalTry:
		return t("tries.last")
	case f.PINCountLow:
		return t("tries.low")
	}
	return t("tries.full")
}

// failUnlessStopped shows an error unless the person stopped the job.
func (s *shell) failUnlessStopped(what string, err error) {
	if stopped(err) {
		s.status.text.SetText(t("status.stopped"))
		return
	}
	s.fail(what, err)
}

// stopped reports that the person ended the job before anything was written.
func stopped(err error) bool {
	var e *workflow.Error
	var p *cluster.PartialError
	if errors.As(err, &p) {
		return false
	}
	return errors.Is(err, context.Canceled) || errors.As(err, &e) && e.Reason == workflow.Declined
}

// offer adds the buttons that go with an error.
func (s *shell) offer(q *widgets.Question, err error) {
	var unfinished *cluster.UnfinishedError
	var refused *workflow.Error
	var another *meet.IdentityError
	switch {
	case errors.As(err, &unfinished):
		q.Add(t("overview.mend.resume"), theme.HistoryIcon(), func() { s.open(screenHistory) })
	case errors.As(err, &refused) && len(refused.Unvouched) > 0:
		q.Wide = true
		q.Add(t("error.export"), theme.DocumentSaveIcon(), func() { s.exportCertificates(refused.Unvouched) })
		if s.model.rehearsal != nil {
			q.Add(t("tokens.trust"), theme.UploadIcon(), func() { s.trustAll(refused.Unvouched) })
		}
	case errors.As(err, &another) && another.Want != "":
		if p := cmp.Or(s.opening, s.model.profile); p != nil && p.File != "" {
			q.Add(t("edit.identities"), theme.AccountIcon(), func() { s.showIdentities(p, nil) })
		}
	case errors.Is(err, token.PINWrong) && s.model.job != nil && s.model.job.plan != nil && s.current == screenReview:
		q.Add(t("pin.try"), theme.ViewRefreshIcon(), s.screen(screenReview).(*reviewScreen).signAndDistribute)
	case errors.Is(err, cluster.ErrConflict):
		q.Add(t("button.refresh"), theme.ViewRefreshIcon(), func() {
			s.open(screenOverview)
			s.refresh()
		})
	}
}

// exportCertificates writes certificates into a folder as the trust store's upload page takes
// them: DER, .cer.
func (s *shell) exportCertificates(ders [][]byte) {
	chooseFolder(s, t("error.export"), func(dir string) {
		for _, der := range ders {
			name := "certificate"
			if c, err := ctlbuild.ParseCertificate(der); err == nil {
				name = c.CN
			}
			if err := writeNew(joinName(dir, name, ".cer"), der); err != nil {
				s.fail(t("error.export"), err)
				return
			}
		}
		s.say(t("tokens.exported", map[string]any{"File": dir}))
	})
}

// trustAll puts certificates into the practice cluster's trust store and plans the job again.
func (s *shell) trustAll(ders [][]byte) {
	start(s.tasks, t("tokens.trust"),
		func(context.Context) (struct{}, error) {
			for _, der := range ders {
				if err := s.options.Practice.TrustCertificate(der); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, nil
		},
		func(_ struct{}, err error) {
			if err != nil {
				s.fail(t("tokens.trust"), err)
				return
			}
			q := widgets.NewQuestion(s.dialogs, t("tokens.trust"), widgets.NewNotice(widgets.GoodNotice, t("tokens.trusted.all")),
				t("entries.next"), t("button.close"), false)
			q.OnAnswer = func(yes bool) {
				if yes && s.model.job != nil {
					s.plan()
				}
			}
			q.Show()
		})
}

// textOf joins what may be empty.
func textOf(parts ...string) string {
	var list []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return strings.Join(list, "\n")
}

// mostNoticeLines of a notice are shown at once: with twenty nodes that do not answer it would hide
// everything below it.
const mostNoticeLines = 4

// shorten is the beginning of a text that is longer than a notice is to be, and the button that
// shows all of it.
func (s *shell) shorten(text string) (short string, more []fyne.CanvasObject) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) <= mostNoticeLines+1 {
		return text, nil
	}
	short = textOf(append(lines[:mostNoticeLines:mostNoticeLines], t("review.more", map[string]any{"Count": fmt.Sprint(len(lines) - mostNoticeLines)}))...)
	return short, []fyne.CanvasObject{widgets.ButtonRow(widgets.NewButton(t("notice.all"), theme.ListIcon(), func() {
		v := widgets.NewViewer(16)
		v.SetText(text)
		q := widgets.NewStatement(s.dialogs, t("overview.nodes"), v.Object)
		q.Wide = true
		q.Show()
	}))}
}

// emptyNote says in a notice why a part of a screen is empty.
func emptyNote(key string) fyne.CanvasObject { return widgets.NewNotice(widgets.InfoNotice, t(key)) }

// noticeOf is how a hazard is shown.
func noticeOf(s hazard.Severity) widgets.NoticeKind {
	switch s {
	case hazard.Danger:
		return widgets.DangerNotice
	case hazard.Warning:
		return widgets.WarningNotice
	}
	return widgets.InfoNotice
}
