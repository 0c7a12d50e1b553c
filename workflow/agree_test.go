package workflow

import (
	"testing"

	"ctlclient/trust"
)

// The question says that phones would be lost, or may be, where that is so and was not accepted;
// going on although they would be is told.
func TestWhatIsAskedBeforeAJob(t *testing.T) {
	harmless := func() *Plan { return &Plan{Job: JobUpdate} }
	unknown := func() *Plan {
		return &Plan{Job: JobUpdate, Verdicts: []trust.Verdict{{Phone: trust.Phone{Model: "7940", Assumed: true, NoSBD: true}, Certain: true}}}
	}
	accepted := func() *Plan { p := lossyPlan(); p.accepted = true; return p }
	for name, c := range map[string]struct {
		plan                      *Plan
		o                         Options
		purpose                   Purpose
		danger, undescribed, told bool
	}{
		"harmless":                       {plan: harmless(), purpose: ToWrite},
		"harmless, a loss accepted":      {plan: harmless(), o: Options{AcceptLoss: true}, purpose: ToWrite},
		"phones lost":                    {plan: lossyPlan(), purpose: ToWrite, danger: true},
		"phones lost, to save":           {plan: lossyPlan(), purpose: ToSave, danger: true},
		"phones lost, accepted":          {plan: lossyPlan(), o: Options{AcceptLoss: true}, purpose: ToWrite, told: true},
		"phones lost, accepted before":   {plan: accepted(), purpose: ToWrite},
		"nobody described phones":        {plan: unknown(), purpose: ToWrite, undescribed: true},
		"nobody described them, to save": {plan: unknown(), purpose: ToSave},
		"nobody did, a loss accepted":    {plan: unknown(), o: Options{AcceptLoss: true}, purpose: ToWrite},
	} {
		u := &script{yes: true}
		a, err := session(u, c.o).Agree(t.Context(), c.plan, c.purpose)
		if err != nil || len(u.asked) != 1 {
			t.Fatalf("%s: %v, asked %d times", name, err, len(u.asked))
		}
		q := u.asked[0]
		if q.Danger != c.danger || q.Undescribed != c.undescribed || q.Purpose != c.purpose || (len(u.events) > 0) != c.told {
			t.Errorf("%s: danger %t, undescribed %t, told %v", name, q.Danger, q.Undescribed, u.events)
		}
		if a.loss != c.plan.Dangerous() || a.purpose != c.purpose {
			t.Errorf("%s: agreement %+v", name, a)
		}
	}
}
