package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ring shows where the keyboard is: a dark line on the outside, a light one within, or the other
// way round in the dark, so that one of the two stands out against whatever is beside it. The
// toolkit's own sign is a shade that people who see less well cannot tell from none.
type ring struct {
	fyne.WidgetRenderer
	outer, inner *canvas.Rectangle
	focused      func() bool
	radius       float32
}

const ringWidth = 2

func newRing(base fyne.WidgetRenderer, focused func() bool) *ring {
	r := &ring{WidgetRenderer: base, outer: canvas.NewRectangle(nil), inner: canvas.NewRectangle(nil), focused: focused,
		radius: theme.Size(theme.SizeNameInputRadius)}
	r.outer.StrokeWidth, r.inner.StrokeWidth = ringWidth, ringWidth
	r.show()
	return r
}

func (r *ring) Objects() []fyne.CanvasObject {
	base := r.WidgetRenderer.Objects()
	return append(base[:len(base):len(base)], r.inner, r.outer)
}

func (r *ring) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.outer.Resize(size)
	r.inner.Move(fyne.NewPos(ringWidth, ringWidth))
	r.inner.Resize(size.SubtractWidthHeight(2*ringWidth, 2*ringWidth))
}

func (r *ring) Refresh() {
	r.WidgetRenderer.Refresh()
	r.show()
}

func (r *ring) show() {
	on := r.focused()
	r.outer.CornerRadius, r.inner.CornerRadius = r.radius, max(0, r.radius-ringWidth)
	r.outer.StrokeColor, r.inner.StrokeColor = theme.Color(theme.ColorNameForeground), theme.Color(theme.ColorNameBackground)
	for _, line := range []*canvas.Rectangle{r.outer, r.inner} {
		visibleIf(line, on)
		line.Refresh()
	}
}

// halo is a ring alone, to be laid over what cannot carry one itself, such as a text that
// scrolls.
type halo struct {
	widget.BaseWidget
	focused func() bool
}

func newHalo(focused func() bool) *halo {
	h := &halo{focused: focused}
	h.ExtendBaseWidget(h)
	return h
}

func (h *halo) CreateRenderer() fyne.WidgetRenderer {
	return newRing(widget.NewSimpleRenderer(container.NewWithoutLayout()), h.focused)
}
