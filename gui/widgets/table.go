package widgets

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Column of a table: its title, and its share of the width that its texts leave.
type Column struct {
	Title string
	Share float32
}

// Cell of a table. The sign of a row's first cell, where it says that the row is new, goes or
// changes, colours the whole row.
type Cell struct {
	Text string
	Sign Sign
}

// Cells are cells without signs.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	return cells
}

// Table is as high as its rows; the screen scrolls as a whole. It draws the rows in sight
// alone, so that a list of thousands opens as fast as one of five. A row is one line, what
// does not fit ends in an ellipsis, and the details below the table have it in full; with
// wrap a row is as high as it needs, for tables of few rows that have no details.
type Table struct {
	widget.BaseWidget
	columns  []Column
	Rows     [][]Cell
	Wrap     bool
	Selected int
	// onSelect is called with the row chosen; nil: rows cannot be chosen.
	onSelect func(row int)
	focused  bool

	natural     []float32 // width that the texts of each column want
	in          *scroller
	top, height float32 // what is in sight
	outer       fyne.CanvasObject
}

func NewTable(columns ...Column) *Table {
	tb := &Table{}
	tb.init(columns)
	tb.outer = tb
	tb.ExtendBaseWidget(tb)
	return tb
}

func (tb *Table) init(columns []Column) {
	tb.columns, tb.Selected = columns, -1
	tb.height = firstSight
	tb.measure()
}

// firstSight is how much of a table is drawn before it is known what is in sight.
const firstSight = 1200

// SetRows shows rows.
func (tb *Table) SetRows(rows [][]Cell) {
	tb.Rows = rows
	if tb.Selected >= len(rows) {
		tb.Selected = -1
	}
	tb.measure()
	tb.Refresh()
	if tb.in != nil {
		tb.in.update()
	}
}

func (tb *Table) setScroller(s *scroller) { tb.in = s }

func (tb *Table) inSight(top, height float32) {
	if tb.top == top && tb.height == height {
		return
	}
	tb.top, tb.height = top, height
	if !tb.Wrap {
		tb.Refresh()
	}
}

func (tb *Table) Choose(row int) {
	if tb.onSelect == nil || row < 0 || row >= len(tb.Rows) {
		return
	}
	tb.Selected = row
	tb.Refresh()
	tb.onSelect(row)
}

// Text is every row as a screen reader says it, also those that are out of sight.
func (tb *Table) Text() string {
	lines := make([]string, len(tb.Rows))
	for i, row := range tb.Rows {
		lines[i] = RowLabel(row)
	}
	return strings.Join(lines, "\n")
}

// AccessibilityLabel reads the titles, and the row chosen.
func (tb *Table) AccessibilityLabel() string {
	var titles []string
	for _, c := range tb.columns {
		titles = append(titles, c.Title)
	}
	label := strings.Join(titles, ", ")
	if tb.Selected >= 0 && tb.Selected < len(tb.Rows) {
		label += ": " + RowLabel(tb.Rows[tb.Selected])
	}
	return label
}

// AccessibilityRole is container.
func (tb *Table) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// RowLabel is a row for those who hear it: what happened to it first, where a sign alone says so.
func RowLabel(cells []Cell) string {
	var texts []string
	if len(cells) > 0 {
		if word := cells[0].Sign.Word(); word != "" && word != cells[0].Text {
			texts = append(texts, word)
		}
	}
	for _, c := range cells {
		if c.Text != "" {
			texts = append(texts, c.Text)
		}
	}
	return strings.Join(texts, ", ")
}

func (tb *Table) CreateRenderer() fyne.WidgetRenderer {
	r := &tableRenderer{table: tb, head: newTableRow(tb), ring: canvas.NewRectangle(nil)}
	r.ring.StrokeWidth = 2
	r.ring.CornerRadius = 3
	r.head.index = -1
	r.head.cells = make([]Cell, len(tb.columns))
	for i, c := range tb.columns {
		r.head.cells[i].Text = c.Title
	}
	r.Refresh()
	return r
}

// tableRenderer draws the head and a pool of rows that is as large as what is in sight.
type tableRenderer struct {
	table *Table
	head  *tableRow
	pool  []*tableRow
	ring  *canvas.Rectangle
	size  fyne.Size
}

func (r *tableRenderer) Destroy() {}

func (r *tableRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.head}
	for _, row := range r.pool {
		objects = append(objects, row)
	}
	return append(objects, r.ring)
}

func (r *tableRenderer) MinSize() fyne.Size {
	h := lineHeight()
	const narrowest = 48 // of a column
	width := narrowest * float32(len(r.table.columns))
	if !r.table.Wrap {
		return fyne.NewSize(width, h*float32(1+len(r.table.Rows)))
	}
	height := h
	for _, row := range r.table.Rows {
		height += r.table.rowHeight(row, r.table.widths(r.size.Width))
	}
	return fyne.NewSize(width, height)
}

