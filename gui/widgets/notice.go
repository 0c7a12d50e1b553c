package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NoticeKind is how serious a notice is: a sign and a word as well as a colour.
type NoticeKind int

const (
	GoodNotice NoticeKind = iota
	InfoNotice
	WarningNotice
	DangerNotice
	StopNotice // an error: what was to be done was not done
)

// Notice is what stands out on a screen: a bar of its colour at the left, its sign and word,
// a sentence, and below it what belongs to it, such as the button that mends it.
type Notice struct {
	widget.BaseWidget
	kind  NoticeKind
	text  string
	Below []fyne.CanvasObject
}

func NewNotice(kind NoticeKind, text string, below ...fyne.CanvasObject) *Notice {
	n := &Notice{kind: kind, text: text, Below: below}
	n.ExtendBaseWidget(n)
	return n
}

// AccessibilityLabel says the word that the sign stands for, then the sentence.
func (n *Notice) AccessibilityLabel() string { return n.Word() + ": " + n.text }

// AccessibilityRole is text.
func (n *Notice) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (n *Notice) Word() string {
	switch n.kind {
	case GoodNotice:
		return Words.Good
	case WarningNotice:
		return Words.Warning
	case DangerNotice:
		return Words.Danger
	case StopNotice:
		return Words.Stop
	}
	return Words.Info
}

func (n *Notice) look() (fyne.Resource, fyne.ThemeColorName) {
	switch n.kind {
	case GoodNotice:
		return theme.ConfirmIcon(), theme.ColorNameSuccess
	case WarningNotice:
		return theme.WarningIcon(), theme.ColorNameWarning
	case DangerNotice, StopNotice:
		return theme.ErrorIcon(), theme.ColorNameError
	}
	return theme.InfoIcon(), theme.ColorNamePrimary
}

func (n *Notice) CreateRenderer() fyne.WidgetRenderer {
	icon, color := n.look()
	bar := canvas.NewRectangle(nil)
	bar.SetMinSize(fyne.NewSize(4, 0))
	ground := canvas.NewRectangle(nil)
	ground.CornerRadius = 4
	word := widget.NewLabelWithStyle(n.Word(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	sign := container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0),
		container.NewHBox(widget.NewIcon(theme.NewColoredResource(icon, color)), word))
	body := fyne.CanvasObject(Wrapped(n.text))
	if len(n.Below) > 0 {
		inset := container.New(layout.NewCustomPaddedLayout(0, 8, 8, 8), container.NewVBox(n.Below...))
		body = container.NewVBox(body, inset)
	}
	r := &noticeRenderer{n: n, bar: bar, ground: ground,
		root: container.NewStack(ground, Border(nil, nil, bar, nil, beside(sign, body)))}
	r.Refresh()
	return r
}

type noticeRenderer struct {
	n           *Notice
	bar, ground *canvas.Rectangle
	root        *fyne.Container
}

func (r *noticeRenderer) Layout(size fyne.Size)        { r.root.Resize(size) }
func (r *noticeRenderer) MinSize() fyne.Size           { return r.root.MinSize() }
func (r *noticeRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.root} }
func (r *noticeRenderer) Destroy()                     {}
func (r *noticeRenderer) Refresh() {
	_, name := r.n.look()
	r.bar.FillColor = theme.Color(name)
	r.ground.FillColor = theme.Color(theme.ColorNameHeaderBackground)
	r.bar.Refresh()
	r.ground.Refresh()
	r.root.Refresh()
}
