package advise

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/play"
)

// Loss is phones that refuse what they are served once the work is done, or may.
type Loss struct {
	Who     message.Message
	Phones  int             // how many, 0 when not known
	File    string          // CTL, ITL or configuration
	Reason  message.Message // the phone's, in a sentence
	Doubt   message.Message // why it is not certain that they accept, where that is known; it is in Reason
	Certain bool
	Likely  bool // thought to accept, which is not certain
	IfAny   bool // nobody described such phones: there may be none

	sbd   bool
	group int // of which it is said
}

var (
	lossRefuse   = message.Define("advise.loss.refuse", "The {file} is refused by {who} when it is done: {reason}")
	lossShort    = message.Define("advise.loss.short", "The {file} would be refused by {who}.")
	lossIfAny    = message.Define("advise.loss.if-any", "If there are any, the {file} is refused by {who} when it is done: {reason}")
	lossUnsure   = message.Define("advise.loss.not-certain", "Whether the {file} is accepted by {who} is not certain: {reason}")
	lossLikely   = message.Define("advise.loss.likely", "The {file} is probably accepted by {who}, but that is not certain: {reason}")
	lossDoubt    = message.Define("advise.loss.doubt", "The {file} is probably accepted by {who}: {reason}")
	whoWith      = message.Define("advise.who.with-sbd", "{n|# phone|# phones} with Security By Default")
	whoWithout   = message.Define("advise.who.without-sbd", "{n|# phone|# phones} without Security By Default")
	whoNamed     = message.Define("advise.who.named", "{n|# phone|# phones} ({names})")
	whoAnyWith   = message.Define("advise.who.any-with-sbd", "phones with Security By Default")
	whoAnyNot    = message.Define("advise.who.any-without-sbd", "phones without Security By Default (7940/7960, Jabber, many TelePresence endpoints)")
	whoOneServer = message.Define("advise.who.one-server", "phones whose CallManager group has one server")

	sumNothing  = message.Define("advise.summary.nothing", "No change was named.")
	sumSafe     = message.Define("advise.summary.safe", "Safe in the order below: no phone is lost, for certain.")
	sumCautions = message.Define("advise.summary.safe-with-cautions", "Safe in the order below, with the cautions given: no phone is lost, for certain.")
	sumStops    = message.Define("advise.summary.safe-do-not-stop", "Safe in the order below, but not to stop at: in the end no phone is lost, for certain; after some steps phones refuse what they are served until the next ones are done.")
	sumUnsafe   = message.Define("advise.summary.not-safe", "Not safe as things are. {why} No order of steps is known in which no phone is lost.")
	sumBetter   = message.Define("advise.summary.not-safe-but", "Not safe as things are. {why} In the order below no phone is lost.")
	sumFirst    = message.Define("advise.summary.not-safe-first", "Not safe as things are. {why} The order below alone does not save them: do first what is listed first.")
	sumUnsure   = message.Define("advise.summary.not-certain", "Not certain. {why}")
	sumUnsure2  = message.Define("advise.summary.not-certain-but", "Not certain as things are. {why} In the order below no phone is lost.")
	clearLists  = message.Define("advise.clear-lists", "delete the lists on each of these phones by hand")
	stopMay     = message.Define("advise.stop-may", "Do not stop here: until the next steps are done, {who} may refuse the {file}.")
	stopAfter   = message.Define("advise.stop", "Do not stop here: until the next steps are done, {who} {n|refuses|refuse} the {file}.")
)

// Message says it in a sentence.
func (l Loss) Message() message.Message {
	text := lossUnsure
	switch {
	case l.IfAny && l.Certain:
		text = lossIfAny
	case l.Certain:
		text = lossRefuse
	case l.Likely && !l.Doubt.IsZero():
		text = lossDoubt
	case l.Likely:
		text = lossLikely
	}
	return text.With("who", l.Who, "n", max(l.Phones, 0), "file", trust.FileText(l.File), "reason", l.Reason)
}

