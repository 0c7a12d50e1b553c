package widgets

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
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
	Told bool // Text says what Sign does; else who hears a row is told by the sign's own word
	// Order is what the column is sorted by where that is not Text: a date, a number.
	Order string
}

// Cells are cells without signs.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	return cells
}

// Table is as high as its rows; the screen scrolls as a whole, and the titles stay in sight. It
// draws the rows in sight alone, so that a list of thousands opens as fast as one of five. A
// row is one line, what does not fit ends in an ellipsis and is whole in a tooltip; with Wrap a
// row is as high as it needs, for tables of few rows.
//
// A table is one stop of the Tab key; the arrows go through its rows and columns, and with
// Shift mark several. Selection, focus and scrolling are three things: a click selects the row
// below the pointer and moves nothing; the focus by itself selects nothing; only a key that
// selects a row brings that row into sight. Rows are numbered as SetRows was given them,
// however they are sorted and whatever is hidden by a search.
type Table struct {
	widget.BaseWidget
	Columns  []Column
	Rows     [][]Cell
	Wrap     bool
	Selected int // -1: none
	// OnSelect is told of the row chosen, -1 where the one that was is out of sight by a search;
	// nil: choosing a row is for copying alone.
	OnSelect func(row int)
	// OnOpen is called for Enter and for a double click; nil: nothing more than choosing.
	OnOpen func(row int)

	focused bool
	// byPointer: the focus comes by a click, on a row that is in sight.
	byPointer bool

	column int // the arrows stand on it, -1: on the whole row
	anchor int // where marking several rows began, in the order shown; -1: one row

	order  []int // the rows shown, in their order
	filter string
	finder *Finder
	sorted int // column; -1: as given
	down   bool

	natural, least []float32       // width that the texts of each column want; that of their longest word
	set            map[int]float32 // widths that the person chose
	widthsFor      float32         // the width that had is for
	had            []float32
	heights        map[int]float32 // of the rows of a table that wraps, at that width

	in          *Scroller
	top, height float32 // what is in sight
	lastRow     int
	lastTime    time.Time
}

// doubleClick is the longest time between the two clicks of a double click. Fyne's own double
// tap would hold every single one back until it is over.
const doubleClick = 400 * time.Millisecond

// firstSight is how much of a table is drawn before it is known what is in sight.
const firstSight = 1200

// NewTable makes a table to read and to copy from.
func NewTable(columns ...Column) *Table {
	tb := &Table{Columns: columns, Selected: -1, column: -1, anchor: -1, sorted: -1, lastRow: -1,
		height: firstSight, set: map[int]float32{}}
	tb.measure()
	tb.ExtendBaseWidget(tb)
	return tb
}

// NewChooser makes a table whose rows are chosen.
func NewChooser(onSelect func(row int), columns ...Column) *Table {
	tb := NewTable(columns...)
	tb.OnSelect = onSelect
	return tb
}

// SetRows shows rows; search and order stay.
func (tb *Table) SetRows(rows [][]Cell) {
	tb.Rows = rows
	if tb.Selected >= len(rows) {
		tb.Selected = -1
	}
	tb.anchor = -1
	tb.measure()
	tb.arrange()
}

// arrange finds the rows shown and their order, and draws.
func (tb *Table) arrange() {
	HideTip() // the row below the pointer is another one now
	tb.order = tb.order[:0]
	words := strings.Fields(strings.ToLower(tb.filter))
	for i, row := range tb.Rows {
		if matches(row, words) {
			tb.order = append(tb.order, i)
		}
	}
	if c := tb.sorted; c >= 0 {
		slices.SortStableFunc(tb.order, func(a, b int) int {
			if tb.down {
				a, b = b, a
			}
			return compareCells(tb.Rows[a], tb.Rows[b], c)
		})
	}
	if tb.Selected >= 0 && tb.place(tb.Selected) < 0 {
		tb.Selected = -1
		if tb.OnSelect != nil {
			tb.OnSelect(-1)
		}
	}
	tb.Refresh()
	if tb.in != nil {
		tb.in.update()
	}
	if tb.finder != nil {
		tb.finder.count()
	}
}

// place is where a row stands now, -1 where it is not shown.
func (tb *Table) place(row int) int { return slices.Index(tb.order, row) }

// Shown is how many rows the search leaves.
func (tb *Table) Shown() int { return len(tb.order) }

// ShownRows are the rows in the order in which they are seen.
func (tb *Table) ShownRows() []int { return slices.Clone(tb.order) }

func (tb *Table) setScroller(s *Scroller) { tb.in = s }

func (tb *Table) inSight(top, height float32) {
	if tb.top == top && tb.height == height {
		return
	}
	tb.top, tb.height = top, height
	tb.Refresh()
}

// Choose selects a row and says so; nothing scrolls.
func (tb *Table) Choose(row int) {
	if row < 0 || row >= len(tb.Rows) || tb.place(row) < 0 {
		return
	}
	tb.Selected = row
	tb.Refresh()
	if tb.OnSelect != nil {
		tb.OnSelect(row)
	}
}

// Reveal brings a row into sight.
func (tb *Table) Reveal(row int) {
	if at := tb.place(row); at >= 0 && tb.in != nil {
		y, h := tb.rowTop(at)
		tb.in.revealBelow(tb, y, h, lineHeight())
	}
}

// Text is every row as a screen reader says it, also those that are out of sight.
func (tb *Table) Text() string {
	lines := make([]string, len(tb.order))
	for i, row := range tb.order {
		lines[i] = rowLabel(tb.Rows[row])
	}
	return strings.Join(lines, "\n")
}

