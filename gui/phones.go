package gui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster/reach"
	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/trust/phoneword"
	"ctlclient/workflow"
)

// clusterButtons lead to what this way to the cluster can be asked: its phones, its trust store.
func (s *shell) clusterButtons() []fyne.CanvasObject {
	var buttons []fyne.CanvasObject
	if s.model.canPhones {
		buttons = append(buttons, widgets.NewButton(t("phones.button"), theme.ListIcon(), s.listPhones))
	}
	if s.model.canTrust {
		buttons = append(buttons, widgets.NewButton(t("trust.button"), theme.StorageIcon(), s.listTrust))
	}
	if len(buttons) == 0 {
		return nil
	}
	return []fyne.CanvasObject{widgets.ButtonRow(buttons...)}
}

// listPhones shows the phones of the cluster, and what each does now.
func (s *shell) listPhones() {
	onCluster(s, t("phones.reading"),
		func(ctx context.Context, session *workflow.Session) (phones []workflow.LivePhone, err error) {
			err = session.Phones(ctx, true, func(p workflow.LivePhone) error {
				phones = append(phones, p)
				return nil
			})
			return phones, err
		},
		func(phones []workflow.LivePhone, err error) {
			if err != nil {
				s.failUnlessStopped(t("phones.title"), err)
				return
			}
			s.phonesTable(phones)
		})
}

func (s *shell) phonesTable(phones []workflow.LivePhone) {
	tb := newLiveTable(phones)
	registered := 0
	for _, p := range phones {
		if p.Registered == reach.Registered {
			registered++
		}
	}
	finder := widgets.NewFinder(tb)
	scroll := widgets.NewScroller(tb)
	scroll.Scroll.SetMinSize(fyne.NewSize(0, 300))
	note := widgets.NewNotice(widgets.InfoNotice, t("phones.text", map[string]any{"Count": fmt.Sprint(len(phones)), "Registered": fmt.Sprint(registered)}))
	q := widgets.NewStatement(s.dialogs, t("phones.title"), widgets.Border(container.NewVBox(note, finder.Object), nil, nil, nil, scroll.Object))
	q.Wide = true
	q.First = tb
	q.Add(t("phones.words"), theme.MailComposeIcon(), s.verifyPhones)
	q.Add(t("phones.reset"), theme.ViewRefreshIcon(), func() { s.resetPhones(registered) })
	q.Show()
}

func newLiveTable(phones []workflow.LivePhone) *widgets.Table {
	tb := widgets.NewTable(widgets.Column{Title: t("review.phone"), Share: 150}, widgets.Column{Title: t("lost.model"), Share: 110}, widgets.Column{Title: t("phones.state"), Share: 150},
		widgets.Column{Title: t("phones.server"), Share: 120}, widgets.Column{Title: t("overview.address"), Share: 120}, widgets.Column{Title: t("phones.firmware"), Share: 180})
	var rows [][]widgets.Cell
	for _, p := range phones {
		address := ""
		if p.Address.IsValid() {
			address = p.Address.String()
		}
		rows = append(rows, []widgets.Cell{{Text: p.Name}, {Text: p.Model}, registrationCell(p.Registered), {Text: p.Server}, {Text: address}, {Text: p.Firmware}})
	}
	tb.SetRows(rows)
	return tb
}

func registrationCell(r reach.Registration) widgets.Cell {
	switch r {
	case reach.Registered:
		return widgets.Cell{Text: t("phones.registered"), Sign: widgets.GoodSign}
	case reach.PartiallyRegistered:
		return widgets.Cell{Text: t("phones.partially"), Sign: widgets.WarnSign}
	case reach.Unregistered:
		return widgets.Cell{Text: t("phones.unregistered"), Sign: widgets.WarnSign}
	case reach.Rejected:
		return widgets.Cell{Text: t("phones.rejected"), Sign: widgets.BadSign}
	}
	return widgets.Cell{Text: t("phones.unknown"), Sign: widgets.UnsureSign}
}

// verifyPhones reads what phones say of themselves.
func (s *shell) verifyPhones() {
	onCluster(s, t("phones.pages"),
		func(ctx context.Context, session *workflow.Session) ([]workflow.PhoneWord, error) {
			return session.VerifyPhones(ctx, nil)
		},
		func(words []workflow.PhoneWord, err error) {
			if err != nil {
				s.failUnlessStopped(t("phones.words"), err)
				return
			}
			q := widgets.NewStatement(s.dialogs, t("phones.words"), container.NewVBox(wordsNotice(words), newWordsTable(words)))
			q.Wide = true
			q.Show()
		})
}

