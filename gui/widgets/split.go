package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Split is a list with the details of the row chosen below it. Both scroll by themselves, so
// that the details are in sight wherever in a long list the row is.
type Split struct {
	Object  fyne.CanvasObject
	List    *scroller
	details *fyne.Container
	below   *scroller
}

func NewSplit(list fyne.CanvasObject) *Split {
	s := &Split{List: NewScroller(list), details: container.NewVBox()}
	s.below = NewScroller(s.details)
	s.Object = container.New(splitLayout{s}, s.List.Object, s.below.Object)
	return s
}

// Show puts something into the lower part; nothing closes it.
func (s *Split) Show(details ...fyne.CanvasObject) {
	s.details.Objects = details
	s.details.Refresh()
	s.below.To(0)
	s.Object.Refresh()
}

// splitLayout puts the details right below a short list. Where both do not fit, each gets what
// it needs up to half of what there is, and what the other leaves.
type splitLayout struct{ s *Split }

func (l splitLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	if len(l.s.details.Objects) == 0 {
		o[0].Resize(size)
		o[1].Resize(fyne.NewSize(size.Width, 0))
		return
	}
	o[1].Resize(fyne.NewSize(size.Width, size.Height/2)) // texts need a width to know their height
	details := l.s.details.MinSize().Height + splitGap
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
