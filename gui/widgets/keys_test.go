package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
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
