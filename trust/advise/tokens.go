package advise

import (
	"fmt"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
)

const srcLost = "CUCM facts, rule 7"

// lost are the indexes of the token records that are gone, and those left. named is
// false when it was not said which token is lost.
func (k *outlook) lost() (gone, left []int, named bool) {
	named = true
	for _, c := range k.changes {
		switch {
		case c.Kind == LoseAllTokens:
			return k.tokens(), nil, true
		case c.Kind == LoseToken && c.Token == "":
			named = false
		}
	}
	gone = slices.DeleteFunc(k.tokens(), func(i int) bool { return !k.tokenAt[i] })
	return gone, k.tokensLeft(), named
}

// tokenLost: the other signs.
func tokenLost(k *outlook) []Finding {
	if !k.has(LoseToken) || k.has(LoseAllTokens) || k.CTL == nil && !k.NoCTL {
		return nil
	}
	if len(k.tokens()) == 0 {
		return []Finding{{Rule: "token-lost", Severity: hazard.Note, Source: srcLost,
			Message: "The CTL has no token records: the token that is lost signs nothing here."}}
	}
	gone, left, named := k.lost()
	switch {
	case !named && len(k.tokens()) > 1:
		return []Finding{{
			Rule: "token-lost", Severity: hazard.Warning, Source: srcLost, Records: names(k.CTL, "CTL", k.tokens()),
			Message: fmt.Sprintf("One of %s is lost; another of them signs the update that removes it.", message.And(names(k.CTL, "", k.tokens()))),
			First:   []string{"Find out which token is left: its label and serial number stand on its case."},
		}}
	case !named || len(left) == 0:
		return k.noTokenLeft(k.tokens())
	}
	_, signer := k.CTL.Signer()
	said := fmt.Sprintf("%s is lost; sign with %s.", message.And(names(k.CTL, "", gone)), message.Or(names(k.CTL, "", left)))
	if slices.Contains(gone, signer) {
		said += " That the lost one signed the present CTL does not matter: phones hold both."
	}
	return []Finding{{
		Rule: "token-lost", Severity: hazard.Warning, Source: srcLost, Message: said,
		Records: names(k.CTL, "CTL", append(slices.Clone(gone), left...)),
		First:   []string{"Get a new token now: until it is in the CTL, everything hangs on " + message.Or(names(k.CTL, "", left)) + "."},
	}}
}

// tokensLost: nothing that phones know is left to sign with.
func tokensLost(k *outlook) []Finding {
	if !k.has(LoseAllTokens) || k.CTL == nil && !k.NoCTL {
		return nil
	}
	if len(k.tokens()) == 0 {
		return []Finding{{Rule: "tokens-lost", Severity: hazard.Note, Source: srcLost,
			Message: "The CTL has no token records: nothing here depends on the tokens."}}
	}
	return k.noTokenLeft(k.tokens())
}

func (k *outlook) noTokenLeft(gone []int) []Finding {
	records := names(k.CTL, "CTL", gone)
	modern, known := k.Version.AtLeast(release.Of(10, 0))
	if known && !modern {
		f := k.everyone().outside("tokens-lost", srcLost)
		f.Records = records
		f.Message = "No token of the CTL is left, and before 10.0 nothing else can sign: the CTL has to be deleted on every node and on every phone by hand."
		f.Recover = "delete CTLFile.tlv on every node, create a CTL with two new tokens, restart, and clear every phone by hand"
		return []Finding{f}
	}
	var found []Finding
	servers := serverSAST(k.CTL)
	f := k.withoutSBD().finding("tokens-lost-without-sbd", srcLost+"; "+srcTokenless)
	switch {
	case f.Severity == hazard.Note:
	case len(servers) > 0:
		f.Severity, f.Records = hazard.Warning, append(records, servers...)
		f.Message = fmt.Sprintf("No token is left, but the CTL has %s as SAST as well: a tokenless CTL signed by it is accepted also by %s.", message.Or(servers), f.Who)
		found = append(found, f)
	default:
		f.Records = records
		f.Message = fmt.Sprintf("No token of the CTL is left, and a CTL of another signer is refused by %s.", f.Who)
		f.Recover = "delete the CTL on each of these phones by hand"
		found = append(found, f)
	}
	s := k.withSBD().finding("tokens-lost", srcLost)
	if s.Severity == hazard.Note {
		return found
	}
	s.Records = append(slices.Clone(records), signerRecord(k.ITL, "ITL")...)
	switch {
	case k.ITL == nil && k.NoITL && len(servers) == 0:
		s.Message = fmt.Sprintf("No token of the CTL is left, and there is no ITL by which %s could follow.", s.Who)
		s.Recover = "delete the CTL on each phone by hand"
	case !known:
		s.Severity, s.unsure = hazard.Warning, true
		s.Message = fmt.Sprintf("No token of the CTL is left. On 10.0 and later a tokenless CTL needs none, and the way of %s to it is the ITL or TVS; before 10.0 every phone has to be cleared by hand. The version is not known.", s.Who)
		s.First = []string{"Find out the version of the cluster."}
	default:
		s.Severity = hazard.Warning
		s.Message = fmt.Sprintf("No token of the CTL is left. A tokenless CTL needs none; the way of %s to it is the ITL or TVS.", s.Who)
	}
	return append(found, s)
}

// serverSAST names CallManager and ITLRecovery records that are SAST beside the tokens.
func serverSAST(l *ctlbuild.List) []string {
	return names(l, "", indexes(l, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.SAST && !r.IsToken() }))
}

// modeWithoutCTL: mixed mode without its file.
func modeWithoutCTL(k *outlook) []Finding {
	if !k.Mixed || !k.NoCTL || k.CTL != nil {
		return nil
	}
	return []Finding{{
		Rule: "mixed-without-ctl", Severity: hazard.Warning, Who: "every phone", Source: `CUCM facts, "The CTL Client's wizard", messages`,
		Message: "The cluster is in mixed mode, but serves no CTL. Phones that were given one before still hold it.",
		First:   []string{"Create the CTL again before anything else, with a signer that the former one had."},
	}}
}

// residue: a CTL left over in a non-secure cluster still binds phones.
func residue(k *outlook) []Finding {
	if k.Mixed || k.CTL == nil || slices.ContainsFunc(k.CTL.Records, func(r ctlbuild.Record) bool { return r.IsStub() }) {
		return nil
	}
	return []Finding{{
		Rule: "ctl-residue", Severity: hazard.Warning, Who: "every phone",
		Source:  `CUCM facts, rule 5; Tokenless CTL, "From non-secure mode to mixed mode", note`,
		Message: "The cluster is non-secure, yet serves a CTL with full server records, left from a former mixed mode. Phones that hold it still check by it.",
		Records: signerRecord(k.CTL, "CTL"),
		First:   []string{"Decide first: delete CTLFile.tlv on every node, or set the cluster to non-secure mode again with a signer of that CTL."},
	}}
}
