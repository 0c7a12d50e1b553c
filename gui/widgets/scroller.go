package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Scroller is content that scrolls down. Fyne lays out what is out of sight too, so that a
// list of a thousand records would stop the window for seconds: what is long is told which
// part of it is in sight and draws that alone.
type Scroller struct {
	Object  fyne.CanvasObject
	Scroll  *container.Scroll
	content fyne.CanvasObject
	room    fyne.Size // at the last layout
}

// long is an object that draws only what is in sight. top counts from its own upper edge.
type long interface {
	fyne.CanvasObject
	inSight(top, height float32)
}

// scrolls is an object that wants to know what it scrolls in.
type scrolls interface{ setScroller(*Scroller) }

// inScroll brings a widget into sight when the keyboard reaches it.
type inScroll struct{ in *Scroller }

func (i *inScroll) setScroller(s *Scroller) { i.in = s }

func (i *inScroll) Reveal(o fyne.CanvasObject) {
	if i.in != nil {
		i.in.Reveal(o, 0, o.Size().Height)
	}
}

// BarWidth keeps content clear of the scroll bar, in Fyne's units as all sizes here.
const BarWidth = 12

// NewScroller makes room for the bar beside the content.
func NewScroller(content fyne.CanvasObject) *Scroller { return newScroller(content, BarWidth) }

func newScroller(content fyne.CanvasObject, right float32) *Scroller {
	s := &Scroller{content: content}
	s.Scroll = container.NewVScroll(container.New(followed{right: right, after: s.update}, content))
	s.Scroll.OnScrolled = func(fyne.Position) {
		HideTip() // what it was of has moved away
		s.update()
	}
	s.Object = container.New(followed{after: s.fitted}, s.Scroll)
	return s
}

// fitted is told of the room there is. What has the focus stays in sight in a smaller one.
func (s *Scroller) fitted() {
	s.update()
	if room := s.Scroll.Size(); room != s.room {
		s.room = room
		s.keepFocus()
	}
}

func (s *Scroller) keepFocus() {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		switch f := w.Canvas().Focused().(type) {
		case *Table:
			if f.in == s && !f.seen() {
				f.Reveal(f.Selected)
			}
		case fyne.CanvasObject:
			s.Reveal(f, 0, f.Size().Height)
		}
	}
}

// followed fills the room there is and says when it has done so.
type followed struct {
	right float32
	after func()
}

func (f followed) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(size.Width-f.right, size.Height))
	}
	f.after()
}

func (f followed) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		m = m.Max(o.MinSize())
	}
	return m.AddWidthHeight(f.right, 0)
}

// update tells long objects what is in sight.
func (s *Scroller) update() {
	top, height := s.Scroll.Offset.Y, s.Scroll.Size().Height
	walk(s.content, 0, func(o fyne.CanvasObject, y float32) bool {
		if w, ok := o.(scrolls); ok {
			w.setScroller(s)
		}
		if l, ok := o.(long); ok {
			l.inSight(top-y, height)
		}
		return true
	})
}

// walk visits visible objects with their distance from the content's upper edge until visit
// returns false.
func walk(o fyne.CanvasObject, y float32, visit func(o fyne.CanvasObject, y float32) bool) bool {
	if !o.Visible() {
		return true
	}
	if !visit(o, y) {
		return false
	}
	if box, ok := o.(*fyne.Container); ok {
		for _, child := range box.Objects {
			if !walk(child, y+child.Position().Y, visit) {
				return false
			}
		}
	}
	return true
}

// Reveal scrolls, no farther than needed, until a part of an object is in sight.
func (s *Scroller) Reveal(what fyne.CanvasObject, top, height float32) {
	s.revealBelow(what, top, height, 0)
}

// revealBelow is Reveal where something covers the uppermost part of what is in sight.
func (s *Scroller) revealBelow(what fyne.CanvasObject, top, height, covered float32) {
	walk(s.content, 0, func(o fyne.CanvasObject, y float32) bool {
		if o != what {
			return true
		}
		from, to, view := y+top-covered, y+top+height, s.Scroll.Size().Height
		switch offset := s.Scroll.Offset.Y; {
		case from < offset:
			s.To(from)
		case to > offset+view:
			s.To(to - view)
		}
		return false
	})
}

func (s *Scroller) To(y float32) {
	HideTip()
	s.Scroll.ScrollToOffset(fyne.NewPos(0, y))
	s.update()
}

// Key scrolls by keyboard and reports whether the key does.
func (s *Scroller) Key(name fyne.KeyName) bool {
	const line = 40
	view, y := s.Scroll.Size().Height, s.Scroll.Offset.Y
	switch name {
	case fyne.KeyUp:
		s.To(y - line)
	case fyne.KeyDown:
		s.To(y + line)
	case fyne.KeyPageUp:
		s.To(y - view + line)
	case fyne.KeyPageDown:
		s.To(y + view - line)
	case fyne.KeyHome:
		s.To(0)
	case fyne.KeyEnd:
		s.To(s.content.Size().Height)
	default:
		return false
	}
	return true
}
