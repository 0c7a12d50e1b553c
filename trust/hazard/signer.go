package hazard

import (
	"bytes"
	"fmt"
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
				Message: "The new CTL does not verify: " + strings.TrimSuffix(v.Reason, ".") + ". Every phone that holds a list refuses it.",
				Hint:    "do not distribute this file; build and sign it again",
			}}
		}
		return nil
	}
	if k.Draft != nil && k.after.cert != nil && k.after.signer < 0 {
		return []Hazard{{
			Rule: "list-verifies", Severity: Danger, Source: source,
			Message: fmt.Sprintf("%s is to sign the new CTL, but is not among its SAST records: phones would find no signer in it.", trust.CertificateName(k.after.cert)),
			Hint:    "add its certificate to the list as a token, or sign with a token that is in it",
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
			Message: fmt.Sprintf("The new CTL is refused by %s, to be cleared by hand afterwards. %s", c.Who(), c.Reason),
			Hint:    k.continuityHint(),
			Source:  "CUCM facts, rule 1; " + c.Source,
			Records: []string{k.signerName()}, Phones: c.Names,
		})
	}
	for _, c := range trust.Summarise(supposed) {
		found = append(found, Hazard{
			Rule: "continuity-of-signer", Severity: Warning,
			Message: fmt.Sprintf("No phones are described. If there is %s, it refuses the new CTL, to be cleared by hand afterwards. %s", c.Who(), c.Reason),
			Hint:    "describe the phones of the cluster, and it is said for certain which of them refuse",
			Source:  "CUCM facts, rule 1; " + c.Source,
			Records: []string{k.signerName()}, Phones: c.Names,
		})
	}
	for _, c := range trust.Summarise(doubtful) {
		found = append(found, Hazard{
			Rule: "continuity-of-signer", Severity: Warning,
			Message: fmt.Sprintf("Whether the new CTL is accepted by %s is not certain. %s", c.Who(), c.Reason),
			Hint:    "let TVS be asked, and give the lists that the phones hold",
			Source:  "CUCM facts, rule 1; " + c.Source,
			Records: []string{k.signerName()}, Phones: c.Names,
		})
	}
	return found
}

func (k *circumstances) continuityHint() string {
	if k.Old == nil {
		return "put the signer's certificate into Phone-SAST-trust on the publisher, and see that TVS on every node answers valid for it"
	}
	var names []string
	for _, i := range sastOf(k.Old.Records, true) {
		names = append(names, trust.RecordName(i, &k.Old.Records[i]))
	}
	if len(names) > 0 {
		return "sign with a token that the current CTL knows: " + message.And(names)
	}
	return "put the signer's certificate into Phone-SAST-trust on the publisher, and see that TVS on every node answers valid for it; " +
		"phones without Security By Default can follow only a signer that the current CTL has as SAST"
}

// tvsOnEveryNode: a phone asks the servers of its own CallManager group, so a node
// whose TVS does not vouch loses the phones that ask it.
func tvsOnEveryNode(k *circumstances) []Hazard {
	if !k.needsTVS() || len(k.Vouched) == 0 {
		return nil
	}
	var bad []string
	for _, node := range slices.Sorted(maps.Keys(k.Vouched)) {
		v := k.Vouched[node]
		switch {
		case v.Err != nil:
			bad = append(bad, fmt.Sprintf("%s (no answer: %v)", node, v.Err))
		case !v.Answer.Valid:
			bad = append(bad, node+" (does not know it)")
		case len(v.Answer.Roles) > 0 && !slices.Contains(v.Answer.Roles, uint8(ctlbuild.SAST)):
			bad = append(bad, node+" (knows it, but not as SAST)")
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return []Hazard{{
		Rule: "tvs-vouches-on-every-node", Severity: Danger,
		Message: fmt.Sprintf("Phones will ask TVS about %s, which does not vouch for it on %s.", trust.CertificateName(k.after.cert), message.And(bad)),
		Hint:    "upload its certificate as Phone-SAST-trust on the publisher, wait until every node has it, and ask again",
		Source:  `CUCM facts, rule 8; Tokenless CTL, "From tokenless to hardware eTokens", steps 8 to 10`,
		Records: []string{k.signerName()},
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
		Message: fmt.Sprintf("%s is not a SAST of the current CTL (%s): phones accept the change only where TVS vouches for it.",
			trust.CertificateName(k.after.cert), k.sastNames()),
		Hint:    "sign with a token that the current CTL has, or put the certificate into Phone-SAST-trust first",
		Source:  `CUCM facts, "The CTL Client's wizard"; Tokenless CTL, "From tokenless to hardware eTokens"`,
		Records: []string{k.signerName()},
	}
	if k.Old.Tokenless() {
		h.Message = fmt.Sprintf("The current CTL is tokenless (%s), so no phone knows %s: phones accept the change only where TVS vouches for it.",
			k.sastNames(), trust.CertificateName(k.after.cert))
		h.Hint = "put the tokens' certificates into Phone-SAST-trust first; TVS on every node must answer valid before anything is written"
	}
	if k.vouchedEverywhere() {
		h.Severity = Note
		h.Message += " It does, on every node that was asked."
		h.Hint = "leave the certificate in Phone-SAST-trust until every phone has fetched the new CTL"
	}
	return []Hazard{h}
}

// vouchedEverywhere: nodes were asked, and each vouches for the signer.
func (k *circumstances) vouchedEverywhere() bool {
	return len(k.Vouched) > 0 && len(tvsOnEveryNode(k)) == 0
}

func (k *circumstances) sastNames() string {
	return message.And(trust.RecordNames(k.Old.Records, sastOf(k.Old.Records, false)))
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
		Message: fmt.Sprintf("The first CTL would have one token, %s. Should it be lost, no later CTL can be signed that phones accept by it.", name),
		Hint:    "add a second token before the first CTL is made, and keep the two apart",
		Source:  `CUCM facts, "The CTL Client's wizard": the first creation needs two tokens`,
		Records: []string{name},
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
		Message: fmt.Sprintf("Only one token is in the new CTL, %s. Should it be lost, there is none to sign the next one with.", name),
		Hint:    "add a second token in the same update",
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
		Message: fmt.Sprintf("%s will no longer be in the CTL. A phone that misses this update still trusts it, and later lists only through a SAST that both lists have.", message.And(names)),
		Hint:    "let every phone fetch this CTL before the next change of signers",
	}
	_, signed := k.Old.Signer()
	switch {
	case len(gone) == len(old):
		h.Severity = Warning
		h.Message = fmt.Sprintf("No SAST of the current CTL stays (%s). A phone that misses this update can follow only while TVS vouches for the new signer.", message.And(names))
		h.Hint = "keep one of the former signers in the list until every phone has fetched it; leave the new signer in Phone-SAST-trust"
	case slices.Contains(gone, signed):
		h.Severity = Warning
		h.Message = fmt.Sprintf("%s signed the current CTL and will no longer be in it (removed: %s).", trust.RecordName(signed, &k.Old.Records[signed]), message.And(names))
	}
	return []Hazard{h}
}

// keeps reports whether the new list has a SAST record that phones take for r.
func (k *circumstances) keeps(r *ctlbuild.Record) bool {
	return slices.ContainsFunc(k.after.records, func(n ctlbuild.Record) bool {
		return n.Function() == ctlbuild.SAST && n.IssuerName() == r.IssuerName() && bytes.Equal(n.SerialNumber(), r.SerialNumber())
	})
}
