package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// steps shows where in its job a screen stands; the current step is bold.
type steps struct {
	box     *fyne.Container
	current screenID
}

func newSteps(current screenID) *steps {
	return &steps{box: container.NewHBox(), current: current}
}

// of draws the steps of a job: without entries where it has none.
func (st *steps) of(j *job) {
	st.box.RemoveAll()
	ids := []screenID{screenEntries, screenReview, screenDistribute, screenResult}
	if !j.hasEntries() {
		ids = ids[1:]
	}
	done := true
	for i, id := range ids {
		l := widget.NewLabel(number(i) + "  " + t("steps."+string(id)))
		if id == st.current {
			l.TextStyle.Bold, l.Importance = true, widget.HighImportance
			done = false
		} else if !done {
			l.Importance = widget.LowImportance
		}
		if i > 0 {
			st.box.Add(widget.NewIcon(theme.NewDisabledResource(theme.NavigateNextIcon())))
		}
		st.box.Add(l)
	}
	st.box.Refresh()
}

// object keeps the room of a line before there are steps, so that nothing jumps.
func (st *steps) object() fyne.CanvasObject {
	return flush(container.NewStack(spacer(widget.NewLabel("").MinSize().Height), st.box))
}
