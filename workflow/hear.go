package workflow

import (
	"context"
	"errors"
	"slices"
	"time"

	"ctlclient/cluster"
	"ctlclient/message"
	"ctlclient/trust/fleet"
	"ctlclient/trust/phoneword"
)

// hearMost is how many phones a job listens to: what RisPort70 tells of in one answer, so
// that a job waits for one question, however large the cluster is. VerifyPhones asks all.
const hearMost = liveBatch

// hearTime bounds how long a job listens, before it writes and again at its end: a phone's
// word is worth a minute, and no job fails for the want of it.
const hearTime = time.Minute

// errPageOff is why a phone's word is not known: Web Access is off for it.
var errPageOff = message.NewError("its web page is off")

// hearing is what phones said before a job, to be compared with what they say at its end.
type hearing struct {
	phones []LivePhone
	before readings
	all    int // phones of the cluster, of which those are some
}

// listen reads what phones say before a job. nil: the cluster lists no phones, or nobody wants
// to hear them. What keeps it from reading is said, and keeps no job from being done.
func (s *Session) listen(ctx context.Context, o ExecuteOptions) *hearing {
	if o.NoPages || s.Cluster.Site.Phones == nil || s.publisherSilent() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	h := &hearing{}
	err := s.findPages(ctx, h)
	if err == nil {
		h.before, _, err = s.readPages(ctx, h.withPage())
	}
	if err != nil {
		s.warn(sayNotHeard.With("why", err))
		return nil
	}
	return h
}

// publisherSilent reports a publisher that did not answer when the cluster was looked at: it
// knows the phones, and nobody waits for it again.
func (s *Session) publisherSilent() bool {
	lead := s.Cluster.Profile.LeadNode().Name
	return slices.ContainsFunc(s.Snapshot.Nodes, func(n cluster.NodeState) bool {
		var silent *cluster.NodeError
		return n.Node.Name == lead && errors.As(n.Err, &silent)
	})
}

// findPages chooses the phones and learns where their pages are.
func (s *Session) findPages(ctx context.Context, h *hearing) (err error) {
	known, err := s.clusterPhones(ctx)
	if err != nil {
		return err
	}
	h.all = len(known)
	var some []LivePhone
	for _, e := range someOfEach(known, hearMost) {
		some = append(some, LivePhone{Name: e.Name, Model: e.Model, TVS: e.TVS})
	}
	if len(some) == 0 {
		return nil
	}
	defer s.step(StepPhones, sayWherePhones.With())(&err)
	_, err = s.live(ctx, some, func(p LivePhone) error {
		h.phones = append(h.phones, p)
		return nil
	})
	return err
}

// someOfEach takes at most n phones, the first of each model before the second of any.
func someOfEach(phones []fleet.Entry, n int) []fleet.Entry {
	if len(phones) <= n {
		return phones
	}
	byModel := map[string][]fleet.Entry{}
	var models []string
	for _, p := range phones {
		if byModel[p.Model] == nil {
			models = append(models, p.Model)
		}
		byModel[p.Model] = append(byModel[p.Model], p)
	}
	var out []fleet.Entry
	for i := 0; len(out) < n; i++ {
		for _, m := range models {
			if of := byModel[m]; i < len(of) && len(out) < n {
				out = append(out, of[i])
			}
		}
	}
	return out
}

// withPage are the phones whose page can be read.
func (h *hearing) withPage() []LivePhone {
	return slices.DeleteFunc(slices.Clone(h.phones), func(p LivePhone) bool { return !p.Web || !p.Address.IsValid() })
}

// hear reads what the phones say at the end of a job that wrote something, and compares it with
// what they said before and with what was predicted. Phones fetch a new file when they restart:
// until then most say nothing, which is said as that.
func (s *Session) hear(ctx context.Context, h *hearing, r *Result) {
	if h == nil || len(h.phones) == 0 || r == nil || ctx.Err() != nil || !wrote(r) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	now, errs, err := s.readPages(ctx, h.withPage())
	if err != nil {
		s.warn(sayNotHeard.With("why", err))
		return
	}
	for _, p := range h.phones {
		if !p.Web {
			errs[p.Name] = errPageOff
		}
	}
	r.Words = wordsOfPhones(h.phones, h.before, now, errs, s.foresee(ctx, h.phones, r.Plan.Old, r.List))
	r.Phones = h.all
	var said []PhoneWord // a job that is not done has no record of what phones said of it
	if r.Outcome.State == cluster.StateFinished {
		said = r.Words
	}
	if err := s.keepHeard(said, h.before, now); err != nil {
		s.warn(sayNotKept.With("why", err))
	}
}

// wrote reports a job that left another file on nodes than they had: done, half done, or an
// earlier one taken back.
func wrote(r *Result) bool {
	switch r.Outcome.State {
	case cluster.StateFinished, cluster.StateIncomplete:
		return true
	}
	return r.Outcome.State == cluster.StateTakenBack && r.Plan.finish != nil
}

// Heard says in two sentences what phones say at a job's end; where they differ from what was
// predicted, that first.
func (r *Result) Heard() []message.Message {
	if len(r.Words) == 0 {
		return nil
	}
	var out []message.Message
	count := map[phoneword.Verdict]int{}
	differ := 0
	for _, w := range r.Words {
		count[w.Word.Verdict]++
		if w.Differs() {
			differ++
		}
	}
	if differ > 0 {
		out = append(out, sayDiffer.With("n", differ))
	}
	out = append(out, sayHeard.With("n", len(r.Words), "took", count[phoneword.Took], "kept", count[phoneword.Kept],
		"nothing", count[phoneword.NothingSaid], "unknown", count[phoneword.Unknown]))
	if r.Phones > len(r.Words) {
		out = append(out, saySomeHeard.With("n", len(r.Words), "all", r.Phones))
	}
	if count[phoneword.Took]+count[phoneword.Kept] == 0 {
		out = append(out, sayNoneYet.With())
	}
	return out
}
