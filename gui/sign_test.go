package gui

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"ctlclient/cluster"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/workflow"
)

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
	p.mustSay(tr("result.good"), strings.ToLower(after["cucm-pub"]), tr("result.restart.line"), "The CTL file was verified successfully.")
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
	for _, sum := range []string{before["cucm-pub"], after["cucm-pub"]} { // MD5, as a phone shows it
		p.untilSays("MD5 " + strings.ToLower(sum))
	}
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
