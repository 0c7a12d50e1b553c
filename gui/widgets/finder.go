package widgets

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Finder searches the rows of a table: what does not hold every word is hidden. It shows itself
// only where there are rows enough to search.
type Finder struct {
	Object fyne.CanvasObject
	Field  *Field
	table  *Table
	found  *widget.Label
}

// findFrom is how many rows are searched by eye.
const findFrom = 12

// NewFinder makes the search of a table.
func NewFinder(tb *Table) *Finder {
	f := &Finder{table: tb, Field: NewField(Words.Search), found: QuietLabel("")}
	f.Field.SetName(Words.Search)
	f.Field.OnChanged = func(text string) {
		tb.filter, tb.anchor = text, -1
		tb.arrange()
	}
	f.Field.OnSubmitted = func(string) {
		if c := canvasOf(tb); c != nil {
			c.Focus(tb)
		}
	}
	f.Field.icon()
	f.Object = Border(nil, nil, nil, f.found, f.Field)
	tb.finder = f
	f.count()
	return f
}

// Clear shows every row again.
func (f *Finder) Clear() {
	if f.Field.Text != "" {
		f.Field.SetText("")
	}
}

func (f *Finder) count() {
	all, shown := len(f.table.Rows), f.table.Shown()
	text := strings.NewReplacer("{found}", fmt.Sprint(shown), "{all}", fmt.Sprint(all)).Replace(Words.Found)
	if f.found.Text != text {
		f.found.SetText(text)
	}
	visibleIf(f.Object, all > findFrom || f.table.filter != "")
}
