package advise

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

var (
	clearByHand = message.Define("advise.clear-itl", "delete the ITL on each phone by hand, or restore the old CallManager key from a backup")
	clearCTL    = message.Define("advise.clear-ctl", "delete the CTL on each of these phones by hand")
	clearBoth   = message.Define("advise.clear-both", "delete the CTL and the ITL on each phone by hand")

	unverified   = message.Define("advise.list-verifies", "The {list} that the cluster serves now does not verify ({why}): phones refuse it already.")
	unverifiedDo = message.Define("advise.list-verifies.do", "Mend the {list} first: see whether the CallManager certificate in use is the one in the database; regenerate CallManager on a server restored from a backup without it.")

	bothRecovery = message.Define("advise.callmanager-and-tvs.itlrecovery", "ITLRecovery signs the ITL, so a new CallManager and a new TVS at the same time leave a signer that phones know. One after the other is still the order to do it in.")
	bothOther    = message.Define("advise.callmanager-and-tvs.other-tvs", "CallManager and TVS of a node regenerated together leave only the other TVS servers to vouch for the new ITL to {who}; a phone with one server in its CallManager group is stranded.")
	bothOtherDo  = message.Define("advise.callmanager-and-tvs.other-tvs.do", "See that every phone's CallManager group has a second server whose TVS certificate does not change, and that its TVS answers.")
	bothBetter   = message.Define("advise.callmanager-and-tvs.better", "Better: regenerate CallManager, let every phone take the new ITL, and only then regenerate TVS.")
	bothToken    = message.Define("advise.callmanager-and-tvs.token", "CallManager and TVS regenerated together: the new ITL cannot be verified by {who} until a CTL with the new CallManager, signed by a token that they know ({tokens}), is distributed.")
	bothOne      = message.Define("advise.callmanager-and-tvs.one", "Better: regenerate one at a time.")
	bothStrand   = message.Define("advise.callmanager-and-tvs", "CallManager and TVS must not be regenerated at the same time: neither the new signer of the ITL nor the TVS server to ask about it would be known to {who}.")
	bothStrandDo = message.Define("advise.callmanager-and-tvs.do", "Regenerate CallManager alone; regenerate TVS only when every phone holds the new ITL.")

	recoveryWith   = message.Define("advise.itlrecovery-with-others", "ITLRecovery and {other} regenerated together take two anchors at once from {who}.")
	recoveryWithDo = message.Define("advise.itlrecovery-with-others.do", "Regenerate {other} alone. Regenerate ITLRecovery only when lists with the new {other} have reached every phone.")

	signerBridged   = message.Define("advise.ctl-signer-changes.bridged", "{record} signs the CTL. Its successor is unknown to {who}; they follow because the other server key signs in between.")
	signerRefused   = message.Define("advise.ctl-signer-changes", "{record} signs the CTL. With a new {key}, every later CTL is refused by {who}, until theirs is deleted by hand.")
	signerRefusedDo = message.Define("advise.ctl-signer-changes.do", "Migrate to a token-signed CTL before the change while such phones are in use: tokens do not change with the servers.")
	signerAsk       = message.Define("advise.ctl-signer-changes.tvs-too", "{record} signs the CTL, and TVS changes with it: nobody is left whom {who} can ask about the new signer.")
	signerAskDo     = message.Define("advise.ctl-signer-changes.tvs-too.do", "Leave TVS as it is until every phone holds the new CTL.")
	signerByTVS     = message.Define("advise.ctl-signer-changes.by-tvs", "{record} signs the CTL. Its successor is unknown to {who}; TVS vouches for it.")
	signerUndoc     = message.Define("advise.ctl-signer-changes.not-documented", "{record} signs the CTL. Its successor is unknown to {who}, and whether TVS vouches for it is not documented: CallManager signs in between.")

	tvsAloneText  = message.Define("advise.tvs-alone", "The TVS server whose certificate is new cannot be asked by {who} until they hold the new ITL. The signer of the ITL does not change, so they accept it.")
	updateDue     = message.Define("advise.ctl-update-due", "The CTL lists the old CallManager certificate. Until it is updated and signed by {tokens}, phones that know the server by the CTL alone refuse what the new key signs.")
	tokenHandDo   = message.Define("advise.token-at-hand", "Have a token of the CTL at hand: {tokens}.")
	capfText      = message.Define("advise.capf", "Phones with an LSC of the old CAPF cannot register over TLS where the CTL lists the new CAPF alone, and none can install or renew an LSC until it holds the new lists.")
	capfDo        = message.Define("advise.capf.do", "Plan for new LSCs on every phone that has one, and for 802.1X servers, VPN gateways and Expressway, which need the new CAPF certificate.")
	smallRecovery = message.Define("advise.itlrecovery-1024", "{records} {n|has|have} 1024 bits. Left so while the rest moves to 2048, it fails when it is needed.")
	smallDo       = message.Define("advise.itlrecovery-1024.do", "Do not rely on ITLRecovery for this change; regenerate it afterwards, once every phone holds the new lists.")
	oneByOne      = message.Define("advise.one-at-a-time", "The steps below do the changes one after the other. Between two of them every phone must have taken the new lists; compare the checksum on the phones with that of the nodes.")
	awayText      = message.Define("advise.phones-away", "What {n|# phone holds|# phones hold} is not known ({who}). A phone that misses the change must later find a way from its old lists to the new ones.")
	awayDo        = message.Define("advise.phones-away.do", "Bring these phones in before the change, or count on clearing them by hand.")
	unityText     = message.Define("advise.unity-connection", "Unity Connection fetches CTLFile.tlv as well: reset its port groups after the CTL is updated.")
)

