package gui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/advise"
	"ctlclient/workflow"
)

// walker goes through every screen, dialog and state of the window as an administrator's week
// would bring them, and stops at each for at.
type walker struct {
	*practised
	profile *site.Profile
	phones  int // that the cluster is said to have
	// pretended: tasks are only said to run, so that nobody waits for their end.
	pretended bool
	at        func(name string)
}

// walkedPractice is a practice cluster whose phones answer.
type walkedPractice struct{ labPractice }

func (p walkedPractice) Restart(ctx context.Context) ([]PhoneReport, error) {
	boots, err := p.RestartPhones(ctx)
	var reports []PhoneReport
	for _, b := range boots {
		reports = append(reports, PhoneReport{Name: b.Phone.Name, Model: b.Phone.Model, Accepted: b.CTL.Accept, Why: b.CTL.Why})
	}
	return reports, err
}

// newWalker opens the window on a practice cluster.
func newWalker(t *testing.T, o lab.Options, phones int) *walker {
	t.Helper()
	w := &walker{practised: &practised{store: needSoftHSM(t)}, phones: phones}
	w.startLab(t, o)
	w.bench = newBench(t, Options{Practice: walkedPractice{labPractice{w.lab, w.store}}, CrashDir: t.TempDir(), Version: "1.4.0-17-g0123456789ab",
		Session: workflow.Options{Modules: []string{alone(w.store)}, StateDir: t.TempDir()}})
	var err error
	if w.profile, err = site.Load(w.lab.Profile); err != nil {
		t.Fatal(err)
	}
	if phones > 0 {
		w.describePhones()
	}
	return w
}

// describePhones gives the cluster its phones.
func (w *walker) describePhones() {
	w.Helper()
	var lines strings.Builder
	lines.WriteString("name,model\n")
	for i := range w.phones {
		fmt.Fprintf(&lines, "SEP%012X,%s\n", i, []string{"8861", "7945", "7975", "7940", "Jabber"}[i%5])
	}
	w.profile.Fleet = filepath.Join(w.TempDir(), "phones.csv")
	if err := os.WriteFile(w.profile.Fleet, []byte(lines.String()), 0o600); err != nil {
		w.Fatal(err)
	}
	if err := w.profile.Save(w.profile.File); err != nil {
		w.Fatal(err)
	}
}

// walk is the whole of it.
func (w *walker) walk() {
	w.clusters()
	w.tokensCome()
	w.overview()
	w.action()
	w.choose()
	w.review()
	w.result()
	w.history()
	w.update()
	w.inspectFiles()
	w.helpAndAll()
	w.failures()
}

// dialog stops at a dialog that is open, and closes it by its last button.
func (w *walker) dialog(name, button string) {
	w.Helper()
	w.until("the dialog "+name, w.dialogOpen)
	w.at(name)
	w.tap(button)
	if w.pretended {
		return
	}
	w.idle()
}

// visit opens a screen and stops there.
func (w *walker) visit(id screenID, name string) {
	w.Helper()
	w.s.open(id)
	w.on(id)
	w.at(name)
}

func (w *walker) clusters() {
	w.on(screenClusters)
	w.at("01-clusters-none")
	w.s.screen(screenClusters).(*clustersScreen).add()
	w.tap("clusters.open") // nothing is filled in
	w.dialog("01-clusters-add", "button.cancel")
	dir := filepath.Join(xdg.ConfigHome, "ctlclient")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.Fatal(err)
	}
	for _, name := range []string{"sede-sao-paulo-producao", "filial"} {
		p := *w.profile
		p.Name, p.File = name, filepath.Join(dir, name+".toml")
		if err := p.Save(p.File); err != nil {
			w.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.toml"), []byte("user = 7\n"), 0o600); err != nil {
		w.Fatal(err)
	}
	w.visit(screenClusters, "01-clusters")
	w.tap("clusters.details")
	w.dialog("01-clusters-details", "button.close")
	w.tap("clusters.remove")
	w.dialog("01-clusters-remove", "button.cancel")
	w.tap("clusters.practice.fresh")
	w.dialog("01-clusters-fresh", "button.cancel")
	w.s.editProfile(w.profile)
	focusTable(w.bench).GoTo(0)
	w.at("01-clusters-edit")
	w.tap("edit.node")
	w.dialog("01-clusters-edit-node", "button.cancel")
	w.tap("edit.node.remove")
	w.dialog("01-clusters-edit-drop", "button.cancel")
	w.tap("button.cancel")
	w.s.showIdentities(w.profile, nil)
	w.until("the identities", w.dialogOpen)
	focusTable(w.bench).GoTo(0)
	w.dialog("01-clusters-identities", "button.close")
	id := cluster.Identity{Node: "cucm-pub", Service: "ctlp", Address: "192.0.2.10:2444",
		Known: "SHA256:" + strings.Repeat("A", 43), Fingerprint: "SHA256:" + strings.Repeat("B", 42) + "A"}
	w.s.acceptIdentities(w.profile, cluster.Options{}, []cluster.Identity{id}, nil)
	w.at("01-clusters-identity-changed")
	w.s.dialogs.Front().Done = false
	w.tap("button.cancel")
}

