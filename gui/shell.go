package gui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
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
	screenAdvise     screenID = "advise"
)

// screen is one page of the window.
type screen interface {
	// object is laid out once.
	Object() fyne.CanvasObject
	// shown is called whenever the screen comes to the front, on the UI goroutine.
	shown()
	// key is told of keys that no widget has a use for, and reports whether it had.
	Key(fyne.KeyName) bool
}

// Preferences: what is remembered from one start to the next. Never a PIN or a password.
const (
	prefWidth  = "window.width"
	prefHeight = "window.height"
	prefRecent = "profile.recent"
	prefFolder = "folder.last"
)

// Sizes of the window at the first start.
const (
	firstWidth  = 1180
	firstHeight = 780
)

// shell is the window: a list of screens at the left, one of them at the right, and below
// what is under way, with its Cancel.
type shell struct {
	writing func() // when the job in hand touches the first node
	app     fyne.App
	window  fyne.Window
	options Options
	model   model
	tasks   *tasks
	asker   *asker
	dialogs *widgets.Dialogs

	screens   map[screenID]screen
	current   screenID
	nav       *navigation
	body      *fyne.Container
	status    *statusBar
	waiting   func()            // closes what says that a token waits for the person; nil: nothing does
	shortcuts map[string]func() // by their names
	errands   *errands
	// asks words the question of what is under way without a plan; nil: nothing is.
	asks  func() (title, text string)
	diary diary
	// ownModules are those for the person's own tokens; in the practice cluster there are others.
	ownModules []string
	// opening is the cluster that could not be opened while that is said, nil otherwise.
	opening *site.Profile
	renewed string // file of the cluster that is open, in which an identity was accepted
	// stopWatch ends the watch of tokens.
	stopWatch context.CancelFunc
}

func newShell(ctx context.Context, a fyne.App, o Options) *shell {
	s := &shell{app: a, options: o, window: a.NewWindow(t("app.title"))}
	s.dialogs = &widgets.Dialogs{Window: s.window}
	s.status = newStatusBar(s.dialogs)
	s.tasks = newTasks(ctx, func() { s.status.show(s.tasks.running()) })
	s.asker = &asker{dialogs: s.dialogs, events: s.event, words: s.confirmWords, practicePIN: s.practicePIN}
	s.ownModules = o.Session.Modules
	s.model.modules = s.ownModules
	s.errands = newErrands(s)
	s.body = container.NewStack()
	s.screens = map[screenID]screen{}
	s.nav = newNavigation(s.open)

	content := container.New(layout.NewCustomPaddedLayout(10, 8, 20, 20-widgets.BarWidth), s.body)
	s.window.SetPadded(false)
	tipped, _ := widgets.WithTips(container.New(frame{s}, s.nav.object, content, s.status.box))
	s.window.SetContent(tipped)
	s.window.SetMainMenu(s.menu())
	s.window.Canvas().SetOnTypedKey(s.typedKey)
	p := a.Preferences()
	s.window.Resize(fyne.NewSize(
		float32(p.FloatWithFallback(prefWidth, firstWidth)), float32(p.FloatWithFallback(prefHeight, firstHeight))))
	s.window.SetMaster()
	s.window.SetCloseIntercept(s.closeWindow)
	s.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		s.open(screenInspect)
		s.inspect().dropped(uris)
	})
	s.watchTokens()
	s.open(screenClusters)
	return s
}

func (s *shell) inspect() *inspectScreen { return s.screen(screenInspect).(*inspectScreen) }

// open brings a screen to the front.
func (s *shell) open(id screenID) {
	sc := s.screen(id)
	if sc == nil {
		return
	}
	s.keepDraft()
	s.current = id
	s.showWhere()
	s.body.Objects = []fyne.CanvasObject{sc.Object()}
	s.body.Refresh()
	s.window.Canvas().Unfocus()
	widgets.HideTip()
	if top, ok := sc.(interface{ ToTop() }); ok {
		top.ToTop() // a list opens at its top
	}
	sc.shown()
	if first, ok := sc.(interface{ first() fyne.Focusable }); ok && s.dialogs.Front() == nil && s.window.Canvas().Focused() == nil {
		if f := first.first(); f != nil {
			s.window.Canvas().Focus(f)
		}
	}
}

// showWhere brings the list of screens in step with what is open.
func (s *shell) showWhere() {
	name := ""
	if s.model.session != nil {
		name = s.model.profile.Name
	}
	s.nav.show(s.current, name, s.model.rehearsal != nil)
	title := t("app.title")
	if name != "" {
		title = name + " – " + title
	}
	s.window.SetTitle(title)
}

// typedKey is given the keys that no widget has a use for.
func (s *shell) typedKey(k *fyne.KeyEvent) {
	if q := s.dialogs.Front(); q != nil {
		q.Key(k)
		return
	}
	switch k.Name {
	case fyne.KeyF5:
		s.refresh()
		return
	case fyne.KeyF1:
		s.showHelp()
		return
	}
	s.screen(s.current).Key(k.Name)
}

