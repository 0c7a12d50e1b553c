package advise

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
)

const srcLost = "CUCM facts, rule 7"

var (
	lostNone    = message.Define("advise.token-lost.none", "The CTL has no token records: the token that is lost signs nothing here.")
	lostNoCTL   = message.Define("advise.token-lost.no-ctl", "The cluster has no CTL: the token that is lost signs nothing here.")
	lostOneOf   = message.Define("advise.token-lost.one-of", "One of {tokens} is lost; another of them signs the update that removes it.")
	lostFindDo  = message.Define("advise.token-lost.find.do", "Find out which token is left: its label and serial number stand on its case.")
	lostSign    = message.Define("advise.token-lost", "{gone} {gone|is|are} lost; sign with {left}.")
	lostSigner  = message.Define("advise.token-lost.signer", "{gone} {gone|is|are} lost; sign with {left}. That the lost one signed the present CTL does not matter: phones hold both.")
	lostNewDo   = message.Define("advise.token-lost.new.do", "Get a new token now: until it is in the CTL, everything hangs on {left}.")
	lostAllNone = message.Define("advise.tokens-lost.none", "The CTL has no token records: nothing here depends on the tokens.")
	lostBefore  = message.Define("advise.tokens-lost.before-10", "No token of the CTL is left, and before 10.0 nothing else can sign: the CTL has to be deleted on every node and on every phone by hand.")
	lostBeforeR = message.Define("advise.tokens-lost.before-10.recover", "delete CTLFile.tlv on every node, create a CTL with two new tokens, restart, and clear every phone by hand")
	lostServers = message.Define("advise.tokens-lost.servers", "No token is left, but the CTL has {servers} as SAST as well: a tokenless CTL signed by it is accepted also by {who}.")
	lostRefused = message.Define("advise.tokens-lost-without-sbd", "No token of the CTL is left, and a CTL of another signer is refused by {who}.")
	lostNoITL   = message.Define("advise.tokens-lost.no-itl", "No token of the CTL is left, and there is no ITL by which to follow for {who}.")
	lostEach    = message.Define("advise.tokens-lost.clear", "delete the CTL on each phone by hand")
	lostVersion = message.Define("advise.tokens-lost.version", "No token of the CTL is left. On 10.0 and later a tokenless CTL needs none, and the way to it for {who} is the ITL or TVS; before 10.0 the CTL must be deleted on every phone. The version is not known.")
	lostFindVer = message.Define("advise.tokens-lost.version.do", "Find out the version of the cluster.")
	lostWay     = message.Define("advise.tokens-lost", "No token of the CTL is left. A tokenless CTL needs none; the way to it for {who} is the ITL or TVS.")

	mixedNoCTL   = message.Define("advise.mixed-without-ctl", "The cluster is in mixed mode, but serves no CTL. Phones that were given one before still hold it.")
	mixedNoCTLDo = message.Define("advise.mixed-without-ctl.do", "Create the CTL again before anything else, with a signer that the former one had.")
	residueText  = message.Define("advise.ctl-residue", "The cluster is non-secure, yet serves a CTL with full server records, left from a former mixed mode. Phones that hold it still check by it.")
	residueDo    = message.Define("advise.ctl-residue.do", "Decide first: delete CTLFile.tlv on every node, or set the cluster to non-secure mode again with a signer of that CTL.")
)

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
		text := lostNone
		if k.CTL == nil {
			text = lostNoCTL
		}
		return []Finding{{Rule: "token-lost", Severity: hazard.Note, Source: srcLost, Message: text.With()}}
	}
	gone, left, named := k.lost()
	switch {
	case !named && len(k.tokens()) > 1:
		return []Finding{{
			Rule: "token-lost", Severity: hazard.Warning, Source: srcLost, Records: names(k.CTL, "CTL", k.tokens()),
			Message: lostOneOf.With("tokens", names(k.CTL, "", k.tokens())), First: do(lostFindDo.With()),
		}}
	case !named || len(left) == 0:
		return k.noTokenLeft(k.tokens())
	}
	_, signer := k.CTL.Signer()
	text, others := lostSign, message.Either(names(k.CTL, "", left))
	if slices.Contains(gone, signer) {
		text = lostSigner
	}
	return []Finding{{
		Rule: "token-lost", Severity: hazard.Warning, Source: srcLost,
		Message: text.With("gone", names(k.CTL, "", gone), "left", others),
		Records: names(k.CTL, "CTL", append(slices.Clone(gone), left...)),
		First:   do(lostNewDo.With("left", others)),
	}}
}

// tokensLost: nothing that phones know is left to sign with.
func tokensLost(k *outlook) []Finding {
	if !k.has(LoseAllTokens) || k.CTL == nil && !k.NoCTL {
		return nil
	}
	if len(k.tokens()) == 0 {
		text := lostAllNone
		if k.CTL == nil {
			text = lostNoCTL
		}
		return []Finding{{Rule: "tokens-lost", Severity: hazard.Note, Source: srcLost, Message: text.With()}}
	}
	return k.noTokenLeft(k.tokens())
}

func (k *outlook) noTokenLeft(gone []int) []Finding {
	records := names(k.CTL, "CTL", gone)
	modern, known := k.Version.AtLeast(release.Of(10, 0))
	if known && !modern {
		f := k.everyone().outside("tokens-lost", srcLost)
		f.Records = records
		f.Message, f.Recover = lostBefore.With(), lostBeforeR.With()
		return []Finding{f}
	}
	var found []Finding
	servers := serverSAST(k.CTL)
	f := k.withoutSBD().finding("tokens-lost-without-sbd", srcLost+"; "+srcTokenless)
	switch {
	case f.Severity == hazard.Note:
	case len(servers) > 0:
		f.Severity, f.Records = hazard.Warning, append(records, servers...)
		f.Message = lostServers.With("servers", message.Either(servers), "who", f.Who)
		found = append(found, f)
	default:
		f.Records = records
		f.Message, f.Recover = lostRefused.With("who", f.Who), clearCTL.With()
		found = append(found, f)
	}
	s := k.withSBD().finding("tokens-lost", srcLost)
	if s.Severity == hazard.Note {
		return found
	}
	s.Records = append(slices.Clone(records), signerRecord(k.ITL, "ITL")...)
	switch {
	case k.ITL == nil && k.NoITL && len(servers) == 0:
		s.Message, s.Recover = lostNoITL.With("who", s.Who), lostEach.With()
	case !known:
		s.Severity, s.unsure = hazard.Warning, true
		s.Message, s.First = lostVersion.With("who", s.Who), do(lostFindVer.With())
	default:
		s.Severity = hazard.Warning
		s.Message = lostWay.With("who", s.Who)
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
		Rule: "mixed-without-ctl", Severity: hazard.Warning, Who: whoEvery.With(), Source: `CUCM facts, "The CTL Client's wizard", messages`,
		Message: mixedNoCTL.With(), First: do(mixedNoCTLDo.With()),
	}}
}

// residue: a CTL left over in a non-secure cluster still binds phones.
func residue(k *outlook) []Finding {
	if k.Mixed || k.CTL == nil || slices.ContainsFunc(k.CTL.Records, func(r ctlbuild.Record) bool { return r.IsStub() }) {
		return nil
	}
	return []Finding{{
		Rule: "ctl-residue", Severity: hazard.Warning, Who: whoEvery.With(),
		Source:  `CUCM facts, rule 5; Tokenless CTL, "From non-secure mode to mixed mode", note`,
		Message: residueText.With(), Records: signerRecord(k.CTL, "CTL"), First: do(residueDo.With()),
	}}
}