// listsVerify: what is broken already is mended before anything else is changed.
func listsVerify(k *outlook) []Finding {
	var found []Finding
	for _, l := range []struct {
		list  *ctlbuild.List
		where string
	}{{k.CTL, "CTL"}, {k.ITL, "ITL"}} {
		if l.list == nil {
			continue
		}
		v := l.list.Verify()
		if v.OK {
			continue
		}
		f := k.everyone().outside("list-verifies", `Security By Default, "Backup and restore" (CSCtn50405); CUCM facts, rule 13`)
		f.Message = unverified.With("list", l.where, "why", v.Why)
		f.First = do(unverifiedDo.With("list", l.where))
		found = append(found, f)
	}
	return found
}

// callManagerWithTVS: never two anchors at once.
func callManagerWithTVS(k *outlook) []Finding {
	if !k.callManager || !k.tvs || k.renames() || k.ITL == nil || k.ITL.IsEmptyRollback() {
		return nil
	}
	records := append(byFunction(k.ITL, "ITL", ctlbuild.SAST, ctlbuild.CCMTFTP), byFunction(k.ITL, "ITL", ctlbuild.TVS)...)
	f := k.withSBD().finding("callmanager-and-tvs", srcTwoAnchors)
	if f.Severity == hazard.Note {
		return nil
	}
	f.Records = records
	if _, by := signerIs(k.ITL, isRecovery); by {
		f.Severity, f.Source = hazard.Note, `CUCM facts, rule 19`
		f.Message = bothRecovery.With()
		return []Finding{f}
	}
	switch {
	case k.otherTVS():
		f.Severity = hazard.Warning
		f.Message = bothOther.With("who", f.Who)
		f.First = do(bothOtherDo.With(), bothBetter.With())
	case k.CTL != nil && len(k.tokens()) > 0:
		f.Severity = hazard.Warning
		f.Message = bothToken.With("who", f.Who, "tokens", names(k.CTL, "CTL", k.tokens()))
		f.First = append(k.tokenAtHand(), bothOne.With())
	default:
		f.Message = bothStrand.With("who", f.Who)
		f.First, f.Recover = do(bothStrandDo.With()), clearByHand.With()
	}
	return []Finding{f}
}

