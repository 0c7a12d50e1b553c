package gui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// column of a table: its title and how wide it is.
type column struct {
	title string
	width float32
}

// table is a small table that is as high as its rows, for a screen that scrolls as a whole.
// A row is chosen by click or by keyboard (each row takes the focus, Space and Enter choose it).
type table struct {
	widget.BaseWidget
	columns  []column
	rows     [][]string
	marks    []mark // one a row, may be shorter
	selected int
	// onSelect is called with the row chosen; nil: rows cannot be chosen.
	onSelect func(row int)
	box      *fyne.Container
}

// mark says what happened to a row since the live file: a word beside a sign, never colour alone.
type mark int

const (
	unmarked mark = iota
	added
	removed
	changed
)

func (m mark) sign() string {
	switch m {
	case added:
		return "+ "
	case removed:
		return "− "
	case changed:
		return "~ "
	}
	return ""
}

// word is the sign for those who hear the table.
func (m mark) word() string {
	switch m {
	case added:
		return t("mark.added")
	case removed:
		return t("mark.removed")
	case changed:
		return t("mark.changed")
	}
	return ""
}

func newTable(columns ...column) *table {
	tb := &table{columns: columns, selected: -1, box: container.NewVBox()}
	tb.ExtendBaseWidget(tb)
	return tb
}

func (tb *table) CreateRenderer() fyne.WidgetRenderer {
	tb.rebuild()
	return widget.NewSimpleRenderer(dense(tb.box))
}

// setRows shows rows, unmarked.
func (tb *table) setRows(rows [][]string) { tb.setMarked(rows, nil) }

// setMarked shows rows with what happened to each.
func (tb *table) setMarked(rows [][]string, marks []mark) {
	tb.rows, tb.marks = rows, marks
	if tb.selected >= len(rows) {
		tb.selected = -1
	}
	tb.rebuild()
	tb.Refresh()
}

func (tb *table) rebuild() {
	head := make([]string, len(tb.columns))
	for i, c := range tb.columns {
		head[i] = c.title
	}
	tb.box.RemoveAll()
	tb.box.Add(newTableRow(tb, -1, head))
	for i, row := range tb.rows {
		tb.box.Add(newTableRow(tb, i, row))
	}
}

func (tb *table) choose(row int) {
	if tb.onSelect == nil || row < 0 {
		return
	}
	tb.selected = row
	for _, o := range tb.box.Objects {
		o.Refresh()
	}
	tb.onSelect(row)
}

func (tb *table) markOf(row int) mark {
	if row < 0 || row >= len(tb.marks) {
		return unmarked
	}
	return tb.marks[row]
}

// tableRow is one line; index -1 is the head.
type tableRow struct {
	widget.BaseWidget
	table   *table
	index   int
	cells   []string
	focused bool
	hovered bool
}

func newTableRow(tb *table, index int, cells []string) fyne.CanvasObject {
	if index < 0 || tb.onSelect == nil {
		// A row that cannot be chosen must not take the focus: it is the same row without the traits.
		return newPlainRow(tb, index, cells)
	}
	r := &tableRow{table: tb, index: index, cells: cells}
	r.ExtendBaseWidget(r)
	return r
}

type plainRow struct {
	widget.BaseWidget
	row *tableRow
}

func newPlainRow(tb *table, index int, cells []string) *plainRow {
	p := &plainRow{row: &tableRow{table: tb, index: index, cells: cells}}
	p.ExtendBaseWidget(p)
	return p
}

func (p *plainRow) CreateRenderer() fyne.WidgetRenderer { return p.row.CreateRenderer() }

// AccessibilityLabel reads what happened to the row, then its cells.
func (r *tableRow) AccessibilityLabel() string {
	label := strings.Join(r.cells, ", ")
	if word := r.table.markOf(r.index).word(); word != "" {
		label = word + ": " + label
	}
	return label
}

// AccessibilityRole is button: a row that can be chosen.
func (r *tableRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (r *tableRow) Tapped(*fyne.PointEvent) { r.table.choose(r.index) }
func (r *tableRow) FocusGained()            { r.focused = true; r.Refresh() }
func (r *tableRow) FocusLost()              { r.focused = false; r.Refresh() }
func (r *tableRow) TypedRune(c rune) {
	if c == ' ' {
		r.table.choose(r.index)
	}
}
func (r *tableRow) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter {
		r.table.choose(r.index)
	}
}

func (r *tableRow) CreateRenderer() fyne.WidgetRenderer {
	rr := &rowRenderer{row: r, ground: canvas.NewRectangle(nil), line: canvas.NewRectangle(nil)}
	for i := range r.table.columns {
		text := ""
		if i < len(r.cells) {
			text = r.cells[i]
		}
		if i == 0 {
			text = r.table.markOf(r.index).sign() + text
		}
		l := widget.NewLabel(text)
		l.Truncation = fyne.TextTruncateEllipsis
		l.TextStyle.Bold = r.index < 0
		switch r.table.markOf(r.index) {
		case added:
			l.Importance = widget.SuccessImportance
		case removed:
			l.Importance = widget.DangerImportance
		case changed:
			l.Importance = widget.WarningImportance
		}
		if r.index < 0 {
			l.Importance = widget.LowImportance
		}
		rr.labels = append(rr.labels, l)
	}
	rr.Refresh()
	return rr
}

type rowRenderer struct {
	row          *tableRow
	ground, line *canvas.Rectangle
	labels       []*widget.Label
}

// Layout gives each column its share of the width there is.
func (r *rowRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.line.Move(fyne.NewPos(0, size.Height-1))
	r.line.Resize(fyne.NewSize(size.Width, 1))
	var total float32
	for _, c := range r.row.table.columns {
		total += c.width
	}
	x := float32(0)
	for i, l := range r.labels {
		w := size.Width * r.row.table.columns[i].width / total
		l.Move(fyne.NewPos(x, 0))
		l.Resize(fyne.NewSize(w, size.Height))
		x += w
	}
}

func (r *rowRenderer) MinSize() fyne.Size {
	h := float32(0)
	for _, l := range r.labels {
		h = max(h, l.MinSize().Height)
	}
	return fyne.NewSize(200, h)
}

func (r *rowRenderer) Refresh() {
	r.line.FillColor = theme.Color(theme.ColorNameSeparator)
	name := theme.ColorNameBackground
	switch {
	case r.row.index < 0:
		name = theme.ColorNameHeaderBackground
	case r.row.focused:
		name = theme.ColorNameFocus
	case r.row.table.selected == r.row.index && r.row.index >= 0:
		name = theme.ColorNameSelection
	}
	r.ground.FillColor = theme.Color(name)
	r.ground.Refresh()
	r.line.Refresh()
	for _, l := range r.labels {
		l.Refresh()
	}
}

func (r *rowRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.ground, r.line}
	for _, l := range r.labels {
		objects = append(objects, l)
	}
	return objects
}

func (r *rowRenderer) Destroy() {}
