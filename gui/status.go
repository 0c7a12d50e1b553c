package gui

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/gui/widgets"
)

// statusBar says what is under way: the newest task with its Cancel, and how many others
// there are, which a button lists.
type statusBar struct {
	box     fyne.CanvasObject
	text    *widget.Label
	wheel   *widget.Activity
	bar     *widgets.Progress
	cancel  *widgets.Button
	more    *widgets.Button
	busy    string        // what is under way
	clock   *widget.Label // how long it has been under way
	ticking *time.Timer   // nil at rest
	dialogs *widgets.Dialogs
	running []*task
}

func newStatusBar(d *widgets.Dialogs) *statusBar {
	b := &statusBar{dialogs: d, text: widget.NewLabel(""), clock: widgets.QuietLabel(""), wheel: widget.NewActivity(), bar: widgets.NewProgress()}
	b.text.Truncation = fyne.TextTruncateEllipsis
	b.cancel = widgets.NewButton(t("button.cancel"), theme.CancelIcon(), nil)
	b.more = widgets.NewButton("", nil, b.list)
	b.more.Importance = widget.LowImportance
	buttons := container.NewHBox(b.clock, b.bar.Object, b.more, b.cancel)
	b.box = widgets.NewPanel(widgets.Border(widget.NewSeparator(), nil, nil, nil,
		container.New(layout.NewCustomPaddedLayout(0, 0, 10, 10),
			widgets.Border(nil, nil, b.wheel, buttons, b.text))))
	b.show(nil)
	return b
}

// show names the newest task, and how many others there are.
func (b *statusBar) show(running []*task) {
	b.running = running
	b.bar.Object.Hide()
	b.more.Hide()
	b.tick()
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
	b.text.SetText(newest.what)
	if n := len(running) - 1; n > 0 {
		b.more.SetText(t("status.more", map[string]any{"Count": fmt.Sprint(n)}))
		b.more.Show()
	}
	b.cancel.OnTapped = newest.cancel
	widgets.SetEnabled(b.cancel, !newest.final)
	b.cancel.Show()
	b.wheel.Show()
	b.wheel.Start()
}

// slow is from when on it is said how long something has been under way.
const slow = 3 * time.Second

// tick shows the time while something is under way, once a second, and rests when nothing is.
func (b *statusBar) tick() {
	if b.ticking != nil {
		b.ticking.Stop()
		b.ticking = nil
	}
	if len(b.running) == 0 {
		b.clock.Hide()
		return
	}
	if took := time.Since(b.running[len(b.running)-1].began); took >= slow {
		b.clock.SetText(elapsed(took))
		b.clock.Show()
	} else {
		b.clock.Hide()
	}
	b.ticking = time.AfterFunc(time.Second, func() { fyne.Do(b.tick) })
}

// detail adds what a job says of itself to what is under way.
func (b *statusBar) detail(text string) {
	if b.busy == "" {
		return // late: the job has ended and its outcome stands on the screen
	}
	b.text.SetText(b.busy + " · " + text)
}

// progress is done of total.
func (b *statusBar) progress(done, total int) {
	if b.busy == "" || total <= 0 {
		return
	}
	b.bar.Set(done, total)
	b.bar.Object.Show()
}

// list shows every task with its Cancel.
func (b *statusBar) list() {
	box := container.NewVBox()
	q := widgets.NewStatement(b.dialogs, t("status.tasks"), box)
	for _, tk := range b.running {
		stop := widgets.NewButton(t("button.cancel"), theme.CancelIcon(), nil)
		stop.OnTapped = func() {
			tk.cancel()
			stop.Disable()
		}
		widgets.SetEnabled(stop, !tk.final)
		box.Add(widgets.Border(nil, nil, nil, stop, widgets.Flush(widgets.Wrapped(tk.what))))
	}
	q.Show()
}
