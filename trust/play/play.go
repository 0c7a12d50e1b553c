package play

import (
	"context"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// Class is a group of phones that are alike.
type Class struct {
	Phone trust.Phone
	// TVS are the nodes that these phones ask, by name; none: all.
	TVS []string
}

// Refusal is phones that refuse what they are served.
type Refusal struct {
	Class int    // index in the classes given
	After int    // how many steps were done
	File  string // CTL, ITL or configuration
	// Reason is the phone's, in a sentence.
	Reason message.Message
	// Doubt is why an acceptance is not certain, where the phone knows that.
	Doubt message.Message
	// Certain: in every way in which what is not known may be, phones refuse.
	Certain bool
	// Likely: the phones are thought to accept, which is not certain.
	Likely bool
}

// Result of a plan.
type Result struct {
	Before []Refusal // phones that refuse what is served now, before anything is done
	Lost   []Refusal // that refuse what is served at the end
	// Stops are refusals after steps from which later steps bring the phones back: places
	// where one must not stop.
	Stops []Refusal
	// Away are refusals at the end by phones that were off all the time, certain or not;
	// not those that are lost anyway.
	Away []Refusal
	// Unsure are refusals that may be, and verdicts of which nothing is certain.
	Unsure []Refusal
}

// Run plays a plan. An ended ctx ends it early; what has not been played is unsure.
func Run(ctx context.Context, c Cluster, classes []Class, plan []Step) Result {
	var out Result
	for _, home := range homes(c, plan) {
		var runs []Result
		for _, v := range variants(c, plan) {
			v.home = home
			runs = append(runs, run(ctx, c, v, classes, plan))
		}
		out.join(merge(runs))
	}
	return out
}

// homes are the nodes whose ITL phones may hold: the one that was read, and those that the
// plan is about. Another node's ITL is like it, with that node's CallManager.
func homes(c Cluster, plan []Step) []string {
	w := newWorld(c, variant{})
	out := []string{w.home()}
	for _, s := range plan {
		for _, a := range s.Acts {
			if a.Node != "" && !containsServer(out, a.Node) && w.find(callManager, a.Node) != nil {
				out = append(out, a.Node)
			}
		}
	}
	return out
}

// variants are the ways in which what is not known may be.
func variants(c Cluster, plan []Step) []variant {
	vs := []variant{{}}
	both := func(change func(*variant)) {
		for _, v := range vs {
			change(&v)
			vs = append(vs, v)
		}
	}
	gone := len(newWorld(c, variant{}).unseen()) > 0
	if gone {
		both(func(v *variant) { v.gone = true })
	}
	renames, renews := false, gone || slices.ContainsFunc(newWorld(c, variant{}).keys, func(k *key) bool { return k.role == recovery && k.replaced })
	for _, s := range plan {
		for _, a := range s.Acts {
			renames = renames || a.Kind == Rename
			renews = renews || a.Kind == NewRecovery || a.Kind == Rename
		}
	}
	if renames {
		both(func(v *variant) { v.renamed = true })
	}
	if renews {
		both(func(v *variant) { v.silent = true })
	}
	return vs
}

var (
	noCTLKnown = message.Define("play.ctl-not-known", "Whether the cluster serves a CTL is not known.")
	noITLKnown = message.Define("play.itl-not-known", "The ITL that the cluster serves is not known.")
	noCTLThere = message.Define("play.destination-ctl-not-known", "Whether the destination serves a CTL is not known.")
	noITLThere = message.Define("play.destination-itl-not-known", "The ITL that the destination serves is not known.")
)

// held is what a phone of a class holds.
type held struct{ ctl, itl *ctlbuild.List }

// one run: the states in which phones of each class can be, step by step.
func run(ctx context.Context, c Cluster, v variant, classes []Class, plan []Step) (out Result) {
	for i, class := range classes {
		w := newWorld(c, v)
		start := held{class.Phone.CTL, class.Phone.ITL}
		if w.itl != nil && start.itl == c.ITL {
			start.itl = w.itl.list
		}
		states := []held{start}
		note := func(list *[]Refusal, after int, b booted) {
			for _, r := range b.refused {
				r.Class, r.After = i, after
				if r.Certain {
					*list = append(*list, r)
				} else {
					out.Unsure = append(out.Unsure, r)
				}
			}
		}
		first := w.boot(ctx, class, start)
		note(&out.Before, 0, first)
		if first.lost() {
			// These phones do not follow the cluster as it is; the plan does not lose them.
			continue
		}
		states = add(states, first.held)
		if first.unsure() {
			states = add(states, start)
		}
		for n, step := range plan {
			w.apply(step)
			var next []held
			if !step.Wait {
				next = states
			}
			for _, s := range states {
				b := w.boot(ctx, class, s)
				if n < len(plan)-1 {
					note(&out.Stops, n+1, b)
				}
				next = add(next, b.held)
				if b.unsure() {
					next = add(next, s) // it may have kept what it had
				}
			}
			states = next
		}
		for _, s := range states {
			note(&out.Lost, len(plan), w.boot(ctx, class, s))
		}
		for _, r := range w.boot(ctx, class, start).refused {
			r.Class, r.After = i, len(plan)
			out.Away = append(out.Away, r)
		}
	}
	return out
}

func add(states []held, s held) []held {
	for _, have := range states {
		if have == s {
			return states
		}
	}
	return append(states, s)
}

// booted is a phone after it was switched on.
type booted struct {
	held    held
	refused []Refusal
}

// lost reports a phone that is certain to refuse something.
func (b booted) lost() bool {
	for _, r := range b.refused {
		if r.Certain {
			return true
		}
	}
	return false
}

// unsure reports a phone of which it is not certain what it made of something.
func (b booted) unsure() bool {
	for _, r := range b.refused {
		if !r.Certain {
			return true
		}
	}
	return false
}

// boot follows a phone: CTL, ITL, configuration. One that held nothing trusts both lists
// of the boot blindly.
func (w *world) boot(ctx context.Context, class Class, s held) booted {
	p := class.Phone
	p.CTL, p.ITL = s.ctl, s.itl
	blank := p.Unknown == "" && p.CTL == nil && (p.ITL == nil || p.ITL.IsEmptyRollback())
	asker := tvsAsker{w, class.TVS}
	sbd, _ := p.SBD()
	b := booted{held: s}
	judge := func(file string, assess func(p trust.Phone) trust.Verdict) bool {
		q := p
		if blank {
			q.CTL, q.ITL = nil, nil
		}
		v := assess(q)
		if !v.Accept || !v.Certain {
			r := Refusal{File: file, Reason: v.Why, Doubt: v.Doubt, Certain: !v.Accept && v.Certain, Likely: v.Accept}
			b.refused = append(b.refused, r)
		}
		return v.Accept
	}
	if w.ctl != nil && judge("CTL", func(p trust.Phone) trust.Verdict { return w.ctl.offer(ctx, p, asker) }) {
		p.CTL, b.held.ctl = w.ctl.list, w.ctl.list
	}
	noCTL, noITL := noCTLKnown, noITLKnown
	if w.source != nil {
		noCTL, noITL = noCTLThere, noITLThere
	}
	if w.ctl == nil && w.CTLUnknown {
		b.refused = append(b.refused, Refusal{File: "CTL", Reason: noCTL.With()})
	}
	if sbd && w.itl == nil && w.ITLUnknown {
		b.refused = append(b.refused, Refusal{File: "ITL", Reason: noITL.With()})
	}
	if sbd && w.itl != nil && judge("ITL", func(p trust.Phone) trust.Verdict { return w.itl.offer(ctx, p, asker) }) {
		p.ITL, b.held.itl = w.itl.list, w.itl.list
	}
	if k := w.find(callManager, w.home()); k != nil && k.der != nil && !w.plainConfig(p, sbd) {
		blank = false
		judge("configuration", func(p trust.Phone) trust.Verdict { return trust.AssessSigner(ctx, p, k.der, asker) })
	}
	return b
}

// plainConfig: a phone that holds no list that binds it asks for a file without signature.
func (w *world) plainConfig(p trust.Phone, sbd bool) bool {
	return (p.CTL == nil || p.CTL.NonSecure()) && (!sbd || p.ITL == nil || p.ITL.IsEmptyRollback()) && p.Unknown == ""
}

// offer puts a list before a phone.
func (s *served) offer(ctx context.Context, p trust.Phone, asker trust.Asker) trust.Verdict {
	switch {
	case !s.real:
		return trust.AssessPlanned(ctx, p, s.list, s.signer, asker)
	case s.list.Kind() == ctlbuild.KindITL:
		return trust.Assess(ctx, p, trust.Offer{ITL: s.list}, asker)
	}
	return trust.Assess(ctx, p, trust.Offer{CTL: s.list}, asker)
}
