package advise_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	. "ctlclient/trust/advise"
	"ctlclient/trust/release"
)

// lists of one cluster, and of another.
type lists struct {
	c                                        *ctltest.Cluster
	tokenless, tokens, recovery              *ctlbuild.List // CTLs; recovery: tokenless, signed by ITLRecovery
	tokensAndServers                         *ctlbuild.List
	oneToken                                 *ctlbuild.List
	itl, itl2, itlEmpty, itlBad, itlRecovery *ctlbuild.List // itl2: two TVS servers
	itlAnchors                               *ctlbuild.List // signed by CallManager, with ITLRecovery as SAST
	otherCTL, otherITL                       *ctlbuild.List
	sbd, noSBD, both, neverBeen              []trust.Phone
	truth, untruth                           *bool
	tokenRecord1, callManagerCTL             string
}

func newLists(t *testing.T) *lists {
	t.Helper()
	c := ctltest.NewCluster(t, 1024)
	l := &lists{c: c, tokenless: c.Tokenless(t), tokens: c.ETokens(t), itl: c.ITL(t), truth: new(bool), untruth: new(bool)}
	*l.truth = true
	recovery := ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Recovery.DER, Host: ctltest.PubHost, Dialect: ctlbuild.DialectTokenless}
	edit := func(from *ctlbuild.Draft, s ctlbuild.Signer, change func(d *ctlbuild.Draft)) *ctlbuild.List {
		change(from)
		return ctltest.Sign(t, from, s)
	}
	add := func(d *ctlbuild.Draft, e ctlbuild.Entry) {
		if _, err := d.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	l.recovery = edit(c.TokenlessDraft(t), c.Recovery, func(d *ctlbuild.Draft) { add(d, recovery) })
	l.itlRecovery = edit(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Recovery, func(d *ctlbuild.Draft) {
		add(d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Recovery.DER, Dialect: ctlbuild.DialectTokenless, NoIP: true})
	})
	l.itlAnchors = edit(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Pub, func(d *ctlbuild.Draft) {
		add(d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Recovery.DER, Dialect: ctlbuild.DialectTokenless, NoIP: true})
	})
	l.tokensAndServers = edit(c.ETokensDraft(t), c.Token2, func(d *ctlbuild.Draft) {
		add(d, recovery)
		add(d, ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: c.Pub.DER, Host: ctltest.PubHost, Dialect: ctlbuild.DialectTokenless})
	})
	l.oneToken = edit(c.ETokensDraft(t), c.Token2, func(d *ctlbuild.Draft) { d.Records = d.Records[1:] })
	subTVS := ctltest.Server(ctltest.SubHost)
	subTVS.KeyName = "TVS of the subscriber"
	l.itl2 = edit(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Pub, func(d *ctlbuild.Draft) {
		add(d, ctlbuild.Entry{Function: ctlbuild.TVS, Certificate: ctltest.New(t, subTVS).DER, Hash: ctlbuild.SHA1, NoIP: true})
	})
	l.itlEmpty = edit(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Pub, func(d *ctlbuild.Draft) { d.Records = d.Records[:1] })
	bad := slices.Clone(l.itl.Bytes())
	bad[len(bad)-1] ^= 1
	var err error
	if l.itlBad, err = ctlbuild.Parse(bad); err != nil {
		t.Fatal(err)
	}
	other := *c
	spec := ctltest.Server("other-pub")
	spec.Serial = ctltest.Hex("0A0B0C")
	other.Pub = ctltest.New(t, spec)
	l.otherCTL, l.otherITL = other.Tokenless(t), other.ITL(t)
	l.sbd = []trust.Phone{{Name: "40 x 7965", Model: "7965", Count: 40}}
	l.noSBD = []trust.Phone{{Name: "12 x 7940", Model: "7940", Count: 12}}
	l.both = append(slices.Clone(l.sbd), l.noSBD...)
	l.neverBeen = append(slices.Clone(l.sbd), trust.Phone{Name: "3 x 8861", Model: "8861", Count: 3, Unknown: "never seen since 2019"})
	l.tokenRecord1 = "record 1 (SAST-ADN0054f509) of the CTL"
	l.callManagerCTL = "record 1 (cucm-1051-a-pub) of the CTL"
	return l
}

