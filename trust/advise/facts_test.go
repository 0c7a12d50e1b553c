package advise_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	. "ctlclient/trust/advise"
	"ctlclient/trust/hazard"
)

// TestFacts takes what administrators were caught by (CUCM facts, rules 17 to 29).
func TestFacts(t *testing.T) {
	type given struct {
		scenario
		tvs, nodes  int
		withoutITL  bool // not given
		withoutCTL  bool
		noPresent   bool
		cucm        string // as said; "": the scenario's; "-": not said
		unDescribed bool
	}
	tests := []struct {
		name    string
		given   given
		change  string
		safe    bool
		certain bool
		says    []string
		not     []string
		rule    string
	}{
		{name: "17/the CTL's ITLRecovery is not the cluster's", given: given{scenario: scenario{"12.5(1)SU5", "tokenless", true, 1, true}}, change: "regenerate-callmanager",
			says: []string{"its key no longer exists", "utils ctl reset localkey", "the other server key, CallManager"}, not: []string{"update the CTL so that"}, certain: true, rule: "anchor-replaced"},
		{name: "17/the ITL tells, where no store was looked at", given: given{scenario: scenario{"12.5(1)SU5", "tokenless", true, 1, true}, noPresent: true}, change: "regenerate-callmanager",
			says: []string{"its key no longer exists"}, certain: true, rule: "anchor-replaced"},
		{name: "17/both are what the cluster has", given: given{scenario: scenario{"12.5(1)SU5", "tokenless", true, 1, false}}, change: "regenerate-callmanager", safe: true, certain: true, not: []string{"no longer exists"}},
		{name: "18/a new ITLRecovery in mixed mode", given: given{scenario: scenario{"12.5(1)SU5", "tokenless", true, 2, false}}, change: "regenerate-itlrecovery", safe: true, certain: true,
			says: []string{"utils ctl reset localkey", "utils ctl update CTLFile"}, not: []string{"utils itl reset localkey"}},
		{name: "18/a new ITLRecovery without a CTL", given: given{scenario: scenario{"12.5(1)SU5", "none", true, 2, false}}, change: "regenerate-itlrecovery", safe: true, certain: true,
			says: []string{"utils itl reset localkey"}, not: []string{"utils ctl"}},
		{name: "18/11.5, CallManager signs, ITLRecovery leads", given: given{scenario: scenario{"11.5(1)SU3", "tokenless", true, 2, false}}, change: "regenerate-callmanager", safe: true, certain: true,
			says: []string{"utils ctl reset localkey", "key, ITLRecovery"}},
		{name: "18/10.0 has no second key", given: given{scenario: scenario{"10.0(1)", "tokenless", true, 2, false}}, change: "regenerate-callmanager", certain: true,
			says: []string{"refused by 3 phones without Security By Default when it is done", "The order below alone does not save them", "token-signed"}, not: []string{"reset localkey"}},
		{name: "19/CallManager and TVS at once where CallManager signs", given: given{scenario: scenario{"11.5(1)SU3", "none", true, 1, false}}, change: "regenerate-callmanager regenerate-tvs", certain: true,
			says: []string{"must not be regenerated at the same time", "In the order below no phone is lost"}, rule: "callmanager-and-tvs"},
		{name: "19/and where ITLRecovery signs", given: given{scenario: scenario{"12.0(1)", "none", true, 1, false}}, change: "regenerate-callmanager regenerate-tvs", safe: true, certain: true,
			says: []string{"ITLRecovery signs the ITL"}},
		{name: "20/a rename, ITLRecovery signs", given: given{scenario: scenario{"12.5(1)SU5", "tokenless", true, 1, false}}, change: "rename-host",
			says: []string{"Not certain", "whether a rename makes ITLRecovery anew is not settled"}},
		{name: "20/the same without a CTL: prepared, it is certain", given: given{scenario: scenario{"12.5(1)SU5", "none", true, 1, false}}, change: "rename-host",
			says: []string{"In the order below no phone is lost", "Rollback to Pre 8.0\" to true", "Rollback to Pre 8.0\" to false again"}},
		{name: "21/tokens on 15", given: given{scenario: scenario{"15", "tokens", true, 1, false}}, change: "regenerate-tvs", safe: true, certain: true, says: []string{"takes no hardware tokens"}, rule: "tokens-from-14su3"},
		{name: "21/tokens on 14SU2", given: given{scenario: scenario{"14SU2", "tokens", true, 1, false}}, change: "regenerate-tvs", safe: true, certain: true, not: []string{"takes no hardware tokens"}},
		{name: "22/14 resets phones by itself", given: given{scenario: scenario{"14SU2", "tokens", true, 1, false}}, change: "regenerate-callmanager", safe: true, certain: true, says: []string{"Phone Interaction on Certificate Update"}},
		{name: "22/12.5 does not", given: given{scenario: scenario{"12.5(1)", "tokens", true, 1, false}}, change: "regenerate-callmanager", safe: true, certain: true, not: []string{"Phone Interaction"}},
		{name: "24/CAPF", given: given{scenario: scenario{"12.5(1)", "tokenless", true, 1, false}}, change: "regenerate-capf", safe: true, certain: true, says: []string{"802.1X", "LSC", "Restart CAPF, TVS, TFTP and CallManager"}, rule: "capf"},
		{name: "29/the ITL was not given", given: given{scenario: scenario{"12.5(1)", "tokenless", true, 1, false}, withoutITL: true, noPresent: true, unDescribed: true}, change: "regenerate-callmanager", says: []string{"The ITL was not given"}, rule: "list-not-given"},
		{name: "29/the CTL was not given", given: given{scenario: scenario{"12.5(1)", "tokens", true, 1, false}, withoutCTL: true, unDescribed: true}, change: "lose-all-tokens", says: []string{"The CTL was not given"}, not: []string{"has no token records", "serves no CTL"}},
		{name: "29/tokens lost, the ITL was not given", given: given{scenario: scenario{"12.5(1)", "tokens", true, 1, false}, withoutITL: true, unDescribed: true}, change: "lose-all-tokens", says: []string{"The ITL was not given"}, not: []string{"there is no ITL"}},
		{name: "contradiction/one node, two TVS servers", given: given{scenario: scenario{"11.5(1)", "none", true, 2, false}, nodes: 1}, change: "rename-host=node-0", says: []string{"the ITL has 2 TVS servers, and the cluster is said to have 1 node"}, rule: "contradiction"},
		{name: "contradiction/more servers asked than there are", given: given{scenario: scenario{"11.5(1)", "none", true, 1, false}, tvs: 3}, change: "regenerate-tvs", says: []string{"said to ask 3 TVS servers"}, rule: "contradiction"},
		{name: "contradiction/a tokenless CTL on 9.1", given: given{scenario: scenario{"10.5(2)", "tokenless", true, 1, false}, cucm: "9.1(2)"}, change: "regenerate-tvs", says: []string{"makes no such list"}, rule: "contradiction"},
		{name: "contradiction/ITLRecovery on 9.1", given: given{scenario: scenario{"12.0(1)", "none", true, 1, false}, cucm: "9.1(2)"}, change: "regenerate-tvs", says: []string{"the lists have an ITLRecovery, and CUCM 9.1(2) has none"}, rule: "contradiction"},
		{name: "version not known, the list's signer tells", given: given{scenario: scenario{"12.5(1)", "tokenless", true, 1, false}, cucm: "-"}, change: "regenerate-itlrecovery", safe: true, certain: true, says: []string{"utils ctl reset localkey"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := test.given
			c := newReal(t, g.scenario)
			s := Situation{CTL: c.CTL, ITL: c.ITL, NoCTL: c.CTL == nil, NoITL: c.ITL == nil, Mixed: c.mixed, Nodes: g.scenario.nodes, TVS: g.tvs, Phones: asSaid(c)}
			if g.nodes > 0 {
				s.Nodes = g.nodes
			}
			if !g.noPresent {
				s.Present = [][]byte{c.call[0].DER}
				if c.rec != nil {
					s.Present = append(s.Present, c.rec.DER)
				}
			}
			if g.withoutITL {
				s.ITL, s.NoITL = nil, false
			}
			if g.withoutCTL {
				s.CTL, s.NoCTL = nil, false
			}
			if g.unDescribed {
				s.Phones = nil
			}
			switch g.cucm {
			case "":
				s.Version = version(t, g.scenario.version)
			case "-":
			default:
				s.Version = version(t, g.cucm)
			}
			var changes []PlannedChange
			for _, w := range strings.Fields(test.change) {
				change, err := ParseChange(w)
				if err != nil {
					t.Fatal(err)
				}
				changes = append(changes, change)
			}
			a, err := Advise(t.Context(), s, changes)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := a.WriteText(&b); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if a.Safe != test.safe || a.Certain != test.certain {
				t.Errorf("safe %v, certain %v\n%s", a.Safe, a.Certain, text)
			}
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("does not say %q:\n%s", want, text)
				}
			}
			for _, bad := range test.not {
				if strings.Contains(text, bad) {
					t.Errorf("says %q:\n%s", bad, text)
				}
			}
			rules := append(rulesOf(a.Breaks), rulesOf(a.Cautions)...)
			if test.rule != "" && !slices.Contains(rules, test.rule) {
				t.Errorf("%s does not speak, but %v", test.rule, rules)
			}
		})
	}
}

