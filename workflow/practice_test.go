package workflow_test

import (
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/workflow"
)

// A practice token signs in a practice cluster alone, whichever way it comes: plugged in,
// as its exported certificate, or in a file that is signed already; in SoftHSM2 and of our own.
func TestPracticeTokenSignsForPracticeAlone(t *testing.T) {
	for name, open := range map[string]func(dir string) (*softhsm.Practice, error){
		"SoftHSM2": softhsm.OpenPractice, "own": softhsm.OwnPractice,
	} {
		t.Run(name, func(t *testing.T) { signsForPracticeAlone(t, open) })
	}
}

func signsForPracticeAlone(t *testing.T, open func(dir string) (*softhsm.Practice, error)) {
	tokens(t)
	store, err := open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made, err := store.Make(t.Context(), softhsm.PracticeLabels()...)
	if err != nil {
		t.Fatal(err)
	}
	tok := map[string]*softhsm.Token{}
	for _, m := range made {
		tok[m.Label] = m
	}
	b := newBenchOf(t, lab.Options{Phones: phonesThatAsk, Nodes: 1, NoAltTFTP: true}, store.Module(), tok)
	b.trusted("SAST-1", "SAST-2")
	real := func(p *site.Profile) { p.Practice = false }

	b.change = real
	before := b.files()
	s := b.connect()
	_, err = s.PlanMigrateToTokens(t.Context(), by("", b.uri("SAST-1"), b.uri("SAST-2")))
	wantReason(t, err, workflow.WrongToken, "practice token", "PIN is public", "practice = true")
	exported := workflow.Signing{TokenCerts: [][]byte{b.cert("SAST-1"), b.cert("SAST-2")}, With: by(b.uri("SAST-1")).With}
	_, err = s.PlanMigrateToTokens(t.Context(), exported)
	wantReason(t, err, workflow.WrongToken, "practice token")
	if len(b.who.asked) > 0 {
		t.Error("its PIN was asked for")
	}

	// In the practice cluster it does all of it; the file that it signed stays there.
	b.change = nil
	r := b.toTokens(workflow.Signing{})
	signed := r.List.Bytes()
	old, err := ctlbuild.Parse([]byte(before[b.Nodes[0].Folder+"/"+workflow.CTLFileName]))
	b.do(err)
	b.put(b.Nodes[0].Name, old.Bytes())
	b.change = real
	_, err = b.connect().PlanDistribute(t.Context(), signed)
	wantReason(t, err, workflow.WrongToken, "practice token")
}
