package gui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/trust/phoneword"
	"ctlclient/workflow"
)

// answered goes on from a review: it says yes to what is asked, gives the PIN where a token
// signs, and waits for the result.
func (p *practised) answered(signs bool) {
	p.Helper()
	if signs {
		p.tap("review.sign")
	} else {
		p.tap("review.publisher")
	}
	p.until("the question", p.dialogOpen)
	if p.says(tr("confirm.accept-loss")) {
		p.tap("confirm.accept-loss")
	} else {
		p.tap("button.continue")
	}
	if signs {
		p.typeSecret("pin.label", softhsm.DefaultPIN)
	}
}

// good waits for the result of a job, and holds that every node serves one file, another than before.
func (p *practised) good(before map[string]string) map[string]string {
	p.Helper()
	p.on(screenResult)
	p.mustSay(tr("result.good"), tr("phones.words"))
	after := p.served()
	for node, sum := range after {
		if sum == before[node] || sum != after["cucm-pub"] {
			p.Errorf("%s serves %s, before %s, the publisher %s", node, sum, before[node], after["cucm-pub"])
		}
	}
	return after
}

// begun goes to the review of a job that nothing need be chosen for: the token that signed the
// list signs again.
func (p *practised) begun(action string) {
	p.Helper()
	p.s.open(screenAction)
	p.on(screenAction)
	p.tap(action)
	p.idle()
	if p.s.current == screenEntries {
		p.tap("entries.next")
	}
	p.on(screenReview)
}

// Every job of a person runs in the window on a cluster as Cisco ships it, with nothing on 2444:
// the certificates into Phone-SAST-trust, the migration, services and phones restarted, both
// modes, an earlier job taken back, and tokenless again.
func TestEveryJobOnACUCM(t *testing.T) {
	p := newPractised(t, lab.Options{CUCM: true, NoAltTFTP: true})
	tokenless := p.served()

	// TVS does not vouch for the tokens yet: the upload is offered, and waited for.
	p.s.open(screenAction)
	p.on(screenAction)
	p.tap("action.to-tokens")
	p.on(screenEntries)
	p.chooseTokens()
	p.tap("entries.next")
	p.untilSays("Phone-SAST-trust")
	p.tap("button.continue")
	p.on(screenReview)
	p.mustSay("(7940)", tr("verdict.rejects"))
	p.answered(true)
	tokens := p.good(tokenless)
	res := p.s.model.job.result
	if len(res.Words) != 5 || slices.ContainsFunc(res.Words, func(w workflow.PhoneWord) bool { return w.Word.Verdict != phoneword.NothingSaid }) {
		t.Errorf("phones that have not restarted say: %+v", res.Words)
	}

	// Services node by node, then the phones; each says itself what it made of the file.
	p.tap("result.restart")
	p.untilSays(tr("result.restart.ask"))
	p.tap("result.restart.yes")
	p.untilSays(tr("result.restarted"))
	p.tap("button.close")
	p.on(screenResult)
	p.tap("phones.button")
	p.untilSays(tr("phones.registered"))
	p.tap("phones.reset")
	p.untilSays(tr("phones.reset.text", map[string]any{"Count": "5", "Batch": "100"}))
	p.tap("button.continue")
	p.untilSays(tr("phones.back", map[string]any{"Back": "5", "Asked": "5"}))
	p.mustSay(tr("phones.took"), tr("phones.kept"), "SEP000E38C07940")
	if p.says(tr("phones.words.differ", map[string]any{"Differ": "1", "Count": "5"})) {
		t.Error("a phone says another thing than was predicted")
	}
	for p.dialogOpen() {
		p.tap("button.close")
	}
	p.on(screenResult)
	p.tap("result.done")
	p.on(screenOverview)
	p.mustSay(tr("kind.tokens"))

	// Both modes: the tokens sign for either.
	p.begun("action.non-secure")
	p.answered(true)
	nonSecure := p.good(tokens)
	p.tap("result.done")
	p.on(screenOverview)
	p.mustSay(tr("mode.non-secure"))
	p.begun("action.mixed")
	p.answered(true)
	mixed := p.good(nonSecure)
	p.tap("result.done")
	p.on(screenOverview)
	p.mustSay(tr("mode.mixed"), tr("kind.tokens"))

	// The publisher signs again, by its own command; and that is taken back.
	p.begun("action.to-tokenless")
	p.answered(false)
	p.good(mixed)
	p.tap("result.take-back")
	p.on(screenReview)
	p.tap("review.take-back")
	p.untilSays(tr("result.take-back.title"))
	p.tap("confirm.accept-loss") // the 7940 holds the list of before the migration still
	p.on(screenResult)
	p.mustSay(tr("result.taken-back"))
	if back := p.served(); !equal(back, mixed) {
		t.Errorf("taken back to %v, from %v", back, mixed)
	}
}

// A form that refuses the file leaves the work to a person: what to do stands on the screen, is
// ticked off as each node serves the file, and the job ends as any other.
func TestMigrationByHand(t *testing.T) {
	p := newPractised(t, lab.Options{CUCM: true, NoAltTFTP: true, Faults: map[string]int{lab.FaultRefuseUpload: 1}})
	before := p.served()
	p.trustTokens()
	p.review()
	p.answered(true)
	for _, node := range []string{"cucm-pub", "cucm-sub1"} {
		p.until("what to do at "+node, func() bool {
			return p.s.current == screenDistribute && p.says(tr("errand.node", map[string]any{"Node": node}))
		})
		i := slices.IndexFunc(p.s.errands.list, func(e workflow.Errand) bool { return e.Node == node })
		errand := p.s.errands.list[i]
		p.mustSay("https://", "/cmplatform/", errand.File, "1. ")
		data, err := os.ReadFile(errand.File)
		if err != nil {
			t.Fatal(err)
		}
		n, err := p.lab.Node(node)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(n.Folder, workflow.CTLFileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.lab.RestartServices(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.good(before)
	if len(p.s.errands.list) > 0 {
		t.Errorf("left to do: %v", p.s.errands.list)
	}
	if text := strings.Join(p.texts(), "\n"); strings.Contains(text, tr("errand.title")) {
		t.Error("the list of what to do stays")
	}
}
