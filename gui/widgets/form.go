package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Form is pairs of a label and what is to be filled in.
func Form(pairs ...any) fyne.CanvasObject {
	box := container.New(layout.NewFormLayout())
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
