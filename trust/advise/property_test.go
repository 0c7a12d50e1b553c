package advise_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ctlclient/trust"
	. "ctlclient/trust/advise"
)

// questions are all that advise can be asked, and some changes planned together. A change that
// names no node is about any; "all" is all nodes at once.
var questions = []string{
	"regenerate-callmanager", "regenerate-callmanager=node-0", "regenerate-callmanager=all",
	"regenerate-tvs", "regenerate-tvs=all", "regenerate-capf", "regenerate-itlrecovery",
	"rename-host", "rename-host=node-0", "rename-host=all", "rename-domain", "readdress", "move-phones", "central-tftp", "restore",
	"lose-token", "lose-token=SAST-A", "lose-all-tokens", "turn-off-sbd",
	"regenerate-callmanager regenerate-tvs", "regenerate-itlrecovery regenerate-callmanager", "regenerate-capf regenerate-tvs",
	"lose-token=SAST-B regenerate-callmanager",
}

// versions that differ in what signs, what is listed and what can be done.
var versions = []string{"8.6(2)", "9.1(2)", "10.0(1)", "10.5(2)", "11.5(1)SU3", "12.0(1)", "12.5(1)SU5", "14SU1", "15"}

// No advice leaves the program that phones contradict: for every question and every version,
// over generated clusters, the steps of the advice are done to a cluster whose keys and
// signatures exist. Phones of every kind are in every state that they can be in at each place
// where the work may rest, since each boots or does not after each step. What is said to be safe
// loses none of them, and none refuses anything after a step where it is not said.
func TestAdviceIsWhatPhonesDo(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 2026))
	asked := map[string]bool{}
	safe, all := 0, 0
	for _, v := range versions {
		for _, q := range questions {
			s := scenario{version: v, mode: []string{"tokens", "tokenless", "none"}[rng.IntN(3)], itl: rng.IntN(6) > 0, nodes: 1 + rng.IntN(2), replaced: rng.IntN(4) == 0}
			if before10 := strings.HasPrefix(v, "8") || strings.HasPrefix(v, "9"); before10 && s.mode == "tokenless" || strings.HasPrefix(q, "lose-token=") {
				s.mode = "tokens"
			}
			all++
			if checkAdvice(t, s, q) {
				safe++
			}
			for _, w := range strings.Fields(q) {
				word, _, _ := strings.Cut(w, "=")
				asked[word] = true
			}
		}
	}
	if safe < all/5 || safe > all*9/10 {
		t.Errorf("%d of %d clusters are safe: the test no longer tells one from the other", safe, all)
	}
	for _, word := range Kinds() {
		if !asked[word] {
			t.Errorf("%s is not asked", word)
		}
	}
}

// phoneKinds are the phones that there are of a cluster: each kind as it exists, and as it is
// described to the advice.
func phoneKinds(c *real) (exist []set, said []trust.Phone) {
	all := []int{0, 1}
	exist = []set{{servers: all, ctl: c.CTL, itl: c.ITL}, {servers: all}}
	said = []trust.Phone{{Name: "with", Model: "8861", Count: 5, CTL: c.CTL, ITL: c.ITL}}
	if len(c.hosts) > 1 {
		exist = append(exist, set{servers: []int{0}, ctl: c.CTL, itl: c.ITL}, set{servers: []int{1}, ctl: c.CTL, itl: c.ITL})
		said = append(said, trust.Phone{Name: "one server", Model: "8861", Count: 2, CTL: c.CTL, ITL: c.ITL, TVS: []string{c.hosts[0]}})
	}
	if c.CTL != nil {
		exist = append(exist, set{noSBD: true, ctl: c.CTL})
		said = append(said, trust.Phone{Name: "without", Model: "7940", Count: 3, CTL: c.CTL})
	}
	return exist, said
}

