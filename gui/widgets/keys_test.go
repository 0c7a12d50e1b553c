package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// A widget that has the focus and was not painted yet is known to no canvas of the toolkit: what
// is typed must reach its window all the same. The test driver takes every widget for one of the
// window made last, so that two windows show what happens.
func TestKeysReachTheWindowOfTheFocus(t *testing.T) {
	test.NewTempApp(t)
	button := NewButton("Add", nil, func() {})
	w := test.NewTempWindow(t, button)
	test.NewTempWindow(t, NewButton("another", nil, nil))
	var got []fyne.KeyName
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { got = append(got, k.Name) })
	w.Canvas().Focus(button)
	button.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if len(got) != 1 || got[0] != fyne.KeyEscape {
		t.Errorf("the window got %v, want Escape", got)
	}
}

// What has the focus stays in sight when the window is made smaller.
func TestFocusStaysInSight(t *testing.T) {
	test.NewTempApp(t)
	list := container.NewVBox()
	var last *Button
	for range 20 {
		last = NewButton("Add", nil, func() {})
		list.Add(last)
	}
	in := NewScroller(list)
	w := test.NewTempWindow(t, in.Object)
	w.Resize(fyne.NewSize(200, 2000))
	w.Canvas().Focus(last)
	w.Resize(fyne.NewSize(200, 300))
	if bottom := last.Position().Y + last.Size().Height; in.Scroll.Offset.Y+in.Scroll.Size().Height < bottom {
		t.Errorf("the button ends at %v, %v from %v on are in sight", bottom, in.Scroll.Size().Height, in.Scroll.Offset.Y)
	}
	w.Canvas().Unfocus()
	in.To(0)
	w.Resize(fyne.NewSize(200, 250))
	if in.Scroll.Offset.Y != 0 {
		t.Error("the list moved though nothing has the focus")
	}
}

// Space is a key and then a letter, each given to what has the focus at that moment: a button that
// Space presses must not leave the letter to the field that it leads to.
func TestSpaceTypesNothing(t *testing.T) {
	test.NewTempApp(t)
	field := NewField("Name")
	w := test.NewTempWindow(t, field)
	c := w.Canvas()
	tapped := 0
	button := NewButton("Add…", nil, func() {
		tapped++
		c.Focus(field)
	})
	w.SetContent(container.NewVBox(button, field))
	c.Focus(button)
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	c.Focused().TypedRune(' ')
	if tapped != 1 || field.Text != "" || c.Focused() != field {
		t.Errorf("pressed %d times, the field holds %q", tapped, field.Text)
	}
}

// A button that was pressed by keyboard keeps the focus, so that it can be pressed again, and leaves
// it to the dialog that it opens. One that went away by the press is not pressed again.
func TestFocusStaysOnTheButtonPressed(t *testing.T) {
	test.NewTempApp(t)
	box := container.NewVBox()
	w := test.NewTempWindow(t, box)
	dialogs := &Dialogs{Window: w}
	presses := 0
	var button *Button
	var do func()
	button = NewButton("Earlier", nil, func() { presses++; do() })
	box.Add(button)
	w.Resize(fyne.NewSize(500, 400))
	space := func() {
		if f := w.Canvas().Focused(); f != nil {
			f.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
			f.TypedRune(' ')
		}
	}
	w.Canvas().Focus(button)
	do = func() {}
	space()
	space()
	if presses != 2 {
		t.Errorf("pressed %d times, not 2", presses)
	}
	field := NewField("Name")
	do = func() {
		q := NewQuestion(dialogs, "Edit", field, "OK", "Cancel", false)
		q.First = field
		q.Show()
	}
	space()
	if w.Canvas().Focused() != field {
		t.Error("the dialog's field has no focus")
	}
	dialogs.Front().Answer(false)
	w.Canvas().Focus(button) // the test driver keeps no focus below a dialog; the journey tries it
	do = box.RemoveAll
	space()
	space()
	if presses != 4 {
		t.Errorf("pressed %d times, not 4", presses)
	}
}
