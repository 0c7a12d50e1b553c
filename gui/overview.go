package gui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/cluster/reach"
	"ctlclient/gui/widgets"
	"ctlclient/message"
	"ctlclient/workflow"
)

// overviewScreen is what is: what is wrong first, in a sentence, with the job that mends it;
// then mode, nodes, who the SAST are, and the tokens plugged in.
type overviewScreen struct {
	*widgets.Page
	s          *shell
	findings   *fyne.Container
	state      *fyne.Container
	nodes      *widgets.Table
	sasts      *widgets.Table
	tokens     *widgets.Table
	noTokens   fyne.CanvasObject
	sections   []fyne.CanvasObject
	refreshing *widgets.Button
	practice   *widgets.Button
	next       *widgets.Button
}

func newOverviewScreen(s *shell) *overviewScreen {
	o := &overviewScreen{s: s, findings: container.NewVBox(), state: container.NewVBox(),
		noTokens: widgets.Flush(widgets.QuietText(t("overview.no-tokens")))}
	o.nodes = widgets.NewChooser(o.showNode,
		widgets.Column{Title: t("overview.node"), Share: 130}, widgets.Column{Title: t("overview.address"), Share: 125},
		widgets.Column{Title: t("overview.services"), Share: 250}, widgets.Column{Title: t("overview.checksum"), Share: 150},
		widgets.Column{Title: t("overview.signer"), Share: 190}, widgets.Column{Title: t("overview.agreement"), Share: 160})
	o.sasts = widgets.NewChooser(o.showSAST, widgets.Column{Title: t("overview.record"), Share: 80}, widgets.Column{Title: t("entries.subject"), Share: 400},
		widgets.Column{Title: t("overview.kind"), Share: 170}, widgets.Column{Title: t("overview.signed"), Share: 150})
	o.tokens = widgets.NewTable(widgets.Column{Title: t("overview.token"), Share: 160}, widgets.Column{Title: t("overview.token.name"), Share: 220},
		widgets.Column{Title: t("tokens.until"), Share: 120}, widgets.Column{Title: t("tokens.serial"), Share: 200}, widgets.Column{Title: t("overview.known"), Share: 170})
	o.refreshing = widgets.NewButton(t("button.refresh"), theme.ViewRefreshIcon(), o.read)
	o.practice = widgets.NewButton(t("practice.restart"), theme.MediaReplayIcon(), s.showPhones)
	o.next = widgets.MainButton(t("overview.next"), theme.NavigateNextIcon(), func() { s.open(screenAction) })
	o.sections = []fyne.CanvasObject{
		widgets.Section(t("overview.nodes"), widgets.NewFinder(o.nodes).Object, o.nodes),
		widgets.Section(t("overview.sast"), o.sasts),
		widgets.Section(t("overview.tokens"), o.tokens, o.noTokens),
	}
	o.Page = widgets.NewPage(t("overview.title"), "", nil,
		container.NewVBox(append([]fyne.CanvasObject{o.findings, o.state}, o.sections...)...),
		o.refreshing, o.practice, layout.NewSpacer(), o.next)
	return o
}

func (o *overviewScreen) shown() { o.fill() }

// read asks the cluster again.
func (o *overviewScreen) read() {
	if o.s.model.session == nil {
		return
	}
	onCluster(o.s, t("overview.reading"),
		func(ctx context.Context, session *workflow.Session) (struct{}, error) {
			return struct{}{}, session.Refresh(ctx)
		},
		func(_ struct{}, err error) {
			if err != nil {
				o.s.failUnlessStopped(t("overview.title"), err)
			}
			o.s.model.findings = nil
			o.fill()
		})
}