// asSaid is how the phones are described to the advice.
func asSaid(c *real) []trust.Phone {
	_, said := phoneKinds(c)
	return slices.DeleteFunc(said, func(p trust.Phone) bool { return len(p.TVS) > 0 })
}

// newReals makes a cluster, and the one that its phones may be moved to.
func newReals(t *testing.T, s scenario) *real {
	c := newReal(t, s)
	s.replaced = false
	c.far = newRealOf(t, s, "far", "SAST-C", "SAST-D")
	return c
}

func checkAdvice(t *testing.T, s scenario, words string) bool {
	t.Helper()
	c := newReals(t, s)
	var changes []PlannedChange
	for _, w := range strings.Fields(words) {
		change, err := ParseChange(w)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change)
	}
	_, phones := phoneKinds(c)
	yes, no := true, false
	situation := Situation{
		CTL: c.CTL, ITL: c.ITL, NoCTL: c.CTL == nil, NoITL: c.ITL == nil, Mixed: c.mixed, Nodes: s.nodes, Version: version(t, s.version), Phones: phones,
		DestinationCTL: c.far.CTL, DestinationITL: c.far.ITL, BackupComplete: &yes, MixedVersions: &no,
	}
	if c.rec != nil {
		situation.Present = [][]byte{c.rec.DER}
	}
	situation.Present = append(situation.Present, c.call[0].DER)
	a, err := Advise(t.Context(), situation, changes)
	if err != nil {
		t.Fatalf("%s, %s: %v", s, words, err)
	}
	for _, mode := range []struct{ renewed, vouches bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		if err := follow(t, s, mode.renewed, mode.vouches, a); err != nil {
			var text strings.Builder
			_ = a.WriteText(&text)
			t.Errorf("%s, %s, %+v: %v\n%s", s, words, mode, err, text.String())
			return a.Safe
		}
	}
	return a.Safe
}

// follow does the steps to a cluster made anew. Each kind of phone is in as many states as there
// are ways to have booted, or not, after each step; at one that waits for the phones, all boot.
func follow(t *testing.T, s scenario, renewed, vouches bool, a Advice) error {
	c := newReals(t, s)
	c.renewed, c.vouches = renewed, vouches
	kinds, _ := phoneKinds(c)
	states := make([][]set, len(kinds))
	for i, p := range kinds {
		states[i] = []set{p}
		if refused := c.boot(&p); refused != "" {
			return nil // this cluster's phones refuse it as it is: the advice is about others
		}
		states[i] = addState(states[i], p)
	}
	plays := 0
	for i, step := range a.Steps {
		for _, x := range step.Plays {
			c.do(x)
			plays++
			for k := range states {
				var next []set
				if !x.Wait {
					next = slices.Clone(states[k])
				}
				for _, p := range states[k] {
					refused := c.boot(&p)
					if refused != "" && a.Safe && step.Stop.IsZero() && !last(a.Steps, i) {
						return fmt.Errorf("after step %d a phone (no SBD %v, servers %v) refuses the %s, and it is not said to go on", i+1, p.noSBD, p.servers, refused)
					}
					next = addState(next, p)
				}
				states[k] = next
			}
		}
	}
	if !a.Safe && !strings.HasSuffix(a.Summary.String(), "In the order below no phone is lost.") || plays == 0 {
		return nil
	}
	for k := range states {
		for _, p := range states[k] {
			if refused := c.boot(&p); refused != "" {
				return fmt.Errorf("at the end a phone (no SBD %v, servers %v) refuses the %s", p.noSBD, p.servers, refused)
			}
		}
	}
	return nil
}

func addState(states []set, p set) []set {
	if slices.ContainsFunc(states, func(o set) bool { return o.ctl == p.ctl && o.itl == p.itl }) {
		return states
	}
	return append(states, p)
}

// last reports that nothing is played after step i.
func last(steps []Step, i int) bool {
	return !slices.ContainsFunc(steps[i+1:], func(s Step) bool { return len(s.Plays) > 0 })
}
