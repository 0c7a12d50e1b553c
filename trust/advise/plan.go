package advise

import (
	"maps"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// Step is one thing to do, and what it does to keys and lists.
type Step struct {
	Text message.Message
	// Plays is what the step does, as package play does it; none for what changes neither.
	Plays []play.Step
	// Stop says which phones refuse what they are served if the work rests after this
	// step; the steps that follow bring them back.
	Stop message.Message

	again bool // what was done on the first node, on the next
}

// String is the step in English.
func (s Step) String() string { return s.Text.String() }

var (
	stepCompare  = message.Define("advise.step.compare", "Compare what every node serves with what some phones hold, and keep copies of CTLFile.tlv and ITLFile.tlv.")
	stepManual   = message.Define("advise.step.phone-interaction", "Set Enterprise Parameter \"Phone Interaction on Certificate Update\" to manual: 14 and later else reset all phones at each new certificate.")
	stepManual14 = message.Define("advise.step.phone-interaction-if-14", "If this is 14 or later, set Enterprise Parameter \"Phone Interaction on Certificate Update\" to manual: it else resets all phones at each new certificate.")
	stepRestart  = message.Define("advise.step.restart-all", "Restart TFTP, then CallManager, on all nodes that run them, and reset the phones.")
	stepWait     = message.Define("advise.step.wait", "Wait until every phone holds the new lists: compare the checksum on the phones with that of every node.")
	stepTVSTFTP  = message.Define("advise.step.restart-tvs-tftp", "Restart TVS and TFTP, and reset the phones.")
	stepUpdate   = message.Define("advise.step.update-ctl", "Update the CTL on the publisher: utils ctl update CTLFile.")
	stepSign     = message.Define("advise.step.update-ctl-by-token", "Update the CTL and sign it with {tokens}.")
	stepIfCTL    = message.Define("advise.step.update-ctl-if-any", "If the cluster has a CTL, update it.")
	stepResetCTL = message.Define("advise.step.reset-ctl-key", "On the publisher: utils ctl reset localkey. The CTL is then signed by the other server key, {key}, which phones know from the CTL that they hold.")
	stepResetITL = message.Define("advise.step.reset-itl-key", "On the publisher: utils itl reset localkey. The ITL is then signed by the other server key, {key}, which phones know from the ITL that they hold.")
	stepMakeITL  = message.Define("advise.step.make-itl", "Restart TFTP on all nodes, so that the ITL is signed by its usual key again, and reset the phones.")
	stepPhones   = message.Define("advise.step.reset-phones", "Reset the phones, and leave TFTP running: its next restart signs the ITL by the usual key again.")
	stepNextNode = message.Define("advise.step.next-node", "Do the same on the next node.")
	stepNextName = message.Define("advise.step.next-rename", "Rename the next node in the same way.")
)

// plan is a row of steps, and whether something in it comes before the change.
type plan struct {
	steps    []Step
	prepares bool
}

func (p plan) played() (all []play.Step, textOf []int) {
	for i, s := range p.steps {
		for _, x := range s.Plays {
			all = append(all, x)
			textOf = append(textOf, i)
		}
	}
	return all, textOf
}

func say(t *message.Text, values ...any) Step { return Step{Text: t.With(values...)} }

// does is a step with what it does.
func does(text message.Message, acts ...play.Act) Step {
	return Step{Text: text, Plays: []play.Step{{Acts: acts}}}
}

func waits() Step { return Step{Text: stepWait.With(), Plays: []play.Step{{Wait: true}}} }

// candidates are the plans for the changes, one after the other, the plainest first.
func (k *outlook) candidates() []plan {
	var out []plan
	for _, before := range k.prefixes() {
		for _, after := range k.aftercares() {
			p := plan{steps: []Step{say(stepCompare)}, prepares: len(before.steps) > 0}
			p.steps = append(p.steps, k.manual()...)
			p.steps = append(p.steps, before.steps...)
			for _, work := range works {
				if k.has(work.kinds...) {
					p.steps = append(p.steps, work.steps(k, after[work.kinds[0]])...)
				}
			}
			p.steps = append(p.steps, before.undo...)
			out = append(out, p)
		}
	}
	return out
}

// prefix is what is done before a change so that phones can follow it, and what takes it
// back when all is done.
type prefix struct{ steps, undo []Step }

// works are the kinds of changes in the order in which they are done: CallManager before
// TVS, ITLRecovery last.
var works = []struct {
	kinds []Kind
	steps func(k *outlook, after aftercare) []Step
}{
	{[]Kind{LoseToken, LoseAllTokens}, (*outlook).tokenSteps},
	{[]Kind{Restore}, (*outlook).restoreSteps},
	{[]Kind{TurnOffSBD}, (*outlook).turnOffSteps},
	{[]Kind{RenameHost, RenameDomain}, (*outlook).renameSteps},
	{[]Kind{Readdress}, (*outlook).readdressSteps},
	{[]Kind{RegenerateCallManager}, (*outlook).callManagerSteps},
	{[]Kind{RegenerateTVS}, (*outlook).tvsSteps},
	{[]Kind{RegenerateCAPF}, (*outlook).capfSteps},
	{[]Kind{RegenerateITLRecovery}, (*outlook).recoverySteps},
	{[]Kind{CentralTFTP}, (*outlook).centralSteps},
	{[]Kind{MovePhones}, (*outlook).moveSteps},
}

// manual: 14 and later reset phones by themselves.
func (k *outlook) manual() []Step {
	if !(k.callManager || k.tvs || k.capf || k.recovery) {
		return nil
	}
	switch yes, known := k.Version.AtLeast(release.Of(14, 0)); {
	case yes:
		return []Step{say(stepManual)}
	case !known:
		return []Step{say(stepManual14)}
	}
	return nil
}

// prefixes are what may be done before the change so that phones can follow it.
func (k *outlook) prefixes() []prefix {
	out := []prefix{{}}
	if k.CTL != nil && len(k.tokens()) == 0 && !k.has(MovePhones) {
		update := append(k.updateCTL(), say(stepRestart), waits())
		out = append(out, prefix{steps: update})
		if k.resettable() {
			out = append(out, prefix{steps: append(append(k.resetCTL(), say(stepRestart), waits()), update...)})
		}
	}
	empty := prefix{k.emptied(), k.filled()}
	if k.renames() && !k.NoITL {
		out = append(out, empty)
	}
	if k.has(MovePhones) {
		if acts := k.trustDestination(); len(acts) > 0 {
			out = append(out, prefix{steps: []Step{does(stepTrustDestination.With(), acts...)}, undo: []Step{say(stepMoved)}})
		}
		if k.NoCTL {
			out = append(out, empty)
		}
	}
	return out
}

// aftercare is how phones are led to lists of the new keys.
type aftercare uint8

const (
	plainAftercare aftercare = iota // update the CTL
	resetAftercare                  // sign with the other server key first
)

// aftercares are the ways there are, for each kind of change that makes signers anew.
func (k *outlook) aftercares() []map[Kind]aftercare {
	out := []map[Kind]aftercare{{}}
	for _, kind := range []Kind{RegenerateITLRecovery, RegenerateCallManager, RenameHost} {
		if !k.has(kind) && !(kind == RenameHost && k.renames()) || !k.resettable() ||
			(k.CTL == nil || len(k.tokens()) > 0) && kind != RegenerateITLRecovery {
			continue
		}
		for _, m := range out {
			with := maps.Clone(m)
			with[kind] = resetAftercare
			out = append(out, with)
		}
	}
	return out
}

// resettable: the commands are there from 10.0 on, and there are two server keys.
func (k *outlook) resettable() bool {
	if k.Version.Before(release.Of(10, 0)) {
		return false
	}
	for _, l := range []*ctlbuild.List{k.CTL, k.ITL} {
		if l != nil && slices.ContainsFunc(l.Records, func(r ctlbuild.Record) bool { return r.IsRecovery() }) {
			return true
		}
	}
	return false
}

// updateCTL says how the CTL is updated in this cluster; nothing without a CTL.
func (k *outlook) updateCTL() []Step {
	act := play.Act{Kind: play.UpdateCTL}
	switch left := k.tokensLeft(); {
	case k.CTL == nil && k.NoCTL:
		return nil
	case k.CTL == nil:
		return []Step{say(stepIfCTL)}
	case len(left) > 0:
		return []Step{does(stepSign.With("tokens", message.Either(names(k.CTL, "", left))), act)}
	}
	return []Step{does(stepUpdate.With(), act)}
}

func (k *outlook) resetCTL() []Step {
	return []Step{does(stepResetCTL.With("key", k.otherKey()), play.Act{Kind: play.ResetCTLKey})}
}

// otherKey names the server key that does not sign lists as a rule: a reset signs with it.
func (k *outlook) otherKey() string {
	if play.RecoverySigns(k.cluster()) {
		return "CallManager"
	}
	return "ITLRecovery"
}

// lead is what follows a change of keys: new lists reach the phones.
func (k *outlook) lead(after aftercare) []Step {
	update := append(k.updateCTL(), say(stepRestart), waits())
	switch {
	case after != resetAftercare:
		return update
	case k.CTL != nil && len(k.tokens()) == 0:
		return append(append(k.resetCTL(), say(stepRestart), waits()), update...)
	case k.CTL == nil:
		update = nil
	}
	return append(update,
		does(stepResetITL.With("key", k.otherKey()), play.Act{Kind: play.ResetITLKey}), say(stepPhones), waits(),
		does(stepMakeITL.With(), play.Act{Kind: play.MakeITL}), waits())
}

// onNodes makes steps for the first node, and for the others after it. A certificate that
// all nodes share changes everywhere at once.
func (k *outlook) onNodes(kind play.Kind, next *message.Text, first func(node string) message.Message, rest func() []Step) []Step {
	all := k.everywhere || k.shared() && kind == play.NewCallManager
	nodes := k.namedNodes()
	if all {
		nodes = nodes[:1]
	}
	var steps []Step
	for i, n := range nodes {
		act := play.Act{Kind: kind, Node: n, All: all}
		one := append([]Step{does(first(n), act)}, rest()...)
		if i == 0 {
			steps = one
			continue
		}
		again := say(next)
		again.again = true
		for _, s := range one {
			again.Plays = append(again.Plays, s.Plays...)
		}
		return append(steps, again)
	}
	if !all && len(nodes) == 1 && k.mayHaveMore() {
		steps = append(steps, say(next))
	}
	return steps
}
