package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Split is a list, or a whole screen, with the details of the row chosen below it. Both scroll
// by themselves, so that the details are in sight wherever in a long list the row is, and they
// never cover that row.
type Split struct {
	Object  fyne.CanvasObject
	List    *Scroller
	details *fyne.Container
	below   *Scroller
	drawer  fyne.CanvasObject
}

// NewSplit makes the two parts; the lower one is not there until something is shown.
func NewSplit(list fyne.CanvasObject) *Split {
	s := &Split{List: NewScroller(list), details: container.NewVBox()}
	s.below = NewScroller(s.details)
	shut := NewButton("", theme.CancelIcon(), func() { s.Show(nil) })
	shut.Importance = widget.LowImportance
	shut.Label = Words.Close
	s.drawer = Border(widget.NewSeparator(), nil, nil, container.NewVBox(shut), s.below.Object)
	s.drawer.Hide()
	s.Object = container.New(splitLayout{s}, s.List.Object, s.drawer)
	return s
}

// Show puts the details of a table's selection into the lower part; nothing closes it. The
// list moves only where the selection would be covered.
func (s *Split) Show(of *Table, details ...fyne.CanvasObject) {
	s.details.Objects = details
	s.details.Refresh()
	Visible(s.drawer, len(details) > 0)
	s.below.To(0)
	s.Object.Refresh()
	if of == nil || len(details) == 0 || of.Selected < 0 {
		return
	}
	s.List.update()
	if !of.seen() {
		of.Reveal(of.Selected)
	}
}

// seen reports whether at least half of the selection is in sight.
func (tb *Table) seen() bool {
	at := tb.place(tb.Selected)
	if at < 0 || tb.in == nil {
		return true
	}
	y, h := tb.rowTop(at)
	return y+h/2 >= tb.top+lineHeight() && y+h/2 <= tb.top+tb.height
}

// splitLayout puts the details right below a short list. Where both do not fit, each gets what
// it needs up to half of what there is, and what the other leaves.
type splitLayout struct{ s *Split }

func (l splitLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	if !o[1].Visible() {
		o[0].Resize(size)
		return
	}
	o[1].Resize(fyne.NewSize(size.Width, size.Height/2)) // texts need a width to know their height
	details := max(l.s.details.MinSize().Height, l.s.drawer.MinSize().Height) + 2*splitGap
	list := min(l.s.List.content.MinSize().Height, size.Height-min(details, size.Height/2))
	o[0].Resize(fyne.NewSize(size.Width, list))
	o[1].Move(fyne.NewPos(0, list+splitGap))
	o[1].Resize(fyne.NewSize(size.Width, min(details, size.Height-list)-splitGap))
}

// splitGap is between a list and its details.
const splitGap = 8

func (l splitLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return o[0].MinSize().Max(o[1].MinSize())
}