// TestAdvise takes each scenario of the documents. Names are DOCUMENT/paragraph/case.
func TestAdvise(t *testing.T) {
	l := newLists(t)
	cm, tvs, capf, rec := PlannedChange{Kind: RegenerateCallManager}, PlannedChange{Kind: RegenerateTVS}, PlannedChange{Kind: RegenerateCAPF}, PlannedChange{Kind: RegenerateITLRecovery}
	rename := PlannedChange{Kind: RenameHost, Node: ctltest.PubHost}
	renameAll := PlannedChange{Kind: RenameDomain, All: true}
	tests := []struct {
		name     string
		s        Situation
		changes  []PlannedChange
		safe     bool
		rules    []string // of what breaks
		cautions []string // among the others
		not      []string // rules that must not speak
		says     string
		record   string
	}{
		// Security By Default, "Regenerating certificates"
		{name: "SBD/regenerating/CallManager alone", s: Situation{ITL: l.itl, Phones: l.sbd}, changes: []PlannedChange{cm}, safe: true, says: "leave TVS as it is"},
		{name: "SBD/regenerating/CallManager and TVS at once", s: Situation{ITL: l.itl, Phones: l.sbd}, changes: []PlannedChange{cm, tvs}, rules: []string{"callmanager-and-tvs"}, cautions: []string{"one-at-a-time"}, says: "40 phones with Security By Default", record: "record 3 (TVS cucm-1051-a-pub) of the ITL"},
		{name: "SBD/regenerating/the same with only phones without SBD", s: Situation{ITL: l.itl, Phones: l.noSBD}, changes: []PlannedChange{cm, tvs}, safe: true, not: []string{"callmanager-and-tvs"}},
		{name: "SBD/regenerating/more than one TVS server", s: Situation{ITL: l.itl2}, changes: []PlannedChange{cm, tvs}, cautions: []string{"callmanager-and-tvs"}, says: "second server"},
		{name: "SBD/regenerating/two TVS servers in every group", s: Situation{ITL: l.itl2, TVS: 2}, changes: []PlannedChange{cm, tvs}, safe: true, cautions: []string{"callmanager-and-tvs"}},
		{name: "SBD/regenerating/at once under a token CTL", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{cm, tvs}, safe: true, cautions: []string{"callmanager-and-tvs"}, says: "signed by a token", record: l.tokenRecord1},
		{name: "SBD/regenerating/TVS alone", s: Situation{ITL: l.itl}, changes: []PlannedChange{tvs}, safe: true, cautions: []string{"tvs-alone"}, not: []string{"callmanager-and-tvs"}},
		{name: "facts rule 2/ITLRecovery with CallManager", s: Situation{ITL: l.itlRecovery, CTL: l.recovery, Mixed: true}, changes: []PlannedChange{rec, cm}, rules: []string{"itlrecovery-with-others"}, record: "record 5 (ITLRECOVERY_cucm-1051-a-pub) of the CTL"},
		{name: "facts rule 2/ITLRecovery with TVS, which signs nothing", s: Situation{ITL: l.itlAnchors}, changes: []PlannedChange{rec, tvs}, safe: true, cautions: []string{"itlrecovery-with-others"}},
		{name: "CAPF/lists name it", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true}, changes: []PlannedChange{capf}, safe: true, cautions: []string{"capf", "unity-connection"}, record: "record 3 (CAPF CAPF-e41e7d87) of the CTL"},

		// Tokenless CTL, "Certificate regeneration"
		{name: "Tokenless/regeneration/TVS bridges", s: Situation{CTL: l.tokenless, ITL: l.itl, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{cm}, safe: true, cautions: []string{"ctl-signer-changes-by-tvs"}, says: "utils ctl update CTLFile", record: l.callManagerCTL},
		{name: "Tokenless/regeneration/phones without SBD", s: Situation{CTL: l.tokenless, ITL: l.itl, Mixed: true, Phones: l.both}, changes: []PlannedChange{cm}, rules: []string{"ctl-signer-changes"}, says: "12 phones without Security By Default", record: l.callManagerCTL},
		{name: "Tokenless/regeneration/fleet not described", s: Situation{CTL: l.tokenless, ITL: l.itl, Mixed: true}, changes: []PlannedChange{cm}, cautions: []string{"ctl-signer-changes"}, says: "if there are any"},
		{name: "Tokenless/regeneration/of the subscriber", s: Situation{CTL: l.tokenless, ITL: l.itl2, Mixed: true, Phones: l.both}, changes: []PlannedChange{{Kind: RegenerateCallManager, Node: ctltest.SubHost}}, safe: true, not: []string{"ctl-signer-changes"}},
		{name: "Tokenless/regeneration/with TVS", s: Situation{CTL: l.tokenless, ITL: l.itl, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{cm, tvs}, rules: []string{"callmanager-and-tvs", "ctl-signer-changes-by-tvs"}},
		{name: "Tokenless/12.0/CallManager under ITLRecovery's CTL", s: Situation{CTL: l.recovery, ITL: l.itlRecovery, Mixed: true, Phones: l.both}, changes: []PlannedChange{cm}, safe: true, not: []string{"ctl-signer-changes"}},
		{name: "Tokenless/12.0/ITLRecovery signs", s: Situation{CTL: l.recovery, ITL: l.itlRecovery, Mixed: true, Phones: l.noSBD}, changes: []PlannedChange{rec}, safe: true, cautions: []string{"ctl-signer-changes"}, says: "utils ctl reset localkey", record: "record 5 (ITLRECOVERY_cucm-1051-a-pub) of the CTL"},

		// Security By Default, "Change host names or domain names"
		{name: "SBD/renaming/single node with ITL only", s: Situation{ITL: l.itl, Nodes: 1, Phones: l.sbd}, changes: []PlannedChange{rename}, rules: []string{"renamed"}, says: "Prepare Cluster for Rollback"},
		{name: "SBD/renaming/single node, ITL emptied first", s: Situation{ITL: l.itlEmpty, Nodes: 1, Phones: l.sbd}, changes: []PlannedChange{rename}, safe: true, cautions: []string{"renamed"}},
		{name: "SBD/renaming/single node with CTL and ITL", s: Situation{CTL: l.tokens, ITL: l.itl, Nodes: 1, Mixed: true, Phones: l.both}, changes: []PlannedChange{rename}, safe: true, cautions: []string{"renamed", "ctl-update-due"}, says: "sign it with record 1 (SAST-ADN0054f509) or record 5 (SAST-ADN008580ef)", record: l.tokenRecord1},
		{name: "SBD/renaming/single node with tokenless CTL", s: Situation{CTL: l.tokenless, ITL: l.itl, Nodes: 1, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{rename}, rules: []string{"renamed"}, says: "migrate to a token-signed CTL"},
		{name: "SBD/renaming/several nodes with ITL only", s: Situation{ITL: l.itl2, Nodes: 2, Phones: l.sbd}, changes: []PlannedChange{rename}, safe: true, cautions: []string{"renamed"}, says: "one node at a time"},
		{name: "SBD/renaming/several nodes, all at once", s: Situation{ITL: l.itl2, Nodes: 2, Phones: l.sbd}, changes: []PlannedChange{renameAll}, rules: []string{"renamed-all-at-once"}},
		{name: "SBD/renaming/several nodes, one in the phone's group", s: Situation{ITL: l.itl2, Nodes: 2, TVS: 1, Phones: l.sbd}, changes: []PlannedChange{rename}, rules: []string{"renamed"}},
		{name: "SBD/renaming/several nodes with CTL and ITL, all at once", s: Situation{CTL: l.tokens, ITL: l.itl2, Nodes: 2, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{renameAll}, safe: true, cautions: []string{"renamed-all-at-once"}, says: "brings back all of them"},
		{name: "facts rule 4/readdressed", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true}, changes: []PlannedChange{{Kind: Readdress}}, safe: true, cautions: []string{"readdressed"}, record: "record 2 (CCM+TFTP cucm-1051-a-pub) of the CTL"},

		// Security By Default, "Moving phones between clusters"; facts rule 10
		{name: "SBD/moving/ITL only", s: Situation{ITL: l.itl, DestinationITL: l.otherITL, Phones: l.sbd}, changes: []PlannedChange{{Kind: MovePhones}}, rules: []string{"moved"}, says: "Or, as there is no CTL", record: "record 1 (other-pub) of the destination's ITL"},
		{name: "SBD/moving/the destination's lists are not given", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true}, changes: []PlannedChange{{Kind: MovePhones}}, says: "Not certain. The destination's lists were not given", cautions: []string{"moved"}},
		{name: "SBD/moving/CTL: rollback does not help", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, DestinationCTL: l.otherCTL, Phones: l.sbd}, changes: []PlannedChange{{Kind: MovePhones}}, rules: []string{"moved"}, says: "rollback parameter does not help"},
		{name: "SBD/moving/CTL and phones without SBD", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, DestinationCTL: l.otherCTL, Phones: l.noSBD}, changes: []PlannedChange{{Kind: MovePhones}}, rules: []string{"moved-without-sbd"}, record: l.tokenRecord1},
		{name: "SBD/moving/a token in common", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, DestinationCTL: l.oneToken, Phones: l.noSBD}, changes: []PlannedChange{{Kind: MovePhones}}, safe: true, cautions: []string{"moved-without-sbd"}},

		// Security By Default, "Centralised TFTP"
		{name: "SBD/central TFTP/one kind", s: Situation{ITL: l.itl, MixedVersions: l.untruth}, changes: []PlannedChange{{Kind: CentralTFTP}}, safe: true, cautions: []string{"central-tftp"}},
		{name: "SBD/central TFTP/both kinds", s: Situation{ITL: l.itl, MixedVersions: l.truth}, changes: []PlannedChange{{Kind: CentralTFTP}}, rules: []string{"central-tftp"}, says: "CSCto87262"},
		{name: "SBD/central TFTP/not said", s: Situation{ITL: l.itl}, changes: []PlannedChange{{Kind: CentralTFTP}}, says: "Not certain. It is not said whether", cautions: []string{"central-tftp"}},

		// Security By Default, "Backup and restore"
		{name: "SBD/restore/complete", s: Situation{ITL: l.itl, BackupComplete: l.truth}, changes: []PlannedChange{{Kind: Restore}}, safe: true, cautions: []string{"restored"}},
		{name: "SBD/restore/CSCtn50405", s: Situation{ITL: l.itl, BackupComplete: l.untruth}, changes: []PlannedChange{{Kind: Restore}}, rules: []string{"restored"}, says: "was not used to sign"},
		{name: "SBD/restore/not said", s: Situation{ITL: l.itl}, changes: []PlannedChange{{Kind: Restore}}, says: "Whether this backup has it is not known", cautions: []string{"restored"}},
		{name: "SBD/restore/ITL broken already", s: Situation{ITL: l.itlBad}, changes: []PlannedChange{cm}, rules: []string{"list-verifies"}},

		// CUCM facts, rule 7
		{name: "facts rule 7/one token lost", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Phones: l.both}, changes: []PlannedChange{{Kind: LoseToken, Token: "sast-adn0054F509"}}, safe: true, cautions: []string{"token-lost"}, says: "add a new token, remove record 1 (SAST-ADN0054f509), sign with record 5 (SAST-ADN008580ef)", record: l.tokenRecord1},
		{name: "facts rule 7/the signer lost", s: Situation{CTL: l.tokens, Mixed: true}, changes: []PlannedChange{{Kind: LoseToken, Token: "SAST-ADN008580ef"}}, safe: true, says: "does not matter: phones hold both"},
		{name: "facts rule 7/not said which", s: Situation{CTL: l.tokens, Mixed: true}, changes: []PlannedChange{{Kind: LoseToken}}, safe: true, says: "Find out which token is left"},
		{name: "facts rule 7/by its number", s: Situation{CTL: l.tokens, Mixed: true}, changes: []PlannedChange{{Kind: LoseToken, Token: "5"}}, safe: true, says: "remove record 5 (SAST-ADN008580ef)"},
		{name: "facts rule 7/the only one lost, before 10.0", s: Situation{CTL: l.oneToken, ITL: l.itl, Mixed: true, Version: version(t, "9.1(2)")}, changes: []PlannedChange{{Kind: LoseToken}}, rules: []string{"tokens-lost"}, says: "Delete the CTL on every phone by hand"},
		{name: "facts rule 7/all lost, 10.5, SBD", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Version: version(t, "10.5(2)"), Phones: l.sbd}, changes: []PlannedChange{{Kind: LoseAllTokens}}, safe: true, cautions: []string{"tokens-lost"}, says: "utils ctl update CTLFile"},
		{name: "facts rule 7/all lost, 10.5, no SBD", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Version: version(t, "10.5(2)"), Phones: l.both}, changes: []PlannedChange{{Kind: LoseAllTokens}}, rules: []string{"tokens-lost-without-sbd"}},
		{name: "facts rule 7/all lost, 11.5 with ITLRecovery as SAST", s: Situation{CTL: l.tokensAndServers, ITL: l.itl, Mixed: true, Version: version(t, "11.5"), Phones: l.both}, changes: []PlannedChange{{Kind: LoseAllTokens}}, says: "SAST number 4 of the CTL, and some phones remember only two", cautions: []string{"tokens-lost-without-sbd"}},
		{name: "facts rule 7/all lost, version not known", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{{Kind: LoseAllTokens}}, says: "Find out the version"},
		{name: "facts rule 7/tokenless has none to lose", s: Situation{CTL: l.tokenless, ITL: l.itl, Mixed: true}, changes: []PlannedChange{{Kind: LoseAllTokens}}, safe: true, says: "nothing here depends"},

		// Security By Default, "Can I turn off SBD?"
		{name: "SBD/turn off/it works now", s: Situation{ITL: l.itl, Phones: l.sbd}, changes: []PlannedChange{{Kind: TurnOffSBD}}, safe: true, cautions: []string{"turned-off"}, says: "secured phone URLs to HTTP"},
		{name: "SBD/turn off/it does not work", s: Situation{ITL: l.itlBad, Phones: l.sbd}, changes: []PlannedChange{{Kind: TurnOffSBD}}, rules: []string{"list-verifies", "turned-off"}},
		{name: "SBD/turn off/with a CTL", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true, Phones: l.sbd}, changes: []PlannedChange{{Kind: TurnOffSBD}}, safe: true, cautions: []string{"turned-off-with-ctl"}, record: l.tokenRecord1},

		// What surrounds it
		{name: "phones away", s: Situation{ITL: l.itl, Phones: l.neverBeen}, changes: []PlannedChange{cm}, safe: true, cautions: []string{"phones-away"}, says: "3 x 8861"},
		{name: "residue", s: Situation{CTL: l.tokens, ITL: l.itl}, changes: []PlannedChange{cm}, safe: true, cautions: []string{"ctl-residue"}},
		{name: "mixed without CTL", s: Situation{ITL: l.itl, Mixed: true}, changes: []PlannedChange{cm}, safe: true, cautions: []string{"mixed-without-ctl"}},
		{name: "nothing to change/no ITLRecovery", s: Situation{CTL: l.tokens, ITL: l.itl, Mixed: true}, changes: []PlannedChange{rec}, says: "ITLRecovery is to be regenerated, and no list has one", cautions: []string{"contradiction"}},
		{name: "nothing to change/no TVS before 8.0", s: Situation{CTL: l.tokens, Mixed: true, Version: version(t, "7.1(5)")}, changes: []PlannedChange{tvs}, says: "CUCM 7.1(5) has none", cautions: []string{"contradiction"}},
		{name: "nothing to change/no ITL to turn off", s: Situation{CTL: l.tokens, Mixed: true}, changes: []PlannedChange{{Kind: TurnOffSBD}}, says: "and there is no ITL", cautions: []string{"contradiction"}},
		{name: "nothing to change/no CTL whose token is lost", s: Situation{ITL: l.itl}, changes: []PlannedChange{{Kind: LoseToken, Token: "SAST-1"}}, safe: true, says: "The cluster has no CTL"},
		{name: "nothing planned", s: Situation{ITL: l.itl}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.s.NoCTL, test.s.NoITL = test.s.CTL == nil, test.s.ITL == nil
			a, err := Advise(t.Context(), test.s, test.changes)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			if err := a.WriteText(&text); err != nil {
				t.Fatal(err)
			}
			if a.Safe != test.safe {
				t.Errorf("safe %v\n%s", a.Safe, text.String())
			}
			breaks, cautions := rulesOf(a.Breaks), rulesOf(a.Cautions)
			if !slices.Equal(breaks, test.rules) {
				t.Errorf("breaks by %v, want %v\n%s", breaks, test.rules, text.String())
			}
			for _, r := range test.cautions {
				if !slices.Contains(cautions, r) {
					t.Errorf("does not mind %s, but %v", r, cautions)
				}
			}
			for _, r := range test.not {
				if slices.Contains(cautions, r) || slices.Contains(breaks, r) {
					t.Errorf("%s speaks", r)
				}
			}
			if !strings.Contains(text.String(), test.says) {
				t.Errorf("does not say %q:\n%s", test.says, text.String())
			}
			if test.record != "" && !slices.Contains(a.Records, test.record) {
				t.Errorf("does not rest on %q, but on %q", test.record, a.Records)
			}
			if len(test.changes) > 0 && len(a.Steps) < 2 && !strings.Contains(test.name, "lost") && !strings.Contains(test.name, "none to lose") {
				t.Errorf("no steps: %q", a.Steps)
			}
			for _, f := range append(slices.Clone(a.Breaks), a.Cautions...) {
				if f.Source == "" || f.Message.IsZero() || f.Rule == "" {
					t.Errorf("a finding without rule, message or source: %+v", f)
				}
			}
		})
	}
}

