package gui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// column of a table: its title, and its share of the width that its texts leave.
type column struct {
	title string
	share float32
}

// cell of a table. The sign of a row's first cell, where it says that the row is new, goes or
// changes, colours the whole row.
type cell struct {
	text string
	sign sign
}

// words are cells without signs.
func words(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i].text = text
	}
	return cells
}

// table is as high as its rows; the screen scrolls as a whole. It draws the rows in sight
// alone, so that a list of thousands opens as fast as one of five. A row is one line, what
// does not fit ends in an ellipsis, and the details below the table have it in full; with
// wrap a row is as high as it needs, for tables of few rows that have no details.
type table struct {
	widget.BaseWidget
	columns  []column
	rows     [][]cell
	wrap     bool
	selected int
	// onSelect is called with the row chosen; nil: rows cannot be chosen.
	onSelect func(row int)
	focused  bool

	natural     []float32 // width that the texts of each column want
	in          *scroller
	top, height float32 // what is in sight
	outer       fyne.CanvasObject
}

func newTable(columns ...column) *table {
	tb := &table{}
	tb.init(columns)
	tb.outer = tb
	tb.ExtendBaseWidget(tb)
	return tb
}

func (tb *table) init(columns []column) {
	tb.columns, tb.selected = columns, -1
	tb.height = firstSight
	tb.measure()
}

// firstSight is how much of a table is drawn before it is known what is in sight.
const firstSight = 1200

// setRows shows rows.
func (tb *table) setRows(rows [][]cell) {
	tb.rows = rows
	if tb.selected >= len(rows) {
		tb.selected = -1
	}
	tb.measure()
	tb.Refresh()
	if tb.in != nil {
		tb.in.update()
	}
}

func (tb *table) setScroller(s *scroller) { tb.in = s }

func (tb *table) inSight(top, height float32) {
	if tb.top == top && tb.height == height {
		return
	}
	tb.top, tb.height = top, height
	if !tb.wrap {
		tb.Refresh()
	}
}

func (tb *table) choose(row int) {
	if tb.onSelect == nil || row < 0 || row >= len(tb.rows) {
		return
	}
	tb.selected = row
	tb.Refresh()
	tb.onSelect(row)
}

// text is every row as a screen reader says it, also those that are out of sight.
func (tb *table) text() string {
	lines := make([]string, len(tb.rows))
	for i, row := range tb.rows {
		lines[i] = rowLabel(row)
	}
	return strings.Join(lines, "\n")
}

// AccessibilityLabel reads the titles, and the row chosen.
func (tb *table) AccessibilityLabel() string {
	var titles []string
	for _, c := range tb.columns {
		titles = append(titles, c.title)
	}
	label := strings.Join(titles, ", ")
	if tb.selected >= 0 && tb.selected < len(tb.rows) {
		label += ": " + rowLabel(tb.rows[tb.selected])
	}
	return label
}

// AccessibilityRole is container.
func (tb *table) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// rowLabel is a row for those who hear it: what happened to it first, where a sign alone says so.
func rowLabel(cells []cell) string {
	var texts []string
	if len(cells) > 0 {
		if word := cells[0].sign.word(); word != "" && word != cells[0].text {
			texts = append(texts, word)
		}
	}
	for _, c := range cells {
		if c.text != "" {
			texts = append(texts, c.text)
		}
	}
	return strings.Join(texts, ", ")
}

func (tb *table) CreateRenderer() fyne.WidgetRenderer {
	r := &tableRenderer{table: tb, head: newTableRow(tb), ring: canvas.NewRectangle(nil)}
	r.ring.StrokeWidth = 2
	r.ring.CornerRadius = 3
	r.head.index = -1
	r.head.cells = make([]cell, len(tb.columns))
	for i, c := range tb.columns {
		r.head.cells[i].text = c.title
	}
	r.Refresh()
	return r
}

// tableRenderer draws the head and a pool of rows that is as large as what is in sight.
type tableRenderer struct {
	table *table
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
	if !r.table.wrap {
		return fyne.NewSize(width, h*float32(1+len(r.table.rows)))
	}
	height := h
	for _, row := range r.table.rows {
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
		row.show(first+i, r.table.rows[first+i])
		rowHeight := h
		if r.table.wrap {
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
		at := r.rowAt(r.table.selected)
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
	if tb.wrap {
		return 0, len(tb.rows)
	}
	first = max(0, int((tb.top-h)/h))
	last := min(len(tb.rows), int((tb.top+tb.height)/h)+1)
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

// chooser is a table whose rows can be chosen: by click, or by the keyboard as one stop of
// the Tab key, with the arrows to go from row to row.
type chooser struct {
	table
	// onOpen is called for Enter and for a double click; nil: nothing more than choosing.
	onOpen func(row int)

	lastRow  int
	lastTime time.Time
}

// doubleClick is the longest time between the two clicks of a double click. Fyne's own double
// tap would hold every single one back until it is over.
const doubleClick = 400 * time.Millisecond

func newChooser(onSelect func(row int), columns ...column) *chooser {
	c := &chooser{}
	c.init(columns)
	c.outer = c
	c.onSelect = onSelect
	c.ExtendBaseWidget(c)
	return c
}

func (c *chooser) FocusGained() {
	c.focused = true
	c.Refresh()
	c.revealRow(c.selected)
}

func (c *chooser) FocusLost()     { c.focused = false; c.Refresh() }
func (c *chooser) TypedRune(rune) {}

func (c *chooser) TypedKey(k *fyne.KeyEvent) {
	page := max(1, int(c.height/lineHeight())-2)
	switch k.Name {
	case fyne.KeyDown:
		c.goTo(c.selected + 1)
	case fyne.KeyUp:
		c.goTo(c.selected - 1)
	case fyne.KeyPageDown:
		c.goTo(c.selected + page)
	case fyne.KeyPageUp:
		c.goTo(c.selected - page)
	case fyne.KeyHome:
		c.goTo(0)
	case fyne.KeyEnd:
		c.goTo(len(c.rows) - 1)
	case fyne.KeySpace:
		c.goTo(c.selected)
	case fyne.KeyReturn, fyne.KeyEnter:
		if c.onOpen == nil || c.selected < 0 {
			handOn(c, k)
			return
		}
		c.onOpen(c.selected)
	default:
		handOn(c, k)
	}
}

func (c *chooser) goTo(row int) {
	row = min(max(row, 0), len(c.rows)-1)
	c.choose(row)
	c.revealRow(row)
}

func (c *chooser) revealRow(row int) {
	if c.in != nil {
		c.in.reveal(c, lineHeight()*float32(1+row), lineHeight())
	}
}

// tapped is told by a row.
func (tb *table) tapped(row int) {
	c, ok := tb.outer.(*chooser)
	if !ok || row < 0 {
		return
	}
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		cv.Focus(c)
	}
	again := row == c.lastRow && time.Since(c.lastTime) < doubleClick
	c.lastRow, c.lastTime = row, time.Now()
	c.choose(row)
	if again && c.onOpen != nil {
		c.onOpen(row)
	}
}
