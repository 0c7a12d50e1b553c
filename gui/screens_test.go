package gui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

// The overview says what is, and when something is wrong says so first, with the job that
// mends it.
func TestOverview(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.mustSay(tr("mode.mixed"), tr("kind.tokenless"), tr("overview.fine"), "cucm-pub", "cucm-sub1", "tftp-1",
		tr("agree.same"), "SAST-1", "SAST-2")

	node, err := p.lab.Node("tftp-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(node.Folder, workflow.CTLFileName)); err != nil {
		t.Fatal(err)
	}
	p.tap("button.refresh")
	p.idle()
	p.mustSay(tr("agree.missing"), tr("notice.danger"), tr("overview.mend.distribute"))
	if p.says(tr("overview.fine")) {
		t.Error("it says that nothing is wrong")
	}
	first := p.texts()
	if danger, nodes := index(first, tr("notice.danger")), index(first, tr("overview.nodes")); danger > nodes {
		t.Error("what is wrong does not stand before the nodes")
	}

	if err := p.lab.Stop("cucm-sub1"); err != nil {
		t.Fatal(err)
	}
	p.tap("button.refresh")
	p.idle()
	p.mustSay(tr("agree.error"))
}

func index(texts []string, part string) int {
	return slices.IndexFunc(texts, func(s string) bool { return strings.Contains(s, part) })
}

// A finding about a list that the publisher signs leads to the job that can mend it: no token
// may sign that list.
func TestFindingLeadsToAJobThatCanBeDone(t *testing.T) {
	p := newPractised(t, lab.Options{})
	if err := p.lab.Regenerate("cucm-sub1", "callmanager"); err != nil {
		t.Fatal(err)
	}
	p.tap("button.refresh")
	p.idle()
	p.tap("overview.mend.publisher")
	p.on(screenReview)
	p.mustSay(tr("action.update"), tr("review.publisher"), tr("review.nothing-written"))
}

// The tokens screen shows what the CTL Client shows of a token, follows what is plugged in,
// and says that a PIN's tries are used up.
func TestTokens(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.s.open(screenTokens)
	p.on(screenTokens)
	p.mustSay("SAST-1", "SAST-2", "cn=\"SAST-ADN", "cn=Cisco Manufacturing CA;o=Cisco Systems",
		tr("tokens.bits", map[string]any{"Bits": "1024"}), tr("tokens.from"), tr("tokens.until"))

	if _, err := p.store.Create(softhsm.Spec{Label: "SAST-0", NoCertificate: true}); err != nil {
		t.Fatal(err)
	}
	p.until("the third token", func() bool { return p.says("SAST-0") })
	p.mustSay(tr("tokens.no-certificate"))
	if names := labels(p.s.model.tokens); !slices.Equal(names, []string{"SAST-0", "SAST-1", "SAST-2"}) {
		t.Errorf("the tokens stand as %v", names)
	}

	if err := p.store.Remove("SAST-2"); err != nil {
		t.Fatal(err)
	}
	p.until("its end", func() bool { return !p.says("SAST-2") })
	p.mustSay("SAST-1")
}

func labels(infos []token.Info) []string {
	var names []string
	for _, info := range infos {
		names = append(names, info.Label)
	}
	return names
}

// The new PIN is asked for twice, and taken only when both are the same.
func TestChangePIN(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.s.open(screenTokens)
	p.on(screenTokens)
	p.tap("tokens.pin")
	p.typeSecret("pin.label", softhsm.DefaultPIN)
	p.untilSays(tr("pin.repeat"))
	fields := p.fields()
	if len(fields) != 2 {
		t.Fatalf("%d fields", len(fields))
	}
	fields[0].SetText("Changed-1")
	fields[1].SetText("Changed-2")
	p.tap("button.ok")
	p.mustSay(tr("pin.differ"))
	fields[1].SetText("Changed-1")
	p.tap("button.ok")
	p.untilSays(tr("tokens.pin-changed", map[string]any{"Token": "SAST-1"}))
	for _, f := range fields {
		if text := reflect.Indirect(reflect.ValueOf(f)).FieldByName("Text").String(); text != "" {
			t.Error("a field keeps the PIN")
		}
	}
}

