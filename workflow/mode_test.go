package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/workflow"
)

func (b *bench) mode(r workflow.ModeRequest) *workflow.Result {
	b.t.Helper()
	s := b.connect()
	defer s.Close()
	p, err := s.PlanMode(b.t.Context(), r)
	return b.through(s, p, err)
}

// From nothing to mixed mode with two tokens, back, and to mixed mode again.
func TestModes(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, NonSecure: true})
	b.trusted("SAST-1", "SAST-2")
	r := b.mode(workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"), b.uri("SAST-2"))})
	b.everywhere(r.List)
	if !b.Status().Mixed {
		t.Error("the cluster is not in mixed mode")
	}
	if names := sast(r.List.Records); !slices.Equal(names[:2], []string{b.cn("SAST-1"), b.cn("SAST-2")}) {
		t.Errorf("SAST records: %q", names)
	}
	for _, n := range b.Nodes[:2] {
		der, err := n.Certificate("CallManager")
		b.do(err)
		if !slices.ContainsFunc(r.List.Records, func(r ctlbuild.Record) bool {
			return r.Function() == ctlbuild.CCMTFTP && r.MatchesCertificate(der)
		}) {
			t.Errorf("%s is not listed", n.Name)
		}
	}
	if find(r.List, ctlbuild.CAPF, "CAPF") == nil && !slices.ContainsFunc(r.List.Records, func(r ctlbuild.Record) bool { return r.Function() == ctlbuild.CAPF }) {
		t.Error("CAPF is not listed")
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}

	// "In non-secure mode server records are stripped": stubs, and tokens as they were.
	r = b.mode(workflow.ModeRequest{Signing: by(b.uri("SAST-2"))})
	b.everywhere(r.List)
	if b.Status().Mixed {
		t.Error("the cluster is still in mixed mode")
	}
	for i := range r.List.Records {
		rec := &r.List.Records[i]
		if server := rec.Function() != ctlbuild.SAST; server && rec.Function() != ctlbuild.CAPF && !rec.IsStub() {
			t.Errorf("record %d (%s) is no stub", i+1, rec.DNSName())
		} else if !server && rec.Certificate() == nil {
			t.Errorf("record %d lost its certificate", i+1)
		}
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}

	r = b.mode(workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"))})
	b.everywhere(r.List)
	if !b.Status().Mixed {
		t.Error("the cluster is not in mixed mode again")
	}
	for i := range r.List.Records {
		if r.List.Records[i].IsStub() {
			t.Errorf("record %d is still a stub", i+1)
		}
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	jobs, err := cluster.History(b.state, b.load().Name)
	b.do(err)
	if len(jobs) != 3 || jobs[1].Note["mode"] != "Non Secure Mode" || jobs[0].Note["signer"] != b.cn("SAST-1") {
		t.Errorf("journal: %+v", jobs)
	}
}

// "The first creation needs two tokens", and a token may not sign that the CTL lacks.
func TestModeNeedsItsTokens(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, NonSecure: true})
	b.trusted("SAST-1", "SAST-2", "SAST-3")
	before := b.files()
	s := b.connect()
	_, err := s.PlanMode(t.Context(), workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"))})
	wantReason(t, err, workflow.BadRequest, "two tokens", b.cn("SAST-1"))
	_, err = s.PlanMode(t.Context(), workflow.ModeRequest{Signing: by(b.uri("SAST-1"))})
	wantReason(t, err, workflow.BadRequest, "no CTL file exists")
	b.untouched(before)
	b.mode(workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"), b.uri("SAST-2"))})
	// "Leaving mixed mode needs a token that is already in the CTL."
	_, err = b.connect().PlanMode(t.Context(), workflow.ModeRequest{Signing: by(b.uri("SAST-3"))})
	wantReason(t, err, workflow.WrongToken, workflow.MsgTokenNotInCTL, b.cn("SAST-3"))
}

// A cluster that is not registered for export-controlled functionality refuses mixed
// mode after the file is there: the file is taken back everywhere.
func TestRefusedModeTakesTheFileBack(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, NonSecure: true, ExportRefused: true})
	b.trusted("SAST-1", "SAST-2")
	s := b.connect()
	p, err := s.PlanMode(t.Context(), workflow.ModeRequest{Mixed: true, Signing: by(b.uri("SAST-1"), b.uri("SAST-2"))})
	b.do(err)
	r, err := b.run(s, p, workflow.ExecuteOptions{})
	wantReason(t, err, workflow.Refused, "Smart Licensing", "put back on all nodes")
	for _, n := range b.Nodes {
		if b.served(n.Name) != nil {
			t.Errorf("%s still serves the new CTL", n.Name)
		}
	}
	if r.Outcome.State != cluster.StateTakenBack || b.Status().Mixed {
		t.Errorf("state %s, mixed %t", r.Outcome.State, b.Status().Mixed)
	}
}

// Rule 5: a CTL on a non-secure cluster is residue, unless its server records are stubs.
func TestResidueOfMixedMode(t *testing.T) {
	residue := func(b *bench) bool {
		return slices.ContainsFunc(b.connect().Findings(b.t.Context()), func(f workflow.Finding) bool {
			return strings.Contains(f.Text.String(), "residue")
		})
	}
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	full := b.served(b.Nodes[0].Name)
	b.mode(workflow.ModeRequest{Signing: by(b.uri("SAST-1"))})
	if residue(b) {
		t.Error("stubs are taken for residue")
	}
	for _, n := range b.Nodes {
		b.put(n.Name, full.Bytes())
	}
	if !residue(b) {
		t.Error("server certificates on a non-secure cluster are no finding")
	}
}

// A tokenless cluster changes its mode by itself.
func TestTokenlessModes(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk, NonSecure: true})
	s := b.connect()
	p, err := s.PlanTokenless(t.Context(), workflow.TokenlessMixed)
	b.do(err)
	r, err := b.run(s, p, workflow.ExecuteOptions{})
	b.do(err)
	b.everywhere(r.List)
	if !b.Status().Mixed || !r.List.Tokenless() {
		t.Errorf("mixed %t, tokenless %t", b.Status().Mixed, r.List.Tokenless())
	}
	// The file is that which was predicted, but for times and signatures.
	if got, want := sast(r.List.Records), sast(p.Draft.Records); !slices.Equal(got, want) {
		t.Errorf("SAST records %q, predicted %q", got, want)
	}
	if len(b.who.asked) > 0 {
		t.Error("a PIN was asked for")
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	_, err = b.connect().PlanMode(t.Context(), workflow.ModeRequest{Signing: by(b.uri("SAST-1"))})
	wantReason(t, err, workflow.WrongToken, workflow.MsgTokenNotInCTL, "publisher-mode non-secure")
}