// refresh reads what the screen in front shows once more.
func (s *shell) refresh() {
	if s.dialogs.Front() != nil {
		return
	}
	if again, ok := s.screen(s.current).(interface{ read() }); ok {
		again.read()
	}
}

// event is what a job reports: the status bar shows its sentence, the screen in front draws it.
func (s *shell) event(e workflow.Event) {
	s.diary.event(e)
	switch e.Type {
	case workflow.EventStep, workflow.EventInfo:
		if e.Message != "" {
			s.status.detail(e.Said(windowVoice()))
		}
	case workflow.EventErrand:
		s.errands.event(e)
	case workflow.EventProgress:
		s.status.progress(e.Done, e.Total)
	}
	s.showWaiting(e)
	if s.writing != nil && e.Type == workflow.EventStep && (e.Step == workflow.StepDistribute || e.Step == workflow.StepPublisher) {
		s.writing()
		s.writing = nil
	}
	if sc, ok := s.screen(s.current).(interface{ event(workflow.Event) }); ok {
		sc.event(e)
	}
}

// showWaiting says in the middle of the window that a token wants its keypad or a touch: who
// looks at the token does not read a status bar. The next step of the job takes it away.
func (s *shell) showWaiting(e workflow.Event) {
	wants := e.Type == workflow.EventInfo && (e.State == workflow.StateKeypad || e.State == workflow.StateWaiting)
	if wants || e.Type == workflow.EventStep {
		s.doneWaiting()
	}
	if !wants {
		return
	}
	running := s.tasks.running()
	if len(running) == 0 {
		return // late: the job has ended
	}
	newest := running[len(running)-1]
	q := widgets.NewQuestion(s.dialogs, t("waiting.title"), widgets.NewNotice(widgets.InfoNotice, e.Said(windowVoice())), t("button.close"), t("button.cancel"), false)
	ended := false
	q.OnAnswer = func(hide bool) {
		if !hide && !ended {
			newest.cancel()
		}
	}
	s.waiting = func() { ended = true; q.Answer(false) }
	q.Show()
}

// practicePIN is the PIN of the practice tokens while the practice cluster is open.
func (s *shell) practicePIN() string {
	if s.model.rehearsal == nil {
		return ""
	}
	return s.model.rehearsal.PIN
}

// doneWaiting closes what showWaiting has opened.
func (s *shell) doneWaiting() {
	if s.waiting != nil {
		s.waiting()
		s.waiting = nil
	}
}

// closeWindow asks when a job is under way: a job that has begun to commit is not left by a slip.
func (s *shell) closeWindow() {
	size := s.window.Canvas().Size()
	p := s.app.Preferences()
	p.SetFloat(prefWidth, float64(size.Width))
	p.SetFloat(prefHeight, float64(size.Height))
	quit := func() {
		s.tasks.stop() // nothing is handed to a window that is gone
		s.window.Close()
	}
	if !s.tasks.jobs() {
		quit()
		return
	}
	q := widgets.NewQuestion(s.dialogs, t("close.title"),
		container.NewVBox(widgets.Flush(widgets.Wrapped(t("close.text"))), widgets.Flush(widgets.QuietText(s.status.busy))), t("close.yes"), t("close.no"), true)
	q.OnAnswer = func(yes bool) {
		if yes {
			quit()
		}
	}
	q.Show()
}

// close ends what still runs, after the window is gone.
func (s *shell) close() error {
	s.keepDraft()
	s.tasks.close()
	var err error
	if s.model.session != nil {
		err = s.model.session.Close()
	}
	if s.options.Practice != nil && s.model.practising {
		if down := s.options.Practice.Down(); err == nil {
			err = down
		}
	}
	return err
}

// frame puts the list of screens at the left, the status bar below, and gives the screen the
// rest, without seams. A dialog that is open follows the size of the window.
type frame struct{ s *shell }

func (f frame) Layout(o []fyne.CanvasObject, size fyne.Size) {
	nav, body, status := o[0], o[1], o[2]
	f.s.nav.fit(size)
	width, height := nav.MinSize().Width, status.MinSize().Height
	nav.Resize(fyne.NewSize(width, size.Height-height))
	body.Move(fyne.NewPos(width, 0))
	body.Resize(fyne.NewSize(size.Width-width, size.Height-height))
	status.Move(fyne.NewPos(0, size.Height-height))
	status.Resize(fyne.NewSize(size.Width, height))
	f.s.dialogs.Refit()
}

func (f frame) MinSize(o []fyne.CanvasObject) fyne.Size {
	nav, body, status := f.s.nav.least(), o[1].MinSize(), o[2].MinSize()
	return fyne.NewSize(nav.Width+body.Width, max(nav.Height, body.Height)+status.Height)
}
