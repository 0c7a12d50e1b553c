package advise

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

var (
	stepCallManager       = message.Define("advise.step.callmanager", "Regenerate CallManager on {node}; leave TVS as it is.")
	stepCallManagerOne    = message.Define("advise.step.callmanager-one-node", "Regenerate CallManager on one node; leave TVS as it is.")
	stepCallManagerShared = message.Define("advise.step.callmanager-all-nodes", "Regenerate CallManager; leave TVS as it is. It changes on all nodes at the same time: there is no next node.")
	stepCallManagerAll    = message.Define("advise.step.callmanager-everywhere", "Regenerate CallManager on all nodes; leave TVS as it is.")
	stepTVSNew            = message.Define("advise.step.tvs", "Regenerate TVS on {node}; leave CallManager as it is.")
	stepTVSOne            = message.Define("advise.step.tvs-one-node", "Regenerate TVS on one node; leave CallManager as it is.")
	stepTVSAll            = message.Define("advise.step.tvs-all-nodes", "Regenerate TVS on all nodes; leave CallManager as it is.")
	stepCAPF              = message.Define("advise.step.capf", "Regenerate CAPF.")
	stepCAPFRestart       = message.Define("advise.step.capf-restart", "Restart CAPF, TVS, TFTP and CallManager, and reset the phones.")
	stepCAPFAfter         = message.Define("advise.step.capf-after", "Issue the LSCs of the phones anew, and give the new CAPF certificate to 802.1X servers, VPN gateways and Expressway.")
	stepRecovery          = message.Define("advise.step.itlrecovery", "Only when every phone holds lists with the present CallManager: regenerate ITLRecovery. CallManager and TVS stay as they are.")
	stepRename            = message.Define("advise.step.rename", "Rename {node} and let it restart; all its certificates are new now.")
	stepRenameOne         = message.Define("advise.step.rename-one-node", "Rename one node and let it restart; all its certificates are new now.")
	stepRenameAll         = message.Define("advise.step.rename-all-nodes", "Rename all nodes and let them restart; all certificates are new now.")
	stepEmpty             = message.Define("advise.step.empty-itl", "Set \"Prepare Cluster for Rollback to Pre 8.0\" to true and the secured phone URLs to HTTP, restart TVS and TFTP on all nodes, and reset the phones.")
	stepEmptied           = message.Define("advise.step.emptied", "See that every phone has taken the emptied ITL.")
	stepFill              = message.Define("advise.step.fill-itl", "Set \"Prepare Cluster for Rollback to Pre 8.0\" to false again and the secured phone URLs back, restart TVS and TFTP, and reset the phones.")
	stepReaddress         = message.Define("advise.step.readdress", "Change the address of one node.")
	stepReplaceToken      = message.Define("advise.step.replace-token", "In one update: add a new token, remove {lost}, sign with {left}.")
	stepReplaceSome       = message.Define("advise.step.replace-some-token", "In one update: add a new token, remove the lost one, sign with the token that is left.")
	stepDeleteCTL         = message.Define("advise.step.delete-ctl", "Delete CTLFile.tlv on every node, and create a CTL with two new tokens.")
	stepClearCTL          = message.Define("advise.step.clear-ctl", "Delete the CTL on every phone by hand.")
	stepTokenless         = message.Define("advise.step.to-tokenless", "On 10.0 and later: make the CTL tokenless on the publisher, utils ctl update CTLFile.")
	stepBackToTokens      = message.Define("advise.step.back-to-tokens", "To return to tokens: put the certificates of two new ones into Phone-SAST-trust, see that TVS on every node answers valid for them, then migrate to tokens.")
	stepRestore           = message.Define("advise.step.restore", "Restore the server.")
	stepRestoreLook       = message.Define("advise.step.restore-look", "Look at its ITL: it must verify, and its signer must be the certificate noted before. If not, regenerate CallManager on that server alone, restart TVS and TFTP, and look again.")
	stepCentral           = message.Define("advise.step.central-tftp", "Point the phones at the central TFTP server.")
	stepCentralLook       = message.Define("advise.step.central-look", "See on some phones of each cluster that they took the ITL of their own cluster.")
	stepTrustDestination  = message.Define("advise.step.trust-destination", "Put the destination's CallManager and ITLRecovery certificates into Phone-SAST-trust of this cluster, and see that TVS on every node answers valid for them.")
	stepMoveOne           = message.Define("advise.step.move-one", "Move one phone of each model, and see that it takes the destination's lists and configuration.")
	stepMove              = message.Define("advise.step.move", "Move the others; leave this cluster's TVS running until the last one has moved.")
	stepMoved             = message.Define("advise.step.moved", "Take the destination's certificates out of Phone-SAST-trust when the last phone has moved.")
)

// named words a step about a node, or about one of several that nobody named.
func (k *outlook) named(node string, one, some, all *message.Text, isAll bool) message.Message {
	switch {
	case isAll:
		return all.With()
	case !slices.ContainsFunc(k.changes, func(c PlannedChange) bool { return c.Node != "" }):
		return some.With()
	}
	return one.With("node", node)
}