func rulesOf(found []Finding) []string {
	var names []string
	for _, f := range found {
		names = append(names, f.Rule)
	}
	return names
}

// CallManager before TVS before ITLRecovery, however they are named, with the phones
// on the new lists in between.
func TestOrder(t *testing.T) {
	l := newLists(t)
	a, err := Advise(t.Context(), Situation{CTL: l.tokens, ITL: l.itl2, Mixed: true}, []PlannedChange{
		{Kind: RegenerateITLRecovery}, {Kind: RegenerateTVS}, {Kind: RegenerateCallManager},
	})
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, s := range a.Steps {
		steps = append(steps, s.String())
	}
	at := func(part string) int {
		return slices.IndexFunc(steps, func(s string) bool { return strings.Contains(s, part) })
	}
	cm, tvs, rec := at("Regenerate CallManager"), at("Regenerate TVS"), at("regenerate ITLRecovery")
	if cm < 0 || tvs < cm || rec < tvs {
		t.Fatalf("CallManager at %d, TVS at %d, ITLRecovery at %d:\n%s", cm, tvs, rec, strings.Join(steps, "\n"))
	}
	for _, part := range [][]string{steps[cm:tvs], steps[tvs:rec]} {
		if !slices.ContainsFunc(part, func(s string) bool { return strings.HasPrefix(s, "Wait until every phone") }) {
			t.Errorf("does not wait for the phones: %q", part)
		}
	}
}

func TestAdviseBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := newLists(t)
	if a, err := Advise(ctx, Situation{ITL: l.itl}, []PlannedChange{{Kind: RegenerateCallManager}}); a.Safe || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestParseChange(t *testing.T) {
	for _, word := range Kinds() {
		if c, err := ParseChange(word); err != nil || c.Kind.String() != word {
			t.Errorf("%s: %v, %v", word, c, err)
		}
	}
	for s, want := range map[string]PlannedChange{
		"rename-host=cucm-pub":        {Kind: RenameHost, Node: "cucm-pub"},
		"Rename-Domain=all":           {Kind: RenameDomain, All: true},
		"lose-token=SAST-ADN008580ef": {Kind: LoseToken, Token: "SAST-ADN008580ef"},
	} {
		if c, err := ParseChange(s); err != nil || c != want {
			t.Errorf("%s: %+v, %v", s, c, err)
		}
	}
	if _, err := ParseChange("reboot"); !errors.Is(err, ErrKind) {
		t.Errorf("reboot: %v", err)
	}
}

func version(t *testing.T, s string) release.Version {
	t.Helper()
	v, err := release.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
