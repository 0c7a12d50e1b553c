package widgets

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Steps shows where in a row of steps a screen stands; the current step is bold.
type Steps struct{ box *fyne.Container }

func NewSteps() *Steps { return &Steps{box: ButtonRow()} }

// ShowStep draws the names of the steps; current counts from 0.
func (st *Steps) ShowStep(names []string, current int) {
	st.box.RemoveAll()
	for i, name := range names {
		l := widget.NewLabel(fmt.Sprintf("%d  %s", i+1, name))
		switch {
		case i == current:
			l.TextStyle.Bold, l.Importance = true, widget.HighImportance
		case i > current:
			l.Importance = widget.LowImportance
		}
		if i > 0 {
			st.box.Add(widget.NewIcon(theme.NewDisabledResource(theme.NavigateNextIcon())))
		}
		st.box.Add(l)
	}
	st.box.Refresh()
}

// Object keeps the room of a line before there are steps, so that nothing jumps.
func (st *Steps) Object() fyne.CanvasObject {
	return Flush(container.NewStack(Spacer(widget.NewLabel("").MinSize().Height), st.box))
}