func (k *outlook) callManagerSteps(after aftercare) []Step {
	return k.onNodes(play.NewCallManager, stepNextNode, func(n string) message.Message {
		if k.shared() {
			return stepCallManagerShared.With()
		}
		return k.named(n, stepCallManager, stepCallManagerOne, stepCallManagerAll, k.everywhere)
	}, func() []Step { return append([]Step{say(stepTVSTFTP)}, k.lead(after)...) })
}

func (k *outlook) tvsSteps(aftercare) []Step {
	return k.onNodes(play.NewTVS, stepNextNode, func(n string) message.Message {
		return k.named(n, stepTVSNew, stepTVSOne, stepTVSAll, k.everywhere)
	}, func() []Step { return []Step{say(stepTVSTFTP), waits()} })
}

func (k *outlook) capfSteps(aftercare) []Step {
	steps := append([]Step{does(stepCAPF.With(), play.Act{Kind: play.NewCAPF})}, k.updateCTL()...)
	return append(steps, say(stepCAPFRestart), waits(), say(stepCAPFAfter))
}

func (k *outlook) recoverySteps(after aftercare) []Step {
	return append([]Step{does(stepRecovery.With(), play.Act{Kind: play.NewRecovery})}, k.lead(after)...)
}

func (k *outlook) renameSteps(after aftercare) []Step {
	return k.onNodes(play.Rename, stepNextName, func(n string) message.Message {
		return k.named(n, stepRename, stepRenameOne, stepRenameAll, k.everywhere)
	}, func() []Step { return k.lead(after) })
}

// emptied: phones that hold an emptied ITL and no CTL take any list.
func (k *outlook) emptied() []Step {
	return []Step{
		does(stepEmpty.With(), play.Act{Kind: play.EmptyITL}),
		{Text: stepEmptied.With(), Plays: []play.Step{{Wait: true}}},
	}
}

// filled takes emptied back.
func (k *outlook) filled() []Step {
	return []Step{does(stepFill.With(), play.Act{Kind: play.FillITL}), waits()}
}

func (k *outlook) readdressSteps(aftercare) []Step {
	return append(append([]Step{say(stepReaddress)}, k.updateCTL()...), say(stepRestart), waits())
}

func (k *outlook) turnOffSteps(aftercare) []Step { return append(k.emptied(), k.filled()...) }

func (k *outlook) tokenSteps(aftercare) []Step {
	gone, left, named := k.lost()
	if len(k.tokens()) == 0 {
		return nil
	}
	if k.has(LoseAllTokens) || !named && len(k.tokens()) == 1 || named && len(left) == 0 {
		return k.noTokenSteps()
	}
	text := stepReplaceSome.With()
	acts := []play.Act{{Kind: play.UpdateCTL}}
	if named && len(gone) > 0 {
		text = stepReplaceToken.With("lost", names(k.CTL, "", gone), "left", message.Either(names(k.CTL, "", left)))
		for _, i := range gone {
			acts = append([]play.Act{{Kind: play.LoseToken, Certificate: k.CTL.Records[i].Certificate()}}, acts...)
		}
	}
	return []Step{does(text, acts...), say(stepRestart), waits()}
}

func (k *outlook) noTokenSteps() []Step {
	if k.Version.Before(release.Of(10, 0)) {
		return []Step{say(stepDeleteCTL), say(stepRestart), say(stepClearCTL)}
	}
	return []Step{
		does(stepTokenless.With(), play.Act{Kind: play.LoseAllTokens}, play.Act{Kind: play.UpdateCTL}),
		say(stepRestart), waits(), say(stepBackToTokens),
	}
}

func (k *outlook) restoreSteps(aftercare) []Step {
	return []Step{say(stepRestore), say(stepRestoreLook), say(stepWait)}
}

func (k *outlook) centralSteps(aftercare) []Step {
	return []Step{say(stepCentral), say(stepCentralLook)}
}

func (k *outlook) moveSteps(aftercare) []Step {
	move := does(stepMove.With(), play.Act{Kind: play.Move, Destination: k.destination()})
	move.Plays[0].Wait = true
	return []Step{say(stepMoveOne), move}
}

func (k *outlook) destination() *play.Cluster {
	return &play.Cluster{
		CTL: k.DestinationCTL, ITL: k.DestinationITL, Version: k.Version,
		CTLUnknown: k.DestinationCTL == nil && k.CTL != nil, ITLUnknown: k.DestinationITL == nil,
	}
}

// trustDestination are the anchors of the destination's lists.
func (k *outlook) trustDestination() []play.Act {
	var acts []play.Act
	for _, l := range []*ctlbuild.List{k.DestinationCTL, k.DestinationITL} {
		if l == nil {
			continue
		}
		for _, r := range l.SAST() {
			if der := r.Certificate(); len(der) > 0 && !r.IsToken() {
				acts = append(acts, play.Act{Kind: play.Trust, Certificate: der})
			}
		}
	}
	return acts
}