// AccessibilityLabel reads the titles, and the row chosen.
func (tb *Table) AccessibilityLabel() string {
	var titles []string
	for _, c := range tb.Columns {
		titles = append(titles, c.Title)
	}
	label := strings.Join(titles, ", ")
	if tb.Selected >= 0 && tb.Selected < len(tb.Rows) {
		label += ": " + rowLabel(tb.Rows[tb.Selected])
	}
	return label
}

// AccessibilityRole is container.
func (tb *Table) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleContainer }

// rowLabel is a row for those who hear it: what happened to it first, where a sign alone says so.
func rowLabel(cells []Cell) string {
	var texts []string
	if len(cells) > 0 {
		if word := cells[0].Sign.Word(); word != "" && !cells[0].Told {
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

// FocusGained brings a row that is chosen into sight when the keyboard comes to the table.
func (tb *Table) FocusGained() {
	tb.focused = true
	tb.Refresh()
	if tb.in == nil || tb.byPointer {
		return
	}
	if tb.Selected >= 0 {
		tb.Reveal(tb.Selected)
	} else {
		tb.in.Reveal(tb, 0, lineHeight()*2)
	}
}

func (tb *Table) FocusLost()     { tb.focused = false; tb.Refresh() }
func (tb *Table) TypedRune(rune) {}

// TypedKey goes from row to row and from column to column.
func (tb *Table) TypedKey(k *fyne.KeyEvent) {
	at, page := tb.place(tb.Selected), max(1, int(tb.height/lineHeight())-2)
	switch k.Name {
	case fyne.KeyDown:
		tb.goTo(at + 1)
	case fyne.KeyUp:
		tb.goTo(at - 1)
	case fyne.KeyPageDown:
		tb.goTo(at + page)
	case fyne.KeyPageUp:
		tb.goTo(at - page)
	case fyne.KeyHome:
		tb.goTo(0)
	case fyne.KeyEnd:
		tb.goTo(len(tb.order) - 1)
	case fyne.KeySpace:
		tb.goTo(at)
	case fyne.KeyRight:
		tb.column = min(tb.column+1, len(tb.Columns)-1)
		tb.Refresh()
	case fyne.KeyLeft:
		tb.column = max(tb.column-1, -1)
		tb.Refresh()
	case desktop.KeyMenu:
		tb.keyMenu()
	case fyne.KeyF10:
		if !shiftHeld() {
			handOn(tb, k)
			return
		}
		tb.keyMenu()
	case fyne.KeyReturn, fyne.KeyEnter:
		if tb.OnOpen == nil || tb.Selected < 0 {
			handOn(tb, k)
			return
		}
		tb.OnOpen(tb.Selected)
	case fyne.KeyEscape:
		if tb.filter != "" { // the search that led here ends
			tb.finder.Clear()
			return
		}
		handOn(tb, k)
	default:
		handOn(tb, k)
	}
}

// goTo selects the row at a place, as a key does; with Shift the rows from the one before are
// marked.
func (tb *Table) goTo(at int) {
	if len(tb.order) == 0 {
		return
	}
	HideTip() // it would cover the row chosen
	at = min(max(at, 0), len(tb.order)-1)
	tb.mark(at, shiftHeld())
	tb.Choose(tb.order[at])
	tb.Reveal(tb.order[at])
}

// GoTo selects a row and brings it into sight.
func (tb *Table) GoTo(row int) {
	if at := tb.place(row); at >= 0 {
		tb.anchor = -1
		tb.Choose(row)
		tb.Reveal(row)
	}
}

// mark says where marking several rows begins.
func (tb *Table) mark(at int, more bool) {
	before := tb.place(tb.Selected)
	switch {
	case !more || before < 0:
		tb.anchor = -1
	case tb.anchor < 0:
		tb.anchor = before
	}
}

// marked are the places from the first to the last that are marked; of one row both are it.
func (tb *Table) marked() (from, to int) {
	at := tb.place(tb.Selected)
	if at < 0 || tb.anchor < 0 || tb.anchor >= len(tb.order) {
		return at, at
	}
	return min(at, tb.anchor), max(at, tb.anchor)
}

// shiftHeld reports whether Shift is down.
func shiftHeld() bool {
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	return ok && d.CurrentKeyModifiers()&fyne.KeyModifierShift != 0
}

// tapped is told by a row: it selects what is below the pointer and moves nothing.
func (tb *Table) tapped(row int) {
	at := tb.place(row)
	if at < 0 {
		return
	}
	tb.mark(at, shiftHeld())
	again := row == tb.lastRow && time.Since(tb.lastTime) < doubleClick
	tb.lastRow, tb.lastTime = row, time.Now()
	tb.byPointer = true
	if cv := canvasOf(tb); cv != nil {
		cv.Focus(tb)
	}
	tb.byPointer = false
	tb.Choose(row)
	if again && tb.OnOpen != nil {
		tb.OnOpen(row)
	}
}

// Unselect chooses no row, without a word.
func (tb *Table) Unselect() {
	if tb.Selected >= 0 {
		tb.Selected, tb.anchor = -1, -1
		tb.Refresh()
	}
}

// EachInSight visits the rows that can be seen, with where each is in the table.
func (tb *Table) EachInSight(visit func(label string, y, height float32)) {
	for at, row := range tb.order {
		y, h := tb.rowTop(at)
		if y >= tb.top+lineHeight()-1 && y+h <= tb.top+tb.height+1 {
			visit(rowLabel(tb.Rows[row]), y, h)
		}
	}
}

// EachTitle visits the titles of the columns, with where each is in the table.
func (tb *Table) EachTitle(visit func(title string, x, y, width, height float32)) {
	h := lineHeight()
	x, y := float32(0), max(0, min(tb.top, tb.Size().Height-2*h))
	for i, width := range tb.widths(tb.Size().Width) {
		visit(tb.Columns[i].Title, x, y, width, h)
		x += width
	}
}
