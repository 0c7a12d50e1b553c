package gui

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/protocol/ctlp"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// overviewScreen is what is: what is wrong first, in a sentence, with the job that mends it;
// then mode, nodes, who the SAST are, and the tokens plugged in.
type overviewScreen struct {
	s        *shell
	root     *fyne.Container
	title    *fyne.Container
	findings *fyne.Container
	state    *fyne.Container
	nodes    *table
	sasts    *table
	tokens   *fyne.Container
	refresh  *widget.Button
	next     *widget.Button
}

func newOverviewScreen(s *shell) *overviewScreen {
	o := &overviewScreen{s: s,
		title: container.NewVBox(), findings: container.NewVBox(),
		state: container.NewVBox(), tokens: container.NewVBox()}
	o.nodes = newTable(
		column{t("overview.node"), 150}, column{t("overview.address"), 120},
		column{t("overview.services"), 290}, column{t("overview.checksum"), 160},
		column{t("overview.signer"), 200}, column{t("overview.agreement"), 160})
	o.sasts = newTable(column{t("overview.record"), 70}, column{t("entries.subject"), 380},
		column{t("overview.kind"), 180}, column{t("overview.signed"), 130})
	o.refresh = widget.NewButtonWithIcon(t("button.refresh"), theme.ViewRefreshIcon(), o.read)
	o.next = widget.NewButtonWithIcon(t("overview.next"), theme.NavigateNextIcon(), func() { s.open(screenAction) })
	o.next.Importance = widget.HighImportance
	o.root = container.NewBorder(
		container.NewVBox(o.title, widget.NewSeparator()),
		container.NewVBox(widget.NewSeparator(), buttons(o.refresh, o.next)), nil, nil,
		scrolled(container.NewVBox(
			o.findings, o.state,
			section(t("overview.nodes"), o.nodes),
			section(t("overview.sast"), o.sasts),
			section(t("overview.tokens"), o.tokens))))
	return o
}

func (o *overviewScreen) object() fyne.CanvasObject { return o.root }

func (o *overviewScreen) shown() { o.fill() }

// read asks the cluster again.
func (o *overviewScreen) read() {
	session := o.s.model.session
	if session == nil {
		o.fill()
		return
	}
	start(o.s.tasks, t("overview.reading"),
		func(ctx context.Context) (struct{}, error) { return struct{}{}, session.Refresh(ctx) },
		func(_ struct{}, err error) {
			if err != nil {
				o.s.fail(t("overview.title"), err)
			}
			o.s.model.findings = nil
			o.fill()
		})
}

