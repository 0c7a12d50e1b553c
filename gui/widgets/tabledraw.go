package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

// CreateRenderer draws the titles and the rows in sight.
func (tb *Table) CreateRenderer() fyne.WidgetRenderer {
	r := &tableRenderer{table: tb, head: newTableHead(tb), ring: newTableRing(), headRing: newTableRing(), mark: canvas.NewRectangle(nil)}
	r.Refresh()
	return r
}

// newTableRing is a frame that shows where the keyboard is.
func newTableRing() *canvas.Rectangle {
	ring := canvas.NewRectangle(nil)
	ring.StrokeWidth, ring.CornerRadius = 2, 3
	return ring
}

// tableRenderer draws the head and a pool of rows that is as large as what is in sight.
type tableRenderer struct {
	table *Table
	head  *tableHead
	pool  []*tableRow
	ring  *canvas.Rectangle // around the row that the keyboard is on
	// headRing is around the head, which lies over all else.
	headRing *canvas.Rectangle
	mark     *canvas.Rectangle // below the cell that the arrows are on
	size     fyne.Size
}

func (r *tableRenderer) Destroy() {}

func (r *tableRenderer) Objects() []fyne.CanvasObject {
	objects := make([]fyne.CanvasObject, 0, len(r.pool)+3)
	for _, row := range r.pool {
		objects = append(objects, row)
	}
	return append(objects, r.mark, r.ring, r.head, r.headRing) // the head stays above what scrolls below it
}

func (r *tableRenderer) MinSize() fyne.Size {
	const narrowest = 48 // of a column
	return fyne.NewSize(narrowest*float32(len(r.table.Columns)), r.table.bottom(r.size.Width))
}

// bottom is the height of the table at a width.
func (tb *Table) bottom(width float32) float32 {
	h := lineHeight()
	if !tb.Wrap {
		return h * float32(1+len(tb.order))
	}
	height := h
	for _, row := range tb.order {
		height += tb.rowHeight(row, width)
	}
	return height
}

// rowTop is where the row at a place begins, and its height.
func (tb *Table) rowTop(at int) (y, height float32) {
	h := lineHeight()
	if !tb.Wrap {
		return h * float32(1+at), h
	}
	y = h
	width := tb.Size().Width
	for _, row := range tb.order[:at] {
		y += tb.rowHeight(row, width)
	}
	return y, tb.rowHeight(tb.order[at], width)
}

func (r *tableRenderer) Layout(size fyne.Size) {
	r.size = size
	tb, h := r.table, lineHeight()
	r.head.Resize(fyne.NewSize(size.Width, h))
	r.head.Move(fyne.NewPos(0, max(0, min(tb.top, size.Height-2*h))))
	first, count := r.visible()
	for len(r.pool) < count {
		r.pool = append(r.pool, newTableRow(tb))
	}
	r.pool = r.pool[:count]
	y := h * float32(1+first)
	r.ring.Hide()
	r.headRing.Hide()
	r.mark.Hide()
	for i, row := range r.pool {
		row.assign(tb.order[first+i], first+i)
		rowHeight := h
		if tb.Wrap {
			rowHeight = tb.rowHeight(row.index, size.Width)
		}
		row.Move(fyne.NewPos(0, y))
		row.Resize(fyne.NewSize(size.Width, rowHeight))
		y += rowHeight
		if tb.focused && row.index == tb.Selected {
			r.ringAt(r.ring, row)
		}
	}
	if tb.focused && !r.ring.Visible() && tb.place(tb.Selected) < 0 {
		r.ringAt(r.headRing, r.head)
	}
	r.headRing.Refresh()
	r.ring.Refresh()
	r.mark.Refresh()
}

// ringAt shows where the keyboard is.
func (r *tableRenderer) ringAt(ring *canvas.Rectangle, o fyne.CanvasObject) {
	ring.StrokeColor, ring.FillColor = theme.Color(theme.ColorNamePrimary), nil
	ring.Move(o.Position())
	ring.Resize(o.Size())
	ring.Show()
	widths := r.table.widths(r.size.Width)
	column := r.table.column
	if column < 0 || column >= len(widths) {
		return
	}
	x := float32(0)
	for _, w := range widths[:column] {
		x += w
	}
	r.mark.FillColor = theme.Color(theme.ColorNamePrimary)
	r.mark.Move(o.Position().AddXY(x+cellSide, o.Size().Height-4))
	r.mark.Resize(fyne.NewSize(max(widths[column]-cellSide, 8), 3))
	r.mark.Show()
}

// visible is what is in sight: the first row, and how many.
func (r *tableRenderer) visible() (first, count int) {
	tb, h := r.table, lineHeight()
	if tb.Wrap {
		return 0, len(tb.order)
	}
	first = max(0, int((tb.top-h)/h))
	last := min(len(tb.order), int((tb.top+tb.height)/h)+1)
	if first >= last {
		return 0, 0
	}
	return first, last - first
}

func (r *tableRenderer) Refresh() {
	r.Layout(r.table.Size())
	r.head.Refresh()
	for _, row := range r.pool {
		row.Refresh()
	}
	canvas.Refresh(r.table)
}
