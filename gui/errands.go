package gui

import (
	"fmt"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/workflow"
)

// errands is what only a person can do while a job waits, node by node: a list that ticks itself
// as each node is seen to serve the file. It stands on the screen of the job that writes, and in a
// dialog where another screen is in front.
type errands struct {
	s    *shell
	list []workflow.Errand
	box  *fyne.Container // of the screen
	q    *widgets.Question
	in   *fyne.Container // of the dialog
}

func newErrands(s *shell) *errands { return &errands{s: s, box: container.NewVBox()} }

// event takes an errand in, or that one is done.
func (e *errands) event(ev workflow.Event) {
	now := *ev.Errand
	if now.Node == "" {
		now.Node = ev.Node
	}
	i := slices.IndexFunc(e.list, func(old workflow.Errand) bool { return old.Node == now.Node })
	switch {
	case i < 0 && now.Done, i < 0 && len(now.Steps) == 0:
		return // the steps follow, or it was done before it was asked for
	case i < 0:
		e.list = append(e.list, now)
	case now.Done:
		e.list[i].Done = true
	case len(now.Steps) > 0:
		e.list[i] = now
	}
	e.draw()
}

// end forgets what there was to do: the job has ended.
func (e *errands) end() {
	e.list = nil
	e.draw()
}

func (e *errands) draw() {
	e.box.RemoveAll()
	left := slices.ContainsFunc(e.list, func(one workflow.Errand) bool { return !one.Done })
	if e.q != nil && !left {
		e.q.Answer(false)
		e.q = nil
	}
	if len(e.list) == 0 {
		return
	}
	if e.s.current == screenDistribute {
		e.fill(e.box)
		return
	}
	if e.q == nil && left {
		e.in = container.NewVBox()
		e.q = widgets.NewStatement(e.s.dialogs, t("errand.title"), e.in)
		e.q.Wide = true
		e.fill(e.in)
		e.q.Show()
		return
	}
	if e.q != nil {
		e.in.RemoveAll()
		e.fill(e.in)
		e.q.Refit()
	}
}

func (e *errands) fill(box *fyne.Container) {
	done := 0
	for _, one := range e.list {
		if one.Done {
			done++
		}
	}
	box.Add(widgets.NewNotice(widgets.WarningNotice, t("errand.text", map[string]any{"Done": fmt.Sprint(done), "Count": fmt.Sprint(len(e.list))})))
	for _, one := range e.list {
		if one.Done {
			box.Add(widgets.Signed(widgets.GoodSign, t("errand.done", map[string]any{"Node": one.Node})))
			continue
		}
		box.Add(widgets.Signed(widgets.WorkSign, t("errand.node", map[string]any{"Node": one.Node})))
		if one.Why != nil {
			box.Add(widgets.Flush(widgets.QuietText(message.Sentence(tell(one.Why)))))
		}
		for i, step := range one.Steps {
			box.Add(widgets.Flush(widgets.Wrapped(fmt.Sprintf("%d. %s", i+1, say(step)))))
		}
		var buttons []fyne.CanvasObject
		if one.Page != "" {
			box.Add(widgets.Flush(widgets.Wrapped(one.Page)))
			buttons = append(buttons, widgets.NewCopyButton(t("errand.copy-page"), func() string { return one.Page }))
		}
		if one.File != "" {
			box.Add(widgets.Flush(widgets.Wrapped(one.File)))
			buttons = append(buttons, widgets.NewCopyButton(t("errand.copy-file"), func() string { return one.File }),
				widgets.NewButton(t("clusters.folder"), theme.FolderOpenIcon(), func() { e.s.openFolder(filepath.Dir(one.File)) }))
		}
		if len(buttons) > 0 {
			box.Add(widgets.ButtonRow(buttons...))
		}
	}
}