func (r *tableRenderer) Layout(size fyne.Size) {
	r.size = size
	h := lineHeight()
	r.head.Move(fyne.NewPos(0, 0))
	r.head.Resize(fyne.NewSize(size.Width, h))
	first, count := r.visible()
	r.resizePool(count)
	y := h * float32(1+first)
	for i, row := range r.pool {
		row.assign(first+i, r.table.Rows[first+i])
		rowHeight := h
		if r.table.Wrap {
			rowHeight = r.table.rowHeight(row.cells, r.table.widths(size.Width))
		}
		row.Move(fyne.NewPos(0, y))
		row.Resize(fyne.NewSize(size.Width, rowHeight))
		y += rowHeight
	}
	r.ring.Hide()
	if r.table.focused {
		r.ring.StrokeColor = theme.Color(theme.ColorNamePrimary)
		r.ring.FillColor = nil
		at := r.rowAt(r.table.Selected)
		r.ring.Move(at.Position())
		r.ring.Resize(at.Size())
		r.ring.Show()
	}
	r.ring.Refresh()
}

// rowAt is the row widget of an index, or the head where it is not in sight.
func (r *tableRenderer) rowAt(index int) *tableRow {
	for _, row := range r.pool {
		if row.index == index {
			return row
		}
	}
	return r.head
}

// visible is what is in sight: the first row, and how many.
func (r *tableRenderer) visible() (first, count int) {
	tb, h := r.table, lineHeight()
	if tb.Wrap {
		return 0, len(tb.Rows)
	}
	first = max(0, int((tb.top-h)/h))
	last := min(len(tb.Rows), int((tb.top+tb.height)/h)+1)
	if first >= last {
		return 0, 0
	}
	return first, last - first
}

func (r *tableRenderer) resizePool(n int) {
	for len(r.pool) < n {
		r.pool = append(r.pool, newTableRow(r.table))
	}
	r.pool = r.pool[:n]
}

func (r *tableRenderer) Refresh() {
	r.Layout(r.table.Size())
	r.head.Refresh()
	for _, row := range r.pool {
		row.Refresh()
	}
	canvas.Refresh(r.table.outer)
}

// Chooser is a table whose rows can be chosen: by click, or by the keyboard as one stop of
// the Tab key, with the arrows to go from row to row.
type Chooser struct {
	Table
	// OnOpen is called for Enter and for a double click; nil: nothing more than choosing.
	OnOpen func(row int)

	lastRow  int
	lastTime time.Time
}

// doubleClick is the longest time between the two clicks of a double click. Fyne's own double
// tap would hold every single one back until it is over.
const doubleClick = 400 * time.Millisecond

func NewChooser(onSelect func(row int), columns ...Column) *Chooser {
	c := &Chooser{}
	c.init(columns)
	c.outer = c
	c.onSelect = onSelect
	c.ExtendBaseWidget(c)
	return c
}

func (c *Chooser) FocusGained() {
	c.focused = true
	c.Refresh()
	c.revealRow(c.Selected)
}

func (c *Chooser) FocusLost()     { c.focused = false; c.Refresh() }
func (c *Chooser) TypedRune(rune) {}

func (c *Chooser) TypedKey(k *fyne.KeyEvent) {
	page := max(1, int(c.height/lineHeight())-2)
	switch k.Name {
	case fyne.KeyDown:
		c.GoTo(c.Selected + 1)
	case fyne.KeyUp:
		c.GoTo(c.Selected - 1)
	case fyne.KeyPageDown:
		c.GoTo(c.Selected + page)
	case fyne.KeyPageUp:
		c.GoTo(c.Selected - page)
	case fyne.KeyHome:
		c.GoTo(0)
	case fyne.KeyEnd:
		c.GoTo(len(c.Rows) - 1)
	case fyne.KeySpace:
		c.GoTo(c.Selected)
	case fyne.KeyReturn, fyne.KeyEnter:
		if c.OnOpen == nil || c.Selected < 0 {
			handOn(c, k)
			return
		}
		c.OnOpen(c.Selected)
	default:
		handOn(c, k)
	}
}

func (c *Chooser) GoTo(row int) {
	row = min(max(row, 0), len(c.Rows)-1)
	c.Choose(row)
	c.revealRow(row)
}

func (c *Chooser) revealRow(row int) {
	if c.in != nil {
		c.in.Reveal(c, lineHeight()*float32(1+row), lineHeight())
	}
}

// tapped is told by a row.
func (tb *Table) tapped(row int) {
	c, ok := tb.outer.(*Chooser)
	if !ok || row < 0 {
		return
	}
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c)
	}
	again := row == c.lastRow && time.Since(c.lastTime) < doubleClick
	c.lastRow, c.lastTime = row, time.Now()
	c.Choose(row)
	if again && c.OnOpen != nil {
		c.OnOpen(row)
	}
}