// newWordsTable is what each phone says, beside what was predicted; where the two differ stands first.
func newWordsTable(words []workflow.PhoneWord) *widgets.Table {
	tb := widgets.NewTable(widgets.Column{Title: t("review.phone"), Share: 190}, widgets.Column{Title: t("phones.says"), Share: 170},
		widgets.Column{Title: t("phones.predicted"), Share: 130}, widgets.Column{Title: t("phones.message"), Share: 360})
	tb.Wrap = true
	var rows [][]widgets.Cell
	for _, w := range words {
		predicted := widgets.Cell{Text: t("phones.no-prediction")}
		if p := w.Predicted; p != nil {
			predicted = verdictCell(p.Accept, p.Certain, false)
		}
		text := w.Word.Deciding.Text
		if text == "" && w.Err != nil {
			text = message.Sentence(tell(w.Err))
		}
		if w.Differs() {
			text = t("phones.differs", map[string]any{"Message": text})
		}
		rows = append(rows, []widgets.Cell{{Text: phoneText(w.Name, w.Model)}, wordCell(w.Word.Verdict), predicted, {Text: text}})
	}
	tb.SetRows(rows)
	return tb
}

func wordCell(v phoneword.Verdict) widgets.Cell {
	switch v {
	case phoneword.Took:
		return widgets.Cell{Text: t("phones.took"), Sign: widgets.GoodSign}
	case phoneword.Kept:
		return widgets.Cell{Text: t("phones.kept"), Sign: widgets.BadSign}
	case phoneword.NothingSaid:
		return widgets.Cell{Text: t("phones.nothing"), Sign: widgets.NoSign}
	}
	return widgets.Cell{Text: t("phones.unknown"), Sign: widgets.UnsureSign}
}

// wordsNotice says first where what phones say differs from what was predicted.
func wordsNotice(words []workflow.PhoneWord) fyne.CanvasObject {
	differ, took, kept := 0, 0, 0
	for _, w := range words {
		if w.Differs() {
			differ++
		}
		switch w.Word.Verdict {
		case phoneword.Took:
			took++
		case phoneword.Kept:
			kept++
		}
	}
	data := map[string]any{"Count": fmt.Sprint(len(words)), "Took": fmt.Sprint(took), "Kept": fmt.Sprint(kept), "Differ": fmt.Sprint(differ)}
	if differ > 0 {
		return widgets.NewNotice(widgets.DangerNotice, t("phones.words.differ", data))
	}
	kind := widgets.InfoNotice
	if kept > 0 {
		kind = widgets.WarningNotice
	}
	return widgets.NewNotice(kind, t("phones.words.text", data))
}

// resetPhones restarts the phones that are registered, in batches, and shows which came back. It
// asks first.
func (s *shell) resetPhones(registered int) {
	s.asks = func() (string, string) {
		return t("phones.reset"), t("phones.reset.text", map[string]any{"Count": fmt.Sprint(registered), "Batch": fmt.Sprint(workflow.DefaultBatch)})
	}
	runJob(s, t("phones.resetting"),
		func(ctx context.Context, session *workflow.Session) (*workflow.ResetResult, error) {
			return session.ResetPhones(ctx, workflow.ResetRequest{})
		},
		func(r *workflow.ResetResult, err error) {
			s.asks = nil
			if r != nil {
				s.resetResult(r)
			}
			if err != nil {
				s.failUnlessStopped(t("phones.reset"), err)
			}
		})
}

// resetResult says how many phones are registered again, names the others, and shows what each
// phone itself says.
func (s *shell) resetResult(r *workflow.ResetResult) {
	kind := widgets.GoodNotice
	if r.Back < r.Asked || len(r.Failed) > 0 {
		kind = widgets.DangerNotice
	}
	content := container.NewVBox(widgets.NewNotice(kind, t("phones.back", map[string]any{"Back": fmt.Sprint(r.Back), "Asked": fmt.Sprint(r.Asked)})))
	if len(r.Missing) > 0 {
		content.Add(widgets.Section(t("phones.missing"), newLiveTable(r.Missing)))
	}
	for _, f := range r.Failed {
		content.Add(widgets.Signed(widgets.BadSign, f.Name+": "+tell(f.Err)))
	}
	if len(r.Words) > 0 {
		content.Add(widgets.Section(t("phones.words"), wordsNotice(r.Words), newWordsTable(r.Words)))
	}
	q := widgets.NewStatement(s.dialogs, t("phones.reset"), content)
	q.Wide = true
	q.Show()
}
