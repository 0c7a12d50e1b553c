package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// ButtonRow is a row of buttons, or of whatever stands beside one another. Where they do not fit a
// line they go on in the next. A spacer (layout.NewSpacer) pushes what follows to the right, and
// what [Grow] made takes the room that its line has left.
func ButtonRow(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flow{}, objects...)
}

// Grow lets an object take the room that is left in its row, of at least that width.
func Grow(o fyne.CanvasObject, least float32) fyne.CanvasObject {
	return container.New(grow{least}, o)
}

type grow struct{ least float32 }

func (g grow) Layout(o []fyne.CanvasObject, size fyne.Size) { o[0].Resize(size) }
func (g grow) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(g.least, o[0].MinSize().Height)
}

// grows reports an object that [Grow] made.
func grows(o fyne.CanvasObject) bool {
	c, ok := o.(*fyne.Container)
	if !ok {
		return false
	}
	_, ok = c.Layout.(grow)
	return ok
}

// flow breaks a row into lines. How high it is follows from how wide it was made.
type flow struct{ width float32 }

// line is what stands beside one another.
type line struct {
	objects []fyne.CanvasObject
	width   float32 // of them all, with the gaps
	height  float32
	push    int // what comes from here on stands at the right; -1: nothing does
}

// lines breaks objects at a width; 0 stands for all the width there is.
func lines(objects []fyne.CanvasObject, width float32) []line {
	var all []line
	now := line{push: -1}
	pushed := false
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		if s, ok := o.(layout.SpacerObject); ok && s.ExpandHorizontal() {
			now.push, pushed = len(now.objects), true
			continue
		}
		least := o.MinSize()
		gap := float32(0)
		if len(now.objects) > 0 {
			gap = theme.Padding()
		}
		if width > 0 && len(now.objects) > 0 && now.width+gap+least.Width > width {
			all = append(all, now)
			now, gap = line{push: -1}, 0
			if pushed {
				now.push = 0
			}
		}
		now.objects = append(now.objects, o)
		now.width += gap + least.Width
		now.height = max(now.height, least.Height)
	}
	if len(now.objects) > 0 {
		all = append(all, now)
	}
	return all
}

func (f *flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	y := float32(0)
	for _, l := range lines(objects, size.Width) {
		x, left := float32(0), max(0, size.Width-l.width)
		growing := 0
		for _, o := range l.objects {
			if grows(o) {
				growing++
			}
		}
		for i, o := range l.objects {
			if i == l.push && growing == 0 {
				x += left
			}
			size := o.MinSize()
			if grows(o) {
				size.Width += left / float32(growing)
			}
			o.Move(fyne.NewPos(x, y+(l.height-size.Height)/2))
			o.Resize(size)
			x += size.Width + theme.Padding()
		}
		y += l.height + theme.Padding()
	}
}

func (f *flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		if o.Visible() {
			m.Width = max(m.Width, o.MinSize().Width)
		}
	}
	for i, l := range lines(objects, f.width) {
		if i > 0 {
			m.Height += theme.Padding()
		}
		m.Height += l.height
	}
	return m
}

// oneLine is the width of a row that stands in one line.
func oneLine(row *fyne.Container) float32 {
	var width float32
	for _, l := range lines(row.Objects, 0) {
		width = max(width, l.width)
	}
	return width
}
