package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// newSteps shows where in a job a screen stands; the current step is bold and has its number
// in the program's colour.
func newSteps(current int) fyne.CanvasObject {
	row := container.NewHBox()
	for i, key := range []string{"steps.entries", "steps.review", "steps.distribute", "steps.result"} {
		l := widget.NewLabel(number(i) + "  " + t(key))
		switch {
		case i == current:
			l.TextStyle.Bold = true
			l.Importance = widget.HighImportance
		case i > current:
			l.Importance = widget.LowImportance
		}
		if i > 0 {
			row.Add(widget.NewIcon(theme.NewDisabledResource(theme.NavigateNextIcon())))
		}
		row.Add(l)
	}
	return row
}