// rulePhoneModel is the rule of findings that only repeat what would be lost.
const rulePhoneModel = "phone-model"

// Repeats reports a finding that says nothing that Advice.Lost does not say.
func (f Finding) Repeats() bool { return f.Rule == rulePhoneModel }

// finding is a loss that no rule explains.
func (l Loss) finding() Finding {
	return Finding{Rule: rulePhoneModel, Severity: hazard.Danger, Who: l.Who, Phones: l.Phones, Message: l.Message(),
		Recover: clearLists.With(), Source: "trust-list, section 6"}
}

// group is phones that are alike, as they are played.
type group struct {
	play.Class
	who    message.Message
	phones int
	ifAny  bool // nobody described them, and there may be none
	away   bool // what they hold was said not to be known
	number int  // among the groups of one outlook: others may have the same words
}

// groups are the phones of the cluster, or those that stand in for them.
func (k *outlook) groups() []group {
	gs := k.described()
	if len(gs) == 0 {
		gs = k.standIns()
	}
	for i := range gs {
		gs[i].number = i
	}
	return gs
}

// standIns are one group of each kind, where nobody described the phones.
func (k *outlook) standIns() []group {
	var unknown []message.Message
	if k.CTL == nil && !k.NoCTL {
		unknown = append(unknown, message.Phrase("its CTL is not known"))
	}
	without := trust.Phone{CTL: k.CTL, NoSBD: true}
	without.NotKnown(message.Phrase("%s", unknown))
	if k.ITL == nil && !k.NoITL {
		unknown = append(unknown, message.Phrase("its ITL is not known"))
	}
	with := trust.Phone{CTL: k.CTL, ITL: k.ITL}
	with.NotKnown(message.Phrase("%s", unknown))
	if len(unknown) == 0 {
		with.NotKnown(message.Message{})
	}
	if k.CTL != nil || k.NoCTL {
		without.NotKnown(message.Message{})
	}
	gs := []group{{Class: play.Class{Phone: with, TVS: k.asked()}, who: whoAnyWith.With()}}
	if k.TVS == 0 && k.tvsServers() > 1 && k.Nodes != 1 {
		gs = append(gs, group{Class: play.Class{Phone: with, TVS: k.namedNodes()[:1]}, who: whoOneServer.With(), ifAny: true})
	}
	if k.CTL != nil || !k.NoCTL {
		gs = append(gs, group{Class: play.Class{Phone: without}, who: whoAnyNot.With(), ifAny: true})
	}
	return gs
}

// asked are the nodes whose TVS phones ask: one, where they are said to have one server.
func (k *outlook) asked() []string {
	if k.TVS == 1 || k.Nodes == 1 && k.TVS == 0 {
		return k.namedNodes()[:1]
	}
	return nil
}

// described are the phones of the fleet, those that are alike together.
func (k *outlook) described() []group {
	type key struct {
		sbd, known, one bool
		ctl, itl        any
		unknown         string
	}
	at := map[key]int{}
	var gs []group
	same := k.canonical()
	for _, p := range k.Phones {
		if p.Assumed {
			continue
		}
		p.CTL, p.ITL = same(p.CTL), same(p.ITL)
		sbd, known := p.SBD()
		x := key{sbd, known, len(p.TVS) == 1, p.CTL, p.ITL, p.Unknown}
		i, seen := at[x]
		if !seen {
			i = len(gs)
			at[x] = i
			g := group{Class: play.Class{Phone: p, TVS: k.asked()}, away: p.Unknown != ""}
			if x.one {
				g.TVS = k.namedNodes()[:1]
			}
			gs = append(gs, g)
		}
		gs[i].phones += p.N()
	}
	for i := range gs {
		gs[i].who = whoWithout.With("n", gs[i].phones)
		if has, _ := gs[i].Phone.SBD(); has {
			gs[i].who = whoWith.With("n", gs[i].phones)
		}
		if gs[i].away {
			gs[i].who = whoNamed.With("n", gs[i].phones, "names", gs[i].Phone.WhyUnknown())
		}
	}
	return gs
}

