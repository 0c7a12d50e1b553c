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

// No advice leaves the program that phones contradict: over generated clusters, the steps
// of every advice are done to a cluster whose keys and signatures exist, with phones of
// every kind that boot or do not boot after each step. What is said to be safe loses none
// of them, and nobody is left waiting after a step where it is not said.
func TestAdviceIsWhatPhonesDo(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 2026))
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	safe := 0
	const clusters = 50
	for n := range clusters {
		s := scenario{
			version: pick("8.6(2)", "9.1(2)", "10.0(1)", "10.5(2)", "11.5(1)SU3", "12.0(1)", "12.5(1)SU5", "14SU1", "15"),
			mode:    pick("tokens", "tokenless", "none"), itl: rng.IntN(6) > 0, nodes: 1 + rng.IntN(2), replaced: rng.IntN(4) == 0,
		}
		if s.mode == "tokenless" && strings.HasPrefix(s.version, "8") || s.mode == "tokenless" && strings.HasPrefix(s.version, "9") {
			s.mode = "tokens"
		}
		change := pick("regenerate-callmanager", "regenerate-tvs", "regenerate-capf", "regenerate-itlrecovery", "rename-host", "lose-token=SAST-A",
			"turn-off-sbd", "regenerate-callmanager regenerate-tvs", "regenerate-callmanager=all", "regenerate-itlrecovery regenerate-callmanager", "rename-host=all",
			"regenerate-callmanager=node-0", "rename-host=node-0")
		if s.mode != "tokens" && strings.HasPrefix(change, "lose") {
			change = "regenerate-tvs=node-0"
		}
		if checkAdvice(t, rng, n, s, change) {
			safe++
		}
	}
	if safe < clusters/5 || safe > clusters*9/10 {
		t.Errorf("%d of %d clusters are safe: the test no longer tells one from the other", safe, clusters)
	}
}

// asSaid is how the phones are described to the advice.
func asSaid(c *real) []trust.Phone {
	phones := []trust.Phone{{Name: "with", Model: "8861", Count: 5, CTL: c.CTL, ITL: c.ITL}}
	if c.CTL != nil {
		phones = append(phones, trust.Phone{Name: "without", Model: "7940", Count: 3, CTL: c.CTL})
	}
	return phones
}

func checkAdvice(t *testing.T, rng *rand.Rand, n int, s scenario, words string) bool {
	t.Helper()
	c := newReal(t, s)
	var changes []PlannedChange
	for _, w := range strings.Fields(words) {
		change, err := ParseChange(w)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change)
	}
	situation := Situation{
		CTL: c.CTL, ITL: c.ITL, NoCTL: c.CTL == nil, NoITL: c.ITL == nil, Mixed: c.mixed, Nodes: s.nodes, Version: version(t, s.version), Phones: asSaid(c),
	}
	if c.rec != nil {
		situation.Present = [][]byte{c.rec.DER}
	}
	situation.Present = append(situation.Present, c.call[0].DER)
	a, err := Advise(t.Context(), situation, changes)
	if err != nil {
		t.Fatalf("%d %s, %s: %v", n, s, words, err)
	}
	for _, mode := range []struct{ renewed, vouches bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		for range 2 {
			if err := follow(t, rng, s, mode.renewed, mode.vouches, a); err != nil {
				var text strings.Builder
				_ = a.WriteText(&text)
				t.Errorf("%d %s, %s, %+v: %v\n%s", n, s, words, mode, err, text.String())
				return a.Safe
			}
		}
	}
	return a.Safe
}

// follow does the steps to a cluster made anew, with phones that boot now and then.
func follow(t *testing.T, rng *rand.Rand, s scenario, renewed, vouches bool, a Advice) error {
	c := newReal(t, s)
	c.renewed, c.vouches = renewed, vouches
	all := []int{0, 1}
	phones := []*set{
		{servers: all, ctl: c.CTL, itl: c.ITL}, {servers: all, ctl: c.CTL, itl: c.ITL}, {servers: all, ctl: c.CTL, itl: c.ITL},
		{noSBD: true, ctl: c.CTL}, {noSBD: true, ctl: c.CTL}, {servers: all},
	}
	for i, p := range phones {
		if refused := c.boot(p); refused != "" && i < len(phones)-1 {
			return nil // this cluster's phones refuse it as it is: the advice is about others
		}
	}
	plays := 0
	for i, step := range a.Steps {
		for _, x := range step.Plays {
			c.do(x)
			plays++
			for _, p := range phones {
				if !x.Wait && rng.IntN(2) == 0 {
					continue
				}
				refused := c.boot(p)
				if refused != "" && a.Safe && step.Stop.IsZero() && !last(a.Steps, i) {
					return fmt.Errorf("after step %d a phone (no SBD %v) refuses the %s, and it is not said to go on", i+1, p.noSBD, refused)
				}
			}
		}
	}
	if !a.Safe && !strings.HasSuffix(a.Summary.String(), "In the order below no phone is lost.") || plays == 0 {
		return nil
	}
	for _, p := range phones {
		if refused := c.boot(p); refused != "" {
			return fmt.Errorf("at the end a phone (no SBD %v) refuses the %s", p.noSBD, refused)
		}
	}
	return nil
}

// last reports that nothing is played after step i.
func last(steps []Step, i int) bool {
	return !slices.ContainsFunc(steps[i+1:], func(s Step) bool { return len(s.Plays) > 0 })
}
