package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tableHead shows the titles. A click sorts by a column, and the edge between two is dragged.
type tableHead struct {
	widget.BaseWidget
	table   *Table
	edge    int // that the pointer is at, -1: none
	dragged bool
}

var (
	_ desktop.Hoverable  = (*tableHead)(nil)
	_ desktop.Cursorable = (*tableHead)(nil)
	_ fyne.Draggable     = (*tableHead)(nil)
)

func newTableHead(tb *Table) *tableHead {
	h := &tableHead{table: tb, edge: -1}
	h.ExtendBaseWidget(h)
	return h
}

// edgeRoom is how near to an edge the pointer must be.
const edgeRoom = 6

// at is the column at a distance from the left, and the edge that is near it, -1 where none is.
func (h *tableHead) at(x float32) (column, edge int) {
	column, edge = -1, -1
	right := float32(0)
	for i, w := range h.table.widths(h.Size().Width) {
		if x >= right && x < right+w {
			column = i
		}
		right += w
		if i < len(h.table.Columns)-1 && x > right-edgeRoom && x < right+edgeRoom {
			edge = i
		}
	}
	return column, edge
}

func (h *tableHead) Tapped(e *fyne.PointEvent) {
	column, edge := h.at(e.Position.X)
	if edge < 0 && column >= 0 && !h.dragged {
		h.table.sortBy(column)
	}
}

func (h *tableHead) TappedSecondary(e *fyne.PointEvent) {
	column, _ := h.at(e.Position.X)
	h.table.showMenu(column, e.AbsolutePosition)
}

func (h *tableHead) MouseIn(e *desktop.MouseEvent) { h.MouseMoved(e) }
func (h *tableHead) MouseMoved(e *desktop.MouseEvent) {
	column, edge := h.at(e.Position.X)
	if !h.dragged {
		h.edge = edge
	}
	tip := ""
	if column >= 0 {
		if title := h.table.Columns[column].Title; fitText(title, h.table.had[column]-cellSide-h.table.sortRoom(column), bold) != title {
			tip = title
		}
	}
	showTip(h, tip, e.AbsolutePosition)
}
func (h *tableHead) MouseOut() { HideTip() }

// Cursor shows that an edge can be moved.
func (h *tableHead) Cursor() desktop.Cursor {
	if h.edge >= 0 {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}

// Dragged moves the edge at which the drag began.
func (h *tableHead) Dragged(e *fyne.DragEvent) {
	if !h.dragged {
		_, h.edge = h.at(e.Position.X - e.Dragged.DX)
		h.dragged = true
	}
	if h.edge >= 0 {
		h.table.setWidth(h.edge, h.table.had[h.edge]+e.Dragged.DX)
	}
}

func (h *tableHead) DragEnd() { h.dragged, h.edge = false, -1 }

func (h *tableHead) CreateRenderer() fyne.WidgetRenderer {
	r := &headRenderer{head: h, ground: canvas.NewRectangle(nil), line: canvas.NewRectangle(nil), arrow: widget.NewIcon(nil)}
	for range h.table.Columns {
		r.texts = append(r.texts, canvas.NewText("", nil))
		r.edges = append(r.edges, canvas.NewRectangle(nil))
	}
	r.Refresh()
	return r
}

type headRenderer struct {
	head         *tableHead
	ground, line *canvas.Rectangle
	texts        []*canvas.Text
	edges        []*canvas.Rectangle
	arrow        *widget.Icon
	size         fyne.Size
}

func (r *headRenderer) Destroy()           {}
func (r *headRenderer) MinSize() fyne.Size { return fyne.NewSize(0, lineHeight()) }

func (r *headRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.ground, r.line}
	for i := range r.texts {
		objects = append(objects, r.edges[i], r.texts[i])
	}
	return append(objects, r.arrow)
}

func (r *headRenderer) Layout(size fyne.Size) {
	if r.size != size {
		r.size = size
		r.Refresh()
	}
}

var bold = fyne.TextStyle{Bold: true}

// arrowRoom is that of the arrow behind the title of the column sorted by.
const arrowRoom = 18

func (tb *Table) sortRoom(column int) float32 {
	if tb.sorted == column {
		return arrowRoom
	}
	return 0
}

func (r *headRenderer) Refresh() {
	tb, size := r.head.table, r.size
	r.ground.Resize(size)
	r.ground.FillColor = theme.Color(theme.ColorNameHeaderBackground)
	r.line.Move(fyne.NewPos(0, size.Height-1))
	r.line.Resize(fyne.NewSize(size.Width, 1))
	r.line.FillColor = theme.Color(theme.ColorNameSeparator)
	r.arrow.Hide()
	x := float32(0)
	for i, w := range tb.widths(size.Width) {
		t := r.texts[i]
		room := w - cellSide - tb.sortRoom(i)
		t.Text, t.TextStyle, t.TextSize = fitText(tb.Columns[i].Title, room, bold), bold, theme.TextSize()
		t.Color = theme.Color(theme.ColorNamePlaceHolder)
		t.Move(fyne.NewPos(x+cellSide, cellTop))
		t.Resize(fyne.NewSize(room, textHeight()))
		if tb.sorted == i {
			res := theme.MoveUpIcon()
			if tb.down {
				res = theme.MoveDownIcon()
			}
			r.arrow.SetResource(theme.NewColoredResource(res, theme.ColorNamePrimary))
			r.arrow.Resize(fyne.NewSquareSize(14))
			r.arrow.Move(fyne.NewPos(x+cellSide+measure(t.Text, bold)+3, cellTop+(textHeight()-14)/2))
			r.arrow.Show()
		}
		x += w
		e := r.edges[i]
		e.FillColor = theme.Color(theme.ColorNameSeparator)
		e.Move(fyne.NewPos(x-1, 4))
		e.Resize(fyne.NewSize(1, size.Height-8))
		visibleIf(e, i < len(r.texts)-1)
	}
	canvas.Refresh(r.head)
}

func visibleIf(o fyne.CanvasObject, on bool) {
	if on != o.Visible() {
		Visible(o, on)
	}
}
