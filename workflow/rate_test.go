package workflow_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/lab"
	"ctlclient/workflow"
)

// rated is a cluster as Cisco ships it whose RisPort70 can say that its rate is exceeded. The
// waits are noted, and over at once; at is called before each.
type rated struct {
	*bench
	slept []time.Duration
	at    func(time.Duration)
}

func newRated(t *testing.T) *rated {
	r := &rated{bench: newBench(t, lab.Options{CUCM: true, Nodes: 1})}
	r.o.Sleep = func(ctx context.Context, d time.Duration) error {
		r.slept = append(r.slept, d)
		if r.at != nil {
			r.at(d)
		}
		return ctx.Err()
	}
	return r
}

func (r *rated) fault(n int) {
	r.t.Helper()
	r.do(r.SetFault(lab.FaultRate, n))
}

// waits counts the waits for the rate: half a minute each.
func (r *rated) waits() (n int) {
	for _, d := range r.slept {
		if d == 30*time.Second {
			n++
		}
	}
	return n
}

// phone verify waits while the rate is exceeded, says why, and then has every phone's word.
func TestVerifyUnderRate(t *testing.T) {
	b := newRated(t)
	s := b.connect()
	b.fault(3)
	words, err := s.VerifyPhones(t.Context(), nil)
	if err != nil || len(words) != len(b.Phones) {
		t.Fatalf("%d words of %d phones: %v", len(words), len(b.Phones), err)
	}
	if b.waits() != 3 || !b.who.told(workflow.EventInfo, "asked again in 30s: ") || !b.who.told(workflow.EventInfo, "Exceeded allowed rate") {
		t.Errorf("it waited %v, and did not say why", b.slept)
	}

	b.fault(1000) // for good
	if words, err = s.VerifyPhones(t.Context(), nil); reach.ClassOf(err) != reach.Refused || len(words) > 0 {
		t.Errorf("%d words, %v", len(words), err)
	}
}

// phone reset counts right although the rate is exceeded before and while it waits for phones,
// longer than one question is repeated.
func TestResetUnderRate(t *testing.T) {
	b := newRated(t)
	s := b.connect()
	b.fault(2)
	looks := 0
	b.at = func(d time.Duration) {
		if d != 30*time.Second {
			if looks++; looks == 1 {
				b.fault(8)
			}
		}
	}
	r, err := s.ResetPhones(t.Context(), workflow.ResetRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.Phones); r.Asked != n || r.Back != n || len(r.Missing)+len(r.Failed) > 0 || len(r.Words) != n {
		t.Errorf("%d asked, %d back, missing %v, failed %v, %d words", r.Asked, r.Back, r.Missing, r.Failed, len(r.Words))
	}
	if looks < 2 || b.waits() < 2+8-1 {
		t.Errorf("it looked %d times, and waited %v", looks, b.slept)
	}

	// For good: the phones were told all the same, and those that are not seen are named.
	b.at = func(d time.Duration) {
		if d != 30*time.Second {
			b.fault(1000)
		}
	}
	name := b.Phones[0].Name
	r, err = s.ResetPhones(t.Context(), workflow.ResetRequest{Names: []string{name}, Wait: 1})
	if reach.ClassOf(err) != reach.Refused || r == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Asked != 1 || r.Back != 0 || !slices.ContainsFunc(r.Missing, func(p workflow.LivePhone) bool { return p.Name == name }) {
		t.Errorf("%d asked, %d back, missing %v", r.Asked, r.Back, r.Missing)
	}
}

// A job is done whether its phones can be heard or not.
func TestJobUnderRate(t *testing.T) {
	b := newRated(t)
	b.o.AcceptLoss = true
	job := func() *workflow.Result {
		b.do(b.Regenerate("cucm-pub", "capf")) // something to take up
		s := b.connect()
		defer s.Close()
		p, err := s.PlanTokenless(t.Context(), workflow.TokenlessUpdate)
		return b.through(s, p, err)
	}
	b.fault(2)
	if r := job(); len(r.Words) != len(b.Phones) || b.waits() != 2 {
		t.Errorf("%d words, waited %v", len(r.Words), b.slept)
	}
	b.fault(1000)
	if r := job(); len(r.Words) > 0 || !b.who.told(workflow.EventWarning, "what phones say themselves is not known") {
		t.Errorf("%d words, and no word of why", len(r.Words))
	}
}