// A certificate that all servers share changes on all of them: there is no next node.
func TestMultiServerCertificate(t *testing.T) {
	c := newReal(t, scenario{"14SU2", "tokenless", true, 2, false})
	c.call[0] = c.cert("node-0-ms.example.org")
	c.call[1] = c.call[0]
	c.update(c.signer(false))
	c.makeITL(false)
	a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Nodes: 2, Version: version(t, "14SU2"), Phones: asSaid(c)}, []PlannedChange{{Kind: RegenerateCallManager}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := a.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "on the next node") || !strings.Contains(text, "there is no next node") || !slices.Contains(rulesOf(a.Cautions), "multi-server-certificate") || !a.Safe {
		t.Error(text)
	}
}

// What names nothing, or too much, is an error that lists what fits.
func TestSelectors(t *testing.T) {
	c := newReal(t, scenario{"11.5(1)", "tokens", true, 2, false})
	s := Situation{CTL: c.CTL, ITL: c.ITL, Mixed: true, Version: version(t, "11.5"), NodeList: []string{"spare-node"}}
	for word, want := range map[string]string{
		"lose-token=X": "SAST-A", "lose-token=A": "SAST-A", "lose-token=99": "SAST-A", "rename-host=node-7": "common name", "lose-token=node-0": "SAST-A",
	} {
		change, err := ParseChange(word)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Advise(t.Context(), s, []PlannedChange{change})
		e, ok := errors.AsType[*ctlbuild.SelectorError](err)
		if !ok || !strings.Contains(message.Lines(e.Hints()).String(), want) {
			t.Errorf("%s: %v", word, err)
		}
	}
	for word, step := range map[string]string{
		"lose-token=1": "remove record 1 (SAST-A)", "lose-token=sast-b": "remove record 2 (SAST-B)",
		"rename-host=NODE-1": "Rename node-1", "readdress=spare-node": "Change the address",
	} {
		change, err := ParseChange(word)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Advise(t.Context(), s, []PlannedChange{change})
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		if !slices.ContainsFunc(a.Steps, func(s Step) bool { return strings.Contains(s.String(), step) }) {
			t.Errorf("%s: no step says %q: %v", word, step, a.Steps)
		}
	}
}

