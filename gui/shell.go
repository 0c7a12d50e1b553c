package gui

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// screenID names a screen; it is also the first part of the keys of its texts.
type screenID string

const (
	screenClusters   screenID = "clusters"
	screenOverview   screenID = "overview"
	screenAction     screenID = "action"
	screenTokens     screenID = "tokens"
	screenEntries    screenID = "entries"
	screenReview     screenID = "review"
	screenDistribute screenID = "distribute"
	screenResult     screenID = "result"
	screenInspect    screenID = "inspect"
	screenHistory    screenID = "history"
)

// screen is one page of the window.
type screen interface {
	// object is laid out once.
	object() fyne.CanvasObject
	// shown is called whenever the screen comes to the front, on the UI goroutine.
	shown()
}

// Preferences: what is remembered from one start to the next. Never a PIN or a password.
const (
	prefWidth       = "window.width"
	prefHeight      = "window.height"
	prefLastProfile = "profile.last"
	prefRecent      = "profile.recent"
)

// shell is the window: a list of screens at the left, one of them at the right, and below
// what is under way, with its Cancel.
type shell struct {
	app     fyne.App
	window  fyne.Window
	options Options
	model   model
	tasks   *tasks
	asker   *asker

	screens map[screenID]screen
	current screenID
	nav     *navigation
	body    *fyne.Container
	status  *statusBar
	// stopWatch ends the watch of tokens.
	stopWatch context.CancelFunc
}

func newShell(ctx context.Context, a fyne.App, o Options) *shell {
	s := &shell{app: a, options: o, window: a.NewWindow(t("app.title"))}
	s.status = newStatusBar()
	s.tasks = newTasks(ctx, func() { s.status.show(s.tasks.running()) })
	s.asker = &asker{window: s.window, events: s.event}
	s.model.modules = o.Session.Modules
	s.body = container.NewStack()
	s.screens = s.makeScreens()
	s.nav = newNavigation(s.open)

	p := a.Preferences()
	size := fyne.NewSize(
		float32(p.FloatWithFallback(prefWidth, 1180)), float32(p.FloatWithFallback(prefHeight, 780)))
	s.window.SetContent(container.NewBorder(nil, s.status.box, s.nav.box, nil,
		container.NewPadded(s.body)))
	s.window.Resize(size)
	s.window.SetMaster()
	s.window.SetCloseIntercept(s.closeWindow)
	s.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		s.open(screenInspect)
		s.screens[screenInspect].(*inspectScreen).dropped(uris)
	})
	s.watchTokens()
	s.open(screenClusters)
	return s
}

// open brings a screen to the front.
func (s *shell) open(id screenID) {
	sc, ok := s.screens[id]
	if !ok {
		return
	}
	s.current = id
	s.nav.mark(id)
	s.body.Objects = []fyne.CanvasObject{sc.object()}
	s.body.Refresh()
	sc.shown()
}

// fail shows an error in the words of the command line, with its hints.
func (s *shell) fail(what string, err error) {
	message, hints := describe(err)
	content := container.NewVBox(newNotice(stopNotice, message))
	if len(hints) > 0 {
		content.Add(section(t("error.next"), wrapped("• "+strings.Join(hints, "\n• "))))
	}
	q := newQuestion(s.window, what, content, t("button.close"), "", false)
	q.onlyYes()
	q.show()
}

// closeWindow asks when a job is under way: a job that has begun to commit is not left by a slip.
func (s *shell) closeWindow() {
	size := s.window.Canvas().Size()
	p := s.app.Preferences()
	p.SetFloat(prefWidth, float64(size.Width))
	p.SetFloat(prefHeight, float64(size.Height))
	if len(s.tasks.running()) == 0 {
		s.window.Close()
		return
	}
	q := newQuestion(s.window, t("close.title"), wrapped(t("close.text")), t("close.yes"), t("close.no"), true)
	q.onAnswer = func(yes bool) {
		if yes {
			s.window.Close()
		}
	}
	q.show()
}

// close ends what still runs, after the window is gone.
func (s *shell) close() error {
	s.tasks.close()
	var err error
	if s.model.session != nil {
		err = s.model.session.Close()
	}
	if s.options.Practice != nil && s.model.rehearsal != nil {
		if down := s.options.Practice.Down(); err == nil {
			err = down
		}
	}
	return err
}

// navigation is the list of screens at the left.
type navigation struct {
	box     *fyne.Container
	buttons map[screenID]*widget.Button
}

func newNavigation(open func(screenID)) *navigation {
	n := &navigation{buttons: map[screenID]*widget.Button{}}
	items := container.NewVBox()
	for _, item := range []struct {
		id   screenID
		icon fyne.Resource
	}{
		{screenClusters, theme.HomeIcon()},
		{screenOverview, theme.VisibilityIcon()},
		{screenAction, theme.SettingsIcon()},
		{screenTokens, theme.LoginIcon()},
		{screenInspect, theme.SearchIcon()},
		{screenHistory, theme.HistoryIcon()},
	} {
		b := widget.NewButtonWithIcon(t(string(item.id)+".nav"), item.icon, func() { open(item.id) })
		b.Alignment = widget.ButtonAlignLeading
		b.Importance = widget.LowImportance
		n.buttons[item.id] = b
		items.Add(b)
	}
	n.box = container.NewBorder(nil, nil, nil, widget.NewSeparator(),
		container.NewPadded(container.NewVBox(items, layout.NewSpacer())))
	return n
}

// partOf says under which entry a screen of a job stands.
var partOf = map[screenID]screenID{
	screenEntries: screenAction, screenReview: screenAction,
	screenDistribute: screenAction, screenResult: screenAction,
}

func (n *navigation) mark(id screenID) {
	if parent, ok := partOf[id]; ok {
		id = parent
	}
	for other, b := range n.buttons {
		importance := widget.LowImportance
		if other == id {
			importance = widget.HighImportance
		}
		if b.Importance != importance {
			b.Importance = importance
			b.Refresh()
		}
	}
}

// statusBar says what is under way.
type statusBar struct {
	box    *fyne.Container
	text   *widget.Label
	wheel  *widget.Activity
	cancel *widget.Button
	busy   string // what is under way
}

func newStatusBar() *statusBar {
	b := &statusBar{text: widget.NewLabel(""), wheel: widget.NewActivity()}
	b.text.Truncation = fyne.TextTruncateEllipsis
	b.cancel = widget.NewButtonWithIcon(t("button.cancel"), theme.CancelIcon(), nil)
	b.box = container.NewVBox(widget.NewSeparator(),
		container.NewBorder(nil, nil, b.wheel, b.cancel, b.text))
	b.show(nil)
	return b
}

// show names the newest task, and how many others there are.
func (b *statusBar) show(running []*task) {
	if len(running) == 0 {
		b.wheel.Stop()
		b.wheel.Hide()
		b.cancel.Hide()
		b.busy = ""
		b.text.SetText(t("status.ready"))
		return
	}
	newest := running[len(running)-1]
	b.busy = newest.what
	text := newest.what
	if more := len(running) - 1; more > 0 {
		text += " " + t("status.more", map[string]any{"Count": fmt.Sprint(more)})
	}
	b.text.SetText(text)
	b.cancel.OnTapped = newest.cancel
	b.cancel.Show()
	b.wheel.Show()
	b.wheel.Start()
}

// detail adds what a job says of itself to what is under way.
func (b *statusBar) detail(text string) {
	if b.busy == "" {
		return // late: the job has ended and its outcome stands on the screen
	}
	b.text.SetText(b.busy + " · " + text)
}
