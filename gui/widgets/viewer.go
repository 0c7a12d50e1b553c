package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Viewer is a text to read, to mark and to copy, such as what show ctl prints: letters of one
// width, lines that scroll sideways rather than break. Fyne's multi-line entry lays every line
// out and takes minutes for a list of a thousand records; here only the lines in sight are drawn.
type Viewer struct {
	Scroll *container.Scroll
	Text   *textBody
	Object fyne.CanvasObject
}

// NewViewer makes a viewer that takes at least so many lines of room.
func NewViewer(lines int) *Viewer {
	v := &Viewer{Text: &textBody{}}
	v.Text.ExtendBaseWidget(v.Text)
	v.Scroll = container.NewScroll(v.Text)
	v.Text.scroll = v.Scroll
	v.Scroll.OnScrolled = func(fyne.Position) { v.Text.Refresh() }
	v.Scroll.SetMinSize(fyne.NewSize(0, float32(lines)*v.Text.cell().Height))
	copying := NewCopyButton(Words.Copy, v.Text.Text)
	v.Text.halo = newHalo(func() bool { return v.Text.focused })
	v.Object = NewPanel(Border(nil, nil, nil, container.NewVBox(copying),
		container.NewStack(container.New(followed{after: v.Text.Refresh}, v.Scroll), v.Text.halo)))
	return v
}

func (v *Viewer) SetText(text string) {
	v.Text.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
	v.Text.widest = 0
	for i, l := range v.Text.lines {
		v.Text.lines[i] = expandTabs(l)
		v.Text.widest = max(v.Text.widest, len([]rune(v.Text.lines[i])))
	}
	v.Text.from, v.Text.to = place{}, place{}
	v.Scroll.ScrollToOffset(fyne.NewPos(0, 0))
	v.Text.Refresh()
	v.Scroll.Refresh()
}

// expandTabs puts blanks in the place of tabs, as a terminal shows them.
func expandTabs(line string) string {
	const stop = 8
	if !strings.Contains(line, "\t") {
		return line
	}
	var b strings.Builder
	column := 0
	for _, r := range line {
		if r != '\t' {
			b.WriteRune(r)
			column++
			continue
		}
		for more := true; more; more = column%stop != 0 {
			b.WriteByte(' ')
			column++
		}
	}
	return b.String()
}

// place in a text: line and letter, from 0.
type place struct{ line, column int }

func (p place) before(q place) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// textBody is the text itself.
type textBody struct {
	widget.BaseWidget
	lines    []string
	widest   int
	from, to place // what is marked
	focused  bool
	scroll   *container.Scroll
	halo     *halo // round what is in sight of it
}

var (
	_ fyne.Draggable     = (*textBody)(nil)
	_ fyne.Shortcutable  = (*textBody)(nil)
	_ desktop.Mouseable  = (*textBody)(nil)
	_ desktop.Cursorable = (*textBody)(nil)
)

// textSide is the room beside the text.
const textSide = 8

var mono = fyne.TextStyle{Monospace: true}

// cell is the size of a letter. It is measured over many, since one is rounded.
func (b *textBody) cell() fyne.Size {
	const many = 100
	m := fyne.MeasureText(strings.Repeat("M", many), monoSize(), mono)
	return fyne.NewSize(m.Width/many, m.Height)
}

// monoSize is a little smaller than text: letters of one width look larger.
func monoSize() float32 { return theme.TextSize() - 1 }

func (b *textBody) MinSize() fyne.Size {
	c := b.cell()
	return fyne.NewSize(float32(b.widest+1)*c.Width+2*textSide, float32(len(b.lines))*c.Height+2*textSide)
}

// at is the place below a point.
func (b *textBody) at(p fyne.Position) place {
	c := b.cell()
	line := min(max(int((p.Y-textSide)/c.Height), 0), max(len(b.lines)-1, 0))
	if len(b.lines) == 0 {
		return place{}
	}
	column := int((p.X-textSide)/c.Width + 0.5)
	return place{line, min(max(column, 0), len([]rune(b.lines[line])))}
}

func (b *textBody) Cursor() desktop.Cursor { return desktop.TextCursor }

func (b *textBody) MouseDown(e *desktop.MouseEvent) {
	if c := canvasOf(b); c != nil {
		c.Focus(b)
	}
	b.to = b.at(e.Position)
	b.from = b.to
	b.Refresh()
}
func (b *textBody) MouseUp(*desktop.MouseEvent) {}

func (b *textBody) Dragged(e *fyne.DragEvent) {
	b.to = b.at(e.Position)
	b.Refresh()
}
func (b *textBody) DragEnd() {}

func (b *textBody) FocusGained()   { b.focus(true) }
func (b *textBody) FocusLost()     { b.focus(false) }
func (b *textBody) TypedRune(rune) {}

