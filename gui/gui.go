// Package gui is the desktop: the screens of Cisco's CTL Client, made for today,
// over the same jobs of package workflow that the command line runs.
//
// Fyne calls back on one goroutine, called the UI goroutine here. Everything in
// this package that touches a widget or the model runs on it; long work runs in
// tasks (see task) that come back through fyne.Do. A widget is never touched from a
// task, and fyne.DoAndWait is never called, so that neither can wait for the other.
//
// Nothing here is needed by a headless user: what a job knows, checks or says
// stands in workflow and below.
package gui

import (
	"context"
	"os"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/workflow"
)

// AppID names the program to the desktop: preferences and window state are kept under it.
const AppID = "ctlclient.desktop"

// Options of the desktop.
type Options struct {
	Version string
	// Profile is opened at the start when it is set: a name or a file.
	Profile string
	// File is shown in Inspect at the start when it is set.
	File    string
	Session workflow.Options
	// CrashDir keeps what a crash left to say.
	CrashDir string
	// Practice is nil where there is no practice cluster.
	Practice Practice
}

// PracticeStep is what is being done until the practice cluster can be opened.
type PracticeStep string

// The steps of Practice.Up.
const (
	PracticeTokens PracticeStep = "tokens" // two practice tokens are made
	PracticeLab    PracticeStep = "lab"    // nodes and phones start
)

// PracticeKind is how the practice cluster is reached.
type PracticeKind string

// The kinds of practice cluster.
const (
	PracticeAgent PracticeKind = "ctlp" // with our agent on its nodes
	PracticeCUCM  PracticeKind = "cucm" // as Cisco ships it: nothing of ours on the nodes
)

// Practice is the practice cluster, with tokens to practise on. The command
// supplies it, so that no screen imports the lab.
type Practice interface {
	// Known reports that a rehearsal was begun and can go on where it ended.
	Known(kind PracticeKind) bool
	// Up starts it, or returns the one that runs; one of another kind that runs is stopped. The
	// profile is a file that works as it is.
	// With fresh, whatever was done to it is forgotten. say is told what is going on.
	Up(ctx context.Context, kind PracticeKind, fresh bool, say func(PracticeStep)) (Rehearsal, error)
	// TrustCertificate does what the upload page of a real cluster does: Phone-SAST-trust.
	TrustCertificate(der []byte) error
	// Restart restarts the services, then the phones, and returns what the phones made of it.
	Restart(ctx context.Context) ([]PhoneReport, error)
	// ClearPhone deletes the CTL and ITL that a phone holds, as a person does on the phone.
	ClearPhone(name string) error
	Down() error
}

// Rehearsal is what is needed to practise.
type Rehearsal struct {
	Profile string // file
	Module  string // PKCS#11 module that has the practice tokens
	PIN     string // of the practice tokens, shown to the person; they guard nothing
	Dir     string
}

// PhoneReport is what one phone of the practice cluster made of what it was served.
type PhoneReport struct {
	Name, Model, MD5 string
	Accepted         bool
	Why              message.Message
}

// ErrNoDisplay says that no window can be opened on this machine, and why.
var ErrNoDisplay = message.NewError("no window can be opened here")

// FolderError: the folder of crashes cannot be written.
type FolderError struct {
	Dir string
	Err error
}

// Error is Said in English.
func (e *FolderError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *FolderError) Said() error { return message.Errorf("folder %s: %w", e.Dir, e.Err) }

// Unwrap implements errors.Unwrap.
func (e *FolderError) Unwrap() error { return e.Err }

// Run opens the window and returns when it is closed.
func Run(ctx context.Context, o Options) error {
	if err := probeDisplay(); err != nil {
		return err
	}
	crashes := crashesOf(o.CrashDir)
	end, err := watchCrash(o.CrashDir)
	if err != nil {
		return &FolderError{o.CrashDir, err}
	}
	defer end()
	// The toolkit keeps a cache there and takes for granted that the folder exists.
	if dir, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(dir, 0o700)
	}
	app.SetMetadata(fyne.AppMetadata{ID: AppID, Name: "ctlclient", Version: o.Version,
		Migrations: map[string]bool{"fyneDo": !tracing}})
	a := app.NewWithID(AppID)
	a.SetIcon(icon())
	a.Settings().SetTheme(widgets.NewTheme())
	if err := loadTranslations(); err != nil {
		return err
	}
	s := newShell(ctx, a, o)
	observe(s)
	go func() {
		<-ctx.Done()
		fyne.Do(a.Quit)
	}()
	if len(crashes) > 0 {
		s.tellCrash(crashes)
	}
	if o.Profile != "" {
		s.openProfile(o.Profile)
	}
	if o.File != "" {
		s.openFile(o.File)
	}
	a.Lifecycle().SetOnStarted(func() { fyne.Do(func() { fitDesktop(s.window) }) }) // its scale is known then
	last := lastDeed(a)
	s.window.ShowAndRun()
	last()
	return s.close()
}

// lastDeed takes from the toolkit what it does when it stops, which is to save the preferences,
// for the caller to do it then. The toolkit does it beside its main loop while it closes the queue
// that leads there: a program that ends well now and then died of "send on closed channel", and
// said at the next start that it had ended unexpectedly.
func lastDeed(a fyne.App) func() {
	l, ok := a.Lifecycle().(interface {
		OnStopped() func()
		SetOnStoppedHookExecuted(func())
	})
	if !ok {
		return func() {}
	}
	do := l.OnStopped()
	l.SetOnStoppedHookExecuted(nil)
	if do == nil {
		return func() {}
	}
	return do
}

// model is what the screens show. It belongs to the UI goroutine.
type model struct {
	profiles []*site.Profile
	profile  *site.Profile
	session  *workflow.Session // for onCluster alone
	turn     chan struct{}     // see onCluster
	folder   string            // of the cluster in the state directory; it may not be there yet
	seen
	job      *job
	findings []workflow.Finding // nil: not asked since the last snapshot
	modules  []string
	tokens   []token.Info // plugged in now
	present  []token.Info // the same, once for every module that shows it
	tokenErr error
	// rehearsal is set while the cluster in use is the practice cluster; practising while the
	// practice cluster runs at all.
	rehearsal  *Rehearsal
	practising bool
	practice   PracticeKind // that was opened last
}