// recoveryWithOthers: ITLRecovery is the second way in, and stays while another changes.
func recoveryWithOthers(k *outlook) []Finding {
	if !k.recovery || !(k.callManager || k.tvs) || k.renames() {
		return nil
	}
	other := "CallManager"
	if !k.callManager {
		other = "TVS"
	}
	f := k.withSBD().finding("itlrecovery-with-others", `CUCM facts, rule 2`)
	if f.Severity == hazard.Note {
		return nil
	}
	_, ctlBy := signerIs(k.CTL, isRecovery)
	_, itlBy := signerIs(k.ITL, isRecovery)
	if !k.callManager && !ctlBy && !itlBy {
		f.Severity = hazard.Warning
	}
	f.Records = append(recoveryRecords(k.CTL, "CTL"), recoveryRecords(k.ITL, "ITL")...)
	f.Message = recoveryWith.With("other", other, "who", f.Who)
	f.First = do(recoveryWithDo.With("other", other))
	return []Finding{f}
}

func recoveryRecords(l *ctlbuild.List, where string) []string {
	return names(l, where, indexes(l, func(r *ctlbuild.Record) bool { return isRecovery(l, r) }))
}

// signerOfCTLChanges: the certificate regenerated is the one that signs the CTL.
func signerOfCTLChanges(k *outlook) []Finding {
	if k.CTL == nil {
		return nil
	}
	name, byCM := signerIs(k.CTL, isCallManager)
	what := "CallManager"
	changes := byCM && k.callManager
	if !byCM {
		var byRecovery bool
		name, byRecovery = signerIs(k.CTL, isRecovery)
		what, changes = "ITLRecovery", byRecovery && k.recovery
	}
	if r, _ := k.CTL.Signer(); !changes || !k.touches(r) {
		return nil
	}
	var found []Finding
	if f := k.withoutSBD().finding("ctl-signer-changes", srcTokenless); f.Severity != hazard.Note {
		f.Records = []string{name + " of the CTL"}
		if k.follows(false) {
			f.Severity = hazard.Note
			f.Source = srcLocalKey
			f.Message = signerBridged.With("record", name, "who", f.Who)
		} else {
			f.Message = signerRefused.With("record", name, "key", what, "who", f.Who)
			f.First, f.Recover = do(signerRefusedDo.With()), clearCTL.With()
		}
		found = append(found, f)
	}
	if f := k.withSBD().finding("ctl-signer-changes-by-tvs", srcTokenless); f.Severity != hazard.Note && !k.renames() {
		f.Records = []string{name + " of the CTL"}
		if k.tvs && !k.otherTVS() {
			f.Message = signerAsk.With("record", name, "who", f.Who)
			f.First, f.Recover = do(signerAskDo.With()), clearBoth.With()
			return append(found, f)
		}
		f.Severity = hazard.Note
		f.Message = signerByTVS.With("record", name, "who", f.Who)
		if what == "ITLRecovery" {
			f.Source = srcLocalKey
			f.Message = signerUndoc.With("record", name, "who", f.Who)
		}
		found = append(found, f)
	}
	return found
}

// tvsAlone: a new TVS certificate by itself is bridged by the ITL's unchanged signer.
func tvsAlone(k *outlook) []Finding {
	if !k.tvs || k.callManager || k.recovery || k.ITL == nil {
		return nil
	}
	f := k.withSBD().finding("tvs-alone", srcRegenerate+", key points")
	if f.Severity == hazard.Note {
		return nil
	}
	f.Severity = hazard.Note
	f.Records = byFunction(k.ITL, "ITL", ctlbuild.TVS, ctlbuild.SAST)
	f.Message = tvsAloneText.With("who", f.Who)
	return []Finding{f}
}

// callManagerRecords: a token's CTL still lists the old CallManager.
func callManagerRecords(k *outlook) []Finding {
	if !k.callManager || k.CTL == nil || len(k.tokens()) == 0 {
		return nil
	}
	f := k.withoutSBD().finding("ctl-update-due", srcUpdateDue+"; "+srcRename+`, "Single node cluster with CTL and ITL"`)
	f.Severity = min(f.Severity, hazard.Warning)
	f.Records = append(byFunction(k.CTL, "CTL", ctlbuild.CCM, ctlbuild.CCMTFTP, ctlbuild.TFTP), names(k.CTL, "CTL", k.tokens())...)
	f.Message = updateDue.With("tokens", message.Either(names(k.CTL, "", k.tokens())))
	f.First = k.tokenAtHand()
	return []Finding{f}
}

