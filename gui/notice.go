package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/trust"
)

// noticeKind is how serious a notice is: a sign and a word as well as a colour.
type noticeKind int

const (
	goodNotice noticeKind = iota
	infoNotice
	warningNotice
	dangerNotice
	stopNotice // an error: what was to be done was not done
)

func noticeOf(s trust.Severity) noticeKind {
	switch s {
	case trust.Danger:
		return dangerNotice
	case trust.Warning:
		return warningNotice
	}
	return infoNotice
}

// notice is what stands out on a screen: a bar of its colour at the left, its sign and word,
// a sentence, and below it what belongs to it, such as the button that mends it.
type notice struct {
	widget.BaseWidget
	kind  noticeKind
	text  string
	below []fyne.CanvasObject
}

func newNotice(kind noticeKind, text string, below ...fyne.CanvasObject) *notice {
	n := &notice{kind: kind, text: text, below: below}
	n.ExtendBaseWidget(n)
	return n
}

// AccessibilityLabel says the word that the sign stands for, then the sentence.
func (n *notice) AccessibilityLabel() string { return n.word() + ": " + n.text }

// AccessibilityRole is text.
func (n *notice) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

func (n *notice) word() string {
	switch n.kind {
	case goodNotice:
		return t("notice.good")
	case warningNotice:
		return t("notice.warning")
	case dangerNotice:
		return t("notice.danger")
	case stopNotice:
		return t("notice.stop")
	}
	return t("notice.info")
}

func (n *notice) look() (fyne.Resource, fyne.ThemeColorName) {
	switch n.kind {
	case goodNotice:
		return theme.ConfirmIcon(), theme.ColorNameSuccess
	case warningNotice:
		return theme.WarningIcon(), theme.ColorNameWarning
	case dangerNotice, stopNotice:
		return theme.ErrorIcon(), theme.ColorNameError
	}
	return theme.InfoIcon(), theme.ColorNamePrimary
}

func (n *notice) CreateRenderer() fyne.WidgetRenderer {
	icon, color := n.look()
	bar := canvas.NewRectangle(nil)
	bar.SetMinSize(fyne.NewSize(4, 0))
	ground := canvas.NewRectangle(nil)
	ground.CornerRadius = 4
	word := widget.NewLabelWithStyle(n.word(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	sign := container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0),
		container.NewHBox(widget.NewIcon(theme.NewColoredResource(icon, color)), word))
	body := fyne.CanvasObject(wrapped(n.text))
	if len(n.below) > 0 {
		inset := container.New(layout.NewCustomPaddedLayout(0, 8, 8, 8), container.NewVBox(n.below...))
		body = container.NewVBox(body, inset)
	}
	r := &noticeRenderer{n: n, bar: bar, ground: ground,
		root: container.NewStack(ground, container.NewBorder(nil, nil, bar, nil, beside(sign, body)))}
	r.Refresh()
	return r
}

type noticeRenderer struct {
	n           *notice
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
