package advise

import (
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

var (
	allToken     = message.Define("advise.renamed-all-at-once.token", "Renaming all nodes at once leaves no TVS server known to {who}; a CTL with the new CallManager certificates, signed by a token of the CTL, brings back all of them.")
	oneNodeDo    = message.Define("advise.rename-one.do", "Rename one node at a time.")
	allStrand    = message.Define("advise.renamed-all-at-once", "Renaming all nodes at once leaves no TVS server whose certificate is known to {who}.")
	allStrandDo  = message.Define("advise.renamed-all-at-once.do", "Rename one node at a time, and let every phone take the new lists before the next.")
	renEmptied   = message.Define("advise.renamed.emptied", "The ITL is emptied for the rollback: phones that hold it take the lists of the renamed server as they come.")
	renRecovery  = message.Define("advise.renamed.itlrecovery", "A rename regenerates all certificates of the server at once. ITLRecovery signs the ITL, and Cisco says that phones keep their trust by it; whether a rename makes ITLRecovery anew is not settled, so it is not certain that they follow.")
	renRecDo     = message.Define("advise.renamed.itlrecovery.do", "Rename one node at a time, and do nothing else at the same time.")
	renOther     = message.Define("advise.renamed.other-tvs", "A rename regenerates all certificates of the node at once; the TVS of another node vouches for them to {who}. A phone with a single server in its CallManager group has no other.")
	renOtherDo   = message.Define("advise.renamed.other-tvs.do", "See that every phone's CallManager group has at least two servers, and that TVS of each answers.")
	renToken     = message.Define("advise.renamed.token", "A rename regenerates all certificates of the server at once; its ITL is refused by {who}, until the CTL is updated and signed by {tokens}.")
	renTokenless = message.Define("advise.renamed.tokenless", "A rename regenerates all certificates of the server at once, the signer of the tokenless CTL and TVS among them: neither list can be verified by {who}, and there is nobody to ask.")
	renTokenDo   = message.Define("advise.renamed.tokenless.do", "Before the rename, migrate to a token-signed CTL that every phone takes: a token stays the same.")
	renITL       = message.Define("advise.renamed.itl-only", "A rename regenerates CallManager and TVS of the only server at once: the new ITL cannot be verified by {who}, and TVS cannot be asked.")
	renITLDo     = message.Define("advise.renamed.itl-only.do", "Before the rename, set \"Prepare Cluster for Rollback to Pre 8.0\" and the secured phone URLs to HTTP, restart TVS and TFTP, and see that every phone has taken the emptied ITL.")
	readdressed1 = message.Define("advise.readdressed", "The CTL names servers by host or address. Until it is updated, phones do not take the server at its new address for the one they know.")
)

// renamedAllAtOnce: several nodes, all renamed together, with only an ITL. Where ITLRecovery
// signs it, phones need no TVS server for it (renamedTwoAnchors).
func renamedAllAtOnce(k *outlook) []Finding {
	if !k.renames() || !k.everywhere || k.single() || k.ITL == nil || k.ITL.IsEmptyRollback() || k.recoverySignsITL() {
		return nil
	}
	f := k.withSBD().finding("renamed-all-at-once", srcRename+`, "Multi-node cluster with only ITL"`)
	if f.Severity == hazard.Note {
		return nil
	}
	f.Records = byFunction(k.ITL, "ITL", ctlbuild.TVS)
	if k.CTL != nil && len(k.tokens()) > 0 {
		f.Severity = hazard.Warning
		f.Source = srcRename + `, "Multi-node cluster with CTL and ITL"`
		f.Records = append(f.Records, names(k.CTL, "CTL", k.tokens())...)
		f.Message = allToken.With("who", f.Who)
		f.First = append(do(oneNodeDo.With()), k.tokenAtHand()...)
		return []Finding{f}
	}
	f.Message = allStrand.With("who", f.Who)
	f.First, f.Recover = do(allStrandDo.With()), clearByHand.With()
	return []Finding{f}
}

// renamedTwoAnchors: a rename regenerates CallManager and TVS of the node at once.
func renamedTwoAnchors(k *outlook) []Finding {
	if !k.renames() || k.ITL == nil || (k.everywhere && !k.single() && !k.recoverySignsITL()) {
		return nil
	}
	f := k.withSBD().finding("renamed", srcRename)
	if f.Severity == hazard.Note {
		return nil
	}
	f.Records = byFunction(k.ITL, "ITL", ctlbuild.SAST, ctlbuild.TVS)
	tokens := k.CTL != nil && len(k.tokens()) > 0
	switch {
	case k.ITL.IsEmptyRollback() && k.CTL == nil:
		f.Severity, f.Records = hazard.Note, nil
		f.Source += `, "Single node cluster with only ITL"`
		f.Message = renEmptied.With()
	case k.recoverySignsITL():
		f.Severity = hazard.Warning
		f.Source = `CUCM facts, rules 19 and 20`
		f.Message = renRecovery.With()
		f.First = append(do(renRecDo.With()), k.tokenAtHand()...)
	case k.otherTVS():
		f.Severity = hazard.Warning
		f.Source += `, "Multi-node cluster with only ITL"`
		if k.CTL != nil {
			f.Source = srcRename + `, "Multi-node cluster with CTL and ITL"`
		}
		f.Message = renOther.With("who", f.Who)
		f.First = do(renOtherDo.With(), oneNodeDo.With())
	case tokens:
		f.Severity = hazard.Warning
		f.Source += `, "Single node cluster with CTL and ITL"`
		f.Records = append(f.Records, names(k.CTL, "CTL", k.tokens())...)
		f.Message = renToken.With("who", f.Who, "tokens", message.Either(names(k.CTL, "", k.tokens())))
		f.First = k.tokenAtHand()
	case k.CTL != nil:
		f.Source += `; ` + srcTokenless
		f.Message = renTokenless.With("who", f.Who)
		f.First, f.Recover = do(renTokenDo.With()), clearBoth.With()
	default:
		f.Source += `, "Single node cluster with only ITL"`
		f.Message = renITL.With("who", f.Who)
		f.First, f.Recover = do(renITLDo.With()), clearByHand.With()
	}
	return []Finding{f}
}

// recoverySignsITL: 12.0 and later, by the list itself.
func (k *outlook) recoverySignsITL() bool {
	_, by := signerIs(k.ITL, isRecovery)
	return by
}

// single: one node, or as many as are known to be asked.
func (k *outlook) single() bool {
	if k.Nodes > 0 {
		return k.Nodes == 1
	}
	return k.tvsServers() <= 1
}

// readdressed: lists that name servers by address.
func readdressed(k *outlook) []Finding {
	if !k.has(Readdress) || k.CTL == nil {
		return nil
	}
	records := names(k.CTL, "CTL", indexes(k.CTL, func(r *ctlbuild.Record) bool {
		ip, ok := r.IP()
		return !r.IsToken() && ok && !ip.IsUnspecified()
	}))
	f := k.everyone().finding("readdressed", srcUpdateDue)
	f.Severity, f.Records = hazard.Warning, records
	f.Message = readdressed1.With()
	f.First = k.tokenAtHand()
	return []Finding{f}
}
