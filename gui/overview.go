package gui

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"ctlclient/workflow"
)

// overviewScreen is what is: what is wrong first, in a sentence, with the job that mends it;
// then mode, nodes, who the SAST are, and the tokens plugged in.
type overviewScreen struct {
	*page
	s          *shell
	findings   *fyne.Container
	state      *fyne.Container
	nodes      *chooser
	node       *fyne.Container // what the node chosen says
	sasts      *chooser
	sast       *fyne.Container // the certificate chosen
	tokens     *table
	noTokens   fyne.CanvasObject
	sections   []fyne.CanvasObject
	refreshing *button
	practice   *button
	next       *button
}

func newOverviewScreen(s *shell) *overviewScreen {
	o := &overviewScreen{s: s, findings: container.NewVBox(), state: container.NewVBox(),
		node: container.NewVBox(), sast: container.NewVBox(), noTokens: flush(quietText(t("overview.no-tokens")))}
	o.nodes = newChooser(o.showNode,
		column{t("overview.node"), 130}, column{t("overview.address"), 125},
		column{t("overview.services"), 250}, column{t("overview.checksum"), 150},
		column{t("overview.signer"), 190}, column{t("overview.agreement"), 160})
	o.nodes.wrap = true
	o.sasts = newChooser(o.showSAST, column{t("overview.record"), 80}, column{t("entries.subject"), 400},
		column{t("overview.kind"), 170}, column{t("overview.signed"), 150})
	o.tokens = newTable(column{t("overview.token"), 160}, column{t("overview.token.name"), 220},
		column{t("tokens.until"), 120}, column{t("tokens.serial"), 200}, column{t("overview.known"), 170})
	o.refreshing = newButton(t("button.refresh"), theme.ViewRefreshIcon(), o.read)
	o.practice = newButton(t("practice.restart"), theme.MediaReplayIcon(), s.showPhones)
	o.next = mainButton(t("overview.next"), theme.NavigateNextIcon(), func() { s.open(screenAction) })
	o.sections = []fyne.CanvasObject{
		section(t("overview.nodes"), o.nodes, o.node),
		section(t("overview.sast"), o.sasts, o.sast),
		section(t("overview.tokens"), o.tokens, o.noTokens),
	}
	o.page = newPage(t("overview.title"), "", nil,
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
	for _, b := range []*button{o.refreshing, o.next} {
		setEnabled(b, snap != nil)
	}
	visible(o.practice, o.s.model.rehearsal != nil)
	for _, sec := range o.sections {
		visible(sec, snap != nil)
	}
	o.findings.RemoveAll()
	o.state.RemoveAll()
	o.node.RemoveAll()
	o.sast.RemoveAll()
	if snap == nil {
		o.head(t("overview.title"), "")
		o.findings.Add(emptyNote("overview.none"))
		return
	}
	o.head(o.s.model.profile.Name, t("overview.read-at", map[string]any{"Time": snap.Time.Local().Format("15:04:05")}))
	o.fillFindings()
	mode := t("mode.non-secure")
	if snap.Mixed {
		mode = t("mode.mixed")
	}
	ctl := t("overview.no-ctl")
	if snap.Current != nil {
		ctl = t("overview.ctl", map[string]any{"Bytes": fmt.Sprint(len(snap.Current.Bytes())),
			"Records": fmt.Sprint(len(snap.Current.Records)), "Kind": kindOf(snap.Current)})
	}
	o.state.Add(facts(t("overview.mode"), mode, t("overview.file"), ctl))
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
			mend = append(mend, buttonRow(newButton(text, theme.NavigateNextIcon(), do)))
		} else if f.Mend != "" {
			mend = append(mend, flush(quietText(f.Mend)))
		}
		o.findings.Add(newNotice(noticeOf(f.Severity), f.Message, mend...))
	}
	if len(o.s.model.findings) == 0 {
		o.findings.Add(newNotice(goodNotice, t("overview.fine")))
	}
	o.findings.Refresh()
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
		if s.model.snapshot.Mixed {
			return begin(jobMixed)
		}
		return begin(jobNonSecure)
	case "distribute":
		// The publisher's file goes to all nodes, as long as it is a sound one.
		if l := s.live(); l != nil && l.Verify().OK {
			return func() { s.beginDistribute(l) }, true
		}
	case "resume":
		return func() { s.open(screenHistory) }, true
	}
	return nil, false
}
