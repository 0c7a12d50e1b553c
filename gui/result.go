package gui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/workflow"
)

// resultScreen is the CTL Client's last screen: Server, File Location, Status; then what to
// restart, what show ctl prints, the checksum to compare on a phone, and the way back.
type resultScreen struct {
	*page
	s       *shell
	steps   *steps
	top     *fyne.Container
	servers *table
	sums    *fyne.Container
	phones  *table
	reports fyne.CanvasObject
	show    *viewer
	showing fyne.CanvasObject
	resume  *button
	restart *button
	back    *button
}

func newResultScreen(s *shell) *resultScreen {
	r := &resultScreen{s: s, steps: newSteps(screenResult), top: container.NewVBox(), sums: container.NewVBox(), show: newViewer(14)}
	r.servers = newTable(column{t("result.server"), 180}, column{t("result.location"), 320}, column{t("result.status"), 400})
	r.servers.wrap = true
	r.phones = newPhonesTable()
	r.reports = section(t("result.phones"), r.phones)
	r.showing = section(t("result.show"), r.show.object)
	r.resume = newButton(t("history.resume"), theme.MediaPlayIcon(), r.resumeJob)
	r.restart = newButton(t("result.restart"), theme.ViewRefreshIcon(), r.askRestart)
	r.back = newButton(t("result.take-back"), theme.ContentUndoIcon(), r.takeBack)
	done := mainButton(t("result.done"), theme.ConfirmIcon(), func() {
		s.model.job = nil
		s.open(screenOverview)
	})
	r.page = newPage(t("result.title"), "", r.steps.object(),
		container.NewVBox(r.top, r.servers, r.reports, r.sums, r.showing),
		r.back, layout.NewSpacer(), r.resume, r.restart, done)
	return r
}

func (r *resultScreen) shown() {
	r.top.RemoveAll()
	r.sums.RemoveAll()
	r.reports.Hide()
	j := r.s.model.job
	if j == nil || j.result == nil {
		r.head(t("result.title"), "")
		return
	}
	res := j.result
	r.steps.of(j)
	r.head(j.title(), t("result.text"))
	r.top.Add(outcomeNotice(res.Outcome))
	var rows [][]cell
	for _, n := range res.Outcome.Nodes {
		rows = append(rows, append(words(n.Node, n.Path), nodeCell(n)))
	}
	r.servers.setRows(rows)
	for _, line := range res.Restart {
		text := line
		if r.s.model.rehearsal != nil {
			text += "\n" + t("result.restart.practice")
		}
		r.top.Add(newNotice(warningNotice, text))
	}
	visible(r.showing, res.List != nil)
	if res.List != nil {
		r.sums.Add(section(t("result.checksum"), flush(quietText(t("result.checksum.text"))),
			detailBox([]string{"MD5", res.List.MD5(), "SHA-1", res.List.SHA1()})))
		r.show.setText(showText(res.List))
	}
	open := res.Outcome.State == cluster.StateIncomplete
	visible(r.resume, open)
	setEnabled(r.restart, !open)
	setEnabled(r.back, res.Outcome.ID != "" && (open || res.Outcome.State == cluster.StateFinished))
	r.body.to(0)
}

// outcomeNotice says in a sentence how the job ended.
func outcomeNotice(o cluster.Outcome) fyne.CanvasObject {
	switch o.State {
	case cluster.StateFinished, "":
		return newNotice(goodNotice, t("result.good"))
	case cluster.StateTakenBack:
		return newNotice(warningNotice, t("result.taken-back"))
	case cluster.StateUntouched:
		return newNotice(infoNotice, t("result.unchanged"))
	}
	return newNotice(dangerNotice, t("result.bad"))
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
func nodeCell(n cluster.NodeOutcome) cell {
	c := cell{statusText(n.Status), badSign}
	switch n.Status {
	case cluster.StatusPassed:
		c.sign = goodSign
	case cluster.StatusTakenBack:
		c.sign = backSign
	case cluster.StatusUnchanged:
		c.sign = noSign
	case cluster.StatusUnknown:
		c.sign = unsureSign
	}
	if n.Err != nil {
		message, hints := describe(n.Err)
		c.text = textOf(append([]string{c.text + ": " + message}, hints...)...)
	}
	if n.Warning != "" {
		c.text += "\n" + n.Warning
	}
	return c
}

// askRestart restarts at once in the practice cluster; in a real one it asks first.
func (r *resultScreen) askRestart() {
	s := r.s
	if s.model.rehearsal != nil {
		s.restartPractice(r.showReports)
		return
	}
	q := newQuestion(s.dialogs, t("result.restart"), newNotice(warningNotice, t("result.restart.ask")),
		t("result.restart.yes"), t("button.cancel"), true)
	q.onAnswer = func(yes bool) {
		if yes {
			r.restartServices()
		}
	}
	q.show()
}

// restartServices restarts TFTP, then CallManager, through each node's administration CLI.
func (r *resultScreen) restartServices() {
	s := r.s
	runJob(s, t("result.restarting"),
		func(ctx context.Context, session *workflow.Session) (struct{}, error) {
			return struct{}{}, session.RestartServices(ctx)
		},
		func(_ struct{}, err error) {
			if err != nil {
				s.failUnlessStopped(t("result.restart"), err)
				return
			}
			s.say(t("result.restarted"))
		})
}

// showReports shows what the practice cluster's phones made of the file.
func (r *resultScreen) showReports(reports []PhoneReport) {
	r.phones.setRows(reportRows(reports))
	r.reports.Show()
	r.top.RemoveAll()
	r.top.Add(reportNotice(reports))
	r.root.Refresh()
	r.body.to(0)
}

func (r *resultScreen) takeBack() {
	j := r.s.model.job
	r.s.takeBack(j.result.Outcome.ID, func(res *workflow.Result) { r.changed(j, res) })
}

func (r *resultScreen) resumeJob() {
	s, j := r.s, r.s.model.job
	id := j.result.Outcome.ID
	runJob(s, t("history.resuming"),
		func(ctx context.Context, session *workflow.Session) (*workflow.Result, error) {
			return session.Resume(ctx, id)
		},
		func(res *workflow.Result, err error) {
			s.model.findings = nil
			if err != nil {
				s.failUnlessStopped(t("history.resume"), err)
			}
			r.changed(j, res)
		})
}

// changed shows the outcome of what was done after the job.
func (r *resultScreen) changed(j *job, res *workflow.Result) {
	if res == nil {
		return
	}
	j.result = res
	if r.s.current == screenResult {
		r.shown()
	}
}
