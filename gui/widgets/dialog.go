package widgets

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Dialogs are those that are open over the window, the front one last.
type Dialogs struct {
	Window fyne.Window
	open   []*Question
}

// Front is the dialog that gets the keys, nil where none is open.
func (d *Dialogs) Front() *Question {
	if len(d.open) == 0 {
		return nil
	}
	return d.open[len(d.open)-1]
}

// Question is a dialog: a title, content that scrolls where it is higher than the window, and
// buttons. Enter answers yes unless the question is a careful one, Escape answers no.
type Question struct {
	dialogs  *Dialogs
	popUp    *widget.PopUp
	dropTips func()
	content  fyne.CanvasObject
	head     fyne.CanvasObject
	foot     fyne.CanvasObject
	buttons  *fyne.Container
	yes, no  *Button
	Extra    []*Button // stand before the two
	careful  bool      // Enter does not mean yes
	Wide     bool
	Done     bool
	First    fyne.Focusable // has the focus at the start; nil: a button
	Check    func() bool    // asked before yes; nil: yes is always possible
	OnAnswer func(yes bool)
	title    string
	OnKey    func(fyne.KeyName) bool // asked before the dialog itself
}

func NewQuestion(d *Dialogs, title string, content fyne.CanvasObject, yes, no string, careful bool) *Question {
	title = strings.TrimSuffix(title, "…") // a button's text, as often as not
	q := &Question{dialogs: d, title: title, content: content, careful: careful, OnAnswer: func(bool) {}}
	yes = strings.TrimSuffix(yes, "…") // nothing more is asked
	q.yes = MainButton(yes, theme.ConfirmIcon(), func() { q.Answer(true) })
	if careful {
		q.yes.Importance = widget.WarningImportance
	}
	if no != "" {
		q.no = NewButton(no, theme.CancelIcon(), func() { q.Answer(false) })
	}
	return q
}

// NewStatement is a dialog with one button: nothing is asked, only told.
func NewStatement(d *Dialogs, title string, content fyne.CanvasObject) *Question {
	return NewQuestion(d, title, content, Words.Close, "", false)
}

// Add puts another button before the two. It closes the dialog, then does what it is for.
func (q *Question) Add(text string, icon fyne.Resource, do func()) {
	q.Extra = append(q.Extra, NewButton(text, icon, func() {
		q.Answer(false)
		do()
	}))
}

// dialogSide is the room at the sides of a dialog's content; dialogMargin that around a dialog.
const (
	dialogSide   = 20
	dialogMargin = 24
)

func (q *Question) Show() {
	title := widget.NewLabel(q.title)
	title.SizeName = theme.SizeNameSubHeadingText
	title.TextStyle.Bold = true
	title.Wrapping = fyne.TextWrapWord
	row := ButtonRow(layout.NewSpacer())
	q.buttons = row
	for _, b := range q.Extra {
		row.Add(b)
	}
	if q.no != nil {
		row.Add(q.no)
	}
	row.Add(q.yes)
	q.head = container.New(layout.NewCustomPaddedLayout(12, 4, dialogSide, dialogSide), Flush(title))
	q.foot = container.NewVBox(widget.NewSeparator(),
		container.New(layout.NewCustomPaddedLayout(8, 12, dialogSide, dialogSide), row))
	middle := container.New(layout.NewCustomPaddedLayout(0, 12, dialogSide, dialogSide-BarWidth), NewScroller(q.content).Object)
	var content fyne.CanvasObject
	content, q.dropTips = WithTips(Border(q.head, q.foot, nil, nil, middle))
	q.popUp = widget.NewModalPopUp(content, q.dialogs.Window.Canvas())
	q.dialogs.open = append(q.dialogs.open, q)
	q.popUp.Show()
	q.fit()
	q.focus()
}

// fit gives the dialog the height that its text needs at its width, within the window. Text
// that wraps knows its height only once it has a width.
func (q *Question) fit() {
	room := q.dialogs.Window.Canvas().Size().SubtractWidthHeight(2*dialogMargin, 2*dialogMargin)
	width := float32(620)
	if q.Wide {
		width = 900
	}
	width = min(max(width, oneLine(q.buttons)+2*dialogSide), room.Width)
	var height float32
	for range 3 {
		q.popUp.Resize(fyne.NewSize(width, max(height, 10)))
		height = min(q.head.MinSize().Height+q.content.MinSize().Height+12+q.foot.MinSize().Height+3*theme.Padding(), room.Height)
	}
	q.popUp.Resize(fyne.NewSize(width, height))
	whole := q.dialogs.Window.Canvas().Size()
	q.popUp.Move(fyne.NewPos((whole.Width-width)/2, (whole.Height-height)/2))
}

// Refit makes every dialog fit the window, which has another size now.
func (d *Dialogs) Refit() {
	for _, q := range d.open {
		q.Refit()
	}
}

// Refit is called when the content has changed.
func (q *Question) Refit() {
	if q.popUp == nil || q.Done {
		return
	}
	q.fit()
}

func (q *Question) focus() {
	c := q.dialogs.Window.Canvas()
	switch {
	case q.First != nil:
		c.Focus(q.First)
	case q.careful: // Enter and Space are no answer
	default:
		c.Focus(q.yes)
	}
}

func (q *Question) Key(e *fyne.KeyEvent) {
	if q.OnKey != nil && q.OnKey(e.Name) {
		return
	}
	switch e.Name {
	case fyne.KeyEscape:
		q.Answer(false)
	case fyne.KeyReturn, fyne.KeyEnter:
		if !q.careful {
			q.Answer(true)
		}
	}
}

func (q *Question) Answer(yes bool) {
	if q.Done {
		return
	}
	if yes && q.Check != nil && !q.Check() {
		q.Refit()
		return
	}
	q.Done = true
	q.dialogs.open = slices.DeleteFunc(q.dialogs.open, func(other *Question) bool { return other == q })
	q.popUp.Hide()
	q.dropTips()
	if below := q.dialogs.Front(); below != nil && q.dialogs.Window.Canvas().Focused() == nil {
		below.focus() // the toolkit leaves the dialog that comes to the front without
	}
	q.OnAnswer(yes)
}

// Focus gives the focus to a part of the dialog, nil: to the button that answers.
func (q *Question) Focus(part fyne.Focusable) {
	if part == nil {
		part = q.yes
	}
	q.dialogs.Window.Canvas().Focus(part)
}
