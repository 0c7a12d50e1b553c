package gui

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/trust/advise"
)

// asked chooses one change on the Advise screen, and what it is about, and asks.
func (p *practised) asked(kind advise.Kind, about string) *adviseScreen {
	p.Helper()
	p.s.open(screenAdvise)
	p.on(screenAdvise)
	a := p.s.screen(screenAdvise).(*adviseScreen)
	c := a.changes[0]
	c.kind.SetSelectedIndex(int(kind))
	if about != "" {
		i := slices.IndexFunc(c.about.Options, func(o string) bool { return strings.Contains(o, about) })
		if i < 0 {
			p.Fatalf("%s is not offered, but %q", about, c.about.Options)
		}
		c.about.SetSelectedIndex(i)
	}
	a.given = nil
	p.tap("advise.ask")
	p.until("the answer", func() bool { return a.given != nil })
	return a
}

// For every question the window says what the command says: whether it is safe, what would be
// lost, what to do first, each step with where one must not stop, and what each rests on.
func TestAdviseSaysWhatTheCommandSays(t *testing.T) {
	p := newPractised(t, lab.Options{})
	for i := range advise.Kinds() {
		kind := advise.Kind(i)
		a := p.asked(kind, "")
		want, err := advise.Advise(t.Context(), p.s.model.session.Situation(t.Context()), []advise.PlannedChange{{Kind: kind}})
		if err != nil {
			t.Fatal(err)
		}
		p.mustSay(say(want.Summary))
		for _, l := range append(slices.Clone(want.Lost), want.Unsure...) {
			p.mustSay(say(l.Message()))
		}
		for _, m := range want.First {
			p.mustSay(say(m))
		}
		for _, s := range want.Steps {
			p.mustSay(say(s.Text))
			if !s.Stop.IsZero() {
				p.mustSay(say(s.Stop))
			}
		}
		for _, f := range append(slices.Clone(want.Breaks), want.Cautions...) {
			if !f.Repeats() {
				p.mustSay(say(f.Message), f.Source)
			}
		}
		if got := answerText(*a.given); !strings.Contains(got, say(want.Summary)) || len(want.Steps) > 0 && !strings.Contains(got, say(want.Steps[len(want.Steps)-1].Text)) {
			t.Errorf("%s is copied as:\n%s", kind, got)
		}
	}
}

// What this program does of the steps has its button; the form keeps what was chosen.
func TestAdviceLeadsToTheJob(t *testing.T) {
	p := newPractised(t, lab.Options{})
	a := p.asked(advise.RegenerateITLRecovery, "")
	if !a.given.Safe {
		t.Errorf("not safe: %s", a.given.Summary)
	}
	p.tap("do.recover-ctl")
	p.on(screenReview)
	p.mustSay(tr("action.recover-ctl"))
	p.s.open(screenAdvise)
	p.on(screenAdvise)
	if a.changes[0].of() != advise.RegenerateITLRecovery {
		t.Error("the question is forgotten")
	}
}

// The answer is about the cluster as it is when the question is asked: a key that was made anew
// since the window looked last counts.
func TestAdviceIsAboutNow(t *testing.T) {
	p := newPractised(t, lab.Options{})
	if err := p.lab.Regenerate("cucm-pub", "itlrecovery"); err != nil {
		t.Fatal(err)
	}
	a := p.asked(advise.RegenerateCallManager, "")
	if !slices.ContainsFunc(a.given.Cautions, func(f advise.Finding) bool { return f.Rule == "anchor-replaced" }) {
		t.Errorf("the former ITLRecovery is taken for the one in use: %s", answerText(*a.given))
	}
}

// Changes can be planned together, about all nodes at once; a token is chosen by its record.
func TestAdviseTogetherAndAbout(t *testing.T) {
	p := newPractised(t, lab.Options{})
	a := p.asked(advise.RenameHost, tr("advise.all"))
	if c := a.changes[0].change(); !c.All {
		t.Errorf("asked: %+v", c)
	}
	p.asked(advise.RegenerateCallManager, "cucm-sub1")
	p.mustSay("cucm-sub1")
	p.tap("advise.more")
	a.changes[1].kind.SetSelectedIndex(int(advise.RegenerateTVS))
	a.given = nil
	p.tap("advise.ask")
	p.until("the answer", func() bool { return a.given != nil })
	if !slices.ContainsFunc(a.given.Cautions, func(f advise.Finding) bool { return f.Rule == "one-at-a-time" }) {
		t.Errorf("two changes: %s", answerText(*a.given))
	}

	p.migrate()
	p.connect()
	p.asked(advise.LoseToken, p.s.live().Records[0].CN())
	p.mustSay("record 1 (" + strings.TrimSpace(p.s.live().Records[0].CN()) + ")")
}

// What is not said is not known: the answer is not certain, and says what to find out.
func TestAdviseAsksForWhatIsMissing(t *testing.T) {
	p := newPractised(t, lab.Options{})
	for _, kind := range []advise.Kind{advise.MovePhones, advise.CentralTFTP, advise.Restore} {
		if a := p.asked(kind, ""); a.given.Safe || a.given.Certain {
			t.Errorf("%s is said to be safe: %s", kind, a.given.Summary)
		}
	}
	a := p.s.screen(screenAdvise).(*adviseScreen)
	a.changes[0].known.SetSelectedIndex(1)
	if a.given != nil || p.says(tr("advise.steps")) {
		t.Error("the answer to another question stays")
	}
	p.tap("advise.ask")
	p.idle()
	if !a.given.Safe {
		t.Errorf("the backup is complete, and yet: %s", a.given.Summary)
	}
}
