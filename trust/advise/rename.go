package advise

import (
	"fmt"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

// renamedAllAtOnce: several nodes, all renamed together, with only an ITL.
func renamedAllAtOnce(k *outlook) []Finding {
	if !k.renames() || !k.everywhere || k.single() || k.ITL == nil || k.ITL.IsEmptyRollback() {
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
		f.Message = fmt.Sprintf("Renaming all nodes at once leaves no TVS server known to %s; a CTL with the new CallManager certificates, signed by a token of the CTL, brings back all of them.", f.Who)
		f.First = append([]string{"Rename one node at a time."}, k.tokenAtHand()...)
		return []Finding{f}
	}
	f.Message = fmt.Sprintf("Renaming all nodes at once leaves %s without any TVS server whose certificate they know.", f.Who)
	f.First = []string{"Rename one node at a time, and let every phone take the new lists before the next."}
	f.Recover = clearByHand
	return []Finding{f}
}

// renamedTwoAnchors: a rename regenerates CallManager and TVS of the node at once.
func renamedTwoAnchors(k *outlook) []Finding {
	if !k.renames() || k.ITL == nil || (k.everywhere && !k.single()) {
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
		f.Message = "The ITL is emptied for the rollback: phones that hold it take the lists of the renamed server as they come."
	case k.recoverySignsITL():
		f.Severity = hazard.Warning
		f.Source = `CUCM facts, rules 19 and 20`
		f.Message = fmt.Sprintf("A rename regenerates all certificates of the server at once. ITLRecovery signs the ITL, and Cisco says that phones keep their trust by it; whether a rename makes ITLRecovery anew is not settled, so it is not certain that %s follow.", f.Who)
		f.First = append([]string{"Rename one node at a time, and do nothing else at the same time."}, k.tokenAtHand()...)
	case k.otherTVS():
		f.Severity = hazard.Warning
		f.Source += `, "Multi-node cluster with only ITL"`
		if k.CTL != nil {
			f.Source = srcRename + `, "Multi-node cluster with CTL and ITL"`
		}
		f.Message = fmt.Sprintf("A rename regenerates all certificates of the node at once; the TVS of another node vouches for them to %s. A phone with a single server in its CallManager group has no other.", f.Who)
		f.First = []string{"See that every phone's CallManager group has at least two servers, and that TVS of each answers.",
			"Rename one node at a time."}
	case tokens:
		f.Severity = hazard.Warning
		f.Source += `, "Single node cluster with CTL and ITL"`
		f.Records = append(f.Records, names(k.CTL, "CTL", k.tokens())...)
		f.Message = fmt.Sprintf("A rename regenerates all certificates of the server at once; its ITL is refused by %s, until the CTL is updated and signed by %s.", f.Who, message.Or(names(k.CTL, "", k.tokens())))
		f.First = k.tokenAtHand()
	case k.CTL != nil:
		f.Source += `; ` + srcTokenless
		f.Message = fmt.Sprintf("A rename regenerates all certificates of the server at once, the signer of the tokenless CTL and TVS among them: %s can verify neither list and ask nobody.", f.Who)
		f.First = []string{"Before the rename, migrate to a token-signed CTL that every phone takes: a token stays the same."}
		f.Recover = "delete the CTL and the ITL on each phone by hand"
	default:
		f.Source += `, "Single node cluster with only ITL"`
		f.Message = fmt.Sprintf("A rename regenerates CallManager and TVS of the only server at once: %s can neither verify the new ITL nor ask TVS.", f.Who)
		f.First = []string{"Before the rename, set \"Prepare Cluster for Rollback to Pre 8.0\" and the secured phone URLs to HTTP, restart TVS and TFTP, and see that every phone has taken the emptied ITL."}
		f.Recover = clearByHand
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
	f.Message = "The CTL names servers by host or address. Until it is updated, phones do not take the server at its new address for the one they know."
	f.First = k.tokenAtHand()
	return []Finding{f}
}
