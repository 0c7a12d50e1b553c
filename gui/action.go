package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// actionScreen is the CTL Client's second screen: what to do. Its three jobs stand first,
// in its words; the two migrations follow.
type actionScreen struct {
	s       *shell
	root    *fyne.Container
	none    fyne.CanvasObject
	choices []*widget.Button
}

func newActionScreen(s *shell) *actionScreen {
	a := &actionScreen{s: s, none: newNotice(infoNotice, t("action.none"))}
	box := container.NewVBox(a.none)
	for _, choice := range []struct {
		kind jobKind
		icon fyne.Resource
	}{
		{jobMixed, theme.MediaRecordIcon()},
		{jobNonSecure, theme.RadioButtonIcon()},
		{jobUpdate, theme.DocumentCreateIcon()},
		{jobToTokens, theme.LoginIcon()},
		{jobToTokenless, theme.LogoutIcon()},
	} {
		b := widget.NewButtonWithIcon(t("action."+string(choice.kind)), choice.icon, func() { s.begin(choice.kind) })
		b.Alignment = widget.ButtonAlignLeading
		a.choices = append(a.choices, b)
		text := wrapped(t("action." + string(choice.kind) + ".text"))
		text.Importance = widget.LowImportance
		box.Add(container.NewVBox(b, text))
	}
	a.root = container.NewBorder(
		container.NewVBox(heading(t("action.title"), t("action.text")), widget.NewSeparator()),
		nil, nil, nil, scrolled(box))
	return a
}

func (a *actionScreen) object() fyne.CanvasObject { return a.root }

func (a *actionScreen) shown() {
	connected := a.s.model.session != nil
	if connected {
		a.none.Hide()
	} else {
		a.none.Show()
	}
	for _, b := range a.choices {
		if connected {
			b.Enable()
		} else {
			b.Disable()
		}
	}
}
