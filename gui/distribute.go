package gui

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/workflow"
)

// distributeScreen shows every node's way: stage, commit, read back. Until the first commit
// Cancel leaves nothing behind.
type distributeScreen struct {
	s      *shell
	root   *fyne.Container
	title  *fyne.Container
	table  *table
	note   *fyne.Container
	bar    *widget.ProgressBar
	cancel *widget.Button

	nodes     []string
	state     map[string]map[string]string // node -> step -> word
	committed bool
	task      *task
}

// The steps of a node, in order; a reader of the table sees at which one it is.
var nodeSteps = []string{"stage", "commit", "read-back"}

func newDistributeScreen(s *shell) *distributeScreen {
	d := &distributeScreen{s: s, title: container.NewVBox(), note: container.NewVBox()}
	d.table = newTable(column{t("overview.node"), 240}, column{t("distribute.stage"), 220},
		column{t("distribute.commit"), 220}, column{t("distribute.read-back"), 220})
	d.bar = widget.NewProgressBar()
	d.cancel = widget.NewButtonWithIcon(t("button.cancel"), theme.CancelIcon(), func() {
		if d.task != nil {
			d.task.cancel()
		}
	})
	d.root = container.NewBorder(
		container.NewVBox(d.title, newSteps(2), widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(d.cancel)), nil, nil,
		scrolled(container.NewVBox(d.note, d.table, d.bar)))
	return d
}

func (d *distributeScreen) object() fyne.CanvasObject { return d.root }

func (d *distributeScreen) shown() {
	d.title.RemoveAll()
	j := d.s.model.job
	if j == nil {
		d.title.Add(heading(t("distribute.title"), ""))
		return
	}
	d.title.Add(heading(t("action."+string(j.kind)), t("distribute.text")))
	d.draw()
}

// reset forgets the job before.
func (d *distributeScreen) reset(session *workflow.Session) {
	d.nodes, d.state, d.committed = nil, map[string]map[string]string{}, false
	for _, n := range session.Snapshot.Nodes {
		d.nodes = append(d.nodes, n.Node.Name)
		d.state[n.Node.Name] = map[string]string{}
	}
	d.cancel.Enable()
}

func (d *distributeScreen) event(e workflow.Event) {
	if e.Type != workflow.EventNode {
		return
	}
	steps, ok := d.state[e.Node]
	if !ok {
		return
	}
	word := t("step." + e.State)
	if e.Message != "" && e.State == "failed" {
		word += ": " + e.Message
	}
	steps[e.Step] = word
	if e.Step == "commit" && !d.committed {
		d.committed = true
		d.cancel.Disable()
	}
	d.draw()
}

func (d *distributeScreen) draw() {
	d.note.RemoveAll()
	key, kind := "distribute.before", infoNotice
	if d.committed {
		key, kind = "distribute.after", warningNotice
	}
	d.note.Add(newNotice(kind, t(key)))
	var rows [][]string
	done := 0
	for _, node := range d.nodes {
		row := []string{node}
		for _, step := range nodeSteps {
			word := d.state[node][step]
			if word == t("step.done") {
				done++
			}
			if word == "" {
				word = "·"
			}
			row = append(row, word)
		}
		rows = append(rows, row)
	}
	d.table.setRows(rows)
	if total := len(d.nodes) * len(nodeSteps); total > 0 {
		d.bar.SetValue(float64(done) / float64(total))
	}
}

// distribute executes a job's plan and goes on to its result.
func (s *shell) distribute(j *job) {
	session := s.model.session
	d := s.screens[screenDistribute].(*distributeScreen)
	d.reset(session)
	s.open(screenDistribute)
	d.task = start(s.tasks, t("distribute.working"),
		func(ctx context.Context) (*workflow.Result, error) {
			result, err := j.execute(ctx, session)
			if partial := (*cluster.PartialError)(nil); err != nil && !errors.As(err, &partial) {
				return result, err
			}
			// The next job starts from what the nodes serve now.
			if lookErr := session.Refresh(ctx); lookErr != nil && err == nil {
				err = &lookError{lookErr}
			}
			return result, err
		},
		func(result *workflow.Result, err error) {
			s.model.findings = nil
			var partial *cluster.PartialError
			if look := (*lookError)(nil); errors.As(err, &look) {
				j.result = result
				s.open(screenResult)
				s.fail(t("overview.reading"), err)
				return
			}
			if err != nil && !errors.As(err, &partial) {
				s.failUnlessStopped(t("distribute.title"), err)
				s.open(screenReview)
				return
			}
			if result == nil && partial != nil {
				result = &workflow.Result{Plan: j.plan, List: j.signed, Outcome: partial.Outcome}
			}
			j.result = result
			s.open(screenResult)
			if err != nil {
				s.fail(t("distribute.title"), err)
			}
		})
}

// lookError: the job was done, and looking at the cluster again failed.
type lookError struct{ err error }

func (e *lookError) Error() string { return e.err.Error() }
func (e *lookError) Unwrap() error { return e.err }

// execute runs a plan that was agreed to and, unless the publisher signs, signed.
func (j *job) execute(ctx context.Context, session *workflow.Session) (*workflow.Result, error) {
	if j.kind == jobToTokenless {
		if err := session.Agree(ctx, j.plan); err != nil {
			return nil, err
		}
		return session.ExecuteTokenless(ctx, j.plan, workflow.ExecuteOptions{})
	}
	return session.Execute(ctx, j.plan, j.signed, workflow.ExecuteOptions{})
}
