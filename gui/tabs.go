package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// tabs are pages behind one another. Fyne's own cannot be reached by the keyboard.
type tabs struct {
	object  fyne.CanvasObject
	buttons []*button
	pages   []fyne.CanvasObject
	body    *fyne.Container
	current int
}

func newTabs() *tabs {
	ts := &tabs{body: container.NewStack()}
	return ts
}

// add appends a page.
func (ts *tabs) add(title string, content fyne.CanvasObject) {
	i := len(ts.pages)
	ts.buttons = append(ts.buttons, newButton(title, nil, func() { ts.show(i) }))
	ts.pages = append(ts.pages, content)
}

// build lays the tabs out when all are there.
func (ts *tabs) build() fyne.CanvasObject {
	row := container.NewHBox()
	for _, b := range ts.buttons {
		row.Add(b)
	}
	ts.show(0)
	ts.object = container.NewBorder(container.NewVBox(row, widget.NewSeparator()), nil, nil, nil, ts.body)
	return ts.object
}

func (ts *tabs) show(i int) {
	ts.current = i
	for n, b := range ts.buttons {
		b.Importance = widget.LowImportance
		if n == i {
			b.Importance = widget.HighImportance
		}
		b.Refresh()
	}
	ts.body.Objects = []fyne.CanvasObject{ts.pages[i]}
	ts.body.Refresh()
}
