package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Page is the frame that all screens share: a heading, what scrolls below it, and a row of
// buttons at the foot with the one that goes on at its end.
type Page struct {
	Root  *fyne.Container
	title *widget.Label
	sub   *widget.Label
	Body  *Scroller           // nil where the screen scrolls in parts
	slim  []fyne.CanvasObject // what a low window does without
	// Split has the body above and the details of what is chosen below, nil as Body is.
	Split *Split
}

// NewPage makes a frame. top stands between heading and body and does not scroll; it may be nil.
func NewPage(title, sub string, top, body fyne.CanvasObject, foot ...fyne.CanvasObject) *Page {
	p := &Page{Split: NewSplit(body)}
	p.Body = p.Split.List
	p.Build(title, sub, top, p.Split.Object, foot)
	if top != nil {
		p.DoWithout(top)
	}
	return p
}

// NewFixedPage is a page whose body does not scroll as a whole.
func NewFixedPage(title, sub string, top, body fyne.CanvasObject, foot ...fyne.CanvasObject) *Page {
	p := &Page{}
	p.Build(title, sub, top, body, foot)
	return p
}

func (p *Page) Build(title, sub string, top, body fyne.CanvasObject, foot []fyne.CanvasObject) {
	p.title = widget.NewLabel(title)
	p.title.SizeName = theme.SizeNameHeadingText
	p.title.TextStyle.Bold = true
	p.title.Truncation = fyne.TextTruncateEllipsis
	p.sub = Wrapped(sub)
	p.sub.Importance = widget.LowImportance
	// The two lines belong together: without the air that each has of its own.
	head := container.New(layout.NewCustomPaddedVBoxLayout(-8), Flush(p.title), Flush(p.sub))
	box := container.NewVBox(head)
	if top != nil {
		box.Add(top)
	}
	box.Add(Spacer(2))
	var bottom fyne.CanvasObject
	if len(foot) > 0 {
		bottom = container.NewVBox(Spacer(2), widget.NewSeparator(), Spacer(2), ButtonRow(foot...))
	}
	p.DoWithout(p.sub)
	// Heading and foot end where the content does, left of the scroll bar.
	clear := func(o fyne.CanvasObject) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedLayout(0, 0, 0, BarWidth), o)
	}
	if bottom != nil {
		bottom = clear(bottom)
	}
	p.Root = container.New(lowLayout{p}, Border(clear(box), bottom, nil, nil, body))
}

// DoWithout names what is not shown where the window is so low that there would be no room left
// for what it is about.
func (p *Page) DoWithout(objects ...fyne.CanvasObject) { p.slim = append(p.slim, objects...) }

// lowLayout fills the room there is with a page, or with the most important of it.
type lowLayout struct{ p *Page }

// lowPage is the height below which a page does without some of its parts.
const lowPage = 420

func (l lowLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	for _, part := range l.p.slim {
		if whole := size.Height >= lowPage; part.Visible() != whole {
			Visible(part, whole)
		}
	}
	o[0].Resize(size)
}

// leastBody is what the main part of a page has at least, whatever stands above it.
const leastBody = 160

// Tall puts what does not scroll above what scrolls by itself. In a low window the two scroll as a
// whole, so that something is left to be seen of the second.
func Tall(top, body fyne.CanvasObject) fyne.CanvasObject {
	top = container.New(layout.NewCustomPaddedLayout(0, 0, 0, BarWidth), top)
	return newScroller(Border(top, nil, nil, nil, container.NewStack(Spacer(leastBody), body)), 0).Object
}

// MinSize is that of a low page.
func (l lowLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	least := o[0].MinSize()
	for _, part := range l.p.slim {
		if part.Visible() {
			least.Height -= part.MinSize().Height
		}
	}
	return least
}

// ToTop scrolls to the beginning and shows no details.
func (p *Page) ToTop() {
	if p.Split != nil {
		p.Split.Show(nil)
		p.Body.To(0)
	}
}

// Head changes the heading.
func (p *Page) Head(title, sub string) {
	p.title.SetText(title)
	p.sub.SetText(sub)
}

func (p *Page) Object() fyne.CanvasObject { return p.Root }

// Key is told of keys that nothing else has a use for.
func (p *Page) Key(name fyne.KeyName) bool { return p.Body != nil && p.Body.Key(name) }

// Flush takes away the air at the left of a label, so that its text stands under the edges of
// tables and buttons.
func Flush(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, -8, 0), o)
}

// Spacer is empty room.
func Spacer(height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(1, height))
	return r
}

// Wrapped is a text that breaks into lines.
func Wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// QuietText is a text that explains and does not stand out.
func QuietText(text string) *widget.Label {
	l := Wrapped(text)
	l.Importance = widget.LowImportance
	return l
}

// Border puts objects along the edges of another, any of them nil, in the order in which they
// are read: the Tab key follows it, where Fyne's own border begins in the middle.
func Border(top, bottom, left, right, centre fyne.CanvasObject) *fyne.Container {
	var objects []fyne.CanvasObject
	for _, o := range []fyne.CanvasObject{top, left, centre, right, bottom} {
		if o != nil {
			objects = append(objects, o)
		}
	}
	return container.New(layout.NewBorderLayout(top, bottom, left, right), objects...)
}

// Section is a titled group.
func Section(title string, objects ...fyne.CanvasObject) *fyne.Container {
	h := widget.NewLabel(title)
	h.SizeName = theme.SizeNameSubHeadingText
	h.TextStyle.Bold = true
	h.Wrapping = fyne.TextWrapWord
	return container.NewVBox(append([]fyne.CanvasObject{Flush(h)}, objects...)...)
}

// beside puts an object at the upper left of another, which gets the rest of the width.
func beside(left, right fyne.CanvasObject) fyne.CanvasObject {
	return Border(nil, nil, container.NewVBox(left), nil, right)
}

// Badge is a short word in a frame.
func Badge(text string) fyne.CanvasObject {
	ground := canvas.NewRectangle(color.Transparent)
	ground.StrokeWidth = 1
	ground.StrokeColor = theme.Color(theme.ColorNameWarning)
	ground.CornerRadius = 4
	l := widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameCaptionText
	l.Importance = widget.WarningImportance
	l.Truncation = fyne.TextTruncateEllipsis
	return container.NewStack(ground, Dense(l))
}

// Of the room that a label leaves around its text, this much is taken away where rows
// belong together; the rest is left.
const (
	denseBy     = 3
	denseLeaves = 5
)

// Dense is a label with less room around it. A theme of its own would do that too, but the
// toolkit loads all fonts anew for each, at every refresh, and keeps them: 7 MB a time.
func Dense(label *widget.Label) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(-denseBy, -denseBy, -denseBy, -denseBy), label)
}

// Facts are pairs of a name and a value, aligned; pairs without a value are left out.
func Facts(pairs ...string) fyne.CanvasObject {
	box := container.New(layout.NewFormLayout())
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		name := widget.NewLabel(pairs[i])
		name.Importance = widget.LowImportance
		value := widget.NewLabel(pairs[i+1])
		value.Wrapping = fyne.TextWrapWord
		box.Add(Dense(name))
		box.Add(Dense(value))
	}
	return container.New(layout.NewCustomPaddedLayout(0, 0, -denseLeaves, 0), box)
}

// QuietLabel is a short name beside what it names.
func QuietLabel(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Importance = widget.LowImportance
	return l
}

// Inset is the room inside a ground of its own.
var Inset = layout.NewCustomPaddedLayout(8, 10, 12, 12)
