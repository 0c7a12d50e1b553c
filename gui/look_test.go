package gui

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
)

// box is a part of the window.
type box struct{ left, top, right, bottom float32 }

func boxOf(at fyne.Position, size fyne.Size) box {
	return box{at.X, at.Y, at.X + size.Width, at.Y + size.Height}
}

func (a box) within(b box) box {
	return box{max(a.left, b.left), max(a.top, b.top), min(a.right, b.right), min(a.bottom, b.bottom)}
}

func (a box) empty() bool { return a.right-a.left < slack || a.bottom-a.top < slack }

func (a box) String() string {
	return fmt.Sprintf("(%.0f,%.0f to %.0f,%.0f)", a.left, a.top, a.right, a.bottom)
}

// slack is what rounding may come to, in the window's units.
const slack = 1.5

// drawn is a text as it stands in the window.
type drawn struct {
	text  string
	where box
	table *widgets.Table // it is in
}

// looker goes through what is drawn and notes what an eye would stumble over.
type looker struct {
	texts  []drawn
	faults []string
}

func (l *looker) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

// place is where an object is and by what it is held.
type place struct {
	at     fyne.Position
	clip   box  // outside of which nothing is seen
	reach  bool // what is below or above clip can be scrolled to
	owner  fyne.Widget
	own    box // the owner's
	table  *widgets.Table
	typed  bool   // in a field, where it scrolls
	wide   bool   // in what scrolls sideways too
	spoken string // the owner's text, whole
}

func (l *looker) visit(o fyne.CanvasObject, p place) {
	if o == nil || !o.Visible() {
		return
	}
	p.at = p.at.Add(o.Position())
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			l.visit(child, p)
		}
	case *canvas.Text:
		l.text(o, p)
	case fyne.Widget:
		p.owner, p.own = o, boxOf(p.at, o.Size())
		switch o := o.(type) {
		case *widgets.Table:
			p.table = o
		case *container.Scroll:
			p.clip, p.reach = p.clip.within(p.own), true
			p.wide = p.wide || o.Direction == container.ScrollBoth
		case *widgets.Field, *widgets.SecretField:
			p.typed = true
		case *widget.Label:
			p.spoken = o.Text
		}
		for _, child := range test.WidgetRenderer(o).Objects() {
			l.visit(child, p)
		}
	}
}

// text looks at one line of text.
func (l *looker) text(o *canvas.Text, p place) {
	if strings.TrimSpace(o.Text) == "" {
		return
	}
	where := boxOf(p.at, o.MinSize())
	switch o.Alignment {
	case fyne.TextAlignCenter:
		by := (o.Size().Width - o.MinSize().Width) / 2
		where.left, where.right = where.left+by, where.right+by
	case fyne.TextAlignTrailing:
		by := o.Size().Width - o.MinSize().Width
		where.left, where.right = where.left+by, where.right+by
	}
	if p.typed || p.wide {
		return
	}
	if where.left < p.clip.left-slack || where.right > p.clip.right+slack {
		l.fault("%q %v is cut at the side by %v", o.Text, where, p.clip)
	} else if p.owner != nil && p.table == nil && (where.left < p.own.left-slack || where.right > p.own.right+slack) {
		l.fault("%q %v sticks out of its %T %v", o.Text, where, p.owner, p.own)
	}
	if !p.reach && (where.top < p.clip.top-slack || where.bottom > p.clip.bottom+slack) {
		l.fault("%q %v is hidden above or below %v", o.Text, where, p.clip)
	}
	if p.table == nil && strings.HasSuffix(o.Text, "…") && !strings.Contains(p.spoken, "…") && p.spoken != "" {
		l.fault("%q is all that is shown of %q", o.Text, p.spoken)
	}
	if seen := where.within(p.clip); !seen.empty() {
		l.texts = append(l.texts, drawn{o.Text, seen, p.table})
	}
}

// overlaps notes texts that stand on one another. The titles of a table lie over its rows.
func (l *looker) overlaps() {
	for i, a := range l.texts {
		for _, b := range l.texts[:i] {
			if a.table != nil && a.table == b.table {
				continue
			}
			if on := a.where.within(b.where); on.right-on.left > 2 && on.bottom-on.top > 3 {
				l.fault("%q %v and %q %v stand on one another", a.text, a.where, b.text, b.where)
			}
		}
	}
}

// faults is what an eye would stumble over in the window as it is: texts that are cut, that stick
// out of their buttons, that are hidden where nothing scrolls to them or that stand on one another.
func (b *bench) faults() []string {
	l := &looker{}
	c := b.s.window.Canvas()
	whole := boxOf(fyne.Position{}, c.Size())
	if top := c.Overlays().Top(); top != nil {
		origin := fyne.Position{}
		if _, ok := top.(*widget.PopUp); ok {
			origin = fyne.NewPos(-top.Position().X, -top.Position().Y) // its place is that of its content
		}
		l.visit(top, place{at: origin, clip: whole})
	} else {
		l.visit(c.Content(), place{clip: whole})
	}
	l.overlaps()
	if least := c.Content().MinSize(); least.Width > c.Size().Width+slack || least.Height > c.Size().Height+slack {
		l.fault("the window cannot be smaller than %.0fx%.0f", least.Width, least.Height)
	}
	return l.faults
}