func (o *overviewScreen) fill() {
	session := o.s.model.session
	o.title.RemoveAll()
	o.findings.RemoveAll()
	o.state.RemoveAll()
	if session == nil || session.Snapshot == nil {
		o.title.Add(heading(t("overview.title"), ""))
		o.findings.Add(newNotice(infoNotice, t("overview.none")))
		o.nodes.setRows(nil)
		o.sasts.setRows(nil)
		o.refresh.Disable()
		o.next.Disable()
		o.fillTokens()
		return
	}
	o.refresh.Enable()
	o.next.Enable()
	snap := session.Snapshot
	o.title.Add(heading(o.s.model.profile.Name, t("overview.read-at",
		map[string]any{"Time": snap.Time.Local().Format("15:04:05")})))
	o.fillFindings(session)
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
func (o *overviewScreen) fillFindings(session *workflow.Session) {
	m := &o.s.model
	if m.findings == nil {
		start(o.s.tasks, t("overview.checking"),
			func(ctx context.Context) ([]workflow.Finding, error) {
				found := session.Findings(ctx)
				if found == nil {
					found = []workflow.Finding{}
				}
				return found, nil
			},
			func(found []workflow.Finding, _ error) {
				if m.session == session {
					m.findings = found
					o.showFindings()
				}
			})
		return
	}
	o.showFindings()
}

func (o *overviewScreen) showFindings() {
	o.findings.RemoveAll()
	for _, f := range o.s.model.findings {
		n := newNotice(noticeOf(f.Severity), f.Message)
		if id, kind, ok := screenOfJob(f.Job); ok {
			text := t("overview.mend." + f.Job)
			if kind == jobUpdate && o.s.live() != nil && o.s.live().Tokenless() {
				// No token may sign this list: the publisher updates it.
				kind, text = jobToTokenless, t("overview.mend.publisher")
			}
			mend := widget.NewButtonWithIcon(text, theme.NavigateNextIcon(), func() {
				if kind != "" {
					o.s.begin(kind)
					return
				}
				o.s.open(id)
			})
			o.findings.Add(container.NewBorder(nil, nil, nil, container.NewCenter(mend), n))
			continue
		}
		o.findings.Add(n)
	}
	if len(o.s.model.findings) == 0 {
		o.findings.Add(newNotice(goodNotice, t("overview.fine")))
	}
}

// screenOfJob says where a finding is mended.
func screenOfJob(name string) (screenID, jobKind, bool) {
	switch name {
	case "update", "distribute":
		return "", jobUpdate, true
	case "to-tokens":
		return "", jobToTokens, true
	case "to-tokenless":
		return "", jobToTokenless, true
	case "mode", "mixed":
		return "", jobMixed, true
	case "non-secure":
		return "", jobNonSecure, true
	case "resume", "rollback":
		return screenHistory, "", true
	}
	return "", "", false
}

func (o *overviewScreen) fillNodes(snap *cluster.Snapshot) {
	services := map[string][]ctlp.Service{}
	for _, n := range snap.Topology {
		services[n.Name] = n.Services
		services[n.Address] = n.Services
	}
	var rows [][]string
	for _, n := range snap.Nodes {
		sum, signer, agree := "—", "—", t("agree.same")
		switch {
		case n.Err != nil:
			agree = t("agree.error") + ": " + n.Err.Error()
		case n.Missing:
			agree = t("agree.missing")
		default:
			digest := sha1.Sum(n.File)
			sum = hex.EncodeToString(digest[:])[:16] + "…"
			signer = signerOf(n.List)
			if !snap.Agree && snap.Current != nil && string(n.File) != string(snap.Current.Bytes()) {
				agree = t("agree.differs")
			}
			if n.TFTPAgree != nil && !*n.TFTPAgree {
				agree = t("agree.tftp")
			}
		}
		list := n.Services
		if len(list) == 0 {
			list = services[n.Node.Name]
		}
		if len(list) == 0 {
			list = services[n.Node.Address]
		}
		names := make([]string, 0, len(list))
		for _, s := range list {
			names = append(names, s.String())
		}
		if len(names) == 0 {
			names = append(names, n.Node.Role)
		}
		rows = append(rows, []string{n.Node.Name, n.Node.Address, strings.Join(names, ", "), sum, signer, agree})
	}
	o.nodes.setRows(rows)
}

func signerOf(l *ctlbuild.List) string {
	if l == nil {
		return "—"
	}
	if r, i := l.Signer(); i >= 0 {
		return r.CN()
	}
	return l.Header.SignerName
}

// kindOf says how a list is signed.
func kindOf(l *ctlbuild.List) string {
	if l.Tokenless() {
		return t("kind.tokenless")
	}
	return t("kind.tokens")
}

func (o *overviewScreen) fillSAST(l *ctlbuild.List) {
	if l == nil {
		o.sasts.setRows(nil)
		return
	}
	_, signer := l.Signer()
	var rows [][]string
	for i := range l.Records {
		r := &l.Records[i]
		if r.Function() != ctlbuild.SAST {
			continue
		}
		kind, signed := t("kind.server"), ""
		if r.IsToken() {
			kind = t("kind.token")
		}
		if i == signer {
			signed = t("overview.signs")
		}
		rows = append(rows, []string{fmt.Sprint(i + 1), r.SubjectName(), kind, signed})
	}
	o.sasts.setRows(rows)
}

func (o *overviewScreen) fillTokens() {
	o.tokens.RemoveAll()
	for _, info := range o.s.model.tokens {
		o.tokens.Add(widget.NewLabel(fmt.Sprintf("%s · %s", info.Label, info.Serial)))
	}
	if len(o.s.model.tokens) == 0 {
		o.tokens.Add(wrappedWide(t("tokens.none")))
	}
}

// tokensChanged is told by the watch of tokens.
func (o *overviewScreen) tokensChanged() { o.fillTokens() }

// severityWord is the word for a severity, beside its sign.
func severityWord(s trust.Severity) string { return t("severity." + s.String()) }
