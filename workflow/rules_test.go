package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/workflow"
)

// What stands in cucm-facts, "Rules that software can check", and is tested elsewhere:
// rule 1 TestContinuityNamesThePhonesThatWouldBeLost, 3 TestServicesAreRestartedInOrder,
// 4 TestRegeneratedCallManagerIsCollected and TestTokenlessAfterRegeneration,
// 5 TestResidueOfMixedMode, 6 TestNodesThatDiffer, 7 TestOneTokenLost,
// 8 TestTokensMustBeVouchedForOnEveryNode, 9 TestTokenlessNeedsServerSASTFirst,
// 13 TestRestoredWithoutCallManager, 14 TestSHA512IsWarnedOf,
// 15 TestSmallITLRecoveryIsWarnedOf. Rules 10 and 12 are about journeys between
// clusters, which package advise knows.

// Rule 2: CallManager and TVS regenerated together strand every phone: the signer is
// new to them, and so is everybody whom they could ask about it.
func TestTwoAnchorsRegeneratedTogether(t *testing.T) {
	b := newBench(t, lab.Options{Version: "11.5", Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true})
	pub := b.Nodes[0].Name
	b.do(b.Regenerate(pub, "callmanager"))
	p, err := b.connect().PlanTokenless(t.Context(), workflow.TokenlessUpdate)
	b.do(err)
	if p.Dangerous() {
		t.Errorf("CallManager alone is a danger, though TVS vouches: %+v", p.Hazards)
	}
	b.do(b.Regenerate(pub, "tvs"))
	s := b.connect()
	p, err = s.PlanTokenless(t.Context(), workflow.TokenlessUpdate)
	b.do(err)
	if len(p.Lost()) != len(b.Phones) {
		t.Errorf("%d of %d phones would be lost", len(p.Lost()), len(b.Phones))
	}
	before := b.files()
	wantReason(t, declined(s, p), workflow.PhonesLost, b.Phones[0].Name, b.Phones[1].Name, "nothing was written")
	b.untouched(before)
}

// Rule 4: an update is due when a node is renamed. Rule 11: a host name change makes all
// certificates of the node anew; with a CTL, a new one signed by the same token recovers
// the phones.
func TestRenamedHostIsRecoveredBySameToken(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true}).migrate()
	b.do(b.RenameHost(b.Nodes[0].Name, "cucm-new"))
	s := b.connect()
	if fs := s.Findings(t.Context()); !slices.ContainsFunc(fs, func(f workflow.Finding) bool {
		return f.Job == "update" && strings.Contains(f.Text.String(), "an update is due")
	}) {
		t.Errorf("findings: %+v", fs)
	}
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.through(s, p, err)
	b.boot() // the first boot brings the CTL, the next all that it vouches for
	boots, err := b.RestartPhones(t.Context())
	b.do(err)
	for _, boot := range boots {
		if !boot.Accepted() {
			t.Errorf("%s: %s", boot.Phone.Name, boot.Reason())
		}
	}
}

// Rule 7: all tokens lost: on 10.0 and later the CLI needs none.
func TestAllTokensLost(t *testing.T) {
	b := migrated(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
	empty, err := softhsm.New(t.TempDir())
	b.do(err)
	b.do(empty.Use())
	b.everywhere(b.tokenless(workflow.TokenlessUpdate).List)
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// "Sized for 1 publisher, 16 call processing servers, 2 TFTP": and the file goes to all
// of them, firewalls included.
func TestLargestCluster(t *testing.T) {
	b := newBench(t, largest)
	b.trusted("SAST-1", "SAST-2")
	r := b.toTokens(workflow.Signing{})
	if len(r.Outcome.Nodes) != 19 {
		t.Errorf("%d nodes", len(r.Outcome.Nodes))
	}
	b.everywhere(r.List)
	if answers := r.Plan.TVS[b.cn("SAST-1")]; len(answers) != 17 {
		t.Errorf("TVS of %d nodes was asked", len(answers))
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// Rule 4: an update is due when CallManager or ITLRecovery is regenerated; a token CTL
// that has them as SAST gets the new ones in their place.
func TestRegeneratedAnchorsAreCollected(t *testing.T) {
	for what, name := range map[string]string{"callmanager": "CallManager", "itlrecovery": "ITLRecovery"} {
		t.Run(what, func(t *testing.T) {
			b := migrated(t, lab.Options{Phones: phonesThatAsk})
			pub := b.Nodes[0]
			b.do(b.Regenerate(pub.Name, what))
			now, err := pub.Certificate(name)
			b.do(err)
			old := sast(b.served(pub.Name).Records)
			if fs := b.connect().Findings(t.Context()); !slices.ContainsFunc(fs, func(f workflow.Finding) bool {
				return f.Job == "update" && strings.Contains(f.Text.String(), "SAST record of "+name)
			}) {
				t.Errorf("findings: %+v", fs)
			}
			r := b.update(workflow.UpdateRequest{})
			if got := sast(r.List.Records); !slices.Equal(got, old) {
				t.Errorf("SAST records %q, were %q", got, old)
			}
			if !slices.ContainsFunc(r.List.SAST(), func(r *ctlbuild.Record) bool { return r.MatchesCertificate(now) }) {
				t.Errorf("the new %s is no SAST", name)
			}
			b.boot()
			boots, err := b.RestartPhones(t.Context())
			b.do(err)
			for _, boot := range boots {
				if !boot.Accepted() {
					t.Errorf("%s: %s", boot.Phone.Name, boot.Reason())
				}
			}
		})
	}
}
