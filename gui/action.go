package gui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/workflow"
)

// actionScreen is the CTL Client's second screen: what to do. Its three jobs stand first,
// in its words; the two migrations follow, then a file that is signed already. What does not
// apply to the cluster as it is says why.
type actionScreen struct {
	*widgets.Page
	s     *shell
	width float32 // of the widest button
	box   *fyne.Container

	preflight        *widgets.Button
	buttons, advised []*widgets.Button
}

func newActionScreen(s *shell) *actionScreen {
	a := &actionScreen{s: s, box: container.NewVBox()}
	a.preflight = widgets.NewButton(t("preflight.title")+"…", theme.ListIcon(), s.showPreflight)
	a.Page = widgets.NewPage(t("action.title"), t("action.text"), nil, a.box, a.preflight)
	return a
}

func jobIcon(kind jobKind) fyne.Resource {
	switch kind {
	case jobMixed:
		return theme.VisibilityOffIcon()
	case jobNonSecure:
		return theme.VisibilityIcon()
	case jobUpdate:
		return theme.DocumentCreateIcon()
	case jobToTokens:
		return theme.LoginIcon()
	case jobToTokenless:
		return theme.LogoutIcon()
	case jobRecoverCTL, jobRecoverITL:
		return theme.HistoryIcon()
	}
	return theme.UploadIcon()
}

func (a *actionScreen) shown() {
	a.box.RemoveAll()
	a.buttons, a.advised = nil, nil
	widgets.SetEnabled(a.preflight, a.s.model.session != nil)
	if a.s.model.session != nil && a.s.model.job.isDraft() {
		a.box.Add(a.s.draftNotice(a.shown))
	}
	if a.s.model.session == nil {
		a.box.Add(emptyNote("action.none"))
	}
	a.width = 0
	var recoveries []fyne.CanvasObject
	for _, f := range a.s.model.fits {
		row := a.choice(f)
		if jobNames[f.Job].recovers() {
			recoveries = append(recoveries, row)
			continue
		}
		a.box.Add(row)
	}
	if a.s.model.session != nil {
		open := widgets.NewButton(t("action.distribute"), jobIcon(jobDistribute), a.openSigned)
		a.box.Add(a.row(open, widgets.QuietText(t("action.distribute.text")), nil))
	}
	if len(recoveries) > 0 {
		a.box.Add(widgets.Section(t("action.recover"), append([]fyne.CanvasObject{widgets.Flush(widgets.QuietText(t("action.recover.text")))}, recoveries...)...))
	}
	a.box.Refresh()
}

// choice is a job: its button, what it does, and why it is advised or does not apply.
func (a *actionScreen) choice(f workflow.Fit) fyne.CanvasObject {
	kind := jobNames[f.Job]
	b := widgets.NewButton(t("action."+string(kind)), jobIcon(kind), func() { a.s.begin(kind) })
	about := "action." + string(kind) + ".text"
	if f.Publisher {
		about = "action." + string(kind) + ".publisher"
	}
	note := fyne.CanvasObject(nil)
	switch {
	case !f.Possible():
		b.Disable()
		note = widgets.Signed(widgets.UnsureSign, t("fit."+string(f.Why)))
	case f.Advised:
		b.Importance = widget.HighImportance
		a.advised = append(a.advised, b)
		note = widgets.Signed(widgets.GoodSign, t("fit.advised."+string(kind)))
	}
	return a.row(b, widgets.QuietText(t(about)), note)
}

// row is a button with its explanation at its right; all buttons are as wide as the widest.
func (a *actionScreen) row(b *widgets.Button, text, note fyne.CanvasObject) fyne.CanvasObject {
	b.Alignment = widget.ButtonAlignLeading
	a.buttons = append(a.buttons, b)
	a.width = max(a.width, b.MinSize().Width)
	right := container.New(layout.NewCustomPaddedVBoxLayout(-12), text)
	if note != nil {
		right.Add(container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0), note))
	}
	return container.NewVBox(
		container.New(sideLayout{a}, container.NewVBox(b), right), widgets.Spacer(4))
}

// sideLayout gives the first object a width of its own and the second one the rest; where that
// would be too narrow to read, the second one goes below.
type sideLayout struct{ a *actionScreen }

// narrowest is how little room a text beside a button may have.
const narrowest = 300

func (l sideLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left, right := objects[0], objects[1]
	width := l.a.width
	if size.Width-width < narrowest {
		left.Resize(fyne.NewSize(size.Width, left.MinSize().Height))
		right.Move(fyne.NewPos(0, left.MinSize().Height))
		right.Resize(fyne.NewSize(size.Width, right.MinSize().Height))
		return
	}
	left.Resize(fyne.NewSize(width, left.MinSize().Height))
	right.Move(fyne.NewPos(width+theme.Padding(), 0))
	right.Resize(fyne.NewSize(size.Width-width-theme.Padding(), size.Height))
}

func (l sideLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	left, right := objects[0].MinSize(), objects[1].MinSize()
	if objects[1].Position().Y > 0 {
		return fyne.NewSize(left.Width, left.Height+right.Height)
	}
	return fyne.NewSize(left.Width, max(left.Height, right.Height))
}

// openSigned distributes a file that is signed already.
func (a *actionScreen) openSigned() {
	s := a.s
	chooseFile(s, t("action.distribute"), []string{".tlv"}, func(path string) {
		readFile(s, path, func(_ string, data []byte) {
			list, err := ctlbuild.Parse(data)
			if err != nil {
				s.fail(t("action.distribute"), err)
				return
			}
			s.beginDistribute(list)
		})
	})
}

// first is the job that is advised, or the first that can be done.
func (a *actionScreen) first() fyne.Focusable {
	if b := enabled(a.advised...); b != nil {
		return b
	}
	return enabled(a.buttons...)
}
