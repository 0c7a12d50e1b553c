package gui

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// reviewScreen shows old and new side by side, what phones will do, and the hazards with their
// reasons. Nothing has been written yet, and it says so.
type reviewScreen struct {
	s      *shell
	root   *fyne.Container
	title  *fyne.Container
	top    *fyne.Container
	diff   *table
	phones *table
	notes  *fyne.Container
	why    *fyne.Container
	save   *widget.Button
	sign   *widget.Button
}

func newReviewScreen(s *shell) *reviewScreen {
	r := &reviewScreen{s: s, title: container.NewVBox(), top: container.NewVBox(),
		notes: container.NewVBox(), why: container.NewVBox()}
	r.diff = newTable(column{t("entries.type"), 160}, column{t("review.now"), 400}, column{t("review.then"), 400})
	r.phones = newTable(column{t("review.phone"), 210}, column{t("review.verdict"), 130}, column{t("review.reason"), 560})
	r.phones.onSelect = r.explain
	back := widget.NewButtonWithIcon(t("button.back"), theme.NavigateBackIcon(), r.back)
	r.save = widget.NewButtonWithIcon(t("review.save"), theme.DocumentSaveIcon(), r.saveSigned)
	r.sign = widget.NewButtonWithIcon(t("review.sign"), theme.ConfirmIcon(), r.signAndDistribute)
	r.sign.Importance = widget.HighImportance
	r.root = container.NewBorder(
		container.NewVBox(r.title, newSteps(1), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(back, r.save, r.sign)),
		nil, nil,
		scrolled(container.NewVBox(r.top,
			section(t("review.phones"), r.phones, r.why),
			section(t("review.records"), r.diff),
			r.notes)))
	return r
}

func (r *reviewScreen) object() fyne.CanvasObject { return r.root }

func (r *reviewScreen) back() {
	if j := r.s.model.job; j != nil && j.kind != jobToTokenless {
		r.s.open(screenEntries)
		return
	}
	r.s.open(screenAction)
}

func (r *reviewScreen) shown() {
	j := r.s.model.job
	r.title.RemoveAll()
	r.top.RemoveAll()
	r.notes.RemoveAll()
	r.why.RemoveAll()
	if j == nil || j.plan == nil {
		r.title.Add(heading(t("review.title"), t("action.none")))
		return
	}
	r.title.Add(heading(t("action."+string(j.kind)), t("review.text")))
	p := j.plan
	r.top.Add(newNotice(infoNotice, t("review.nothing-written")))
	if lost := p.Lost(); len(lost) > 0 {
		r.top.Add(newNotice(dangerNotice, t("review.lost", map[string]any{"Count": fmt.Sprint(countPhones(lost))})))
	}
	for _, h := range p.Hazards {
		r.top.Add(hazardNotice(h))
	}
	if !p.Dangerous() && len(p.Hazards) == 0 {
		r.top.Add(newNotice(goodNotice, t("review.safe")))
	}
	r.fillPhones(p.Verdicts)
	r.fillDiff(p)
	if len(p.Notes) > 0 {
		r.notes.Add(section(t("review.notes"), wrapped("• "+strings.Join(p.Notes, "\n• "))))
	}
	if j.kind == jobToTokenless {
		r.save.Hide()
		r.sign.SetText(t("review.publisher"))
	} else {
		r.save.Show()
		r.sign.SetText(t("review.sign"))
	}
}

func countPhones(vs []trust.Verdict) int {
	n := 0
	for _, v := range vs {
		n += max(v.Phone.Count, 1)
	}
	return n
}

func hazardNotice(h trust.Hazard) fyne.CanvasObject {
	text := h.Message
	if h.Hint != "" {
		text += "\n" + t("review.first", map[string]any{"Hint": h.Hint})
	}
	if h.Source != "" {
		text += "\n" + t("review.source", map[string]any{"Source": h.Source})
	}
	return newNotice(noticeOf(h.Severity), text)
}

func (r *reviewScreen) fillPhones(vs []trust.Verdict) {
	var rows [][]string
	for _, v := range vs {
		rows = append(rows, []string{phoneText(v.Phone), verdictText(v), v.Reason})
	}
	r.phones.setRows(rows)
}

