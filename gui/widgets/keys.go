package widgets

import (
	"cmp"
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Fyne gives a key to the widget that has the focus, and to the window only when none has it.
// The widgets here hand what they have no use for on to the window, so that Escape, F5 and
// Enter do what people expect wherever the focus is.

// canvasOf is where a widget is shown. The toolkit knows a widget's canvas only once it has been
// painted, and a new one gets the focus, and with it keys, before: those would be lost. It is nil
// for a widget that is nowhere.
func canvasOf(o fyne.CanvasObject) fyne.Canvas {
	driver := fyne.CurrentApp().Driver()
	if f, ok := o.(fyne.Focusable); ok {
		for _, w := range driver.AllWindows() {
			if c := w.Canvas(); c.Focused() == f {
				return c
			}
		}
	}
	return driver.CanvasForObject(o)
}

// handOn gives a key to the window.
func handOn(o fyne.CanvasObject, k *fyne.KeyEvent) {
	c := canvasOf(o)
	if c == nil {
		return
	}
	if typed := c.OnTypedKey(); typed != nil {
		typed(k)
	}
}

// Button is Fyne's, pressed by Enter as well as by Space, and brought into sight by the focus.
type Button struct {
	widget.Button
	inScroll
	// Label is what a button without a text is called, for those who hear it.
	Label   string
	focused bool
}

// CreateRenderer draws the button with a ring while it has the focus.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	return newRing(b.Button.CreateRenderer(), func() bool { return b.focused })
}

// AccessibilityLabel is the button's text, or what it is called.
func (b *Button) AccessibilityLabel() string { return cmp.Or(b.Text, b.Label) }

func NewButton(text string, icon fyne.Resource, tapped func()) *Button {
	b := &Button{}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// MainButton is the one that goes on.
func MainButton(text string, icon fyne.Resource, tapped func()) *Button {
	b := NewButton(text, icon, tapped)
	b.Importance = widget.HighImportance
	return b
}

// MouseIn says what a button without a text is called.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	b.Button.MouseIn(e)
	if b.Text == "" {
		showTip(b, b.Label, e.AbsolutePosition)
	}
}

// MouseOut takes the name away.
func (b *Button) MouseOut() {
	b.Button.MouseOut()
	if b.Text == "" {
		HideTip()
	}
}

func (b *Button) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.press()
	case fyne.KeySpace: // comes as a letter too
	default:
		handOn(b, k)
	}
}

// TypedRune takes Space. The toolkit tells of it as a key first and then as a letter: a button
// pressed by the key would leave the letter to the field of the dialog that it opens.
func (b *Button) TypedRune(r rune) {
	if r == ' ' {
		b.press()
	}
}

// press works the button by keyboard. The toolkit takes the focus from a button that is pressed,
// and whoever has no mouse would begin at the first control again after each press: it is given
// back where the button is still there and nothing else has it, also below a dialog that opened.
func (b *Button) press() {
	c := canvasOf(b)
	if c == nil || !inSight(c, b) {
		return // another has taken its place, and it is only remembered
	}
	b.Tapped(nil)
	if !b.Disabled() && inSight(c, b) && (c.Focused() == nil || !within(front(c), b)) {
		c.Focus(b)
	}
}

// front is what takes the keys: the dialog that is open, or the window.
func front(c fyne.Canvas) fyne.CanvasObject {
	if top := c.Overlays().Top(); top != nil {
		return top
	}
	return c.Content()
}

// inSight reports that an object is in the window, or in a dialog of it.
func inSight(c fyne.Canvas, o fyne.CanvasObject) bool {
	return within(c.Content(), o) || slices.ContainsFunc(c.Overlays().List(), func(over fyne.CanvasObject) bool { return within(over, o) })
}

func within(root, o fyne.CanvasObject) (found bool) {
	Each(root, func(one fyne.CanvasObject) { found = found || one == o })
	return found
}

// Each visits what is shown.
func Each(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			Each(child, visit)
		}
		return
	case *Notice:
		for _, below := range o.Below {
			Each(below, visit)
		}
		return
	}
	// Scrolls, pop-ups, panels and what the toolkit puts around them hold one object.
	if f := reflect.Indirect(reflect.ValueOf(o)); f.Kind() == reflect.Struct {
		if f = f.FieldByName("Content"); f.IsValid() && f.CanInterface() {
			if content, ok := f.Interface().(fyne.CanvasObject); ok {
				Each(content, visit)
			}
		}
	}
}

func (b *Button) FocusGained() {
	b.focused = true
	b.Button.FocusGained()
	b.Reveal(b)
}

// FocusLost takes the ring away.
func (b *Button) FocusLost() {
	b.focused = false
	b.Button.FocusLost()
}

// Check is a box to tick.
type Check struct {
	widget.Check
	inScroll
	focused bool
}

// NewCheck makes a box.
func NewCheck(text string, changed func(bool)) *Check {
	c := &Check{}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// CreateRenderer draws the box with a ring while it has the focus.
func (c *Check) CreateRenderer() fyne.WidgetRenderer {
	return newRing(c.Check.CreateRenderer(), func() bool { return c.focused })
}

// FocusGained brings the box into sight.
func (c *Check) FocusGained() {
	c.focused = true
	c.Check.FocusGained()
	c.Reveal(c)
}

// FocusLost takes the ring away.
func (c *Check) FocusLost() {
	c.focused = false
	c.Check.FocusLost()
}

// TypedKey ticks by Space; the window gets the rest.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeySpace {
		c.Check.TypedKey(k)
		return
	}
	handOn(c, k)
}