func (b *textBody) focus(on bool) {
	b.focused = on
	b.Refresh()
	b.halo.Refresh()
}

// TypedKey scrolls.
func (b *textBody) TypedKey(k *fyne.KeyEvent) {
	c, view := b.cell(), b.scroll.Size()
	move := fyne.Delta{}
	switch k.Name {
	case fyne.KeyUp:
		move.DY = -c.Height
	case fyne.KeyDown:
		move.DY = c.Height
	case fyne.KeyLeft:
		move.DX = -8 * c.Width
	case fyne.KeyRight:
		move.DX = 8 * c.Width
	case fyne.KeyPageUp:
		move.DY = c.Height - view.Height
	case fyne.KeyPageDown:
		move.DY = view.Height - c.Height
	case fyne.KeyHome:
		move.DY = -b.Size().Height
	case fyne.KeyEnd:
		move.DY = b.Size().Height
	default:
		handOn(b, k)
		return
	}
	b.scroll.ScrollToOffset(b.scroll.Offset.Add(move))
	b.Refresh()
}

// TypedShortcut copies and marks all.
func (b *textBody) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutCopy:
		if marked := b.marked(); marked != "" {
			s.Clipboard.SetContent(marked)
		}
	case *fyne.ShortcutSelectAll:
		b.from, b.to = place{}, place{len(b.lines), 0}
		b.Refresh()
	default:
		ofWindow(s)
	}
}

// ordered is what is marked, its beginning first.
func (b *textBody) ordered() (from, to place) {
	if b.to.before(b.from) {
		return b.to, b.from
	}
	return b.from, b.to
}

// span is the marked part of a line, in letters.
func (b *textBody) span(line int) (start, end int) {
	from, to := b.ordered()
	if line < from.line || line > to.line {
		return 0, 0
	}
	end = len([]rune(b.lines[line]))
	if line == from.line {
		start = min(from.column, end)
	}
	if line == to.line {
		end = min(to.column, end)
	}
	return start, end
}

func (b *textBody) marked() string {
	from, to := b.ordered()
	var parts []string
	for line := from.line; line <= to.line && line < len(b.lines); line++ {
		start, end := b.span(line)
		parts = append(parts, string([]rune(b.lines[line])[start:end]))
	}
	return strings.Join(parts, "\n")
}

// AccessibilityLabel is the text.
func (b *textBody) AccessibilityLabel() string { return b.Text() }

func (b *textBody) Text() string { return strings.Join(b.lines, "\n") }

// AccessibilityRole is text.
func (b *textBody) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (b *textBody) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{body: b}
	r.Refresh()
	return r
}

type textRenderer struct {
	body  *textBody
	texts []*canvas.Text
	marks []*canvas.Rectangle
}

func (r *textRenderer) Destroy()           {}
func (r *textRenderer) Layout(fyne.Size)   { r.Refresh() }
func (r *textRenderer) MinSize() fyne.Size { return r.body.MinSize() }

func (r *textRenderer) Objects() []fyne.CanvasObject {
	var objects []fyne.CanvasObject
	for _, m := range r.marks {
		objects = append(objects, m)
	}
	for _, t := range r.texts {
		objects = append(objects, t)
	}
	return objects
}

// Refresh draws the lines in sight.
func (r *textRenderer) Refresh() {
	b := r.body
	c := b.cell()
	first := max(0, int((b.scroll.Offset.Y-textSide)/c.Height))
	last := min(len(b.lines), first+int(b.scroll.Size().Height/c.Height)+2)
	texts, marks := r.texts, r.marks
	r.texts, r.marks = nil, nil
	for n := first; n < last; n++ {
		y := textSide + float32(n)*c.Height
		if start, end := b.span(n); end > start {
			var m *canvas.Rectangle
			m, marks = take(marks, func() *canvas.Rectangle { return canvas.NewRectangle(nil) })
			m.FillColor = theme.Color(theme.ColorNameSelection)
			if b.focused {
				m.FillColor = theme.Color(theme.ColorNameFocus)
			}
			m.Move(fyne.NewPos(textSide+float32(start)*c.Width, y))
			m.Resize(fyne.NewSize(float32(end-start)*c.Width, c.Height))
			r.marks = append(r.marks, m)
		}
		var t *canvas.Text
		t, texts = take(texts, func() *canvas.Text { return canvas.NewText("", nil) })
		t.Text, t.TextStyle, t.TextSize, t.Color = b.lines[n], mono, monoSize(), theme.Color(theme.ColorNameForeground)
		t.Move(fyne.NewPos(textSide, y))
		t.Resize(fyne.NewSize(float32(len(b.lines[n]))*c.Width, c.Height))
		r.texts = append(r.texts, t)
	}
	canvas.Refresh(b)
}
