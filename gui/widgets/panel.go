package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Panel is a part of the window that stands apart by its ground.
type Panel struct {
	widget.BaseWidget
	Content fyne.CanvasObject
}

func NewPanel(content fyne.CanvasObject) *Panel {
	p := &Panel{Content: content}
	p.ExtendBaseWidget(p)
	return p
}

func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	return &panelRenderer{p, ground, container.NewStack(ground, p.Content)}
}

type panelRenderer struct {
	panel  *Panel
	ground *canvas.Rectangle
	root   *fyne.Container
}

func (r *panelRenderer) Layout(size fyne.Size)        { r.root.Resize(size) }
func (r *panelRenderer) MinSize() fyne.Size           { return r.root.MinSize() }
func (r *panelRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.root} }
func (r *panelRenderer) Destroy()                     {}
func (r *panelRenderer) Refresh() {
	r.ground.FillColor = theme.Color(theme.ColorNameHeaderBackground)
	r.ground.Refresh()
	r.root.Refresh()
}
