package gui

import (
	"testing"

	"ctlclient/lab"
)

// What was begun stays when a person goes elsewhere, to another cluster too, is offered again,
// and goes only when they say so.
func TestDraftIsKept(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.begin(jobToTokens)
	p.on(screenEntries)
	p.chooseTokens()
	p.s.open(screenAction)
	p.on(screenAction)
	text := tr("draft.text", map[string]any{"Job": tr("action.to-tokens"), "Count": "2"})
	p.mustSay(text)

	p.connect() // as coming back from another cluster does
	p.s.open(screenAction)
	p.on(screenAction)
	p.mustSay(text)
	p.tap("draft.continue")
	p.on(screenEntries)
	if j := p.s.model.job; len(j.tokens) != 2 {
		t.Errorf("%d tokens are left of two", len(j.tokens))
	}
	p.s.open(screenAction)
	p.tap("action.update")
	p.mustSay(tr("draft.discard.title"))
	p.tap("button.cancel")
	p.tap("draft.discard")
	p.tap("draft.discard")
	p.on(screenAction)
	if p.says(text) || p.s.model.job != nil {
		t.Error("the draft is still there")
	}
}

// What was begun is there again after the program was killed, and the tokens with it, also those
// that are not plugged in any more.
func TestDraftOutlivesTheProgram(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.begin(jobToTokens)
	p.on(screenEntries)
	p.chooseTokens()
	o := p.options
	o.Session.Modules = nil // no token is plugged in
	p.bench = newBench(t, o)
	p.connect()
	p.s.open(screenAction)
	p.tap("draft.continue")
	p.on(screenEntries)
	if j := p.s.model.job; len(j.tokens) != 2 || len(j.tokenDERs()) != 2 {
		t.Fatalf("%d tokens are left of two", len(j.tokens))
	}
	p.mustSay(tr("mark.added") + ", " + tr("type.sast"))
	p.s.open(screenAction)
	p.tap("draft.discard")
	p.tap("draft.discard")
	p.bench = newBench(t, o)
	p.connect()
	if p.s.model.job != nil {
		t.Error("what was discarded came back")
	}
}

// The pre-flight list says of each thing that a migration rests on how it stands.
func TestPreflight(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.open(screenAction)
	p.on(screenAction)
	p.s.showPreflight()
	p.untilSays("PIN")
	p.mustSay("TVS", tr("preflight.state.good"), "Phone-SAST-trust", tr("preflight.warn"))
	p.tap("button.close")
	p.trustTokens()
	p.s.showPreflight()
	p.untilSays("PIN")
	if p.says("Phone-SAST-trust") {
		t.Error("the tokens are in the trust store and it says that they are not")
	}
}
