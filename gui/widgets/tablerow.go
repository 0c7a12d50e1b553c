package widgets

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Room in a row: beside and above its text, and for a sign.
const (
	cellSide = 10
	cellTop  = 5
	signRoom = 22
)

// lineHeight is that of a row of one line.
func lineHeight() float32 { return textHeight() + 2*cellTop }

func textHeight() float32 {
	return fyne.MeasureText("Mg", theme.TextSize(), fyne.TextStyle{}).Height
}

// tableRow is one line of a table.
type tableRow struct {
	widget.BaseWidget
	table   *Table
	index   int // of the row as it was given
	place   int // at which it is shown
	hovered bool
}

var (
	_ desktop.Hoverable      = (*tableRow)(nil)
	_ fyne.SecondaryTappable = (*tableRow)(nil)
)

func newTableRow(tb *Table) *tableRow {
	r := &tableRow{table: tb, index: -1}
	r.ExtendBaseWidget(r)
	return r
}

// assign gives the row something else to show.
func (r *tableRow) assign(index, place int) { r.index, r.place = index, place }

func (r *tableRow) cells() []Cell {
	if r.index < 0 || r.index >= len(r.table.Rows) {
		return nil
	}
	return r.table.Rows[r.index]
}

// AccessibilityLabel reads the row's cells.
func (r *tableRow) AccessibilityLabel() string { return rowLabel(r.cells()) }

// AccessibilityRole is button where a row can be chosen.
func (r *tableRow) AccessibilityRole() fyne.AccessibleRole {
	if r.table.OnSelect == nil {
		return fyne.AccessibleRoleText
	}
	return fyne.AccessibleRoleButton
}

func (r *tableRow) Tapped(*fyne.PointEvent) { r.table.tapped(r.index) }

// TappedSecondary opens the menu of the cell below the pointer.
func (r *tableRow) TappedSecondary(e *fyne.PointEvent) {
	if from, to := r.table.marked(); r.place < from || r.place > to {
		r.table.tapped(r.index)
	}
	r.table.showMenu(r.column(e.Position.X), e.AbsolutePosition)
}

// column is the one at a distance from the left, -1 where there is none.
func (r *tableRow) column(x float32) int {
	right := float32(0)
	for i, w := range r.table.widths(r.Size().Width) {
		if right += w; x < right {
			return i
		}
	}
	return -1
}

func (r *tableRow) MouseIn(e *desktop.MouseEvent) {
	r.hovered = true
	r.Refresh()
	r.MouseMoved(e)
}

// MouseMoved shows a value whole that does not fit its cell.
func (r *tableRow) MouseMoved(e *desktop.MouseEvent) {
	showTip(r, r.cut(r.column(e.Position.X)), e.AbsolutePosition)
}

func (r *tableRow) MouseOut() {
	r.hovered = false
	HideTip()
	r.Refresh()
}

// cut is the value of a cell that does not show all of it, else "".
func (r *tableRow) cut(column int) string {
	cells := r.cells()
	if column < 0 || column >= len(cells) {
		return ""
	}
	c := cells[column]
	width := r.table.widths(r.Size().Width)[column] - cellSide
	if c.Sign != NoSign {
		width -= signRoom
	}
	for _, line := range r.table.cellLines(c.Text, width, fyne.TextStyle{}) {
		if strings.HasSuffix(line, "…") && !strings.HasSuffix(c.Text, "…") {
			return c.Text
		}
	}
	return ""
}

func (r *tableRow) CreateRenderer() fyne.WidgetRenderer {
	rr := &rowRenderer{row: r, ground: canvas.NewRectangle(nil), line: canvas.NewRectangle(nil)}
	rr.Refresh()
	return rr
}

type rowRenderer struct {
	row          *tableRow
	ground, line *canvas.Rectangle
	texts        []*canvas.Text
	signs        []*widget.Icon
	size         fyne.Size
}

func (r *rowRenderer) Destroy()           {}
func (r *rowRenderer) MinSize() fyne.Size { return fyne.NewSize(0, lineHeight()) }

func (r *rowRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.ground, r.line}
	for _, s := range r.signs {
		objects = append(objects, s)
	}
	for _, t := range r.texts {
		objects = append(objects, t)
	}
	return objects
}

func (r *rowRenderer) Layout(size fyne.Size) {
	if r.size == size {
		return
	}
	r.size = size
	r.Refresh()
}

