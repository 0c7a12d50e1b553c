package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Sign stands before a text that tells a state. It is an icon, since the font that is built
// in has no check mark; the text says the same in words, so that no state is told by colour alone.
type Sign int

const (
	NoSign Sign = iota
	GoodSign
	BadSign
	WarnSign
	UnsureSign
	WorkSign
	AgainSign
	BackSign
	AddSign
	RemoveSign
	ChangeSign
)

func (s Sign) icon() fyne.Resource {
	switch s {
	case GoodSign:
		return theme.ConfirmIcon()
	case BadSign:
		return theme.CancelIcon()
	case WarnSign:
		return theme.WarningIcon()
	case UnsureSign:
		return theme.QuestionIcon()
	case WorkSign:
		return theme.MoreHorizontalIcon()
	case AgainSign:
		return theme.ViewRefreshIcon()
	case BackSign:
		return theme.ContentUndoIcon()
	case AddSign:
		return theme.ContentAddIcon()
	case RemoveSign:
		return theme.ContentRemoveIcon()
	case ChangeSign:
		return theme.DocumentCreateIcon()
	}
	return nil
}

func (s Sign) color() fyne.ThemeColorName {
	switch s {
	case GoodSign, AddSign:
		return theme.ColorNameSuccess
	case BadSign, RemoveSign:
		return theme.ColorNameError
	case WarnSign, AgainSign, ChangeSign, BackSign:
		return theme.ColorNameWarning
	case WorkSign:
		return theme.ColorNamePrimary
	case UnsureSign:
		return theme.ColorNamePlaceHolder
	}
	return theme.ColorNameForeground
}

// Word is what a sign says that stands before a record.
func (s Sign) Word() string {
	switch s {
	case AddSign:
		return Words.Added
	case RemoveSign:
		return Words.Removed
	case ChangeSign:
		return Words.Changed
	}
	return ""
}

// resource is the icon in its colour, nil where there is no sign.
func (s Sign) resource() fyne.Resource {
	if s == NoSign {
		return nil
	}
	return theme.NewColoredResource(s.icon(), s.color())
}

// Signed is a label with a sign before it, level with its first line.
func Signed(s Sign, text string) fyne.CanvasObject {
	icon := container.New(layout.NewCustomPaddedLayout(theme.InnerPadding(), 0, 0, 0), widget.NewIcon(s.resource()))
	return beside(icon, Wrapped(text))
}