// tokensCome goes through the tokens screen, without any and with two.
func (w *walker) tokensCome() {
	w.visit(screenTokens, "03-tokens-none")
	w.makeTokens()
	w.s.practise(PracticeAgent, false)
	w.on(screenOverview)
	w.until("both tokens", func() bool { return len(w.s.model.tokens) == 2 })
	w.visit(screenTokens, "03-tokens")
	w.tap("tokens.trust")
	w.dialog("03-tokens-trusted", "button.close")
	w.tap("tokens.pin")
	w.until("the question", w.dialogOpen)
	w.at("03-tokens-pin")
	w.typeSecret("pin.label", "12345678")
	w.until("what came of it", func() bool { return len(w.s.tasks.running()) == 0 || w.says(tr("pin.repeat")) })
	w.at("03-tokens-new-pin")
	w.tap("button.cancel")
	w.idle()
	kept := w.s.model.tokens[0].Flags
	for name, flags := range map[string]token.Flags{"low": {PINCountLow: true}, "final": {PINFinalTry: true}, "locked": {PINLocked: true}} {
		w.s.model.tokens[0].Flags = flags
		w.s.tokensChanged()
		w.at("03-tokens-" + name)
	}
	w.s.model.tokens[0].Flags = kept
	w.s.tokensChanged()
	w.trustTokens()
}

func (w *walker) overview() {
	w.visit(screenOverview, "02-overview")
	w.until("the findings", func() bool { return w.s.model.findings != nil })
	w.at("02-overview-findings")
	for _, n := range w.lab.Status().Nodes[1:] {
		if err := w.lab.Stop(n.Name); err != nil {
			w.Fatal(err)
		}
	}
	w.s.refresh()
	w.idle()
	w.at("02-overview-unreachable")
	for _, n := range w.lab.Status().Nodes[1:] {
		if err := w.lab.Start(n.Name); err != nil {
			w.Fatal(err)
		}
	}
	w.s.refresh()
	w.idle()
	w.s.completeProfile()
	w.s.trustTable([]workflow.Trusted{{StoredCertificate: reach.StoredCertificate{Name: "SAST-ADN0054f509.cer"}}, {StoredCertificate: reach.StoredCertificate{Name: "CAPF-0123456789.pem"}, TVS: map[string]cluster.TVSResult{"cucm-pub": {}}}})
	w.dialog("02-overview-trust", "button.close")
	var live []workflow.LivePhone
	for i := range max(w.phones, 5) {
		p := workflow.LivePhone{Server: "cucm-sub1", Firmware: "sip88xx.14-1-1-0001-136", Registered: []reach.Registration{reach.Registered, reach.Unregistered, reach.Rejected,
			reach.PartiallyRegistered, 0}[i%5]}
		p.Name, p.Model = fmt.Sprintf("SEP%012X", i), "Cisco 8861"
		live = append(live, p)
	}
	w.s.phonesTable(live)
	w.dialog("02-overview-phones", "button.close")
	w.s.resetResult(&workflow.ResetResult{Asked: len(live), Back: len(live) - 3, Missing: live[:3],
		Failed: []workflow.PhoneFailure{{Name: "SEP000000000001", Err: message.NewError("no TFTP server answers")}},
		Words:  []workflow.PhoneWord{{Name: "SEP000000000002", Model: "7940"}}})
	w.dialog("02-overview-reset", "button.close")
}

