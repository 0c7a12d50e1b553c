package play_test

import (
	"slices"
	"testing"

	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// A key of the CTL that nobody saw may be gone: what rests on it is not certain.
func TestKeyThatNobodySaw(t *testing.T) {
	ctl, itl, c := recoveryLists(t)
	without := ctltest.Sign(t, ctltest.ITLDraft(t, c.Pub, c.TVS, c.CAPF), c.Pub)
	plan := []play.Step{{Acts: []play.Act{{Kind: play.UpdateCTL}}}, {Wait: true}}
	phone := []play.Class{{Phone: trust.Phone{NoSBD: true, CTL: ctl}}}
	for name, test := range map[string]struct {
		cluster play.Cluster
		sure    bool
	}{
		"the ITL has it":            {play.Cluster{CTL: ctl, ITL: itl, Version: release.Of(12, 0)}, true},
		"neither has it":            {play.Cluster{CTL: ctl, ITL: without, Version: release.Of(12, 0)}, false},
		"the certificate store has": {play.Cluster{CTL: ctl, ITL: without, Version: release.Of(12, 0), Present: [][]byte{c.Recovery.DER}}, true},
	} {
		r := play.Run(t.Context(), test.cluster, phone, plan)
		if len(r.Lost) > 0 || (len(r.Unsure) == 0) != test.sure {
			t.Errorf("%s: lost %v, not certain %v", name, places(r.Lost), places(r.Unsure))
		}
	}
}

// Phones that move follow the destination when their own TVS vouches for its signers, and
// for these alone.
func TestMove(t *testing.T) {
	ctl, itl, _ := recoveryLists(t)
	far := ctltest.NewCluster(t, 1024)
	spec := ctltest.Server("far-pub")
	spec.Serial = ctltest.Hex("0A0B0C")
	far.Pub = ctltest.New(t, spec)
	there := &play.Cluster{CTL: far.Tokenless(t), ITL: far.ITL(t)}
	phone := []play.Class{{Phone: trust.Phone{CTL: ctl, ITL: itl}}}
	move := play.Step{Acts: []play.Act{{Kind: play.Move, Destination: there}}, Wait: true}
	for name, test := range map[string]struct {
		trusted []byte
		lost    []string
	}{
		"prepared":            {far.Pub.DER, nil},
		"another was trusted": {far.Token1.DER, []string{"class 0 after 2: CTL", "class 0 after 2: ITL", "class 0 after 2: configuration"}},
	} {
		r := play.Run(t.Context(), play.Cluster{CTL: ctl, ITL: itl}, phone, []play.Step{{Acts: []play.Act{{Kind: play.Trust, Certificate: test.trusted}}}, move})
		if !slices.Equal(places(r.Lost), test.lost) {
			t.Errorf("%s: lost %v, want %v", name, places(r.Lost), test.lost)
		}
	}
}

// A token that is lost signs nothing, and is not in the list that its fellow signs.
func TestLostToken(t *testing.T) {
	c := ctltest.NewCluster(t, 1024)
	ctl := c.ETokens(t)
	one := []play.Class{{Phone: trust.Phone{NoSBD: true, CTL: ctl}}}
	lose := func(tokens ...*ctltest.Cert) []play.Step {
		var acts []play.Act
		for _, x := range tokens {
			acts = append(acts, play.Act{Kind: play.LoseToken, Certificate: x.DER})
		}
		return []play.Step{{Acts: append(acts, play.Act{Kind: play.UpdateCTL})}, {Wait: true}}
	}
	cluster := play.Cluster{CTL: ctl, ITL: c.ITL(t), Version: release.Of(11, 5)}
	if r := play.Run(t.Context(), cluster, one, lose(c.Token1)); len(r.Lost) > 0 {
		t.Errorf("with a token left: lost %v", places(r.Lost))
	}
	if r := play.Run(t.Context(), cluster, one, lose(c.Token1, c.Token2)); !slices.Equal(places(r.Lost), []string{"class 0 after 2: CTL"}) {
		t.Errorf("with none left: lost %v", places(r.Lost))
	}
	if r := play.Run(t.Context(), cluster, one, append(lose(c.Token1), lose(c.Token2)...)); len(r.Lost) == 0 {
		t.Error("one after the other: nobody is lost, though the second list knows the second token alone")
	}
}
