package gui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// restartDialog restarts services node by node, in an order that the person may change: which
// phones are without a server, and when, is theirs to decide.
type restartDialog struct {
	s        *shell
	steps    []workflow.RestartStep
	leftOut  map[int]bool
	state    map[int]widgets.Cell
	table    *widgets.Table
	question *widgets.Question
	done     func(all bool)
	running  bool
}

// askRestart shows the services that would be restarted; done is told when it has ended, and
// whether every one was.
func (s *shell) askRestart(done func(all bool)) {
	d := &restartDialog{s: s, leftOut: map[int]bool{}, state: map[int]widgets.Cell{}, done: done}
	onCluster(s, t("result.restart"),
		func(_ context.Context, session *workflow.Session) ([]workflow.RestartStep, error) {
			return session.RestartSteps()
		},
		func(steps []workflow.RestartStep, err error) {
			if err != nil {
				s.failUnlessStopped(t("result.restart"), err)
				return
			}
			d.steps = steps
			d.show()
		})
}

func (d *restartDialog) show() {
	d.table = widgets.NewChooser(func(int) {}, widgets.Column{Title: t("restart.order"), Share: 50}, widgets.Column{Title: t("overview.node"), Share: 160},
		widgets.Column{Title: t("restart.service"), Share: 180}, widgets.Column{Title: t("result.status"), Share: 300})
	d.table.OnOpen = func(int) { d.leave() }
	up := widgets.NewButton(t("restart.up"), theme.MoveUpIcon(), func() { d.move(-1) })
	down := widgets.NewButton(t("restart.down"), theme.MoveDownIcon(), func() { d.move(1) })
	leave := widgets.NewButton(t("restart.leave"), theme.ContentRemoveIcon(), d.leave)
	d.question = widgets.NewQuestion(d.s.dialogs, t("result.restart"), container.NewVBox(
		widgets.NewNotice(widgets.WarningNotice, t("result.restart.ask")), d.table, widgets.ButtonRow(up, down, leave)),
		t("result.restart.yes"), t("button.cancel"), true)
	d.question.Wide = true
	d.question.First = d.table
	d.question.Check = func() bool {
		if !d.running {
			d.run()
		}
		return false
	}
	d.fill()
	d.question.Show()
}

func (d *restartDialog) fill() {
	var rows [][]widgets.Cell
	for i, step := range d.steps {
		state := d.state[i]
		if d.leftOut[i] {
			state = widgets.Cell{Text: t("restart.left-out")}
		}
		rows = append(rows, append(widgets.Cells(number(i), step.Node, step.Service.CiscoName()), state))
	}
	d.table.SetRows(rows)
}

// move changes the order.
func (d *restartDialog) move(by int) {
	i := d.table.Selected
	k := i + by
	if d.running || i < 0 || k < 0 || k >= len(d.steps) {
		return
	}
	d.steps[i], d.steps[k] = d.steps[k], d.steps[i]
	d.leftOut[i], d.leftOut[k] = d.leftOut[k], d.leftOut[i]
	d.fill()
	d.table.GoTo(k)
}

// leave leaves a service out, or takes it in again.
func (d *restartDialog) leave() {
	if i := d.table.Selected; i >= 0 && !d.running {
		d.leftOut[i] = !d.leftOut[i]
		d.fill()
	}
}

// run restarts one after the other; a node that fails does not keep the others from being
// restarted.
func (d *restartDialog) run() {
	d.running = true
	d.next(0, true)
}

func (d *restartDialog) next(i int, all bool) {
	for i < len(d.steps) && (d.leftOut[i] || d.state[i].Sign == widgets.GoodSign) {
		all = all && !d.leftOut[i]
		i++
	}
	if i == len(d.steps) {
		d.end(all)
		return
	}
	step := d.steps[i]
	d.state[i] = widgets.Cell{Text: t("step.start"), Sign: widgets.WorkSign}
	d.fill()
	runJob(d.s, fmt.Sprintf("%s: %s %s", t("result.restarting"), step.Node, step.Service.CiscoName()),
		func(ctx context.Context, session *workflow.Session) (struct{}, error) {
			return struct{}{}, session.Restart(ctx, step)
		},
		func(_ struct{}, err error) {
			d.state[i] = widgets.Cell{Text: t("step.done"), Sign: widgets.GoodSign}
			if err != nil {
				d.state[i] = widgets.Cell{Text: t("step.failed") + ": " + tell(err), Sign: widgets.BadSign}
			}
			d.fill()
			if stopped(err) {
				d.running = false
				return
			}
			d.next(i+1, all && err == nil)
		})
}

// end says what came of it. What failed can be tried again from the same list.
func (d *restartDialog) end(all bool) {
	d.running = false
	failed := 0
	for _, c := range d.state {
		if c.Sign == widgets.BadSign {
			failed++
		}
	}
	d.done(all && failed == 0)
	if failed > 0 {
		d.s.tell(widgets.WarningNotice, t("restart.failed", map[string]any{"Count": fmt.Sprint(failed)}))
		return
	}
	d.question.Answer(false)
	d.s.say(t("result.restarted"))
}
