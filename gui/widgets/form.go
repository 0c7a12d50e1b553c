package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Form is pairs of a label and what is to be filled in.
func Form(pairs ...any) fyne.CanvasObject {
	box := container.New(&formLayout{})
	for i := 0; i+1 < len(pairs); i += 2 {
		name := pairs[i].(string)
		if n, ok := pairs[i+1].(interface{ SetName(string) }); ok {
			n.SetName(name)
		}
		box.Add(widget.NewLabel(name))
		box.Add(pairs[i+1].(fyne.CanvasObject))
	}
	return Flush(box)
}

// formLayout has names beside what is to be filled in, or above it where that would be narrow.
type formLayout struct{ width float32 }

// leastField is the width that is enough to fill something in.
const leastField = 200

// columns is the width of the names, and whether they stand above.
func (f *formLayout) columns(o []fyne.CanvasObject, width float32) (names float32, above bool) {
	for i := 0; i+1 < len(o); i += 2 {
		names = max(names, o[i].MinSize().Width)
	}
	return names, width > 0 && width < names+theme.Padding()+leastField
}

func (f *formLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	f.width = size.Width
	names, above := f.columns(o, size.Width)
	y := float32(0)
	for i := 0; i+1 < len(o); i += 2 {
		name, field := o[i].MinSize().Height, o[i+1].MinSize().Height
		o[i].Move(fyne.NewPos(0, y))
		if above {
			o[i].Resize(fyne.NewSize(size.Width, name))
			o[i+1].Move(fyne.NewPos(0, y+name))
			o[i+1].Resize(fyne.NewSize(size.Width, field))
			y += name + field + theme.Padding()
			continue
		}
		height := max(name, field)
		o[i].Resize(fyne.NewSize(names, height))
		o[i+1].Move(fyne.NewPos(names+theme.Padding(), y))
		o[i+1].Resize(fyne.NewSize(size.Width-names-theme.Padding(), height))
		y += height + theme.Padding()
	}
}

func (f *formLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	names, above := f.columns(o, f.width)
	least := fyne.NewSize(names, 0)
	for i := 0; i+1 < len(o); i += 2 {
		name, field := o[i].MinSize(), o[i+1].MinSize()
		least.Width = max(least.Width, min(field.Width, leastField))
		if above {
			least.Height += name.Height + field.Height
		} else {
			least.Height += max(name.Height, field.Height)
		}
		if i > 0 {
			least.Height += theme.Padding()
		}
	}
	return least
}

// NewCopyButton puts a text on the clipboard and says so for a moment.
func NewCopyButton(label string, text func() string) fyne.CanvasObject {
	var b *Button
	b = NewButton(label, theme.ContentCopyIcon(), func() {
		fyne.CurrentApp().Clipboard().SetContent(text())
		b.SetText(Words.Copied)
		b.SetIcon(theme.ConfirmIcon())
		time.AfterFunc(2*time.Second, func() {
			fyne.Do(func() {
				b.SetText(label)
				b.SetIcon(theme.ContentCopyIcon())
			})
		})
	})
	return container.NewHBox(b)
}

// Visible is Show or Hide.
func Visible(o fyne.CanvasObject, on bool) {
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}
