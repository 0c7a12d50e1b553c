package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// sign stands before a text that tells a state. It is an icon, since the font that is built
// in has no check mark; the text says the same in words, so that no state is told by colour alone.
type sign int

const (
	noSign sign = iota
	goodSign
	badSign
	warnSign
	unsureSign
	workSign
	againSign
	backSign
	addSign
	removeSign
	changeSign
)

func (s sign) icon() fyne.Resource {
	switch s {
	case goodSign:
		return theme.ConfirmIcon()
	case badSign:
		return theme.CancelIcon()
	case warnSign:
		return theme.WarningIcon()
	case unsureSign:
		return theme.QuestionIcon()
	case workSign:
		return theme.MoreHorizontalIcon()
	case againSign:
		return theme.ViewRefreshIcon()
	case backSign:
		return theme.ContentUndoIcon()
	case addSign:
		return theme.ContentAddIcon()
	case removeSign:
		return theme.ContentRemoveIcon()
	case changeSign:
		return theme.DocumentCreateIcon()
	}
	return nil
}

func (s sign) color() fyne.ThemeColorName {
	switch s {
	case goodSign, addSign:
		return theme.ColorNameSuccess
	case badSign, removeSign:
		return theme.ColorNameError
	case warnSign, againSign, changeSign, backSign:
		return theme.ColorNameWarning
	case workSign:
		return theme.ColorNamePrimary
	case unsureSign:
		return theme.ColorNamePlaceHolder
	}
	return theme.ColorNameForeground
}

// word is what a sign says that stands before a record.
func (s sign) word() string {
	switch s {
	case addSign:
		return t("mark.added")
	case removeSign:
		return t("mark.removed")
	case changeSign:
		return t("mark.changed")
	}
	return ""
}

// resource is the icon in its colour, nil where there is no sign.
func (s sign) resource() fyne.Resource {
	if s == noSign {
		return nil
	}
	return theme.NewColoredResource(s.icon(), s.color())
}

// signed is a label with a sign before it, level with its first line.
func signed(s sign, text string) fyne.CanvasObject {
	icon := container.New(layout.NewCustomPaddedLayout(theme.InnerPadding(), 0, 0, 0), widget.NewIcon(s.resource()))
	return beside(icon, wrapped(text))
}
