package gui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// page is the frame that all screens share: a heading, what scrolls below it, and a row of
// buttons at the foot with the one that goes on at its end.
type page struct {
	root  *fyne.Container
	title *widget.Label
	sub   *widget.Label
	body  *scroller // nil where the screen scrolls in parts
}

// newPage makes a frame. top stands between heading and body and does not scroll; it may be nil.
func newPage(title, sub string, top, body fyne.CanvasObject, foot ...fyne.CanvasObject) *page {
	p := &page{body: newScroller(body)}
	p.build(title, sub, top, p.body.object, foot)
	return p
}

// newFixedPage is a page whose body does not scroll as a whole.
func newFixedPage(title, sub string, top, body fyne.CanvasObject, foot ...fyne.CanvasObject) *page {
	p := &page{}
	p.build(title, sub, top, body, foot)
	return p
}

func (p *page) build(title, sub string, top, body fyne.CanvasObject, foot []fyne.CanvasObject) {
	p.title = widget.NewLabel(title)
	p.title.SizeName = theme.SizeNameHeadingText
	p.title.TextStyle.Bold = true
	p.title.Truncation = fyne.TextTruncateEllipsis
	p.sub = wrapped(sub)
	p.sub.Importance = widget.LowImportance
	// The two lines belong together: without the air that each has of its own.
	head := container.New(layout.NewCustomPaddedVBoxLayout(-8), flush(p.title), flush(p.sub))
	box := container.NewVBox(head)
	if top != nil {
		box.Add(top)
	}
	box.Add(spacer(2))
	var bottom fyne.CanvasObject
	if len(foot) > 0 {
		bottom = container.NewVBox(spacer(2), widget.NewSeparator(), spacer(2), container.NewHBox(foot...))
	}
	// Heading and foot end where the content does, left of the scroll bar.
	clear := func(o fyne.CanvasObject) fyne.CanvasObject {
		return container.New(layout.NewCustomPaddedLayout(0, 0, 0, barWidth), o)
	}
	if bottom == nil {
		p.root = container.NewBorder(clear(box), nil, nil, nil, body)
		return
	}
	p.root = container.NewBorder(clear(box), clear(bottom), nil, nil, body)
}

// head changes the heading.
func (p *page) head(title, sub string) {
	p.title.SetText(title)
	p.sub.SetText(sub)
}

func (p *page) object() fyne.CanvasObject { return p.root }

// key is told of keys that nothing else has a use for.
func (p *page) key(name fyne.KeyName) bool { return p.body != nil && p.body.key(name) }

// flush takes away the air at the left of a label, so that its text stands under the edges of
// tables and buttons.
func flush(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, -8, 0), o)
}

// spacer is empty room.
func spacer(height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(1, height))
	return r
}

// wrapped is a text that breaks into lines.
func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// quietText is a text that explains and does not stand out.
func quietText(text string) *widget.Label {
	l := wrapped(text)
	l.Importance = widget.LowImportance
	return l
}

// section is a titled group.
func section(title string, objects ...fyne.CanvasObject) *fyne.Container {
	h := widget.NewLabel(title)
	h.SizeName = theme.SizeNameSubHeadingText
	h.TextStyle.Bold = true
	h.Truncation = fyne.TextTruncateEllipsis
	return container.NewVBox(append([]fyne.CanvasObject{flush(h)}, objects...)...)
}

// beside puts an object at the upper left of another, which gets the rest of the width.
func beside(left, right fyne.CanvasObject) fyne.CanvasObject {
	return container.NewBorder(nil, nil, container.NewVBox(left), nil, right)
}

// buttonRow is a row of buttons at the left.
func buttonRow(objects ...fyne.CanvasObject) fyne.CanvasObject { return container.NewHBox(objects...) }

// badge is a short word in a frame.
func badge(text string) fyne.CanvasObject {
	ground := canvas.NewRectangle(color.Transparent)
	ground.StrokeWidth = 1
	ground.StrokeColor = theme.Color(theme.ColorNameWarning)
	ground.CornerRadius = 4
	l := widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameCaptionText
	l.Importance = widget.WarningImportance
	l.Truncation = fyne.TextTruncateEllipsis
	return dense(container.NewStack(ground, l))
}

// compact takes the air out of rows that belong together.
type compact struct{ fyne.Theme }

func (c compact) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInnerPadding:
		return compactPadding
	case theme.SizeNamePadding:
		return 2
	}
	return c.Theme.Size(name)
}

const compactPadding = 5

func dense(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewThemeOverride(o, compact{newTheme()})
}

// facts are pairs of a name and a value, aligned; pairs without a value are left out.
func facts(pairs ...string) fyne.CanvasObject {
	box := container.New(layout.NewFormLayout())
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		name := widget.NewLabel(pairs[i])
		name.Importance = widget.LowImportance
		value := widget.NewLabel(pairs[i+1])
		value.Wrapping = fyne.TextWrapBreak
		box.Add(name)
		box.Add(value)
	}
	return container.New(layout.NewCustomPaddedLayout(0, 0, -compactPadding, 0), dense(box))
}

// quietLabel is a short name beside what it names.
func quietLabel(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Importance = widget.LowImportance
	return l
}

// inset is the room inside a ground of its own.
var inset = layout.NewCustomPaddedLayout(8, 10, 12, 12)
