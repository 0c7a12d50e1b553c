package gui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// dialogs are those that are open over the window, the front one last.
type dialogs struct {
	window fyne.Window
	open   []*question
}

// front is the dialog that gets the keys, nil where none is open.
func (d *dialogs) front() *question {
	if len(d.open) == 0 {
		return nil
	}
	return d.open[len(d.open)-1]
}

// question is a dialog: a title, content that scrolls where it is higher than the window, and
// buttons. Enter answers yes unless the question is a careful one, Escape answers no.
type question struct {
	dialogs  *dialogs
	popUp    *widget.PopUp
	content  fyne.CanvasObject
	head     fyne.CanvasObject
	foot     fyne.CanvasObject
	yes, no  *button
	extra    []*button // stand before the two
	careful  bool      // Enter does not mean yes
	wide     bool
	done     bool
	first    fyne.Focusable // has the focus at the start; nil: a button
	check    func() bool    // asked before yes; nil: yes is always possible
	onAnswer func(yes bool)
	title    string
	onKey    func(fyne.KeyName) bool // asked before the dialog itself
}

func newQuestion(d *dialogs, title string, content fyne.CanvasObject, yes, no string, careful bool) *question {
	title = strings.TrimSuffix(title, "…") // a button's text, as often as not
	q := &question{dialogs: d, title: title, content: content, careful: careful, onAnswer: func(bool) {}}
	q.yes = mainButton(yes, theme.ConfirmIcon(), func() { q.answer(true) })
	if careful {
		q.yes.Importance = widget.WarningImportance
	}
	if no != "" {
		q.no = newButton(no, theme.CancelIcon(), func() { q.answer(false) })
	}
	return q
}

// newStatement is a dialog with one button: nothing is asked, only told.
func newStatement(d *dialogs, title string, content fyne.CanvasObject) *question {
	return newQuestion(d, title, content, t("button.close"), "", false)
}

// add puts another button before the two. It closes the dialog, then does what it is for.
func (q *question) add(text string, icon fyne.Resource, do func()) {
	q.extra = append(q.extra, newButton(text, icon, func() {
		q.answer(false)
		do()
	}))
}

// dialogSide is the room at the sides of a dialog's content; dialogMargin that around a dialog.
const (
	dialogSide   = 20
	dialogMargin = 24
)

func (q *question) show() {
	title := widget.NewLabel(q.title)
	title.SizeName = theme.SizeNameSubHeadingText
	title.TextStyle.Bold = true
	title.Wrapping = fyne.TextWrapWord
	row := container.NewHBox(layout.NewSpacer())
	for _, b := range q.extra {
		row.Add(b)
	}
	if q.no != nil {
		row.Add(q.no)
	}
	row.Add(q.yes)
	q.head = container.New(layout.NewCustomPaddedLayout(12, 4, dialogSide, dialogSide), flush(title))
	q.foot = container.NewVBox(widget.NewSeparator(),
		container.New(layout.NewCustomPaddedLayout(8, 12, dialogSide, dialogSide), row))
	middle := container.New(layout.NewCustomPaddedLayout(0, 12, dialogSide, dialogSide-barWidth), newScroller(q.content).object)
	q.popUp = widget.NewModalPopUp(container.NewBorder(q.head, q.foot, nil, nil, middle), q.dialogs.window.Canvas())
	q.dialogs.open = append(q.dialogs.open, q)
	q.popUp.Show()
	q.fit()
	q.focus()
}

// fit gives the dialog the height that its text needs at its width, within the window. Text
// that wraps knows its height only once it has a width.
func (q *question) fit() {
	room := q.dialogs.window.Canvas().Size().SubtractWidthHeight(2*dialogMargin, 2*dialogMargin)
	width := float32(620)
	if q.wide {
		width = 900
	}
	width = min(max(width, q.foot.MinSize().Width), room.Width)
	var height float32
	for range 3 {
		q.popUp.Resize(fyne.NewSize(width, max(height, 10)))
		height = min(q.head.MinSize().Height+q.content.MinSize().Height+12+q.foot.MinSize().Height+3*theme.Padding(), room.Height)
	}
	q.popUp.Resize(fyne.NewSize(width, height))
}

// refit is called when the content has changed.
func (q *question) refit() {
	if q.popUp == nil || q.done {
		return
	}
	q.fit()
}

func (q *question) focus() {
	c := q.dialogs.window.Canvas()
	switch {
	case q.first != nil:
		c.Focus(q.first)
	case q.careful: // Enter and Space are no answer
	default:
		c.Focus(q.yes)
	}
}

func (q *question) key(e *fyne.KeyEvent) {
	if q.onKey != nil && q.onKey(e.Name) {
		return
	}
	switch e.Name {
	case fyne.KeyEscape:
		q.answer(false)
	case fyne.KeyReturn, fyne.KeyEnter:
		if !q.careful {
			q.answer(true)
		}
	}
}

func (q *question) answer(yes bool) {
	if q.done {
		return
	}
	if yes && q.check != nil && !q.check() {
		q.refit()
		return
	}
	q.done = true
	q.dialogs.open = slices.DeleteFunc(q.dialogs.open, func(other *question) bool { return other == q })
	q.popUp.Hide()
	q.onAnswer(yes)
}
