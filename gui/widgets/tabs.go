package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Tabs are pages behind one another. Fyne's own cannot be reached by the keyboard.
type Tabs struct {
	Object  fyne.CanvasObject
	buttons []*Button
	pages   []fyne.CanvasObject
	body    *fyne.Container
	Current int
}

func NewTabs() *Tabs {
	ts := &Tabs{body: container.NewStack()}
	return ts
}

// Add appends a page.
func (ts *Tabs) Add(title string, content fyne.CanvasObject) {
	i := len(ts.pages)
	ts.buttons = append(ts.buttons, NewButton(title, nil, func() { ts.Show(i) }))
	ts.pages = append(ts.pages, content)
}

// Build lays the tabs out when all are there.
func (ts *Tabs) Build() fyne.CanvasObject {
	row := ButtonRow()
	for _, b := range ts.buttons {
		row.Add(b)
	}
	ts.Show(0)
	ts.Object = Border(container.NewVBox(row, widget.NewSeparator()), nil, nil, nil, ts.body)
	return ts.Object
}

func (ts *Tabs) Show(i int) {
	ts.Current = i
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