// The entries mark what changes as it changes, and a mark can be taken off again.
func TestEntries(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.migrate()
	p.s.begin(jobUpdate)
	p.on(screenEntries)
	e := p.s.screen(screenEntries).(*entriesScreen)
	if e.sign.Selected != tokenName(p.s.model.job.signWith.Label, p.s.model.job.signWith.Serial) {
		t.Errorf("signs with %q", e.sign.Selected)
	}
	count := map[widgets.Sign]int{}
	marks := func() map[widgets.Sign]int {
		clear(count)
		for _, row := range e.rows {
			count[row.sign]++
		}
		return count
	}
	if m := marks(); len(m) != 1 || m[widgets.NoSign] != len(p.s.live().Records) {
		t.Fatalf("marks before anything was chosen: %v", m)
	}

	e.table.Choose(0)
	p.mustSay("SHA-1", tr("details.serial"))
	p.tap("entries.delete")
	p.mustSay(e.rows[0].name())
	e.table.Choose(1) // what is chosen behind the question does not count
	p.tap("entries.delete.yes")
	e.table.Choose(0)
	if m := marks(); m[widgets.RemoveSign] != 1 || e.rows[0].sign != widgets.RemoveSign {
		t.Errorf("after a deletion: %v", m)
	}
	p.mustSay(tr("mark.removed") + ", " + tr("type.sast"))
	p.tap("entries.keep")
	if m := marks(); m[widgets.RemoveSign] != 0 {
		t.Errorf("after the deletion was taken back: %v", m)
	}

	// A token that the list does not know is added from its dialog, and taken out again.
	if _, err := p.store.Create(softhsm.Spec{Label: "SAST-9"}); err != nil {
		t.Fatal(err)
	}
	p.until("the new token", func() bool { return len(p.s.model.tokens) == 3 })
	p.tap("entries.add-tokens")
	p.mustSay("SAST-9", tr("entries.known"))
	p.tap("tokens.add")
	p.tap("button.close")
	if m := marks(); m[widgets.AddSign] != 1 {
		t.Errorf("after an addition: %v", m)
	}
	e.table.Choose(0)
	p.tap("entries.delete")
	if m := marks(); m[widgets.AddSign] != 0 || len(p.s.model.job.tokens) != 0 {
		t.Errorf("after the addition was taken back: %v", m)
	}
}

// migrate brings the lab to a list that SAST-1 signs, beside the window, and connects again.
func (p *practised) migrate() {
	p.Helper()
	p.trustTokens()
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		p.Fatal(err)
	}
	ctx := p.Context()
	o := p.options.Session
	o.AcceptLoss = true
	s, err := workflow.Connect(ctx, profile, scripted{pin: softhsm.DefaultPIN}, o)
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	plan, err := s.PlanMigrateToTokens(ctx, workflow.Signing{
		Tokens: []token.URI{{Token: "SAST-1"}, {Token: "SAST-2"}}})
	if err != nil {
		p.Fatal(err)
	}
	agreed, err := s.Agree(ctx, plan, workflow.ToWrite)
	if err == nil {
		_, err = s.Execute(ctx, agreed, workflow.ExecuteOptions{})
	}
	if err != nil {
		p.Fatal(err)
	}
	p.connect()
}

func (u scripted) PIN(context.Context, token.PINRequest) ([]byte, error) { return []byte(u.pin), nil }

// review goes from the action to the review of a migration to tokens.
func (p *practised) review() {
	p.Helper()
	p.s.open(screenAction)
	p.on(screenAction)
	p.tap("action.to-tokens")
	p.on(screenEntries)
	p.chooseTokens()
	p.tap("entries.next")
	p.on(screenReview)
}

// chooseTokens adds both tokens, as a person does for a first list; nothing was chosen before.
func (p *practised) chooseTokens() {
	p.Helper()
	if j := p.s.model.job; j.signWith != nil || len(j.tokens) > 0 {
		p.Errorf("before anything was chosen: signs with %v, adds %d tokens", j.signWith, len(j.tokens))
	}
	if !p.button("entries.next").Disabled() {
		p.Error("it goes on without a signer")
	}
	p.tap("entries.add-tokens")
	p.tap("tokens.add")
	p.tap("tokens.add")
	p.tap("button.close")
}

// agree goes on from the review though a phone is lost.
func (p *practised) agree() {
	p.Helper()
	p.tap("review.sign")
	p.untilSays(tr("confirm.accept-loss"))
	p.tap("confirm.accept-loss")
}