func (w *walker) action() {
	w.visit(screenAction, "04-action")
	w.s.showPreflight()
	w.untilSays("PIN")
	w.dialog("04-action-preflight", "button.close")
	w.s.screen(screenAction).(*actionScreen).Body.To(1e6)
	w.at("04-action-below")
	for name, kind := range map[string]advise.Kind{"itlrecovery": advise.RegenerateITLRecovery, "phones": advise.MovePhones} {
		w.asked(kind, "")
		w.at("15-advise-" + name)
		w.s.screen(screenAdvise).(*adviseScreen).Body.To(500)
		w.at("15-advise-" + name + "-below")
	}
}

// choose goes through the entries of a migration.
func (w *walker) choose() {
	w.s.begin(jobToTokens)
	w.on(screenEntries)
	w.at("05-entries-empty")
	w.tap("entries.add-tokens")
	w.at("05-entries-add-tokens")
	w.tap("tokens.add")
	w.tap("tokens.add")
	w.at("05-entries-added")
	w.tap("button.close")
	w.at("05-entries")
	focusTable(w.bench).GoTo(1)
	w.at("05-entries-details")
	w.visit(screenAction, "04-action-draft")
	w.tap("draft.discard")
	w.dialog("04-action-discard", "button.cancel")
	w.tap("draft.continue")
	w.on(screenEntries)
}

func (w *walker) review() {
	w.s.plan()
	w.on(screenReview)
	w.at("06-review")
	r := w.s.screen(screenReview).(*reviewScreen)
	r.Body.To(1e6)
	w.at("06-review-below")
	r.phones.GoTo(0)
	w.at("06-review-phone")
	r.diff.GoTo(0)
	w.at("06-review-record")
	w.s.showLost(w.s.model.job.plan.Lost(), w.s.model.snapshot.Time)
	focusTable(w.bench).GoTo(0)
	w.dialog("06-review-lost", "button.close")
	w.tap("review.sign")
	w.until("the question", w.dialogOpen)
	w.at("07-confirm")
	w.tap("confirm.accept-loss")
	w.untilSays(tr("pin.title"))
	w.at("08-pin")
	w.typeSecret("pin.label", "Cisco124")
	w.untilSays(tr("error.next"))
	w.dialog("08-pin-wrong", "button.close")
	w.on(screenReview)
	w.pretended = true
	w.s.tasks.list = []*task{{what: tr("distribute.working"), job: true, began: time.Now(), cancel: func() {}}, {what: tr("identities.reading"), began: time.Now(), cancel: func() {}}}
	w.s.tasks.changed()
	w.s.event(workflow.Event{Type: workflow.EventProgress, Done: 2, Total: 5})
	w.s.event(workflow.Event{Type: workflow.EventInfo, State: workflow.StateKeypad, Message: tr("waiting.keypad", map[string]any{"Token": "SAST-1"})})
	w.dialog("08-waiting", "button.close")
	w.s.closeWindow()
	w.dialog("14-close", "close.no")
	w.s.status.list()
	w.at("14-tasks")
	w.tap("button.close")
	w.pretended = false
	w.s.tasks.list = nil
	w.s.tasks.changed()
}

// distributing is a job at work.
func (w *walker) distributing() {
	w.s.open(screenDistribute)
	d := w.s.screen(screenDistribute).(*distributeScreen)
	d.reset(w.s.model.snapshot)
	states := []string{cluster.StateDone, cluster.StateStart, cluster.StateRetry, cluster.StateFailed}
	for i, node := range d.nodes {
		e := workflow.Event{Type: workflow.EventNode, Node: node, Step: cluster.StepStage, State: states[i%4]}
		if e.State == cluster.StateFailed {
			e.Message = "dial tcp 192.0.2.10:2444: connect: connection refused"
		}
		d.event(e)
	}
	w.at("09-distribute")
	d.event(workflow.Event{Type: workflow.EventNode, Node: d.nodes[0], Step: cluster.StepCommit, State: cluster.StateStart})
	d.event(workflow.Event{Type: workflow.EventOutput, Message: "Updating CTL file"})
	w.s.errands.event(workflow.Event{Type: workflow.EventErrand, Node: "cucm-sub1", Errand: &workflow.Errand{Node: "cucm-sub1",
		Why:   errors.New("no account may write there"),
		Steps: []message.Message{message.Phrase("on %s (%s): put %s into the folder that TFTP serves, as %s", "cucm-sub1", "10.0.0.2", "CTLFile.tlv", "CTLFile.tlv")}, Page: "https://cucm-sub1.example.org/cmplatform/tftpFileUpload.do", File: "/home/admin/CTLFile.tlv"}})
	w.at("09-distribute-errand")
	w.s.errands.end()
}
