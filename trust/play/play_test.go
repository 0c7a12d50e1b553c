package play_test

import (
	"fmt"
	"slices"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// lists of a cluster of 12.0: ITLRecovery signs both.
func recoveryLists(t *testing.T) (ctl, itl *ctlbuild.List, c *ctltest.Cluster) {
	t.Helper()
	c = ctltest.NewCluster(t, 1024)
	with := func(d *ctlbuild.Draft, e ctlbuild.Entry) *ctlbuild.List {
		e.Function, e.Certificate, e.Dialect = ctlbuild.SAST, c.Recovery.DER, ctlbuild.DialectTokenless
		if _, err := d.Add(e); err != nil {
			t.Fatal(err)
		}
		return ctltest.Sign(t, d, c.Recovery)
	}
	return with(c.TokenlessDraft(t), ctlbuild.Entry{Host: ctltest.PubHost}), with(ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), ctlbuild.Entry{NoIP: true}), c
}

func places(list []play.Refusal) []string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("class %d after %d: %s", r.Class, r.After, r.File))
	}
	return out
}

func TestRun(t *testing.T) {
	ctl, itl, c := recoveryLists(t)
	other := ctltest.Server("ITLRECOVERY_" + ctltest.PubHost)
	other.Serial, other.KeyName = ctltest.Hex("0F0E0D"), "another ITLRecovery"
	phones := []play.Class{{Phone: trust.Phone{CTL: ctl, ITL: itl}}, {Phone: trust.Phone{NoSBD: true, CTL: ctl}}, {Phone: trust.Phone{NoSBD: true, CTL: c.ETokens(t)}}}
	act := func(kinds ...play.Kind) play.Step {
		var s play.Step
		for _, k := range kinds {
			s.Acts = append(s.Acts, play.Act{Kind: k})
		}
		return s
	}
	wait := play.Step{Wait: true}
	cluster := play.Cluster{CTL: ctl, ITL: itl, Version: release.Of(12, 0)}
	for _, test := range []struct {
		name                                 string
		cluster                              play.Cluster
		plan                                 []play.Step
		before, lost, stops, away, uncertain []string
	}{
		{name: "nothing", cluster: cluster, before: []string{"class 2 after 0: CTL"}},
		{name: "ITLRecovery, and the CTL by it", cluster: cluster, plan: []play.Step{act(play.NewRecovery), act(play.UpdateCTL), wait},
			before: []string{"class 2 after 0: CTL"}, lost: []string{"class 1 after 3: CTL"},
			uncertain: []string{"class 0 after 1: ITL", "class 0 after 2: CTL", "class 0 after 2: ITL", "class 0 after 3: CTL", "class 0 after 3: ITL"}},
		{name: "ITLRecovery, by way of CallManager", cluster: cluster, plan: []play.Step{act(play.NewRecovery), act(play.ResetCTLKey), wait, act(play.UpdateCTL), wait},
			before: []string{"class 2 after 0: CTL"}, away: []string{"class 1 after 5: CTL", "class 0 after 5: CTL", "class 0 after 5: ITL"},
			uncertain: []string{"class 0 after 1: ITL"}},
		{name: "that without waiting", cluster: cluster, plan: []play.Step{act(play.NewRecovery), act(play.ResetCTLKey), act(play.UpdateCTL), wait},
			before: []string{"class 2 after 0: CTL"}, lost: []string{"class 1 after 4: CTL"}},
		{name: "CallManager", cluster: cluster, plan: []play.Step{act(play.NewCallManager), act(play.UpdateCTL), wait},
			before: []string{"class 2 after 0: CTL"}, stops: []string{"class 1 after 1: configuration"}},
		{name: "the CTL's key is not the cluster's", cluster: play.Cluster{CTL: ctl, ITL: itl, Version: release.Of(12, 0), Present: [][]byte{ctltest.New(t, other).DER}},
			plan: []play.Step{act(play.UpdateCTL), wait}, before: []string{"class 2 after 0: CTL"}, lost: []string{"class 1 after 2: CTL"}},
		{name: "a CTL that nobody looked at", cluster: play.Cluster{ITL: itl, CTLUnknown: true}, uncertain: []string{"class 0 after 0: CTL", "class 1 after 0: CTL", "class 2 after 0: CTL"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := play.Run(t.Context(), test.cluster, phones, test.plan)
			for _, part := range []struct {
				what      string
				got, want []string
			}{{"before", places(r.Before), test.before}, {"lost", places(r.Lost), test.lost}, {"stops", places(r.Stops), test.stops}} {
				if !slices.Equal(part.got, part.want) {
					t.Errorf("%s: %v, want %v", part.what, part.got, part.want)
				}
			}
			if test.away != nil && !slices.Equal(places(r.Away), test.away) {
				t.Errorf("away: %v, want %v", places(r.Away), test.away)
			}
			for _, want := range test.uncertain {
				if !slices.Contains(places(r.Unsure), want) {
					t.Errorf("not certain: %v, want %s among them", places(r.Unsure), want)
				}
			}
		})
	}
}

func TestNodes(t *testing.T) {
	ctl, itl, _ := recoveryLists(t)
	if got := play.Nodes(play.Cluster{CTL: ctl, ITL: itl}); !slices.Equal(got, []string{ctltest.PubHost, ctltest.SubHost}) {
		t.Errorf("the nodes are %v", got)
	}
	if got := play.Nodes(play.Cluster{}); len(got) != 1 {
		t.Errorf("a cluster of which nothing is known has %d nodes", len(got))
	}
}
