package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// tipLayer lies over a window or a dialog and shows one text beside the pointer. It takes no
// part in anything else: what is below it is clicked as if it were not there.
type tipLayer struct {
	box    *fyne.Container
	ground *canvas.Rectangle
	of     fyne.CanvasObject // that shows it
	said   string
}

// tipLayers are those of the window and of the dialogs over it, the front one last.
var tipLayers []*tipLayer

// WithTips gives content the layer in which values that are cut are shown whole. drop takes
// the layer away again when the content goes.
func WithTips(content fyne.CanvasObject) (object fyne.CanvasObject, drop func()) {
	l := &tipLayer{box: container.NewWithoutLayout(), ground: canvas.NewRectangle(nil)}
	l.ground.CornerRadius, l.ground.StrokeWidth = 4, 1
	l.box.Hide()
	tipLayers = append(tipLayers, l)
	return container.NewStack(content, l.box), func() {
		for i, other := range tipLayers {
			if other == l {
				tipLayers = append(tipLayers[:i:i], tipLayers[i+1:]...)
				return
			}
		}
	}
}

// tipWidth is the widest that a tip is.
const tipWidth = 520

// showTip shows a text below a point of the window; "" hides what an object shows.
func showTip(of fyne.CanvasObject, text string, at fyne.Position) {
	if len(tipLayers) == 0 {
		return
	}
	l := tipLayers[len(tipLayers)-1]
	if text == "" {
		HideTip()
		return
	}
	if l.of == of && l.said == text {
		return
	}
	l.of, l.said = of, text
	room := l.box.Size()
	width := min(tipWidth, room.Width-2*cellSide)
	lines := breakTip(text, width)
	var widest float32
	l.ground.FillColor = theme.Color(theme.ColorNameMenuBackground)
	l.ground.StrokeColor = theme.Color(theme.ColorNamePlaceHolder)
	l.box.Objects = []fyne.CanvasObject{l.ground}
	for _, line := range lines {
		t := canvas.NewText(line, theme.Color(theme.ColorNameForeground))
		t.TextSize = theme.TextSize()
		l.box.Objects = append(l.box.Objects, t)
		widest = max(widest, measure(line, fyne.TextStyle{}))
	}
	size := fyne.NewSize(widest+2*cellSide, float32(len(lines))*textHeight()+2*cellTop)
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(l.box)
	at = at.Subtract(origin).AddXY(12, 18)
	at.X = max(0, min(at.X, room.Width-size.Width))
	if at.Y+size.Height > room.Height {
		at.Y = max(0, at.Y-size.Height-30)
	}
	l.ground.Move(at)
	l.ground.Resize(size)
	for i, o := range l.box.Objects[1:] {
		o.Move(at.AddXY(cellSide, cellTop+float32(i)*textHeight()))
		o.Resize(fyne.NewSize(widest, textHeight()))
	}
	l.box.Show()
	l.box.Refresh()
}

// breakTip breaks also within what has no blanks, such as a checksum: all of it is to be read.
func breakTip(text string, width float32) []string {
	var lines []string
	for _, line := range breakText(text, 1e6, fyne.TextStyle{}) {
		words := ""
		for _, r := range line {
			if measure(words+string(r), fyne.TextStyle{}) > width {
				lines, words = append(lines, words), ""
			}
			words += string(r)
		}
		lines = append(lines, words)
	}
	return lines
}

// HideTip takes away what is shown.
func HideTip() {
	for _, l := range tipLayers {
		if l.box.Visible() {
			l.box.Hide()
		}
		l.of, l.said = nil, ""
	}
}

// shownTip is what can be read, for tests.
func shownTip() string {
	if len(tipLayers) == 0 {
		return ""
	}
	return tipLayers[len(tipLayers)-1].said
}
