package workflow_test

import (
	"os"
	"path/filepath"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
)

// Advice rests on what was seen: a list that could not be read, or that nobody was asked for, is
// not known, which is another thing than that there is none.
func TestSituationKnowsWhatItDoesNotKnow(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	see := func(name string, ctl, noCTL, itl, noITL bool) {
		t.Helper()
		s := b.connect()
		got := s.Situation(t.Context())
		if (got.CTL != nil) != ctl || got.NoCTL != noCTL || (got.ITL != nil) != itl || got.NoITL != noITL {
			t.Errorf("%s: CTL %t, none %t; ITL %t, none %t", name, got.CTL != nil, got.NoCTL, got.ITL != nil, got.NoITL)
		}
	}
	see("as it is", true, false, true, false)

	file := filepath.Join(b.Nodes[0].Folder, ctlbuild.CTLFileName)
	good, err := os.ReadFile(file)
	b.do(err)
	b.do(os.WriteFile(file, []byte("no list"), 0o644))
	see("a CTL that cannot be read", false, false, true, false)
	b.do(os.Remove(file))
	see("no CTL", false, true, true, false)
	b.do(os.WriteFile(file, good, 0o644))

	b.change = func(p *site.Profile) {
		for i := range p.Nodes {
			p.Nodes[i].TFTPPort, p.Nodes[i].HTTPPort = site.NotRun(), site.NotRun()
		}
	}
	see("no node is asked for the ITL", true, false, false, false)
}