// canonical gives one list for all that are the same byte for byte, the served one first.
func (k *outlook) canonical() func(*ctlbuild.List) *ctlbuild.List {
	bySum := map[string]*ctlbuild.List{}
	seen := map[*ctlbuild.List]*ctlbuild.List{nil: nil}
	same := func(l *ctlbuild.List) *ctlbuild.List {
		if one, ok := seen[l]; ok {
			return one
		}
		sum := l.SHA1()
		if bySum[sum] == nil {
			bySum[sum] = l
		}
		seen[l] = bySum[sum]
		return seen[l]
	}
	same(k.CTL)
	same(k.ITL)
	return same
}

// outcome of one plan.
type outcome struct {
	plan    plan
	result  play.Result
	lost    []Loss // for certain, and such phones are there
	unsure  []Loss
	stops   int
	already []Loss // that refuse what is served now
	away    []Loss // if they are off all the time
}

func (k *outlook) try(p plan, gs []group) outcome {
	steps, textOf := p.played()
	classes := make([]play.Class, len(gs))
	for i, g := range gs {
		classes[i] = g.Class
	}
	o := outcome{plan: p, result: play.Run(k.ctx, k.cluster(), classes, steps)}
	for _, r := range o.result.Lost {
		l := gs[r.Class].loss(r)
		if l.IfAny {
			o.unsure = addLoss(o.unsure, l)
		} else {
			o.lost = addLoss(o.lost, l)
		}
	}
	for _, r := range o.result.Before {
		o.already = addLoss(o.already, gs[r.Class].loss(r))
	}
	for _, r := range o.result.Unsure {
		if g := gs[r.Class]; !g.away && r.After == len(steps) {
			o.unsure = addLoss(o.unsure, g.loss(r))
		}
	}
	for _, r := range o.result.Away {
		if g := gs[r.Class]; !g.away && !r.Likely {
			o.away = addLoss(o.away, g.loss(r))
		}
	}
	o.plan.steps = slices.Clone(p.steps)
	for _, r := range append(slices.Clone(o.result.Stops), o.result.Unsure...) {
		g := gs[r.Class]
		if r.After == 0 || r.After == len(steps) || r.Likely || g.ifAny || g.away || o.unsureOf(g) {
			continue
		}
		if textOf[r.After-1] == textOf[r.After] {
			continue // in the midst of what is done again as on the first node, with its stops
		}
		s, text := &o.plan.steps[textOf[r.After-1]], stopAfter
		if !r.Certain {
			text = stopMay
		}
		if s.Stop.IsZero() {
			s.Stop = text.With("who", gs[r.Class].who, "n", gs[r.Class].phones, "file", trust.FileText(r.File))
			o.stops++
		}
	}
	return o
}

// unsureOf reports phones of which it is not certain what becomes of them in the end: no
// later step brings them back.
func (o *outcome) unsureOf(g group) bool {
	return slices.ContainsFunc(o.unsure, func(l Loss) bool { return l.group == g.number })
}

func (g group) loss(r play.Refusal) Loss {
	sbd, _ := g.Phone.SBD()
	return Loss{group: g.number, sbd: sbd, Who: g.who, Phones: g.phones, File: r.File, Reason: r.Reason, Doubt: r.Doubt, Certain: r.Certain, Likely: r.Likely, IfAny: g.ifAny}
}

// addLoss keeps one loss for each group of phones.
func addLoss(list []Loss, l Loss) []Loss {
	if slices.ContainsFunc(list, func(o Loss) bool { return o.group == l.group }) {
		return list
	}
	return append(list, l)
}

// better compares two outcomes: what is lost weighs most, then what is not certain, then
// where one must not stop; the shorter plan decides last.
func (o outcome) better(than outcome) bool {
	a, b := o.weight(), than.weight()
	return slices.Compare(a, b) < 0
}

func (o outcome) weight() []int {
	return []int{len(o.lost), len(o.unsure), o.stops, len(o.plan.steps)}
}

