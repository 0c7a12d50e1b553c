package advise_test

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	. "ctlclient/trust/advise"
)

// Where nobody described the phones, those that there may be stand in: with one list
// unknown nothing is said of phones as if there were none.
func TestPhonesThatNobodyDescribed(t *testing.T) {
	c := newReal(t, scenario{"11.5(1)", "tokens", true, 2, false})
	advice := func(s Situation) Advice {
		t.Helper()
		s.Version, s.Mixed = version(t, "11.5"), true
		a, err := Advise(t.Context(), s, []PlannedChange{{Kind: RegenerateTVS}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for name, test := range map[string]struct {
		s      Situation
		safe   bool
		unsure string // about whom, among others
	}{
		"both lists are known":  {Situation{CTL: c.CTL, ITL: c.ITL}, true, ""},
		"there is no CTL":       {Situation{NoCTL: true, ITL: c.ITL}, true, ""},
		"the CTL is not known":  {Situation{ITL: c.ITL}, false, "phones without Security By Default"},
		"the ITL is not known":  {Situation{CTL: c.CTL}, false, "phones with Security By Default"},
		"neither list is known": {Situation{}, false, "phones with Security By Default"},
	} {
		a := advice(test.s)
		who := slices.ContainsFunc(a.Unsure, func(l Loss) bool { return strings.HasPrefix(l.Who.String(), test.unsure) })
		if a.Safe != test.safe || a.Certain != test.safe || test.unsure != "" && !who {
			t.Errorf("%s: safe %v, certain %v, not certain %v", name, a.Safe, a.Certain, a.Unsure)
		}
	}
}

// A shared certificate is spoken of where CallManager changes, and nowhere else.
func TestSharedCertificateIsAboutCallManager(t *testing.T) {
	c := newReal(t, scenario{"14SU2", "tokenless", true, 2, false})
	c.call[0] = c.cert("node-0-ms.example.org")
	c.call[1] = c.call[0]
	c.update(c.signer(false))
	c.makeITL(false)
	plain := newReal(t, scenario{"14SU2", "tokenless", true, 2, false})
	for name, test := range map[string]struct {
		c     *real
		kind  Kind
		speak bool
	}{
		"shared, CallManager":     {c, RegenerateCallManager, true},
		"shared, TVS":             {c, RegenerateTVS, false},
		"not shared, CallManager": {plain, RegenerateCallManager, false},
	} {
		a, err := Advise(t.Context(), Situation{CTL: test.c.CTL, ITL: test.c.ITL, Mixed: true, Version: version(t, "14SU2")}, []PlannedChange{{Kind: test.kind}})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(rulesOf(a.Cautions), "multi-server-certificate") != test.speak {
			t.Errorf("%s: %v", name, rulesOf(a.Cautions))
		}
	}
}

// Who is off all the time is told of as sure as it is.
func TestOffMeanwhile(t *testing.T) {
	c := newReal(t, scenario{"12.5(1)", "tokenless", true, 1, false})
	a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Version: version(t, "12.5"), Phones: asSaid(c)}, []PlannedChange{{Kind: RegenerateITLRecovery}})
	if err != nil {
		t.Fatal(err)
	}
	said := map[bool]string{}
	for _, f := range a.Cautions {
		if f.Rule == "off-during-change" {
			said[strings.Contains(f.Who.String(), "without")] = f.Message.String()
		}
	}
	if !strings.Contains(said[true], "last refuse the CTL") || !strings.Contains(said[false], "last may refuse the CTL") {
		t.Errorf("%v", said)
	}
}

// Where every phone refuses what is served already, no change is called safe.
func TestNobodyFollows(t *testing.T) {
	c := newReal(t, scenario{"12.5(1)", "tokenless", true, 1, false})
	former := newReal(t, scenario{"10.5(2)", "tokens", true, 1, false})
	stranded := []trust.Phone{{Name: "stranded", Model: "7940", Count: 3, CTL: former.CTL}}
	for name, phones := range map[string][]trust.Phone{"all": stranded, "some": append(asSaid(c), stranded[0])} {
		a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Version: version(t, "12.5"), Phones: phones}, []PlannedChange{{Kind: RegenerateTVS}})
		if err != nil {
			t.Fatal(err)
		}
		if a.Safe != (name == "some") || !slices.Contains(append(rulesOf(a.Breaks), rulesOf(a.Cautions)...), "refuse-already") {
			t.Errorf("%s: safe %v, %v, %v", name, a.Safe, rulesOf(a.Breaks), rulesOf(a.Cautions))
		}
	}
}

// Phones of which as many hold another list are others, though the words for them are the same.
func TestGroupsAreNotTheirWords(t *testing.T) {
	c := newReal(t, scenario{"12.5(1)", "tokenless", true, 1, false})
	former := newReal(t, scenario{"10.5(2)", "tokens", true, 1, false})
	older := newRealOf(t, scenario{"10.5(2)", "tokens", true, 1, false}, "far", "SAST-C", "SAST-D")
	three := func(l *ctlbuild.List) trust.Phone { return trust.Phone{Name: "x", Model: "7940", Count: 3, CTL: l} }
	ask := func(kind Kind, phones ...trust.Phone) Advice {
		t.Helper()
		a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Version: version(t, "12.5"), Phones: phones}, []PlannedChange{{Kind: kind}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := ask(RegenerateTVS, three(former.CTL), three(c.CTL)); !a.Safe || len(a.Breaks) > 0 {
		t.Errorf("three that hold the list of now: safe %t, %v", a.Safe, rulesOf(a.Breaks))
	}
	already := 0
	for _, f := range ask(RegenerateTVS, three(former.CTL), three(older.CTL)).Breaks {
		if f.Rule == "refuse-already" {
			already += f.Phones
		}
	}
	if already != 6 {
		t.Errorf("%d of 6 phones are said to refuse already", already)
	}
	off := 0
	for _, f := range ask(RegenerateITLRecovery, three(c.CTL), trust.Phone{Name: "y", Model: "7941", NoSBD: true, Count: 2, CTL: c.CTL}, trust.Phone{Name: "z", Model: "8861", Count: 4, CTL: c.CTL, ITL: c.ITL}).Cautions {
		if f.Rule == "off-during-change" {
			off += f.Phones
		}
	}
	if off != 9 {
		t.Errorf("%d of 9 phones are said to be in danger when they are off", off)
	}
}

// A reset signs with the key that does not sign as a rule, whoever signed the list that stands:
// after an upgrade to 12.5 the CTL may still be signed by CallManager, and list an ITLRecovery
// that is no more.
func TestResetIsByTheKeyThatDoesNotSignAsARule(t *testing.T) {
	c := newReal(t, scenario{"12.5(1)", "tokenless", true, 1, false})
	c.update(c.call[0])
	c.rec = c.cert("ITLRECOVERY_node-0")
	c.makeITL(false)
	a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Nodes: 1, Version: version(t, "12.5"), Phones: asSaid(c)}, []PlannedChange{{Kind: RegenerateCallManager}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range a.Steps {
		if text := s.String(); strings.Contains(text, "ctl reset localkey") && !strings.Contains(text, "key, CallManager,") {
			t.Error(text)
		}
	}
	if !slices.ContainsFunc(a.Steps, func(s Step) bool { return strings.Contains(s.String(), "ctl reset localkey") }) {
		t.Errorf("no reset: %v", a.Steps)
	}
}
