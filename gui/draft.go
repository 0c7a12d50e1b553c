package gui

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/internal/atomicfile"
	"ctlclient/token"
	"ctlclient/workflow"
)

// draftFile is kept in the cluster's folder of the state directory, so that what was begun
// outlives the program. It holds no secret.
const draftFile = "draft.json"

// maxDraft bounds the file, in bytes: certificates of a few hundred servers.
const maxDraft = 4 << 20

// draft is a job that was begun and left: its choices, and the list that they were about.
type draft struct {
	Kind     jobKind           `json:"kind"`
	Tokens   []draftToken      `json:"tokens,omitempty"`
	Certs    [][]byte          `json:"certificates,omitempty"` // DER
	TFTP     []workflow.Server `json:"tftp,omitempty"`
	Firewall []workflow.Server `json:"firewall,omitempty"`
	Removed  []int             `json:"removed,omitempty"` // records of the list of Live, from 0
	Live     []byte            `json:"live,omitempty"`
}

type draftToken struct {
	Label       string `json:"label"`
	Serial      string `json:"serial"`
	Certificate []byte `json:"certificate"` // DER
}

// draft is what is kept of a job.
func (j *job) draft(live []byte) draft {
	d := draft{Kind: j.kind, TFTP: j.tftp, Firewall: j.firewall, Removed: j.removed, Live: live}
	for _, info := range j.tokens {
		if raw, _, ok := signingCertificate(info); ok {
			d.Tokens = append(d.Tokens, draftToken{info.Label, info.Serial, raw.DER})
		}
	}
	for _, c := range j.certs {
		d.Certs = append(d.Certs, c.der)
	}
	return d
}

// job is the job as it was left. Tokens are known by their certificates until one is plugged in.
// Marks on records go where the list is another one by now.
func (d draft) job(live []byte) (*job, error) {
	j := &job{kind: d.Kind, tftp: d.TFTP, firewall: d.Firewall}
	if bytes.Equal(d.Live, live) {
		j.removed = d.Removed
	}
	for _, kept := range d.Tokens {
		c, err := token.ReadCertificate(kept.Certificate)
		if err != nil {
			return nil, err
		}
		j.tokens = append(j.tokens, token.Info{Label: kept.Label, Serial: kept.Serial, Certificates: []token.Certificate{c}})
	}
	for _, der := range d.Certs {
		c, err := readTokenCert(der)
		if err != nil {
			return nil, err
		}
		j.certs = append(j.certs, c)
	}
	return j, nil
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

// keepDraft keeps what was begun on the cluster that is open, or forgets what is no draft any more.
func (s *shell) keepDraft() {
	if s.model.session == nil {
		return
	}
	file := filepath.Join(s.model.folder, draftFile)
	var err error
	if j := s.model.job; j.isDraft() {
		err = atomicfile.WriteJSON(file, j.draft(s.liveBytes()))
	} else if err = os.Remove(file); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		s.status.text.SetText(t("draft.not-kept", map[string]any{"Reason": tell(err)}))
	}
}

// restoreDraft takes up what was begun on the cluster that is opened. A draft that cannot be read
// is left alone until another is kept.
func (s *shell) restoreDraft() {
	var d draft
	if err := atomicfile.ReadJSON(filepath.Join(s.model.folder, draftFile), maxDraft, &d); err != nil {
		return
	}
	j, err := d.job(s.liveBytes())
	if err != nil || !j.isDraft() {
		return
	}
	s.guessSigner(j)
	s.model.job = j
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
			s.keepDraft()
			discarded()
		}
	}
	q.Show()
}
