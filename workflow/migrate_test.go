package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/lab"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// phonesThatAsk is a fleet in which every phone can ask TVS.
var phonesThatAsk = []lab.PhoneSpec{{Model: "7975"}, {Model: "8861"}}

func TestMigrateToTokens(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	r := b.toTokens(workflow.Signing{})
	b.everywhere(r.List)
	if rec, _ := r.List.Signer(); rec == nil || !rec.MatchesCertificate(b.cert("SAST-1")) {
		t.Error("SAST-1 is not the signer")
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("phones refused: %v", refused)
	}
	if !slices.Equal(r.Restart, []string{workflow.MsgRestart}) {
		t.Errorf("restart: %q", r.Restart)
	}
	for _, v := range r.Plan.Verdicts {
		if !v.Accept || !v.ByTVS {
			t.Errorf("%s: %+v", v.Phone.Name, v.Reason)
		}
	}
}

// "Which SAST records a CTL has": by release, beside the two tokens.
func TestTokenCTLHasTheSASTRecordsOfItsRelease(t *testing.T) {
	for _, c := range []struct {
		version string
		policy  workflow.ServerSAST
		want    []string
	}{
		{"10.5", workflow.ServerSASTAuto, nil},
		{"11.5", workflow.ServerSASTAuto, []string{"CallManager", "ITLRecovery"}},
		{"12.0", workflow.ServerSASTAuto, []string{"ITLRecovery", "CallManager"}},
		{"10.5", workflow.ServerSASTKeep, []string{"CallManager", "ITLRecovery"}},
		{"12.0", workflow.ServerSASTDrop, nil},
	} {
		t.Run(c.version+" "+string(c.policy), func(t *testing.T) {
			b := newBench(t, lab.Options{Version: c.version, Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true})
			b.trusted("SAST-1", "SAST-2")
			r := b.toTokens(workflow.Signing{ServerSAST: c.policy})
			want := append([]string{b.cn("SAST-1"), b.cn("SAST-2")}, c.want...)
			if got := sast(r.List.Records); !slices.Equal(got, want) {
				t.Errorf("SAST records %q, want %q", got, want)
			}
		})
	}
}

// Rule 8: the token certificates go into Phone-SAST-trust first, and TVS must answer
// "valid" for them on every node before anything is written.
func TestTokensMustBeVouchedForOnEveryNode(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	before := b.files()
	s := b.connect()
	r := by("", b.uri("SAST-1"), b.uri("SAST-2"))
	_, err := s.PlanMigrateToTokens(t.Context(), r)
	wantReason(t, err, workflow.PhonesLost,
		b.cn("SAST-1")+" on "+b.Nodes[0].Name+" and "+b.Nodes[1].Name+"; "+b.cn("SAST-2")+" on "+b.Nodes[0].Name, "Phone-SAST-trust", "export-tokens", "nothing was written")

	t.Run("one token alone", func(t *testing.T) {
		b.trusted("SAST-1")
		_, err := s.PlanMigrateToTokens(t.Context(), r)
		e := wantReason(t, err, workflow.PhonesLost, b.cn("SAST-2"))
		if strings.Contains(e.Text.String(), b.cn("SAST-1")) {
			t.Errorf("a token that is vouched for is named: %v", e)
		}
	})
	b.trusted("SAST-2")
	p, err := s.PlanMigrateToTokens(t.Context(), r)
	b.do(err)
	if p.Dangerous() {
		t.Errorf("dangerous although all vouch: %+v", p.Hazards)
	}
	if h := hazardOf(p, "signer-known-to-ctl"); !strings.HasPrefix(h, "note: ") {
		t.Errorf("signer-known-to-ctl: %q", h)
	}
	if len(p.TVS[b.cn("SAST-1")]) != 2 || len(p.TVS[b.cn("SAST-2")]) != 2 {
		t.Errorf("TVS: %v", p.TVS)
	}
	b.untouched(before)
}

