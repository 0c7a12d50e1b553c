package gui

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

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

// saysError holds that the dialog says an error and all its hints, word for word but for the
// capital letter of a sentence.
func (p *practised) saysError(want error) {
	p.Helper()
	if want == nil {
		p.Fatal("the command has no objection")
	}
	text, hints := describe(want)
	for _, words := range append(hints, text) {
		p.mustSay(words)
	}
}