// Refresh lays the cells out anew: which part of a text fits depends on both.
func (r *rowRenderer) Refresh() {
	size := r.size
	r.ground.Resize(size)
	r.ground.FillColor = theme.Color(r.row.ground())
	r.line.Move(fyne.NewPos(0, size.Height-1))
	r.line.Resize(fyne.NewSize(size.Width, 1))
	r.line.FillColor = theme.Color(theme.ColorNameSeparator)
	texts, signs := r.texts, r.signs
	r.texts, r.signs = nil, nil
	style, color := fyne.TextStyle{}, theme.Color(r.row.textColor())
	next := float32(0)
	widths := r.row.table.widths(size.Width)
	for i, c := range r.row.cells() {
		x, width := next+cellSide, widths[i]-cellSide
		next += widths[i]
		if c.Sign != NoSign {
			var s *widget.Icon
			if s, signs = take(signs, func() *widget.Icon { return widget.NewIcon(nil) }); s.Resource != c.Sign.resource() {
				s.SetResource(c.Sign.resource())
			}
			s.Resize(fyne.NewSquareSize(16))
			s.Move(fyne.NewPos(x, cellTop+(textHeight()-16)/2))
			r.signs = append(r.signs, s)
			x, width = x+signRoom, width-signRoom
		}
		for n, line := range r.row.table.cellLines(c.Text, width, style) {
			var t *canvas.Text
			t, texts = take(texts, func() *canvas.Text { return canvas.NewText("", nil) })
			t.Text, t.TextStyle, t.Color, t.TextSize = line, style, color, theme.TextSize()
			t.Move(fyne.NewPos(x, cellTop+float32(n)*textHeight()))
			t.Resize(fyne.NewSize(width, textHeight()))
			r.texts = append(r.texts, t)
		}
	}
	canvas.Refresh(r.row)
}

// take uses what is there before it makes more.
func take[T any](spare []T, make func() T) (T, []T) {
	if len(spare) > 0 {
		return spare[0], spare[1:]
	}
	return make(), nil
}

func (r *tableRow) ground() fyne.ThemeColorName {
	from, to := r.table.marked()
	switch {
	case from >= 0 && r.place >= from && r.place <= to:
		return theme.ColorNameSelection
	case r.hovered && r.table.OnSelect != nil:
		return theme.ColorNameHover
	}
	return colorNone
}

func (r *tableRow) textColor() fyne.ThemeColorName {
	if cells := r.cells(); len(cells) > 0 {
		switch s := cells[0].Sign; s {
		case AddSign, RemoveSign, ChangeSign:
			return s.color()
		}
	}
	return theme.ColorNameForeground
}

// cellLines is a cell's text as it is drawn: one line, or as many as it takes.
func (tb *Table) cellLines(text string, width float32, style fyne.TextStyle) []string {
	if tb.Wrap {
		return breakText(text, width, style)
	}
	return []string{fitText(text, width, style)}
}

func measure(text string, style fyne.TextStyle) float32 {
	return fyne.MeasureText(text, theme.TextSize(), style).Width
}

// fitText cuts a text that is too wide and says so by an ellipsis.
func fitText(text string, width float32, style fyne.TextStyle) string {
	text = strings.Join(strings.Fields(text), " ")
	if width <= 0 || measure(text, style) <= width {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if measure(string(runes[:mid])+"…", style) <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}

// breakText breaks a text into lines between words. A word that is wider than a line breaks
// behind a mark such as a hyphen or a dot, and ends in an ellipsis where it has none: names do
// not break within a word.
func breakText(text string, width float32, style fyne.TextStyle) []string {
	if width <= 0 || text == "" {
		return []string{text}
	}
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(part) {
			if joined := strings.TrimSpace(line + " " + word); measure(joined, style) <= width {
				line = joined
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			pieces := breakWord(word, width, style)
			lines, line = append(lines, pieces[:len(pieces)-1]...), pieces[len(pieces)-1]
		}
		lines = append(lines, line)
	}
	return lines
}

// breakWord breaks a word behind its marks into pieces that fit a width.
func breakWord(word string, width float32, style fyne.TextStyle) []string {
	var pieces []string
	for measure(word, style) > width {
		cut := 0
		for i, r := range word {
			if end := i + utf8.RuneLen(r); strings.ContainsRune("-./:;,=_@+", r) && end < len(word) && measure(word[:end], style) <= width {
				cut = end
			}
		}
		if cut == 0 {
			return append(pieces, fitText(word, width, style))
		}
		pieces, word = append(pieces, word[:cut]), word[cut:]
	}
	return append(pieces, word)
}