// A list in the place of one of the other kind is an error that says so.
func TestListsInEachOthersPlace(t *testing.T) {
	c := newReal(t, scenario{"12.0(1)", "tokenless", true, 1, false})
	for name, s := range map[string]Situation{
		"CTL": {CTL: c.ITL, ITL: c.ITL}, "ITL": {CTL: c.CTL, ITL: c.CTL},
		"destination's CTL": {CTL: c.CTL, ITL: c.ITL, DestinationCTL: c.ITL}, "destination's ITL": {CTL: c.CTL, ITL: c.ITL, DestinationITL: c.CTL},
	} {
		_, err := Advise(t.Context(), s, []PlannedChange{{Kind: MovePhones}})
		if e, ok := errors.AsType[*WrongListError](err); !ok || e.Place != name || !strings.Contains(err.Error(), name) || len(e.Hints()) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A danger that a rule sees and no phone meets is no danger, and the other way round.
func TestModelDecides(t *testing.T) {
	for _, s := range []scenario{{"10.5(2)", "tokens", true, 1, false}, {"12.0(1)", "tokenless", true, 2, false}, {"11.5(1)", "none", true, 2, false}} {
		c := newReal(t, s)
		for _, kind := range []Kind{RegenerateCallManager, RegenerateTVS, RegenerateITLRecovery, RenameHost, TurnOffSBD} {
			a, err := Advise(t.Context(), Situation{CTL: c.CTL, ITL: c.ITL, NoCTL: c.CTL == nil, Mixed: c.mixed, Nodes: s.nodes, TVS: s.nodes, Version: version(t, s.version), Phones: asSaid(c)}, []PlannedChange{{Kind: kind}})
			if err != nil {
				t.Fatal(err)
			}
			if len(a.Lost) > 0 && len(a.Breaks) == 0 || len(a.Lost)+len(a.Unsure) == 0 && len(a.Breaks) > 0 || a.Safe && (len(a.Lost) > 0 || !a.Certain) {
				t.Errorf("%s, %s: safe %v, %d lost, %d not certain, breaks %v", s, kind, a.Safe, len(a.Lost), len(a.Unsure), rulesOf(a.Breaks))
			}
			for _, f := range a.Cautions {
				if f.Severity == hazard.Danger {
					t.Errorf("%s, %s: %s is a danger among the cautions", s, kind, f.Rule)
				}
			}
		}
	}
}
