package gui

import (
	"context"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// reviewScreen shows old and new side by side, what phones will do, and the hazards with their
// reasons. Nothing has been written yet, and it says so.
type reviewScreen struct {
	*widgets.Page
	s       *shell
	steps   *widgets.Steps
	top     *fyne.Container
	totals  *fyne.Container
	classes []phoneClass
	phones  *widgets.Table
	sums    *fyne.Container
	changes []change
	diff    *widgets.Table
	rules   *fyne.Container // what the rules have to say short of danger
	notes   *fyne.Container
	save    *widgets.Button
	sign    *widgets.Button
}

func newReviewScreen(s *shell) *reviewScreen {
	r := &reviewScreen{s: s, steps: widgets.NewSteps(), top: container.NewVBox(), totals: container.NewVBox(),
		sums: container.NewVBox(), rules: container.NewVBox(), notes: container.NewVBox()}
	r.phones = widgets.NewChooser(r.explain, widgets.Column{Title: t("review.phone"), Share: 230}, widgets.Column{Title: t("review.verdict"), Share: 150}, widgets.Column{Title: t("review.reason"), Share: 520})
	r.diff = widgets.NewChooser(r.showRecord, widgets.Column{Title: t("review.change"), Share: 150}, widgets.Column{Title: t("entries.type"), Share: 150},
		widgets.Column{Title: t("review.now"), Share: 300}, widgets.Column{Title: t("review.then"), Share: 300})
	back := widgets.NewButton(t("button.back"), theme.NavigateBackIcon(), r.back)
	r.save = widgets.NewButton(t("review.save"), theme.DocumentSaveIcon(), r.saveSigned)
	r.sign = widgets.MainButton(t("review.sign"), theme.ConfirmIcon(), r.signAndDistribute)
	r.Page = widgets.NewPage(t("review.title"), "", r.steps.Object(),
		container.NewVBox(r.top,
			widgets.Section(t("review.phones"), r.totals, r.phones),
			widgets.Section(t("review.records"), r.sums, r.diff), r.rules, r.notes),
		back, layout.NewSpacer(), r.save, r.sign)
	return r
}

func (r *reviewScreen) back() {
	switch j := r.s.model.job; {
	case j != nil && j.hasEntries():
		r.s.open(screenEntries)
		return
	case j != nil && j.earlier():
		r.s.open(screenHistory)
		return
	}
	r.s.open(screenAction)
}

func (r *reviewScreen) shown() {
	j := r.s.model.job
	for _, box := range []*fyne.Container{r.top, r.totals, r.sums, r.rules, r.notes} {
		box.RemoveAll()
	}
	r.Split.Show(nil)
	if j == nil || j.plan == nil {
		r.Head(t("review.title"), t("action.none"))
		return
	}
	p := j.plan
	j.showSteps(r.steps, screenReview)
	r.Head(j.title(), t("review.text"))
	r.fillTop(p)
	r.fillPhones(p.Verdicts)
	r.fillDiff(p)
	if len(p.Notes) > 0 {
		list := container.NewVBox()
		for _, n := range p.Notes {
			list.Add(widgets.Flush(widgets.Wrapped("• " + say(n))))
		}
		r.notes.Add(widgets.Section(t("review.notes"), list))
	}
	widgets.Visible(r.save, j.hasEntries())
	text := t("review.sign")
	switch {
	case j.kind == jobDistribute:
		text = t("review.distribute")
	case j.earlier():
		text = t("review." + string(j.kind))
	case j.publisher:
		text = t("review.publisher")
	}
	r.sign.SetText(text)
	r.Body.To(0)
}

func (r *reviewScreen) fillTop(p *workflow.Plan) {
	r.top.Add(widgets.NewNotice(widgets.InfoNotice, t("review.nothing-written")))
	if lost := p.Lost(); len(lost) > 0 {
		r.top.Add(widgets.NewNotice(widgets.DangerNotice, t("review.lost", map[string]any{"Count": fmt.Sprint(countPhones(lost))}),
			widgets.ButtonRow(widgets.NewButton(t("review.lost.show"), theme.ListIcon(), func() { r.s.showLost(lost, time.Now()) }))))
	}
	if len(p.Undescribed()) > 0 {
		r.top.Add(widgets.NewNotice(widgets.WarningNotice, t("review.undescribed")))
	}
	var others []fyne.CanvasObject
	for _, h := range p.Hazards {
		if h.Severity == hazard.Danger {
			r.top.Add(r.s.hazardNotice(h)) // before everything else
			continue
		}
		others = append(others, r.s.hazardNotice(h))
	}
	if len(others) > 0 {
		r.rules.Add(widgets.Section(t("review.rules"), others...))
	}
	if !p.Dangerous() && len(p.Undescribed()) == 0 {
		r.top.Add(widgets.NewNotice(widgets.GoodNotice, t("review.safe")))
	}
}

func (s *shell) hazardNotice(h hazard.Hazard) fyne.CanvasObject {
	var below []fyne.CanvasObject
	for line := range strings.Lines(say(h.Hint)) {
		if line = strings.TrimSpace(line); line != "" {
			below = append(below, widgets.Flush(widgets.Wrapped(t("review.first", map[string]any{"Hint": line}))))
		}
	}
	below = append(below, s.deeds(h.Hint)...)
	if h.Source != "" {
		below = append(below, widgets.Flush(widgets.QuietText(t("review.source", map[string]any{"Source": h.Source}))))
	}
	return widgets.NewNotice(noticeOf(h.Severity), s.sentence(say(h.Message)), below...)
}

// saveSigned asks about saving, signs, and keeps the file instead of uploading it. Nothing is
// left of it that could be written to the nodes later: that is agreed to, and signed, anew.
func (r *reviewScreen) saveSigned() {
	s, j := r.s, r.s.model.job
	if j == nil || j.plan == nil || !j.plan.Signs() {
		return
	}
	plan := j.plan
	runJob(s, t("sign.signing"),
		func(ctx context.Context, session *workflow.Session) (*ctlbuild.List, error) {
			agreed, err := session.Agree(ctx, plan, workflow.ToSave)
			if err != nil {
				return nil, err
			}
			return session.Sign(ctx, agreed)
		},
		func(signed *ctlbuild.List, err error) {
			s.doneWaiting()
			if err != nil {
				s.failUnlessStopped(t("review.save"), err)
				s.watchTokens() // what a token says of the tries left is read when it is found
				return
			}
			saveAs(s, t("review.save"), workflow.CTLFileName, signed.Bytes(), func(path string) {
				s.say(t("review.saved", map[string]any{"File": path}))
			})
		})
}

// confirmWords says in the person's language what workflow asks about the job in hand.
func (s *shell) confirmWords(c workflow.Confirmation) (title, text string) {
	if e := c.Plan.Earlier(); e != nil && e.Back {
		return t("result.take-back.title"), s.takeBackWords(e.Job)
	}
	if c.Plan == nil && s.asks != nil {
		return s.asks()
	}
	j := s.model.job
	if j == nil || j.plan == nil || c.Plan != j.plan {
		return say(c.Title), say(c.Text)
	}
	p := j.plan
	data := map[string]any{"Nodes": fmt.Sprint(len(s.model.snapshot.Nodes)), "Signer": p.SignerName()}
	if j.kind == jobRecoverITL {
		return t("confirm.title", map[string]any{"Job": j.title()}), t("confirm.recover-itl", data)
	}
	text = t("confirm.distribute", data)
	if p.Draft != nil {
		data["Records"] = fmt.Sprint(len(p.Draft.Records))
		text = t("confirm.text", data)
	}
	if c.Purpose == workflow.ToSave {
		return t("confirm.save.title"), t("confirm.save", data)
	}
	if p.Mode != nil && *p.Mode {
		text += " " + t("confirm.mixed")
	} else if p.Mode != nil {
		text += " " + t("confirm.non-secure")
	}
	if c.Undescribed {
		text += "\n\n" + t("review.undescribed")
	}
	return t("confirm.title", map[string]any{"Job": j.title()}), text
}

// takeBackWords names a job that is to be taken back: what, when and by whom.
func (s *shell) takeBackWords(job cluster.Job) string {
	text := t("result.take-back.text", map[string]any{"Job": jobText(job.Kind), "When": job.Started.Local().Format(time.DateTime)})
	if by := job.Note["by"]; by != "" {
		text += " " + t("result.take-back.by", map[string]any{"By": noteText("by", by)})
	}
	return text
}

func (r *reviewScreen) signAndDistribute() {
	if j := r.s.model.job; j != nil && j.plan != nil {
		r.s.distribute(j)
	}
}

// first is the button that goes on: it asks before anything is done.
func (r *reviewScreen) first() fyne.Focusable { return enabled(r.sign) }
