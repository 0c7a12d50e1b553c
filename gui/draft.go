package gui

import (
	"bytes"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
)

// draft is a job that was begun and left: its choices, and the list that they were about.
type draft struct {
	job  *job
	live []byte
}

// choices counts what a person has chosen in a job.
func (j *job) choices() int {
	return len(j.tokens) + len(j.certs) + len(j.tftp) + len(j.firewall) + len(j.removed)
}

// isDraft reports that leaving the job would lose something.
func (j *job) isDraft() bool { return j != nil && j.result == nil && j.hasEntries() && j.choices() > 0 }

func (s *shell) liveBytes() []byte {
	if l := s.live(); l != nil {
		return l.Bytes()
	}
	return nil
}

// keepDraft keeps what was begun on the cluster that is left.
func (s *shell) keepDraft() {
	if s.model.session != nil && s.model.job.isDraft() {
		s.drafts[s.model.profile.File] = draft{s.model.job, s.liveBytes()}
	}
}

// restoreDraft takes up what was begun on the cluster that is opened. Marks on records go where
// the list is another one by now.
func (s *shell) restoreDraft() {
	d, ok := s.drafts[s.model.profile.File]
	if !ok {
		return
	}
	delete(s.drafts, s.model.profile.File)
	if !bytes.Equal(d.live, s.liveBytes()) {
		d.job.removed = nil
	}
	d.job.plan, d.job.signWith = nil, nil
	s.guessSigner(d.job)
	s.model.job = d.job
}

// draftNotice offers the job that was begun.
func (s *shell) draftNotice(discarded func()) fyne.CanvasObject {
	j := s.model.job
	text := t("draft.text", map[string]any{"Job": j.title(), "Count": fmt.Sprint(j.choices())})
	return widgets.NewNotice(widgets.InfoNotice, text, widgets.ButtonRow(
		widgets.MainButton(t("draft.continue"), theme.NavigateNextIcon(), func() { s.open(screenEntries) }),
		widgets.NewButton(t("draft.discard"), theme.DeleteIcon(), func() { s.askDiscard(discarded) })))
}

// askDiscard asks before a draft goes.
func (s *shell) askDiscard(discarded func()) {
	j := s.model.job
	q := widgets.NewQuestion(s.dialogs, t("draft.discard.title"),
		container.NewVBox(widgets.Flush(widgets.Wrapped(t("draft.text", map[string]any{"Job": j.title(), "Count": fmt.Sprint(j.choices())})))),
		t("draft.discard"), t("button.cancel"), true)
	q.OnAnswer = func(yes bool) {
		if yes && s.model.job == j {
			s.model.job = nil
			discarded()
		}
	}
	q.Show()
}
