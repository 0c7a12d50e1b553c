//go:build !nogui

// Command onelabel is a window with one label, by which the desktop is measured: what its
// toolkit takes is no fault of ours.
package main

import (
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.New().NewWindow("one label")
	w.SetContent(widget.NewLabel("one label"))
	w.ShowAndRun()
}