// The review names the phone that would be lost, why, and what to do; nothing was written.
func TestReview(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.trustTokens()
	p.review()
	p.mustSay(tr("review.nothing-written"), tr("notice.danger"),
		tr("review.lost", map[string]any{"Count": "1"}), tr("verdict.rejects"), tr("verdict.accepts"), "(7940)")
	r := p.s.screen(screenReview).(*reviewScreen)
	refused := -1
	for i, c := range r.classes {
		if strings.Contains(c.text(), "7940") == c.Accept {
			t.Errorf("%s: accepts: %v", c.text(), c.Accept)
		}
		if !c.Accept {
			refused = i
		}
	}
	r.phones.Choose(refused)
	p.mustSay("1. ")
	p.mustSay(tr("mark.added"))
	if after := p.served(); !equal(before, after) {
		t.Errorf("a review changed what the nodes serve: %v, %v", before, after)
	}
}

func equal(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// A certificate that no TVS vouches for stops the plan with the words of the command.
func TestPlanIsRefusedInTheWordsOfTheCommand(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.s.open(screenAction)
	p.tap("action.to-tokens")
	p.on(screenEntries)
	p.chooseTokens()
	p.tap("entries.next")
	p.until("the refusal", p.dialogOpen)
	_, want := p.s.model.session.PlanMigrateToTokens(t.Context(), p.s.model.job.signing())
	p.saysError(want)
	p.tap("button.close")
	p.on(screenEntries)
}

// saysError holds that the dialog says an error and all its hints, word for word.
func (p *practised) saysError(want error) {
	p.Helper()
	if want == nil {
		p.Fatal("the command has no objection")
	}
	p.mustSay(want.Error())
	var h interface{ Hint() string }
	if !errors.As(want, &h) {
		return
	}
	for _, line := range strings.Split(h.Hint(), "\n") {
		p.mustSay(line)
	}
}

// A wrong PIN is one attempt; what is said is what the command says, and nothing was written.
func TestWrongPIN(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.trustTokens()
	p.review()

	p.agree()
	p.typeSecret("pin.label", "Cisco124")
	p.untilSays(tr("error.next"))
	p.mustSay(tr("pin.wrong", map[string]any{"Token": "SAST-1"}), tr("tries.low"), tr("pin.wrong.hint"))
	if p.says("CKR_") {
		t.Error("a PKCS#11 code is said to a person")
	}
	// The next try is offered, and asked anew.
	p.tap("pin.try")
	p.untilSays(tr("confirm.accept-loss"))
	p.tap("button.cancel")
	p.untilSays(tr("error.next")) // the loss was not accepted
	p.tap("button.close")
	p.on(screenReview)
	if after := p.served(); !equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

// Who stops at the question for the PIN has written nothing and is told so without a dialog.
func TestCancelAtThePIN(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.trustTokens()
	p.review()
	p.agree()
	p.untilSays(tr("pin.label"))
	p.s.window.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	p.on(screenReview)
	if got := p.s.status.text.Text; got != tr("status.stopped") {
		t.Errorf("the status is %q", got)
	}
	if after := p.served(); !equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

// The result has a row for each node and the checksum; the history has the job, and takes it
// back; what is shown then is what the nodes serve.
func TestResultAndHistory(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.trustTokens()
	p.review()
	p.agree()
	p.typeSecret("pin.label", softhsm.DefaultPIN)
	p.on(screenResult)
	after := p.served()
	if equal(before, after) {
		t.Fatal("nothing was written")
	}
	p.mustSay(tr("result.good"), strings.ToLower(after["cucm-pub"]), workflow.MsgRestart, "The CTL file was verified successfully.")
	r := p.s.screen(screenResult).(*resultScreen)
	var nodes []string
	for _, row := range r.servers.Rows {
		nodes = append(nodes, row[0].Text)
		if !strings.HasSuffix(row[1].Text, workflow.CTLFileName) || row[2].Text == "" {
			t.Errorf("row %v", row)
		}
	}
	if !slices.Equal(nodes, []string{"cucm-pub", "cucm-sub1", "tftp-1"}) {
		t.Errorf("rows for %v", nodes)
	}
	p.tap("result.done")
	p.on(screenOverview)
	p.mustSay(tr("kind.tokens"), tr("kind.token"), tr("overview.signs"))

	p.s.open(screenHistory)
	p.on(screenHistory)
	h := p.s.screen(screenHistory).(*historyScreen)
	if len(h.jobs) != 1 || h.jobs[0].Kind != workflow.JobToTokens {
		t.Fatalf("jobs: %+v", h.jobs)
	}
	h.table.Choose(0)
	p.mustSay(tr("outcome.done"), h.jobs[0].ID, tr("note.accepted-loss"))
	if !h.resume.Disabled() {
		t.Error("a job that is done can be resumed")
	}
	p.tap("history.open.former")
	p.on(screenInspect)
	p.mustSay(tr("history.former.short"), tr("notice.good"), strings.ToLower(before["cucm-pub"]))
	p.s.open(screenHistory)
	p.on(screenHistory)
	p.tap("result.take-back")
	p.on(screenReview)
	p.mustSay(tr("action.take-back"), tr("review.nothing-written"), tr("mark.removed"))
	p.tap("review.take-back")
	p.untilSays(tr("result.take-back.title"))
	p.mustSay(h.jobs[0].Note["by"])
	p.tap("result.take-back.yes")
	p.on(screenResult)
	p.mustSay(tr("result.taken-back"))
	p.s.open(screenHistory)
	p.on(screenHistory)
	p.mustSay(tr("outcome.taken-back"))
	if now := p.served(); !equal(before, now) {
		t.Errorf("%v were taken back to %v", before, now)
	}
	p.s.open(screenOverview)
	p.on(screenOverview)
	p.mustSay(tr("kind.tokenless"), tr("overview.fine"))
}

// A job that some nodes did not take shows each node's answer on the result screen.
func TestPartialResult(t *testing.T) {
	b := newBench(t, Options{})
	partial := cluster.Outcome{ID: "20260102T030405Z-ab12", State: cluster.StateIncomplete, Nodes: []cluster.NodeOutcome{
		{Node: "cucm-pub", Path: "/usr/local/cm/tftp/CTLFile.tlv", Status: "Passed"},
		{Node: "cucm-sub1", Path: "/usr/local/cm/tftp/CTLFile.tlv", Status: "Failed", Err: errors.New("connection refused")}}}
	b.s.model.job = &job{kind: jobUpdate, result: &workflow.Result{Outcome: partial}}
	b.s.open(screenResult)
	b.mustSay(tr("result.bad"), tr("notice.danger"), "Passed", "connection refused", "cucm-sub1")
	if b.button("result.take-back").Disabled() {
		t.Error("it cannot be taken back")
	}
}

// Without a cluster every screen opens and says what to do first.
func TestScreensWithoutACluster(t *testing.T) {
	b := newBench(t, Options{})
	b.on(screenClusters)
	b.mustSay(tr("clusters.none"))
	if !b.button("clusters.practice.open").Disabled() {
		t.Error("there is a practice cluster where none was given")
	}
	for id, says := range map[screenID]string{screenOverview: "overview.none", screenAction: "action.none",
		screenTokens: "tokens.insert", screenEntries: "action.none", screenReview: "action.none",
		screenDistribute: "distribute.title", screenResult: "result.title", screenInspect: "inspect.none", screenHistory: "history.none"} {
		b.s.open(id)
		b.on(id)
		b.mustSay(tr(says))
	}
}

// Enter in a dialog that puts phones at stake is no answer; Escape is always a no.
func TestEnterIsNoYesWherePhonesAreAtStake(t *testing.T) {
	b := newBench(t, Options{})
	for _, careful := range []bool{false, true} {
		var answers []bool
		q := widgets.NewQuestion(b.s.dialogs, "Title", widget.NewLabel("text"), "Yes", "No", careful)
		q.OnAnswer = func(yes bool) { answers = append(answers, yes) }
		q.Show()
		press(b, fyne.KeyReturn)
		if got := len(answers) == 1; got == careful {
			t.Errorf("careful %v: answers after Enter: %v", careful, answers)
		}
		press(b, fyne.KeyEscape)
		if len(answers) != 1 || answers[0] == careful {
			t.Errorf("careful %v: answers after Escape: %v", careful, answers)
		}
		if b.dialogOpen() {
			t.Error("the dialog is still there")
		}
	}
}

// press is a key at whatever has the focus, or at the window.
func press(b *bench, name fyne.KeyName) {
	key := &fyne.KeyEvent{Name: name}
	if f := b.s.window.Canvas().Focused(); f != nil {
		f.TypedKey(key)
		return
	}
	if f := b.s.window.Canvas().OnTypedKey(); f != nil {
		f(key)
	}
}