// SetEnabled is Enable or Disable.
func SetEnabled(w fyne.Disableable, on bool) {
	if on {
		w.Enable()
	} else {
		w.Disable()
	}
}

// Field is one line of text.
type Field struct {
	widget.Entry
	inScroll
	named
	focused bool
}

// named is what a form calls a field, for those who hear it.
type named struct{ name string }

func (n *named) SetName(name string) { n.name = name }

// AccessibilityRole is text.
func (n *named) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// AccessibilityLabel is the field's name, or what it shows while it is empty.
func (f *Field) AccessibilityLabel() string { return cmp.Or(f.name, f.PlaceHolder) }

func NewField(placeHolder string) *Field {
	f := &Field{}
	f.PlaceHolder = placeHolder
	f.ExtendBaseWidget(f)
	return f
}

// CreateRenderer draws the field with a ring while it has the focus.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	return newRing(f.Entry.CreateRenderer(), func() bool { return f.focused })
}

// FocusLost takes the ring away.
func (f *Field) FocusLost() {
	f.focused = false
	f.Entry.FocusLost()
}

// TypedShortcut edits, or is one of the window's.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	if !ofWindow(s) {
		f.Entry.TypedShortcut(s)
	}
}

// WindowShortcut is told of a shortcut that the widget with the focus was given, and reports
// whether it is one of the window's.
var WindowShortcut func(fyne.Shortcut) bool

func ofWindow(s fyne.Shortcut) bool { return WindowShortcut != nil && WindowShortcut(s) }

// icon marks a field for searching.
func (f *Field) icon() { f.ActionItem = widget.NewIcon(theme.SearchIcon()) }

// Searches reports that the field is the search of a table.
func (f *Field) Searches() bool { return f.ActionItem != nil }

func (f *Field) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		if f.Searches() && f.Text != "" { // first the search ends, then the dialog that it is in
			f.SetText("")
			return
		}
		handOn(f, k)
	case fyne.KeyF1, fyne.KeyF5, fyne.KeyPageUp, fyne.KeyPageDown, fyne.KeyUp, fyne.KeyDown:
		handOn(f, k)
	case fyne.KeyReturn, fyne.KeyEnter:
		if f.OnSubmitted == nil {
			handOn(f, k)
			return
		}
		f.Entry.TypedKey(k)
	default:
		f.Entry.TypedKey(k)
	}
}

func (f *Field) FocusGained() {
	f.focused = true
	f.Entry.FocusGained()
	f.Reveal(f)
}

// SecretField is a password field that forgets what it held.
type SecretField struct {
	widget.Entry
	named
	focused bool
}

// CreateRenderer draws the field with a ring while it has the focus.
func (f *SecretField) CreateRenderer() fyne.WidgetRenderer {
	return newRing(f.Entry.CreateRenderer(), func() bool { return f.focused })
}

// FocusGained shows the ring.
func (f *SecretField) FocusGained() {
	f.focused = true
	f.Entry.FocusGained()
}

// FocusLost takes the ring away.
func (f *SecretField) FocusLost() {
	f.focused = false
	f.Entry.FocusLost()
}

// TypedShortcut edits, or is one of the window's.
func (f *SecretField) TypedShortcut(s fyne.Shortcut) {
	if !ofWindow(s) {
		f.Entry.TypedShortcut(s)
	}
}

// AccessibilityLabel is the field's name; what was typed is said to nobody.
func (f *SecretField) AccessibilityLabel() string { return f.name }

func NewSecretField() *SecretField {
	f := &SecretField{}
	f.Password = true
	f.ExtendBaseWidget(f)
	return f
}

func (f *SecretField) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyEscape,
		f.OnSubmitted == nil && (k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter):
		handOn(f, k)
	default:
		f.Entry.TypedKey(k)
	}
}

// Take empties the field and returns what was typed. Fyne keeps text as strings, which Go
// cannot wipe: the bytes returned are the only copy that this program makes.
func (f *SecretField) Take() []byte {
	secret := []byte(f.Text)
	f.SetText("")
	return secret
}

// Choice is one of several.
type Choice struct {
	widget.Select
	inScroll
	named
	focused bool
}

// CreateRenderer draws the choice with a ring while it has the focus.
func (c *Choice) CreateRenderer() fyne.WidgetRenderer {
	return newRing(c.Select.CreateRenderer(), func() bool { return c.focused })
}

// FocusGained brings the choice into sight.
func (c *Choice) FocusGained() {
	c.focused = true
	c.Select.FocusGained()
	c.Reveal(c)
}

// FocusLost takes the ring away.
func (c *Choice) FocusLost() {
	c.focused = false
	c.Select.FocusLost()
}

// AccessibilityLabel is the name and what is chosen.
func (c *Choice) AccessibilityLabel() string {
	return c.name + ": " + cmp.Or(c.Selected, c.PlaceHolder)
}

func NewChoice(placeHolder string, chosen func(string)) *Choice {
	c := &Choice{}
	c.PlaceHolder, c.OnChanged = placeHolder, chosen
	c.ExtendBaseWidget(c)
	return c
}

func (c *Choice) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeySpace, fyne.KeyUp, fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnter:
		if k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter {
			k = &fyne.KeyEvent{Name: fyne.KeySpace}
		}
		c.Select.TypedKey(k)
	default:
		handOn(c, k)
	}
}