func phoneText(p trust.Phone) string {
	text := p.Name
	// The name of a class has the model in it; digits of a MAC address may look like one.
	if p.Model != "" && (strings.HasPrefix(text, "SEP") || !strings.Contains(text, p.Model)) {
		text += " (" + p.Model + ")"
	}
	if p.Count > 1 {
		text = fmt.Sprintf("%d × %s", p.Count, text)
	}
	return text
}

// verdictText is a sign and a word.
func verdictText(v trust.Verdict) string {
	switch {
	case v.Accept && v.Certain:
		return "✓ " + t("verdict.accepts")
	case v.Accept:
		return "✓ " + t("verdict.likely")
	case v.Certain:
		return "✗ " + t("verdict.rejects")
	}
	return "? " + t("verdict.unknown")
}

// explain shows the steps that lead to a verdict.
func (r *reviewScreen) explain(row int) {
	r.why.RemoveAll()
	p := r.s.model.job.plan
	if row < 0 || row >= len(p.Verdicts) {
		return
	}
	for i, step := range p.Verdicts[row].Steps {
		sign := "✓"
		if !step.OK {
			sign = "✗"
		}
		r.why.Add(wrapped(fmt.Sprintf("%d. %s\n    %s %s", i+1, step.What, sign, step.Outcome)))
	}
	r.why.Refresh()
}

// fillDiff puts the records of now and then beside each other.
func (r *reviewScreen) fillDiff(p *workflow.Plan) {
	var rows [][]string
	var marks []mark
	touched := map[int]bool{}
	for _, c := range p.Diff.Changes {
		if c.Old >= 0 {
			touched[c.Old] = true
		}
	}
	if p.Old != nil {
		for i := range p.Old.Records {
			if rec := &p.Old.Records[i]; !touched[i] {
				rows = append(rows, []string{typeText(rec.Function()), recordText(rec), recordText(rec)})
				marks = append(marks, unmarked)
			}
		}
	}
	for _, c := range p.Diff.Changes {
		row, m := []string{"", "", ""}, changed
		if c.OldRec != nil {
			row[0], row[1] = typeText(c.OldRec.Function()), recordText(c.OldRec)
		}
		if c.NewRec != nil {
			row[0], row[2] = typeText(c.NewRec.Function()), recordText(c.NewRec)
		}
		switch c.Kind {
		case ctlbuild.Added:
			m = added
		case ctlbuild.Removed:
			m = removed
		}
		rows = append(rows, row)
		marks = append(marks, m)
	}
	r.diff.setMarked(rows, marks)
}

func recordText(r *ctlbuild.Record) string {
	name := r.CN()
	if name == "" {
		name = r.SubjectName()
	}
	if host := r.DNSName(); host != "" && host != name {
		if name == "" {
			return host
		}
		name += " · " + host
	}
	return name
}

// saveSigned signs and keeps the file instead of uploading it.
func (r *reviewScreen) saveSigned() {
	s, j := r.s, r.s.model.job
	s.signJob(j, func(signed *ctlbuild.List) {
		d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
			if err != nil {
				s.fail(t("review.save"), err)
				return
			}
			if w == nil {
				return
			}
			_, err = w.Write(signed.Bytes())
			if closeErr := w.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				s.fail(t("review.save"), err)
				return
			}
			s.say(t("review.saved", map[string]any{"File": w.URI().Path()}))
		}, s.window)
		d.SetFileName(workflow.CTLFileName)
		d.Show()
	})
}

// signJob asks to go on, asks the PIN once and signs; what was signed already is kept.
func (s *shell) signJob(j *job, done func(*ctlbuild.List)) {
	if j == nil || j.plan == nil {
		return
	}
	if j.signed != nil {
		done(j.signed)
		return
	}
	session, plan := s.model.session, j.plan
	start(s.tasks, t("sign.signing"),
		func(ctx context.Context) (*ctlbuild.List, error) {
			if err := session.Agree(ctx, plan); err != nil {
				return nil, err
			}
			return session.Sign(ctx, plan)
		},
		func(signed *ctlbuild.List, err error) {
			if err != nil {
				s.failUnlessStopped(t("review.sign"), err)
				return
			}
			j.signed = signed
			done(signed)
		})
}

func (r *reviewScreen) signAndDistribute() {
	s, j := r.s, r.s.model.job
	if j == nil || j.plan == nil {
		return
	}
	if j.kind == jobToTokenless {
		s.distribute(j)
		return
	}
	s.signJob(j, func(*ctlbuild.List) { s.distribute(j) })
}