func (o *overviewScreen) fill() {
	snap := o.s.model.snapshot
	for _, b := range []*widgets.Button{o.refreshing, o.next} {
		widgets.SetEnabled(b, snap != nil)
	}
	widgets.Visible(o.practice, o.s.model.rehearsal != nil)
	for _, sec := range o.sections {
		widgets.Visible(sec, snap != nil)
	}
	o.findings.RemoveAll()
	o.state.RemoveAll()
	o.Split.Show(nil)
	if snap == nil {
		o.Head(t("overview.title"), "")
		o.findings.Add(emptyNote("overview.none"))
		return
	}
	o.Head(o.s.model.profile.Name, t("overview.read-at", map[string]any{"Time": snap.Time.Local().Format("15:04:05")}))
	o.fillFindings()
	mode := t("mode.unknown")
	switch snap.Mode {
	case reach.Mixed:
		mode = t("mode.mixed")
	case reach.NonSecure:
		mode = t("mode.non-secure")
	}
	ctl := t("overview.no-ctl")
	if snap.Current != nil {
		ctl = t("overview.ctl", map[string]any{"Bytes": fmt.Sprint(len(snap.Current.Bytes())),
			"Records": fmt.Sprint(len(snap.Current.Records)), "Kind": kindOf(snap.Current)})
	}
	o.state.Add(widgets.Facts(t("overview.mode"), mode, t("overview.file"), ctl))
	for _, row := range o.s.clusterButtons() {
		o.state.Add(row)
	}
	o.fillNodes(snap)
	o.fillSAST(snap.Current)
	o.fillTokens()
}

// fillFindings asks once a snapshot; findings may ask TVS and so run beside the window.
func (o *overviewScreen) fillFindings() {
	m := &o.s.model
	if m.findings != nil {
		o.showFindings()
		return
	}
	session := m.session
	o.findings.Add(emptyNote("overview.checking.text"))
	onCluster(o.s, t("overview.checking"),
		func(ctx context.Context, session *workflow.Session) ([]workflow.Finding, error) {
			found := session.Findings(ctx)
			if found == nil {
				found = []workflow.Finding{}
			}
			return found, ctx.Err()
		},
		func(found []workflow.Finding, err error) {
			if m.session == session && err == nil {
				m.findings = found
				o.showFindings()
			}
		})
}

func (o *overviewScreen) showFindings() {
	o.findings.RemoveAll()
	for _, f := range o.s.model.findings {
		var mend []fyne.CanvasObject
		if do, ok := o.mend(f.Job); ok {
			text := t("overview.mend." + f.Job)
			if f.Job == "update" && o.s.live() != nil && o.s.live().Tokenless() {
				text = t("overview.mend.publisher") // no token may sign this list
			}
			mend = append(mend, widgets.ButtonRow(widgets.NewButton(text, theme.NavigateNextIcon(), do)))
		} else if !f.Mend.IsZero() {
			mend = append(mend, widgets.Flush(widgets.QuietText(message.Sentence(say(f.Mend)))))
			mend = append(mend, o.s.deeds(f.Mend)...)
		}
		text, more := o.s.shorten(o.s.sentence(say(f.Text)))
		o.findings.Add(widgets.NewNotice(noticeOf(f.Severity), text, append(more, mend...)...))
	}
	if len(o.s.model.findings) == 0 {
		o.findings.Add(widgets.NewNotice(widgets.GoodNotice, t("overview.fine")))
	}
	o.findings.Refresh()
}

// sentence is that of a text which may begin with the name of one of the cluster's nodes.
func (s *shell) sentence(text string) string {
	var names []string
	if sn := s.model.snapshot; sn != nil {
		for _, n := range sn.Nodes {
			names = append(names, n.Node.Name)
		}
	}
	return message.Sentence(text, names...)
}

// mend says how a finding is mended.
func (o *overviewScreen) mend(job string) (do func(), ok bool) {
	s := o.s
	begin := func(kind jobKind) (func(), bool) { return func() { s.begin(kind) }, true }
	switch job {
	case "update":
		return begin(jobUpdate)
	case "to-tokens":
		return begin(jobToTokens)
	case "to-tokenless":
		return begin(jobToTokenless)
	case "mode":
		if s.model.snapshot.Mixed() {
			return begin(jobMixed)
		}
		return begin(jobNonSecure)
	case "distribute":
		// The publisher's file goes to all nodes, as long as it is a sound one.
		if l := s.live(); l != nil && l.Verify().OK {
			return func() { s.beginDistribute(l) }, true
		}
	case workflow.JobClear:
		return s.showOlder, true
	case "resume":
		return func() { s.open(screenHistory) }, true
	}
	return nil, false
}

// first is the button that goes on.
func (o *overviewScreen) first() fyne.Focusable { return enabled(o.next, o.refreshing) }

// enabled is the first of some buttons that can be pressed, nil where none can.
func enabled(buttons ...*widgets.Button) fyne.Focusable {
	for _, b := range buttons {
		if b.Visible() && !b.Disabled() {
			return b
		}
	}
	return nil
}
