package gui

import (
	"fmt"
	"maps"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// resultScreen is the CTL Client's last screen: Server, File Location, Status; then what to
// restart, what show ctl prints, the checksum to compare on a phone, and the way back.
type resultScreen struct {
	*widgets.Page
	s       *shell
	steps   *widgets.Steps
	top     *fyne.Container
	servers *widgets.Table
	sums    *fyne.Container
	phones  *widgets.Table
	reports fyne.CanvasObject
	heard   *fyne.Container // what the phones themselves say at the job's end
	show    *widgets.Viewer
	showing fyne.CanvasObject
	resume  *widgets.Button
	restart *widgets.Button
	done    *widgets.Button
	back    *widgets.Button
}

func newResultScreen(s *shell) *resultScreen {
	r := &resultScreen{s: s, steps: widgets.NewSteps(), top: container.NewVBox(), sums: container.NewVBox(), heard: container.NewVBox(), show: widgets.NewViewer(14)}
	r.servers = widgets.NewTable(widgets.Column{Title: t("result.server"), Share: 180}, widgets.Column{Title: t("result.location"), Share: 320}, widgets.Column{Title: t("result.status"), Share: 400})
	r.servers.Wrap = true
	r.phones = newPhonesTable()
	r.reports = widgets.Section(t("result.phones"), r.phones)
	r.showing = widgets.Section(t("result.show"), r.show.Object)
	r.resume = widgets.NewButton(t("history.resume"), theme.MediaPlayIcon(), r.resumeJob)
	r.restart = widgets.NewButton(t("result.restart"), theme.ViewRefreshIcon(), r.askRestart)
	r.back = widgets.NewButton(t("result.take-back"), theme.ContentUndoIcon(), r.takeBack)
	r.done = widgets.MainButton(t("result.done"), theme.ConfirmIcon(), func() {
		s.model.job = nil
		s.open(screenOverview)
	})
	r.Page = widgets.NewPage(t("result.title"), "", r.steps.Object(),
		container.NewVBox(r.top, r.servers, r.reports, r.heard, r.sums, r.showing),
		r.back, layout.NewSpacer(), r.resume, r.restart, r.done)
	return r
}

func (r *resultScreen) shown() {
	r.top.RemoveAll()
	r.sums.RemoveAll()
	r.heard.RemoveAll()
	r.reports.Hide()
	j := r.s.model.job
	if j == nil || j.result == nil {
		r.Head(t("result.title"), "")
		return
	}
	res := j.result
	j.showSteps(r.steps, screenResult)
	r.Head(j.title(), t("result.text"))
	if j.kind.recovers() && res.Outcome.State == cluster.StateFinished {
		r.afterRecovery(j.kind)
	} else {
		r.top.Add(outcomeNotice(res.Outcome))
	}
	if j.took > 0 {
		r.top.Add(widgets.Flush(widgets.QuietText(t("result.took", map[string]any{"Time": elapsed(j.took)}))))
	}
	var rows [][]widgets.Cell
	for _, n := range res.Outcome.Nodes {
		rows = append(rows, append(widgets.Cells(n.Node, n.Path), nodeCell(n)))
	}
	for _, node := range slices.Sorted(maps.Keys(res.ITLSigners)) {
		rows = append(rows, append(widgets.Cells(node, workflow.ITLFileName),
			widgets.Cell{Text: t("result.itl-signer", map[string]any{"Signer": res.ITLSigners[node]}), Sign: widgets.GoodSign}))
	}
	r.servers.SetRows(rows)
	if j.plan != nil {
		if lost := j.plan.Lost(); len(lost) > 0 {
			r.top.Add(widgets.NewNotice(widgets.DangerNotice, t("result.lost", map[string]any{"Count": fmt.Sprint(countPhones(lost))}),
				widgets.ButtonRow(widgets.NewButton(t("review.lost.show"), theme.ListIcon(), func() { r.s.showLost(lost, j.began) }))))
		}
	}
	if j.restarted {
		res.Restart = nil
		var next []fyne.CanvasObject
		if r.s.model.canPhones { // their restart, and what each itself says, is there
			next = append(next, widgets.ButtonRow(widgets.NewButton(t("phones.button"), theme.ListIcon(), r.s.listPhones)))
		}
		r.top.Add(widgets.NewNotice(widgets.GoodNotice, t("result.restarted"), next...))
	}
	for _, line := range res.Restart {
		text := line
		if line == workflow.MsgRestart {
			text = t("result.restart.line")
		}
		if r.s.model.rehearsal != nil && !r.s.model.canPhones {
			text += "\n" + t("result.restart.practice")
		}
		r.top.Add(widgets.NewNotice(widgets.WarningNotice, text))
	}
	r.hear(res)
	widgets.Visible(r.showing, res.List != nil)
	if res.List != nil {
		r.sums.Add(widgets.Section(t("result.checksum"), widgets.Flush(widgets.QuietText(t("result.checksum.text"))),
			detailBox([]string{"MD5", res.List.MD5(), "SHA-1", res.List.SHA1()})))
		r.show.SetText(showText(res.List))
	}
	open := res.Outcome.State == cluster.StateIncomplete
	widgets.Visible(r.resume, open)
	widgets.Visible(r.servers, len(rows) > 0)
	widgets.SetEnabled(r.restart, !open && j.kind != jobRecoverITL) // a restart of TFTP would undo it
	widgets.SetEnabled(r.back, !res.Outcome.NoFile && res.Outcome.ID != "" && (open || res.Outcome.State == cluster.StateFinished))
	r.Body.To(0)
}

// hear shows what the phones themselves say: above everything where that is not what was
// predicted.
func (r *resultScreen) hear(res *workflow.Result) {
	heard := res.Heard()
	if len(heard) == 0 {
		return
	}
	var said []string
	for _, m := range heard {
		said = append(said, windowVoice().Say(m))
	}
	notice := widgets.NewNotice(widgets.InfoNotice, textOf(said...))
	if res.Words[0].Differs() {
		notice = widgets.NewNotice(widgets.DangerNotice, textOf(said...))
		r.top.Objects = append([]fyne.CanvasObject{notice}, r.top.Objects...)
		r.heard.Add(widgets.Section(t("phones.words"), newWordsTable(res.Words)))
		return
	}
	r.heard.Add(widgets.Section(t("phones.words"), notice, newWordsTable(res.Words)))
}

// outcomeNotice says in a sentence how the job ended.
func outcomeNotice(o cluster.Outcome) fyne.CanvasObject {
	switch o.State {
	case cluster.StateFinished, "":
		return widgets.NewNotice(widgets.GoodNotice, t("result.good"))
	case cluster.StateTakenBack:
		return widgets.NewNotice(widgets.WarningNotice, t("result.taken-back"))
	case cluster.StateUntouched:
		return widgets.NewNotice(widgets.InfoNotice, t("result.unchanged"))
	}
	return widgets.NewNotice(widgets.DangerNotice, t("result.bad"))
}

// statusText is the CTL Client's word for how a node ended.
func statusText(status string) string {
	switch status {
	case cluster.StatusPassed:
		return t("status.passed")
	case cluster.StatusTakenBack:
		return t("status.taken-back")
	case cluster.StatusUnchanged:
		return t("status.unchanged")
	case cluster.StatusFailed:
		return t("status.failed")
	}
	return t("status.unknown")
}

// nodeCell is a node's status, with what went wrong there.
func nodeCell(n cluster.NodeOutcome) widgets.Cell {
	c := widgets.Cell{Text: statusText(n.Status), Sign: widgets.BadSign}
	switch n.Status {
	case cluster.StatusPassed:
		c.Sign = widgets.GoodSign
	case cluster.StatusTakenBack:
		c.Sign = widgets.BackSign
	case cluster.StatusUnchanged:
		c.Sign = widgets.NoSign
	case cluster.StatusUnknown:
		c.Sign = widgets.UnsureSign
	}
	if n.Err != nil {
		_, hints := describe(n.Err)
		c.Text = textOf(append([]string{c.Text + ": " + tell(n.Err)}, hints...)...)
	}
	if !n.Warning.IsZero() {
		c.Text += "\n" + say(n.Warning)
	}
	return c
}

// askRestart restarts at once in the practice cluster; in a real one it shows what, and asks.
func (r *resultScreen) askRestart() {
	s := r.s
	if s.model.rehearsal != nil && !s.model.canPhones { // where the cluster can do it, it is done as on a real one
		s.restartPractice(r.showReports)
		return
	}
	j := s.model.job
	s.askRestart(func(all bool) {
		if all && j != nil {
			j.restarted = true
			if s.current == screenResult {
				r.shown()
			}
		}
	})
}

// showReports shows what the practice cluster's phones made of the file.
func (r *resultScreen) showReports(reports []PhoneReport) {
	if j := r.s.model.job; j != nil {
		j.restarted = true
	}
	r.phones.SetRows(reportRows(reports))
	r.reports.Show()
	r.top.RemoveAll()
	r.top.Add(reportNotice(reports))
	r.Root.Refresh()
	r.Body.To(0)
}

func (r *resultScreen) takeBack() {
	r.s.reviewEarlier(r.s.model.job.result.Outcome.ID, jobTakeBack)
}

func (r *resultScreen) resumeJob() {
	r.s.reviewEarlier(r.s.model.job.result.Outcome.ID, jobResume)
}

// first is what an unfinished job wants, or the way on.
func (r *resultScreen) first() fyne.Focusable { return enabled(r.resume, r.done) }
