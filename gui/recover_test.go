package gui

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/workflow"
)

// Where the cluster made ITLRecovery anew, the window has the publisher sign the CTL with its
// other key, says what to do next, and takes it back.
func TestRecoverCTL(t *testing.T) {
	p := newPractised(t, lab.Options{})
	if err := p.lab.Regenerate("cucm-pub", "itlrecovery"); err != nil {
		t.Fatal(err)
	}
	before := p.served()
	p.s.open(screenAction)
	p.on(screenAction)
	p.mustSay(tr("action.recover"), tr("action.recover-ctl.publisher"), tr("action.recover-itl.publisher"))
	p.s.open(screenOverview)
	p.tap("button.refresh")
	p.idle()
	if p.says(tr("overview.mend.publisher")) {
		t.Error("the update that would lose phones has a button of its own")
	}
	p.tap("do.recover-ctl") // what is wrong has the job that mends it
	p.on(screenReview)
	p.mustSay(tr("action.recover-ctl"), tr("review.nothing-written"), tr("do.publisher-sign"))
	if after := p.served(); !equal(before, after) {
		t.Fatal("a review writes")
	}
	p.tap("review.publisher")
	p.untilSays(tr("confirm.title", map[string]any{"Job": tr("action.recover-ctl")}))
	p.agreed()
	p.on(screenResult)
	if after := p.served(); equal(before, after) {
		t.Fatal("nothing was written")
	}
	p.mustSay(tr("result.recover-ctl"), tr("result.recover-ctl.next"))
	if l := p.s.live(); l == nil || !strings.Contains(signerOf(l), "cucm-pub") || strings.Contains(signerOf(l), "ITLRECOVERY") {
		t.Errorf("the CTL is signed by %q", signerOf(p.s.live()))
	}
	p.tap("result.take-back")
	p.on(screenReview)
	p.tap("review.take-back")
	p.untilSays(tr("result.take-back.title"))
	p.tap("result.take-back.yes")
	p.on(screenResult)
	if after := p.served(); !equal(before, after) {
		t.Errorf("%v was put back as %v", before, after)
	}
}

// The ITLs are signed by the other key: no file is brought anywhere, each node is looked at, and
// what cannot be taken back is not offered to be. The history knows the job by its name.
func TestRecoverITL(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.s.open(screenAction)
	p.on(screenAction)
	p.tap("action.recover-itl")
	p.on(screenReview)
	p.mustSay(tr("action.recover-itl"), "cucm-pub")
	p.tap("review.publisher")
	p.untilSays(tr("confirm.recover-itl", map[string]any{"Signer": "cucm-pub"}))
	p.agreed()
	p.on(screenResult)
	p.mustSay(tr("result.recover-itl"), tr("result.recover-itl.next"))
	if !equal(before, p.served()) {
		t.Error("the CTL was changed")
	}
	r := p.s.screen(screenResult).(*resultScreen)
	if !r.back.Disabled() || !r.restart.Disabled() {
		t.Errorf("take back %v, restart %v", !r.back.Disabled(), !r.restart.Disabled())
	}
	var nodes []string
	for _, row := range r.servers.Rows {
		nodes = append(nodes, row[0].Text)
		if row[1].Text != workflow.ITLFileName || row[2].Text != tr("result.itl-signer", map[string]any{"Signer": row[0].Text}) {
			t.Errorf("row %v", row)
		}
	}
	if !slices.Equal(nodes, []string{"cucm-pub", "cucm-sub1"}) {
		t.Errorf("rows for %v", nodes)
	}
	p.s.open(screenHistory)
	p.on(screenHistory)
	p.mustSay(tr("action.recover-itl"))
}

// What cannot be done says why: a token's CTL is signed by another token.
func TestRecoverySaysWhyNot(t *testing.T) {
	for _, c := range []struct {
		o    lab.Options
		want workflow.FitReason
	}{{lab.Options{NonSecure: true}, workflow.FitNoCTL}} {
		p := newPractised(t, c.o)
		p.s.open(screenAction)
		p.on(screenAction)
		if !p.button("action.recover-ctl").Disabled() {
			t.Error("the CTL can be signed with the other key")
		}
		p.mustSay(tr("fit." + string(c.want)))
	}
	p := newPractised(t, lab.Options{})
	p.migrate()
	p.connect()
	p.s.open(screenAction)
	p.on(screenAction)
	if !p.button("action.recover-ctl").Disabled() {
		t.Error("a token's CTL can be signed with the other key")
	}
	p.mustSay(tr("fit." + string(workflow.FitTokensSign)))
}

// agreed says yes to what is asked, losses included.
func (p *practised) agreed() {
	p.Helper()
	for _, key := range []string{"button.continue", "confirm.accept-loss", "confirm.accept-danger"} {
		if p.says(tr(key)) {
			p.tap(key)
			return
		}
	}
	p.Fatalf("nothing to agree to: %s", strings.Join(p.texts(), "\n"))
}