// A node whose TVS is out of reach: any phone may have to ask just that one.
func TestTVSOutOfReachStopsTheMigration(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	s := b.connect()
	b.do(b.Stop(b.Nodes[1].Name))
	before := b.files()
	_, err := s.PlanMigrateToTokens(t.Context(), by("", b.uri("SAST-1"), b.uri("SAST-2")))
	wantReason(t, err, workflow.Unreachable, b.Nodes[1].Name, "nothing was written")
	b.untouched(before)
}

// "The first creation needs two tokens."
func TestMigrationNeedsTwoTokens(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	s := b.connect()
	for name, r := range map[string]workflow.Signing{
		"one":        by("", b.uri("SAST-1")),
		"same twice": by("", b.uri("SAST-1"), b.uri("SAST-1")),
		"its own certificate": {
			Tokens: by("", b.uri("SAST-1")).Tokens, TokenCerts: [][]byte{b.cert("SAST-1")}},
	} {
		_, err := s.PlanMigrateToTokens(t.Context(), r)
		if e := wantReason(t, err, workflow.BadRequest, "two tokens", b.cn("SAST-1")); t.Failed() {
			t.Fatalf("%s: %v", name, e)
		}
	}
	p, err := s.PlanMigrateToTokens(t.Context(), workflow.Signing{
		Tokens: by("", b.uri("SAST-1")).Tokens, TokenCerts: [][]byte{b.cert("SAST-2")}})
	r := b.through(s, p, err)
	if got := sast(r.List.Records)[:2]; !slices.Equal(got, []string{b.cn("SAST-1"), b.cn("SAST-2")}) {
		t.Errorf("SAST records: %q", got)
	}
	_, err = s.PlanMigrateToTokens(t.Context(), workflow.Signing{})
	if err == nil {
		t.Error("no token named, and no error")
	}
}

func TestMigrationOfATokenCTLPointsToUpdate(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	s := b.connect()
	_, err := s.PlanMigrateToTokens(t.Context(), by("", b.uri("SAST-1"), b.uri("SAST-2")))
	wantReason(t, err, workflow.BadRequest, "tokens already", b.cn("SAST-1"), b.cn("SAST-2"), "add-token")
}

// Rule 1: phones without Security By Default cannot ask TVS. They are named before
// anything is written, and nothing is unless their loss is accepted.
func TestContinuityNamesThePhonesThatWouldBeLost(t *testing.T) {
	b := newBench(t, lab.Options{})
	b.trusted("SAST-1", "SAST-2")
	var lost string
	for _, p := range b.Phones {
		if p.Model == "7940" {
			lost = p.Name
		}
	}
	before := b.files()
	s := b.connect()
	r := by("", b.uri("SAST-1"), b.uri("SAST-2"))
	p, err := s.PlanMigrateToTokens(t.Context(), r)
	b.do(err)
	if !p.Dangerous() || len(p.Lost()) != 1 || p.Lost()[0].Phone.Name != lost {
		t.Fatalf("dangerous %t, lost %+v", p.Dangerous(), p.Lost())
	}
	e := wantReason(t, declined(s, p), workflow.PhonesLost, lost, "accept-loss", "nothing was written")
	if len(e.Hazards) == 0 || e.Hazards[0].Severity != hazard.Danger {
		t.Errorf("hazards: %+v", e.Hazards)
	}
	if _, err := s.Execute(t.Context(), nil, workflow.ExecuteOptions{}); err == nil {
		t.Error("executed although nobody agreed")
	}
	if c := b.who.put[0]; !c.Danger {
		t.Error("the question did not say that it is a danger")
	}
	if len(b.who.asked) != 0 {
		t.Error("a PIN was asked for")
	}
	b.untouched(before)

	b.o.AcceptLoss = true
	res := b.toTokens(workflow.Signing{})
	b.everywhere(res.List)
	jobs, err := cluster.History(b.state, s.Cluster.Profile.Name)
	b.do(err)
	if note := jobs[0].Note; !strings.Contains(note["accepted-loss"], lost) || !strings.Contains(note["overridden"], "continuity-of-signer") {
		t.Errorf("the journal notes %v", note)
	}
	if refused := b.boot(); !slices.Equal(refused, []string{"7940"}) {
		t.Errorf("refused: %v", refused)
	}
}
