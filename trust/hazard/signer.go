package hazard

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// newListVerifies: a list that fails its own check is refused by every phone.
func newListVerifies(k *circumstances) []Hazard {
	const source = `trust-list, section 1, "The signer"; Security By Default, "Backup and restore"`
	if k.New != nil {
		if v := k.New.Verify(); !v.OK {
			return []Hazard{{
				Rule: "list-verifies", Severity: Danger, Source: source,
				Consequence: FileRefused,
				Message:     notVerified.With("reason", strings.TrimSuffix(v.Reason, ".")),
				Hint:        hintBuildAgain.With(),
			}}
		}
		return nil
	}
	if k.Draft != nil && k.after.cert != nil && k.after.signer < 0 {
		return []Hazard{{
			Rule: "list-verifies", Severity: Danger, Source: source,
			Consequence: FileRefused,
			Message:     signerNotListed.With("signer", trust.CertificateName(k.after.cert)),
			Hint:        hintAddSigner.With(),
		}}
	}
	return nil
}

// continuityOfSigner: what each class of phones makes of the new list.
func continuityOfSigner(k *circumstances) []Hazard {
	if !k.after.whole || k.after.cert == nil || k.after.signer < 0 || k.unchanged() {
		return nil
	}
	var lost, supposed, doubtful []trust.Verdict
	for _, v := range k.assessAll() {
		switch {
		case v.Lost() && v.Phone.Supposed():
			supposed = append(supposed, v)
		case v.Lost():
			lost = append(lost, v)
		case !v.Certain:
			doubtful = append(doubtful, v)
		}
	}
	var found []Hazard
	for _, c := range trust.Summarise(lost) {
		found = append(found, Hazard{
			Rule: "continuity-of-signer", Severity: Danger,
			Consequence: PhonesLost,
			Message:     refused.With("who", c.WhoText(), "reason", c.ReasonText()),
			Hint:        k.continuityHint(),
			Source:      "CUCM facts, rule 1; " + c.Source,
			Records:     []string{k.signerName()}, Phones: c.Names,
		})
	}
	for _, c := range trust.Summarise(supposed) {
		found = append(found, Hazard{
			Rule: "continuity-of-signer", Severity: Warning,
			Message: refusedIfAny.With("who", c.WhoText(), "reason", c.ReasonText()),
			Hint:    hintDescribe.With(),
			Source:  "CUCM facts, rule 1; " + c.Source,
			Records: []string{k.signerName()}, Phones: c.Names,
		})
	}
	for _, c := range trust.Summarise(doubtful) {
		found = append(found, Hazard{
			Rule: "continuity-of-signer", Severity: Warning,
			Message: refusedPerhaps.With("who", c.WhoText(), "reason", c.ReasonText()),
			Hint:    hintAskTVS.With(),
			Source:  "CUCM facts, rule 1; " + c.Source,
			Records: []string{k.signerName()}, Phones: c.Names,
		})
	}
	return found
}

func (k *circumstances) continuityHint() message.Message {
	if k.Old == nil {
		return hintTrustSigner.With()
	}
	var names []string
	for _, i := range sastOf(k.Old.Records, true) {
		names = append(names, trust.RecordName(i, &k.Old.Records[i]))
	}
	if len(names) > 0 {
		return hintKnownToken.With("tokens", message.Either(names))
	}
	return hintTrustSignerSBD.With()
}

