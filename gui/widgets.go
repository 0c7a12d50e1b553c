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

// wrapped is a text that breaks into lines.
func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

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

// notice is one sentence that stands out: sign, text, and a bar of its colour at the left.
type notice struct {
	widget.BaseWidget
	kind noticeKind
	text *widget.Label
}

func newNotice(kind noticeKind, text string) *notice {
	n := &notice{kind: kind, text: wrapped(text)}
	n.ExtendBaseWidget(n)
	return n
}

// AccessibilityLabel says the word that the sign stands for, then the sentence.
func (n *notice) AccessibilityLabel() string { return n.word() + ": " + n.text.Text }

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
		return theme.NewSuccessThemedResource(theme.ConfirmIcon()), theme.ColorNameSuccess
	case warningNotice:
		return theme.NewWarningThemedResource(theme.WarningIcon()), theme.ColorNameWarning
	case dangerNotice, stopNotice:
		return theme.NewErrorThemedResource(theme.ErrorIcon()), theme.ColorNameError
	}
	return theme.NewPrimaryThemedResource(theme.InfoIcon()), theme.ColorNamePrimary
}

func (n *notice) CreateRenderer() fyne.WidgetRenderer {
	icon, _ := n.look()
	bar := canvas.NewRectangle(nil)
	bar.SetMinSize(fyne.NewSize(4, 0))
	ground := canvas.NewRectangle(nil)
	ground.CornerRadius = 4
	word := widget.NewLabelWithStyle(n.word(), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head := container.NewVBox(container.NewHBox(widget.NewIcon(icon), word))
	body := container.NewBorder(nil, nil, head, nil, n.text)
	r := &noticeRenderer{n: n, bar: bar, ground: ground,
		root: container.NewStack(ground, container.NewBorder(nil, nil, bar, nil, body))}
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

// heading is a screen's title with a sentence below it.
func heading(title, text string) fyne.CanvasObject {
	h := widget.NewLabel(title)
	h.SizeName = theme.SizeNameHeadingText
	h.TextStyle.Bold = true
	box := container.NewVBox(h)
	if text != "" {
		sub := wrapped(text)
		sub.Importance = widget.MediumImportance
		box.Add(sub)
	}
	return box
}

// section is a titled group.
func section(title string, objects ...fyne.CanvasObject) fyne.CanvasObject {
	h := widget.NewLabel(title)
	h.SizeName = theme.SizeNameSubHeadingText
	h.TextStyle.Bold = true
	return container.NewVBox(append([]fyne.CanvasObject{h}, objects...)...)
}

// buttons is a row of buttons at the right, the one that goes on last.
func buttons(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewHBox(append([]fyne.CanvasObject{layout.NewSpacer()}, objects...)...)
}

// compact takes the air out of rows that belong together.
type compact struct{ fyne.Theme }

func (c compact) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInnerPadding:
		return 5
	case theme.SizeNamePadding:
		return 2
	}
	return c.Theme.Size(name)
}

func dense(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewThemeOverride(o, compact{newTheme()})
}

// scrolled is content that scrolls down, clear of the bar.
func scrolled(o fyne.CanvasObject) fyne.CanvasObject {
	bar := canvas.NewRectangle(nil)
	bar.SetMinSize(fyne.NewSize(10, 0))
	return container.NewVScroll(container.NewBorder(nil, nil, nil, bar, o))
}

// facts are pairs of a name and a value, aligned.
func facts(pairs ...string) fyne.CanvasObject {
	box := container.New(layout.NewFormLayout())
	for i := 0; i+1 < len(pairs); i += 2 {
		name := widget.NewLabel(pairs[i])
		name.Importance = widget.LowImportance
		value := widget.NewLabel(pairs[i+1])
		value.Wrapping = fyne.TextWrapBreak
		value.Selectable = true
		box.Add(name)
		box.Add(value)
	}
	return dense(box)
}

// wrappedWide is a quiet sentence beside a button.
func wrappedWide(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Importance = widget.LowImportance
	return l
}
