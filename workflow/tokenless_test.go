package workflow_test

import (
	"slices"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/lab"
	"ctlclient/workflow"
)

// tokenless plans, agrees and has the publisher write.
func (b *bench) tokenless(job workflow.TokenlessJob) *workflow.Result {
	b.t.Helper()
	s := b.connect()
	defer s.Close()
	p, err := s.PlanTokenless(b.t.Context(), job)
	b.do(err)
	r, err := b.run(s, p, workflow.ExecuteOptions{})
	b.do(err)
	return r
}

// "Which SAST records a CTL has": tokenless, by release; and the plan foretells them.
func TestMigrateToTokenless(t *testing.T) {
	for version, want := range map[string][]string{
		"10.5": {"CallManager", "ITLRecovery"},
		"11.5": {"CallManager", "ITLRecovery"},
		"12.0": {"ITLRecovery", "CallManager"},
	} {
		t.Run(version, func(t *testing.T) {
			b := migrated(t, lab.Options{Version: version, Phones: phonesThatAsk})
			old := b.served(b.Nodes[0].Name)
			r := b.tokenless(workflow.TokenlessUpdate)
			b.everywhere(r.List)
			if !r.List.Tokenless() {
				t.Error("tokens are still in the CTL")
			}
			if got := sast(r.List.Records); !slices.Equal(got, want) {
				t.Errorf("SAST records %q, want %q", got, want)
			}
			if got := sast(r.Plan.Draft.Records); !slices.Equal(got, want) {
				t.Errorf("predicted %q", got)
			}
			// The verdicts are of phones that hold the former list.
			for _, v := range r.Plan.Verdicts {
				if v.Phone.CTL == nil || v.Phone.CTL.MD5() != old.MD5() {
					t.Errorf("%s is judged by another list than it holds", v.Phone.Name)
				}
			}
			if refused := b.boot(); len(refused) > 0 {
				t.Errorf("refused: %v", refused)
			}
		})
	}
}

// Phones that hold "what the cluster serves" hold the former list while the new one is
// judged, also after it was written.
func TestTokenlessVerdictsAreOfTheFormerList(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	b.change = noFleet
	old := b.served(b.Nodes[0].Name)
	r := b.tokenless(workflow.TokenlessUpdate)
	if v := r.Plan.Verdicts[0]; v.Phone.CTL.MD5() != old.MD5() || !v.Accept {
		t.Errorf("%s: %s", v.Phone.Name, v.Reason)
	}
}

// Rule 9: on 12.0 and later phones must first hold a token-signed CTL that carries
// ITLRecovery and CallManager as SAST.
func TestTokenlessNeedsServerSASTFirst(t *testing.T) {
	b := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	b.toTokens(workflow.Signing{ServerSAST: workflow.ServerSASTDrop})
	b.boot()
	before := b.files()
	_, err := b.connect().PlanTokenless(t.Context(), workflow.TokenlessUpdate)
	wantReason(t, err, workflow.PhonesLost, "ITLRECOVERY", "list-anchors", "nothing was written")
	b.untouched(before)
	b.update(workflow.UpdateRequest{Signing: workflow.Signing{ServerSAST: workflow.ServerSASTKeep}})
	b.boot()
	b.tokenless(workflow.TokenlessUpdate)
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// Rule 4: a tokenless CTL is made anew when CallManager is regenerated.
func TestTokenlessAfterRegeneration(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	old := b.served(b.Nodes[0].Name)
	b.do(b.Regenerate(b.Nodes[1].Name, "callmanager"))
	r := b.tokenless(workflow.TokenlessUpdate)
	b.everywhere(r.List)
	der, err := b.Nodes[1].Certificate("CallManager")
	b.do(err)
	found := false
	for i := range r.List.Records {
		found = found || r.List.Records[i].MatchesCertificate(der)
	}
	if !found || r.List.MD5() == old.MD5() {
		t.Error("the new certificate is not in the list")
	}
	if r.Plan.Job != "update (tokenless)" {
		t.Errorf("job %q", r.Plan.Job)
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// Versions before 10.0 know only token CTLs.
func TestTokenlessNeedsVersion10(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.change = func(p *site.Profile) { p.Version = "9.1" }
	_, err := b.connect().PlanTokenless(t.Context(), workflow.TokenlessUpdate)
	wantReason(t, err, workflow.BadRequest, "9.1", "before 10.0")
}

// A profile that does not say the version: the publisher's administration CLI does.
func TestVersionIsAsked(t *testing.T) {
	b := migrated(t, lab.Options{Version: "11.5", Phones: phonesThatAsk})
	b.change = func(p *site.Profile) { p.Version = "" }
	r := b.tokenless(workflow.TokenlessUpdate)
	if got, want := sast(r.Plan.Draft.Records), []string{"CallManager", "ITLRecovery"}; !slices.Equal(got, want) {
		t.Errorf("predicted %q for 11.5", got)
	}
}

// Rule 13: a restored server whose backup lacked CallManager.pem makes lists that fail
// to verify. The good file that was there before is put back.
func TestRestoredWithoutCallManager(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, Version: "11.5"})
	b.do(b.RestoreBackup(b.Nodes[0].Name))
	before := b.served(b.Nodes[0].Name)
	s := b.connect()
	p, err := s.PlanTokenless(t.Context(), workflow.TokenlessUpdate)
	b.do(err)
	_, err = b.run(s, p, workflow.ExecuteOptions{})
	wantReason(t, err, workflow.FilesBad, "Verification of the CTL file", "CSCtn50405", "regenerate CallManager", "put back on all nodes")
	b.everywhere(before)
}

// A tokenless job that is taken back leaves every node with the file that was there
// before it.
func TestTokenlessIsTakenBackEverywhere(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	old := b.served(b.Nodes[0].Name)
	r := b.tokenless(workflow.TokenlessUpdate)
	_, err := b.finish(workflow.FinishRequest{ID: r.Outcome.ID, Back: true})
	b.do(err)
	b.everywhere(old)
}
