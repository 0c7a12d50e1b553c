package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// textView is a long text to read, search with the eye and copy. It is the toolkit's field
// of several lines without what changes it: no typing, and Tab goes on to the next widget.
type textView struct {
	widget.Entry
	title string
}

func newTextView(title string) *textView {
	v := &textView{title: title}
	v.MultiLine = true
	v.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	v.TextStyle.Monospace = true
	v.ExtendBaseWidget(v)
	return v
}

// AccessibilityLabel is the text's title.
func (v *textView) AccessibilityLabel() string { return v.title }

// AccessibilityRole is text.
func (v *textView) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// AcceptsTab is false: there is nothing to indent.
func (v *textView) AcceptsTab() bool { return false }

// TypedRune changes nothing.
func (v *textView) TypedRune(rune) {}

// TypedKey moves the cursor.
func (v *textView) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight, fyne.KeyHome, fyne.KeyEnd,
		fyne.KeyPageUp, fyne.KeyPageDown:
		v.Entry.TypedKey(k)
	}
}

// TypedShortcut selects and copies.
func (v *textView) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutCopy, *fyne.ShortcutSelectAll:
		v.Entry.TypedShortcut(s)
	}
}

// TappedSecondary shows no menu, which would offer to cut and paste.
func (v *textView) TappedSecondary(*fyne.PointEvent) {}