// tokenAtHand is the first thing to do wherever a CTL has to be signed; nothing
// without tokens.
func (k *outlook) tokenAtHand() []message.Message {
	if len(k.tokens()) == 0 {
		return nil
	}
	return do(tokenHandDo.With("tokens", message.Either(names(k.CTL, "", k.tokens()))))
}

// capfRecords: phones know CAPF by the lists, and CallManager knows LSCs by CAPF.
func capfRecords(k *outlook) []Finding {
	if !k.capf {
		return nil
	}
	records := append(byFunction(k.CTL, "CTL", ctlbuild.CAPF), byFunction(k.ITL, "ITL", ctlbuild.CAPF)...)
	f := Finding{
		Rule: "capf", Severity: hazard.Warning, Who: whoLSC.With(), Records: records,
		Source:  srcUpdateDue + `; CUCM facts, rule 24`,
		Message: capfText.With(), First: do(capfDo.With()),
	}
	if !k.Mixed {
		f.Severity = hazard.Note
	}
	return []Finding{f}
}

// recoverySize: an ITLRecovery left small.
func recoverySize(k *outlook) []Finding {
	if k.recovery || !k.largeServers() {
		return nil
	}
	var records []string
	for _, l := range []struct {
		list  *ctlbuild.List
		where string
	}{{k.CTL, "CTL"}, {k.ITL, "ITL"}} {
		small := indexes(l.list, func(r *ctlbuild.Record) bool {
			c, err := ctlbuild.ParseCertificate(r.Certificate())
			return err == nil && isRecovery(l.list, r) && c.KeyBits <= 1024 && !(l.list == k.CTL && k.replaced(r))
		})
		records = append(records, names(l.list, l.where, small)...)
	}
	if len(records) == 0 {
		return nil
	}
	return []Finding{{
		Rule: "itlrecovery-1024", Severity: hazard.Warning, Records: records, Source: "CUCM facts, rule 15",
		Message: smallRecovery.With("records", records, "n", len(records)), First: do(smallDo.With()),
	}}
}

// largeServers reports a server key of 2048 bits or more in the lists.
func (k *outlook) largeServers() bool {
	return slices.ContainsFunc([]*ctlbuild.List{k.CTL, k.ITL}, func(l *ctlbuild.List) bool {
		return len(indexes(l, func(r *ctlbuild.Record) bool {
			c, err := ctlbuild.ParseCertificate(r.Certificate())
			return err == nil && c.KeyBits >= 2048 && !r.IsRecovery() && !r.IsToken()
		})) > 0
	})
}

// manyAtOnce: what can be done one by one is.
func manyAtOnce(k *outlook) []Finding {
	anchors := 0
	for _, b := range []bool{k.callManager, k.tvs, k.recovery} {
		if b {
			anchors++
		}
	}
	if len(k.changes) < 2 || anchors < 2 || k.renames() {
		return nil
	}
	return []Finding{{
		Rule: "one-at-a-time", Severity: hazard.Note, Who: whoEvery.With(), Source: srcTwoAnchors, Message: oneByOne.With(),
	}}
}

// unseenPhones: who is away does not take part in a change.
func unseenPhones(k *outlook) []Finding {
	n := 0
	var who []string
	for _, p := range k.Phones {
		if p.Unknown != "" && !p.Assumed {
			n += p.N()
			who = append(who, p.Name)
		}
	}
	if n == 0 || !slices.ContainsFunc(k.changes, func(c PlannedChange) bool { return c.Kind != CentralTFTP }) {
		return nil
	}
	return []Finding{{
		Rule: "phones-away", Severity: hazard.Warning, Who: message.Plain(message.And(who)), Phones: n, Source: "CUCM facts, rule 1",
		Message: awayText.With("n", n, "who", who), First: do(awayDo.With()),
	}}
}

// unityConnection fetches the CTL too.
func unityConnection(k *outlook) []Finding {
	if k.CTL == nil || !k.Mixed || !(k.callManager || k.capf || k.has(Readdress, LoseToken, LoseAllTokens)) {
		return nil
	}
	return []Finding{{
		Rule: "unity-connection", Severity: hazard.Note, Who: message.Plain("Unity Connection"), Source: "CUCM facts, rule 16",
		Message: unityText.With(),
	}}
}