// tvsOnEveryNode: a phone asks the servers of its own CallManager group, so a node
// whose TVS does not vouch loses the phones that ask it.
func tvsOnEveryNode(k *circumstances) []Hazard {
	if !k.needsTVS() || len(k.Vouched) == 0 {
		return nil
	}
	var bad []message.Message
	for _, node := range slices.Sorted(maps.Keys(k.Vouched)) {
		v := k.Vouched[node]
		switch {
		case v.Err != nil:
			bad = append(bad, tvsSilent.With("node", node, "error", v.Err.Error()))
		case !v.Answer.Valid:
			bad = append(bad, tvsIgnorant.With("node", node))
		case len(v.Answer.Roles) > 0 && !slices.Contains(v.Answer.Roles, uint8(ctlbuild.SAST)):
			bad = append(bad, tvsNotSAST.With("node", node))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return []Hazard{{
		Rule: "tvs-vouches-on-every-node", Severity: Danger,
		Consequence: PhonesLost,
		Message:     tvsNotEverywhere.With("signer", trust.CertificateName(k.after.cert), "nodes", bad),
		Hint:        hintUpload.With(),
		Source:      `CUCM facts, rule 8; Tokenless CTL, "From tokenless to hardware eTokens", steps 8 to 10`,
		Records:     []string{k.signerName()},
	}}
}

// needsTVS: the signer is not a SAST of the CTL that phones hold.
func (k *circumstances) needsTVS() bool {
	if k.after.cert == nil || k.after.signer < 0 || k.unchanged() || (k.Old == nil && k.ITL == nil) {
		return false
	}
	return k.Old == nil || k.knownAs() < 0
}

// knownAs is the index of the old SAST record that phones will take for the signer, or -1.
func (k *circumstances) knownAs() int {
	r := &k.after.records[k.after.signer]
	return trust.FindSigner(k.Old, r.IssuerName(), r.SerialNumber(), ctlbuild.SAST)
}

// signerKnownToCTL: an update, or leaving mixed mode, wants a token that the CTL has.
func signerKnownToCTL(k *circumstances) []Hazard {
	if k.Old == nil || !k.needsTVS() {
		return nil
	}
	h := Hazard{
		Rule: "signer-known-to-ctl", Severity: Warning,
		Message: signerUnknown.With("signer", trust.CertificateName(k.after.cert), "sast", k.sastNames()),
		Hint:    hintKnownOrTrust.With(),
		Source:  `CUCM facts, "The CTL Client's wizard"; Tokenless CTL, "From tokenless to hardware eTokens"`,
		Records: []string{k.signerName()},
	}
	if k.Old.Tokenless() {
		h.Message = signerUnknownTokenless.With("signer", trust.CertificateName(k.after.cert), "sast", k.sastNames())
		h.Hint = hintTrustTokens.With()
	}
	if k.vouchedEverywhere() {
		h.Severity = Note
		h.Message = vouchedEverywhere.With("message", h.Message)
		h.Hint = hintLeaveTrusted.With()
	}
	return []Hazard{h}
}

// vouchedEverywhere: nodes were asked, and each vouches for the signer.
func (k *circumstances) vouchedEverywhere() bool {
	return len(k.Vouched) > 0 && len(tvsOnEveryNode(k)) == 0
}

func (k *circumstances) sastNames() []string {
	return trust.RecordNames(k.Old.Records, sastOf(k.Old.Records, false))
}

// twoTokensAtCreation: the first CTL is made with two, so that one can be lost.
func twoTokensAtCreation(k *circumstances) []Hazard {
	if k.Old != nil || !k.after.whole {
		return nil
	}
	tokens := sastOf(k.after.records, true)
	if len(tokens) != 1 {
		return nil
	}
	name := trust.RecordName(tokens[0], &k.after.records[tokens[0]])
	return []Hazard{{
		Rule: "two-tokens-at-creation", Severity: Danger,
		Consequence: OneTokenAlone,
		Message:     oneTokenAtCreation.With("token", name),
		Hint:        hintSecondToken.With(),
		Source:      `CUCM facts, "The CTL Client's wizard": the first creation needs two tokens`,
		Records:     []string{name},
	}}
}

// lastTokenLeft: an update that leaves one token where there were two.
func lastTokenLeft(k *circumstances) []Hazard {
	if k.Old == nil || !k.after.whole {
		return nil
	}
	before, left := sastOf(k.Old.Records, true), sastOf(k.after.records, true)
	if len(before) == 0 || len(left) != 1 || k.unchanged() {
		return nil
	}
	name := trust.RecordName(left[0], &k.after.records[left[0]])
	return []Hazard{{
		Rule: "last-token", Severity: Warning,
		Message: lastToken.With("token", name),
		Hint:    hintSecondInUpdate.With(),
		Source:  "CUCM facts, rule 7", Records: []string{name},
	}}
}

// anchorsRemoved: SAST records that phones hold and the new list lacks.
func anchorsRemoved(k *circumstances) []Hazard {
	if k.Old == nil || !k.after.whole || k.unchanged() {
		return nil
	}
	old := sastOf(k.Old.Records, false)
	var gone []int
	for _, i := range old {
		if !k.keeps(&k.Old.Records[i]) {
			gone = append(gone, i)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	names := trust.RecordNames(k.Old.Records, gone)
	h := Hazard{
		Rule: "anchor-removed", Severity: Note, Records: names, Source: "CUCM facts, rules 1 and 7",
		Message: anchorGone.With("records", names),
		Hint:    hintFetchFirst.With(),
	}
	_, signed := k.Old.Signer()
	switch {
	case len(gone) == len(old):
		h.Severity = Warning
		h.Message = anchorsGone.With("records", names)
		h.Hint = hintKeepOne.With()
	case slices.Contains(gone, signed):
		h.Severity = Warning
		h.Message = signerGone.With("signer", trust.RecordName(signed, &k.Old.Records[signed]), "records", names)
	}
	return []Hazard{h}
}

// keeps reports whether the new list has a SAST record that phones take for r.
func (k *circumstances) keeps(r *ctlbuild.Record) bool {
	return slices.ContainsFunc(k.after.records, func(n ctlbuild.Record) bool {
		return n.Function() == ctlbuild.SAST && n.IssuerName() == r.IssuerName() && bytes.Equal(n.SerialNumber(), r.SerialNumber())
	})
}
