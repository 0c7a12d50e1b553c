package workflow_test

import (
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/lab"
	"ctlclient/trust"
	"ctlclient/workflow"
)

// A profile that describes no phones: those that cannot ask TVS may not be there at
// all. The person is asked in words; nobody needs --accept-loss for phones that there
// are not, and no general "yes" answers for phones that there may be.
func TestPhonesThatNobodyDescribed(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	b.change = noFleet
	before := b.files()
	s := b.connect()
	r := by("", b.uri("SAST-1"), b.uri("SAST-2"))
	p, err := s.PlanMigrateToTokens(t.Context(), r)
	b.do(err)
	if p.Dangerous() || len(p.Lost()) > 0 || len(p.Undescribed()) != 1 {
		t.Fatalf("dangerous %t, lost %d, undescribed %d", p.Dangerous(), len(p.Lost()), len(p.Undescribed()))
	}
	if h := hazardOf(p, "continuity-of-signer"); !strings.HasPrefix(h, "warning: No phones are described.") || !strings.Contains(h, "7940/7960") {
		t.Errorf("continuity-of-signer: %q", h)
	}
	if _, lost, unsure := trust.Totals(p.Verdicts); lost != 0 || unsure != 1 {
		t.Errorf("%d lost, %d unsure", lost, unsure)
	}

	// Signing harms nobody; writing waits for the answer.
	save, err := s.Agree(t.Context(), p, workflow.ToSave)
	b.do(err)
	_, err = s.Sign(t.Context(), save)
	b.do(err)
	_, err = s.Execute(t.Context(), save, workflow.ExecuteOptions{})
	wantReason(t, err, workflow.BadRequest, "saving the file was agreed to", "nothing was written")
	b.who.put = nil
	wantReason(t, declined(s, p), workflow.Declined, "nothing was written", "describe-phones")
	c := b.who.put[0]
	if !c.Undescribed || c.Danger || !strings.Contains(c.Text.String(), "7940/7960") || !strings.Contains(c.Text.String(), "deleted at the phone") {
		t.Errorf("the question: %+v", c)
	}
	b.untouched(before)

	b.who.answer = func(workflow.Confirmation) bool { return true }
	done, err := b.run(s, p, workflow.ExecuteOptions{})
	b.do(err)
	b.everywhere(done.List)
	jobs, err := cluster.History(b.state, s.Cluster.Profile.Name)
	b.do(err)
	if jobs[0].Note["undescribed-phones"] == "" || jobs[0].Note["accepted-loss"] != "" {
		t.Errorf("the journal notes %v", jobs[0].Note)
	}
}

// Phones that can ask TVS are taken to be everywhere: where these would be lost, it is
// a danger, described or not.
func TestUndescribedPhonesThatAskAreADanger(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, NonSecure: true})
	b.change = noFleet
	s := b.connect()
	p, err := s.PlanMode(t.Context(), workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"), b.uri("SAST-2"))})
	b.do(err)
	if !p.Dangerous() || len(p.Lost()) != 1 {
		t.Fatalf("dangerous %t, lost %+v", p.Dangerous(), p.Lost())
	}
	wantReason(t, declined(s, p), workflow.PhonesLost, "a phone with Security By Default", "Phone-SAST-trust")
}

// An update that a known token signs asks nothing about phones.
func TestUpdateByAKnownTokenAsksNothingAboutPhones(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	b.change = noFleet
	s := b.connect()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.through(s, p, err)
	if c := b.who.put[0]; c.Danger || c.Undescribed {
		t.Errorf("the question: %+v", c)
	}
}

// --accept-loss answers both, and is told.
func TestAcceptLossAnswersForUndescribedPhones(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	b.change = noFleet
	b.o.AcceptLoss = true
	b.toTokens(workflow.Signing{})
	if c := b.who.put[0]; c.Danger || c.Undescribed {
		t.Errorf("the question: %+v", c)
	}
}
