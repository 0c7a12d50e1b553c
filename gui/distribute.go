package gui

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// distributeScreen shows every node's way: stage, commit, read back. Until the first commit
// Cancel leaves nothing behind.
type distributeScreen struct {
	*widgets.Page
	s      *shell
	steps  *widgets.Steps
	table  *widgets.Table
	note   *fyne.Container
	output *widgets.Viewer
	said   *fyne.Container // what the publisher's CLI prints
	bar    *widgets.Progress
	cancel *widgets.Button

	nodes     []string
	state     map[string]map[string]widgets.Cell // node -> step -> what is to be seen
	lines     string
	committed bool
	noFile    bool // the publisher makes the files of the nodes: none is brought there
	task      *task
	began     time.Time // when writing began
}

// The steps of a node, in order; a reader of the table sees at which one it is.
var nodeSteps = []string{cluster.StepStage, cluster.StepCommit, cluster.StepReadBack}

func newDistributeScreen(s *shell) *distributeScreen {
	d := &distributeScreen{s: s, steps: widgets.NewSteps(), note: container.NewVBox(), output: widgets.NewViewer(8)}
	d.table = widgets.NewTable(widgets.Column{Title: t("overview.node"), Share: 180}, widgets.Column{Title: t("distribute.stage"), Share: 220},
		widgets.Column{Title: t("distribute.commit"), Share: 220}, widgets.Column{Title: t("distribute.read-back"), Share: 220})
	d.table.Wrap = true
	d.bar = widgets.NewProgress()
	d.cancel = widgets.NewButton(t("button.cancel"), theme.CancelIcon(), func() {
		if d.task != nil {
			d.task.cancel()
		}
	})
	d.said = widgets.Section(t("distribute.output"), d.output.Object)
	d.Page = widgets.NewPage(t("distribute.title"), "", d.steps.Object(),
		container.NewVBox(d.note, s.errands.box, d.bar.Object, widgets.Spacer(4), d.table, d.said), layout.NewSpacer(), d.cancel)
	return d
}

func (d *distributeScreen) shown() {
	j := d.s.model.job
	if j == nil {
		d.Head(t("distribute.title"), "")
		return
	}
	j.showSteps(d.steps, screenDistribute)
	d.Head(j.title(), t("distribute.text"))
	d.draw()
}

// reset forgets the job before.
func (d *distributeScreen) reset(snap *cluster.Snapshot) {
	d.noFile = d.s.model.job.kind == jobRecoverITL
	d.nodes, d.state, d.committed, d.lines = nil, map[string]map[string]widgets.Cell{}, false, ""
	for i := range snap.Nodes {
		name := snap.Nodes[i].Node.Name
		d.nodes = append(d.nodes, name)
		d.state[name] = map[string]widgets.Cell{}
	}
	d.cancel.Enable()
}

func (d *distributeScreen) event(e workflow.Event) {
	if e.Type == workflow.EventOutput {
		d.lines += e.Message + "\n"
		d.output.SetText(d.lines)
		d.output.Scroll.ScrollToBottom()
		d.draw()
		return
	}
	steps, ok := d.state[e.Node]
	if e.Type != workflow.EventNode || !ok {
		return
	}
	if d.noFile && e.Step == workflow.StepTFTP {
		e.Step = cluster.StepReadBack // what the node gives phones is all that there is to see
	}
	steps[e.Step] = stepCell(e)
	if e.Step == cluster.StepCommit && !d.committed {
		d.committed = true
		d.cancel.Disable()
		d.s.tasks.finalise(d.task)
	}
	d.draw()
}

// stepCell is a step of a node as it stands.
func stepCell(e workflow.Event) widgets.Cell {
	switch e.State {
	case cluster.StateDone:
		if said := e.Said(windowVoice()); e.Step == cluster.StepReadBack && said != "" {
			return widgets.Cell{Text: said, Sign: widgets.GoodSign}
		}
		return widgets.Cell{Text: t("step.done"), Sign: widgets.GoodSign}
	case cluster.StateFailed:
		return widgets.Cell{Text: fmt.Sprintf("%s: %s", t("step.failed"), e.Said(windowVoice())), Sign: widgets.BadSign}
	case cluster.StateRetry:
		return widgets.Cell{Text: t("step.retry"), Sign: widgets.AgainSign}
	}
	if e.State == workflow.StateStale {
		return widgets.Cell{Text: t("step.stale"), Sign: widgets.BadSign}
	}
	return widgets.Cell{Text: t("step.start"), Sign: widgets.WorkSign}
}

