package gui

import (
	"testing"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/token"
	"ctlclient/workflow"
)

// cutting stops a node once another has its new file.
type cutting struct {
	scripted
	cut func()
}

func (c cutting) Event(e workflow.Event) {
	if e.Type == workflow.EventNode && e.Step == cluster.StepCommit && e.State == cluster.StateDone {
		c.cut()
	}
}

// half leaves a migration half done, beside the window: of two nodes the first has the new file.
func (p *practised) half() {
	p.Helper()
	p.trustTokens()
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		p.Fatal(err)
	}
	o := p.options.Session
	o.AcceptLoss = true
	s, err := workflow.Connect(p.Context(), profile, cutting{scripted{pin: softhsm.DefaultPIN}, func() { _ = p.lab.Stop("cucm-sub1") }}, o)
	if err != nil {
		p.Fatal(err)
	}
	defer s.Close()
	plan, err := s.PlanMigrateToTokens(p.Context(), workflow.Signing{Tokens: []token.URI{{Token: "SAST-1"}, {Token: "SAST-2"}}})
	if err != nil {
		p.Fatal(err)
	}
	agreed, err := s.Agree(p.Context(), plan, workflow.ToWrite)
	if err != nil {
		p.Fatal(err)
	}
	r, err := s.Execute(p.Context(), agreed, workflow.ExecuteOptions{KeepGoing: true, Retries: -1})
	if err == nil || r.Outcome.State != cluster.StateIncomplete {
		p.Fatalf("the job ended as %+v, %v; it was to be cut", r, err)
	}
	if err := p.lab.Start("cucm-sub1"); err != nil {
		p.Fatal(err)
	}
}

// unfinished opens the history at the job that was not finished.
func (p *practised) unfinished() *historyScreen {
	p.Helper()
	p.s.open(screenHistory)
	p.on(screenHistory)
	h := p.s.screen(screenHistory).(*historyScreen)
	if len(h.jobs) == 0 || h.jobs[0].State != cluster.StateIncomplete {
		p.Fatalf("jobs: %+v", h.jobs)
	}
	h.table.Choose(0)
	return h
}

// A job that cannot or shall not be finished is closed in words: it asks, writes nothing, and
// then nobody can resume it by mistake.
func TestCloseAJob(t *testing.T) {
	p := newPractised(t, lab.Options{NoAltTFTP: true})
	p.half()
	half := p.served()
	p.connect()
	p.mustSay(tr("notice.danger"))
	h := p.unfinished()
	p.tap("history.close")
	p.mustSay(tr("history.close.yes"), tr("action.to-tokens"))
	p.tap("button.cancel")
	h.table.Choose(0)
	if h.jobs[0].State != cluster.StateIncomplete || h.resume.Disabled() {
		t.Fatalf("after a no: %s", h.jobs[0].State)
	}
	p.tap("history.close")
	p.tap("history.close.yes")
	p.on(screenHistory)
	h.table.Choose(0)
	p.mustSay(tr("outcome.closed"))
	for name, b := range map[string]pressable{"resume": h.resume, "take back": h.back, "close": h.shut} {
		if !b.Disabled() {
			t.Errorf("a closed job can be worked on: %s", name)
		}
	}
	if after := p.served(); !equal(half, after) {
		t.Errorf("closing a job wrote: %v, then %v", half, after)
	}
}

// A publisher that is dead for good does not keep the other nodes from being put right.
func TestGoOnWithoutThePublisher(t *testing.T) {
	p := newPractised(t, lab.Options{NoAltTFTP: true})
	before := p.served()
	p.half()
	half := p.served()
	if half["cucm-pub"] == half["cucm-sub1"] {
		t.Fatalf("the nodes serve %v", half)
	}
	written := "cucm-pub"
	if half["cucm-pub"] == before["cucm-pub"] {
		written = "cucm-sub1"
	}
	if err := p.lab.Stop("cucm-pub"); err != nil {
		t.Fatal(err)
	}
	profile, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	p.s.connect(profile)
	p.untilSays(tr("clusters.connect.failed", map[string]any{"Name": profile.Name}))
	p.tap("clusters.without-publisher")
	p.on(screenOverview)
	p.mustSay("cucm-pub", tr("agree.error"))

	p.unfinished()
	p.tap("result.take-back")
	p.on(screenReview)
	p.tap("review.take-back") // agreed to when the job began, and no phone is lost: not asked again
	p.until("the end", func() bool { return p.s.current == screenResult && p.dialogOpen() && len(p.s.tasks.running()) == 0 })
	p.mustSay("cucm-pub")
	p.tap("button.close")
	p.on(screenResult)
	p.mustSay(tr("result.bad"))
	if now := p.served(); now["cucm-sub1"] != before["cucm-sub1"] {
		t.Errorf("cucm-sub1 serves %s, before the job %s", now["cucm-sub1"], before["cucm-sub1"])
	}

	// It is back: the rest of the job is taken back too.
	if err := p.lab.Start("cucm-pub"); err != nil {
		t.Fatal(err)
	}
	p.connect()
	p.unfinished()
	p.tap("result.take-back")
	p.on(screenReview)
	p.tap("review.take-back") // agreed to when the job began, and no phone is lost: not asked again
	p.on(screenResult)
	p.mustSay(tr("result.taken-back"))
	if now := p.served(); !equal(now, before) {
		t.Errorf("taken back to %v, from %v (written at first: %s)", now, before, written)
	}
}