// play plays every plan and advises the best. Whether the change is safe is said of the
// changes as they were named: all at once where several were, else with what has to
// follow, but nothing before it.
func (k *outlook) play() Advice {
	if len(k.changes) == 0 {
		return Advice{Certain: true}
	}
	gs := k.groups()
	var plain, best outcome
	for i, p := range k.candidates() {
		o := k.try(p, gs)
		if i == 0 || !p.prepares && o.better(plain) {
			plain = o
		}
		if i == 0 || o.better(best) {
			best = o
		}
		if len(o.lost)+len(o.unsure)+o.stops == 0 {
			break // nothing is better than the plainest plan that loses nobody
		}
	}
	named := plain
	k.best = best
	if p, several := k.atOnce(); several {
		named = k.try(p, gs)
	}
	if len(best.lost) == len(plain.lost) && len(best.unsure) == len(plain.unsure) && best.stops == plain.stops {
		best = plain
	}
	k.mayLose = len(named.already) > 0 || len(named.lost) > 0 || slices.ContainsFunc(named.unsure, func(l Loss) bool { return !l.Likely && !l.IfAny })
	return Advice{
		Safe: len(named.lost) == 0, Certain: len(named.unsure) == 0, Lost: named.lost, Unsure: named.unsure,
		Steps: best.plan.steps, clean: len(best.lost)+len(best.unsure) == 0, waits: best.stops > 0,
	}
}

// follows reports whether in the order advised every phone with or without Security By
// Default follows, for certain.
func (k *outlook) follows(sbd bool) bool {
	for _, l := range append(slices.Clone(k.best.lost), k.best.unsure...) {
		if l.sbd == sbd {
			return false
		}
	}
	return len(k.best.plan.steps) > 0
}

// atOnce is the changes as they were named together, where several keys change.
func (k *outlook) atOnce() (p plan, several bool) {
	var acts []play.Act
	changes := 0
	for _, s := range k.candidates()[0].steps {
		if s.again {
			continue
		}
		for _, x := range s.Plays {
			for _, a := range x.Acts {
				switch a.Kind {
				case play.NewCallManager, play.NewTVS, play.NewRecovery, play.NewCAPF, play.Rename:
					if len(acts) == 0 || acts[len(acts)-1].Kind != a.Kind {
						changes++
					}
					acts = append(acts, a)
				}
			}
		}
	}
	if changes < 2 {
		return plan{}, false
	}
	p.steps = append([]Step{{Plays: []play.Step{{Acts: acts}}}}, k.updateCTL()...)
	p.steps = append(p.steps, waits())
	return p, true
}

func (k *outlook) summary(a *Advice) message.Message {
	if len(k.changes) == 0 {
		return sumNothing.With()
	}
	switch {
	case len(a.Breaks) > 0:
		why := a.Breaks[0].Message
		if a.Breaks[0].Rule == rulePhoneModel {
			why = lossShort.With("who", a.Lost[0].Who, "file", trust.FileText(a.Lost[0].File))
		}
		switch {
		case a.clean && !a.beyond:
			return sumBetter.With("why", why)
		case len(a.First) > 0:
			return sumFirst.With("why", why)
		}
		return sumUnsafe.With("why", why)
	case !a.Certain:
		why := k.whyUnsure(a)
		if a.clean && len(a.Unsure) > 0 {
			return sumUnsure2.With("why", why)
		}
		return sumUnsure.With("why", why)
	case a.waits:
		return sumStops.With()
	case slices.ContainsFunc(a.Cautions, func(f Finding) bool { return f.Severity == hazard.Warning }):
		return sumCautions.With()
	}
	return sumSafe.With()
}

// whyUnsure is the first thing on which the answer rests and that is not known.
func (k *outlook) whyUnsure(a *Advice) message.Message {
	for _, f := range a.Cautions {
		if f.unsure {
			return f.Message
		}
	}
	if len(a.Unsure) > 0 {
		return a.Unsure[0].Message()
	}
	return message.Message{}
}