func (d *distributeScreen) draw() {
	d.note.RemoveAll()
	key, kind := "distribute.before", widgets.InfoNotice
	switch {
	case d.noFile:
		key, kind = "distribute.recover-itl", widgets.WarningNotice
	case d.committed:
		key, kind = "distribute.after", widgets.WarningNotice
	}
	d.note.Add(widgets.NewNotice(kind, t(key)))
	var rows [][]widgets.Cell
	done := 0
	for _, node := range d.nodes {
		row := widgets.Cells(node)
		for _, step := range nodeSteps {
			c := d.state[node][step]
			if d.noFile && step != cluster.StepReadBack {
				c = widgets.Cell{Text: t("distribute.not-needed"), Sign: widgets.NoSign}
				done++
			}
			if c.Sign == widgets.GoodSign {
				done++
			}
			row = append(row, c)
		}
		rows = append(rows, row)
	}
	d.table.SetRows(rows)
	d.bar.Set(done, len(d.nodes)*len(nodeSteps))
	widgets.Visible(d.said, d.lines != "")
}

// distribute asks whether to go on, and does what a job's plan says. The review stays in front
// until the first node is touched: a wrong PIN leads back to where the person was.
func (s *shell) distribute(j *job) {
	d := s.screen(screenDistribute).(*distributeScreen)
	d.reset(s.model.snapshot)
	plan := j.plan
	d.began = time.Time{}
	s.writing = func() {
		d.began = time.Now()
		s.open(screenDistribute)
	}
	d.task = runJob(s, t("distribute.working"),
		func(ctx context.Context, session *workflow.Session) (*workflow.Result, error) {
			agreed, err := session.Agree(ctx, plan, workflow.ToWrite)
			if err != nil {
				return nil, err
			}
			result, err := session.Execute(ctx, agreed, workflow.ExecuteOptions{})
			if result != nil && ctx.Err() == nil {
				// What was seen before is history. Where this fails, the result still stands, and
				// the overview says what could not be read when it is asked for.
				_ = session.Refresh(ctx)
			}
			return result, err
		},
		func(result *workflow.Result, err error) { s.distributed(j, result, err) })
}

// long is from when on a job's end is told to the desktop: by then a person does something else.
const long = 10 * time.Second

// notify tells the desktop that a long job has ended, for those who look at another window.
func (s *shell) notify(j *job, err error) {
	if j.took < long {
		return
	}
	text := t("notify.done", map[string]any{"Time": elapsed(j.took)})
	if err != nil {
		text = t("notify.failed")
	}
	s.app.SendNotification(fyne.NewNotification(j.title(), text))
}

// elapsed is a time in minutes and seconds.
func elapsed(d time.Duration) string {
	d = d.Round(time.Second)
	if d < time.Minute {
		return t("time.seconds", map[string]any{"Seconds": fmt.Sprint(int(d.Seconds()))})
	}
	return t("time.minutes", map[string]any{"Minutes": fmt.Sprint(int(d.Minutes())), "Seconds": fmt.Sprint(int(d.Seconds()) % 60)})
}

// distributed shows how a job ended.
func (s *shell) distributed(j *job, result *workflow.Result, err error) {
	s.writing = nil
	s.doneWaiting()
	s.errands.end()
	if began := s.screen(screenDistribute).(*distributeScreen).began; !began.IsZero() {
		j.took, j.began = time.Since(began), began
		s.notify(j, err)
	}
	s.model.findings = nil
	var partial *cluster.PartialError
	if err != nil && !errors.As(err, &partial) {
		if s.current == screenDistribute {
			s.open(screenReview)
		}
		s.failUnlessStopped(t("distribute.title"), err)
		s.watchTokens() // what a token says of the tries left is read when it is found
		return
	}
	if result == nil && partial != nil {
		result = &workflow.Result{Plan: j.plan, Outcome: partial.Outcome}
	}
	j.result = result
	s.open(screenResult)
	if err != nil {
		s.fail(t("distribute.title"), err)
	}
}
