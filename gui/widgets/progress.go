package widgets

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Progress is a bar with its number beside it: on the bar, half of the text would be on one
// colour and half on the other.
type Progress struct {
	Object *fyne.Container
	bar    *widget.ProgressBar
	text   *widget.Label
}

// leastBar is the width below which a bar says nothing.
const leastBar = 80

// NewProgress makes a bar at nothing.
func NewProgress() *Progress {
	p := &Progress{bar: widget.NewProgressBar(), text: widget.NewLabel("0 %")}
	p.bar.TextFormatter = func() string { return "" }
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(leastBar, 0))
	p.Object = Border(nil, nil, nil, p.text, container.NewStack(least, container.NewPadded(p.bar)))
	return p
}

// Set shows done of total.
func (p *Progress) Set(done, total int) {
	if total <= 0 {
		return
	}
	p.bar.SetValue(float64(done) / float64(total))
	if text := fmt.Sprintf("%d %%", 100*done/total); p.text.Text != text {
		p.text.SetText(text)
	}
}
