package advise

import (
	"bytes"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
)

var (
	notGiven      = message.Define("advise.list-not-given", "The {list} was not given: whether the cluster serves one, and by whom it is signed, is not known.")
	notGivenDo    = message.Define("advise.list-not-given.do", "Give the {list} that the cluster serves, or say that there is none.")
	contradicts   = message.Define("advise.contradiction", "What was said contradicts the lists: {said}.")
	contradictDo  = message.Define("advise.contradiction.do", "Find out which is right: the answer depends on it.")
	notNodes      = message.Define("advise.contradiction.nodes", "the ITL has {servers|# TVS server|# TVS servers}, and the cluster is said to have {nodes|# node|# nodes}")
	notAsked      = message.Define("advise.contradiction.asked", "phones are said to ask {asked|# TVS server|# TVS servers}, and the ITL has {servers}")
	notThatMany   = message.Define("advise.contradiction.asked-of-nodes", "phones are said to ask {asked|# TVS server|# TVS servers} of {nodes|# node|# nodes}")
	notITL        = message.Define("advise.contradiction.itl", "there is an ITL, and CUCM {version} makes none")
	notTokenless  = message.Define("advise.contradiction.tokenless", "the CTL is tokenless, and CUCM {version} makes no such list")
	notRecAlready = message.Define("advise.contradiction.itlrecovery", "the lists have an ITLRecovery, and CUCM {version} has none")
	notRecovery   = message.Define("advise.contradiction.no-itlrecovery", "ITLRecovery is to be regenerated, and no list has one")
	notTVS        = message.Define("advise.contradiction.no-tvs", "the change is about TVS, and CUCM {version} has none")
	notSBD        = message.Define("advise.contradiction.no-itl", "Security By Default is to be turned off, and there is no ITL")

	wrongList   = message.Define("advise.wrong-list", "what is given as the {place} is the {is} of a cluster")
	wrongListDo = message.Define("advise.wrong-list.do", "give each list in its place: a CTL lists servers and tokens, an ITL has TVS records")

	replacedText = message.Define("advise.anchor-replaced", "{gone} is not what the cluster has now: its key no longer exists. Of the CTL that phones hold, {left} is left to vouch for the next one, until phones hold a CTL with the keys that the cluster has now.")
	multiServer  = message.Define("advise.multi-server-certificate", "One certificate serves several servers ({records}): it changes on all nodes at once, so there is no node to try it on first.")
	fromSU3      = message.Define("advise.tokens-from-14su3", "From 14SU3 on the CTL Provider service takes no hardware tokens, and Cisco does not support a CTL that is signed by one. To a phone it is the same file; it has to be put onto the nodes by other means.")
	offRefuse    = message.Define("advise.off-during-change", "Those that are off from the first step to the last refuse the {file} when they return: {reason}")
	offMay       = message.Define("advise.off-during-change.may", "Those that are off from the first step to the last may refuse the {file} when they return: {reason}")
	offDo        = message.Define("advise.off-during-change.do", "See that every phone is on and registered before the first step, and takes each of the lists.")
	already      = message.Define("advise.refuse-already", "The {file} that is served now is refused already: {reason}")
	alreadyDo    = message.Define("advise.refuse-already.do", "Bring back the phones that refuse what is served now, or count on clearing them by hand; what follows is about the others.")
	modelUnknown = message.Define("advise.model-not-known", "Whether phones of model {models} have Security By Default is not known; they are taken to.")
)

// WrongListError says that a list stands in the place of one of the other kind.
type WrongListError struct {
	Place string // CTL, ITL, destination's CTL, destination's ITL
	Is    string // CTL, ITL
}

func (e *WrongListError) Error() string { return e.Say(message.Voice{}) }

// Say is the error in a voice.
func (e *WrongListError) Say(v message.Voice) string {
	return v.Say(wrongList.With("place", e.Place, "is", e.Is))
}

// Hints say what to give instead.
func (e *WrongListError) Hints() []message.Message { return do(wrongListDo.With()) }

// kinds looks whether each list is of the kind that its place is for.
func (s *Situation) kinds() error {
	for _, l := range []struct {
		list  *ctlbuild.List
		place string
		kind  ctlbuild.Kind
	}{{s.CTL, "CTL", ctlbuild.KindCTL}, {s.ITL, "ITL", ctlbuild.KindITL},
		{s.DestinationCTL, "destination's CTL", ctlbuild.KindCTL}, {s.DestinationITL, "destination's ITL", ctlbuild.KindITL}} {
		if l.list != nil && l.list.Kind() != l.kind {
			return &WrongListError{Place: l.place, Is: trust.ListName(l.list.Kind())}
		}
	}
	return nil
}

// unknownLists: a list that was not given is not known, and not absent.
func unknownLists(k *outlook) []Finding {
	var found []Finding
	for _, l := range []struct {
		list  *ctlbuild.List
		none  bool
		where string
	}{{k.CTL, k.NoCTL, "CTL"}, {k.ITL, k.NoITL, "ITL"}} {
		if l.list != nil || l.none {
			continue
		}
		found = append(found, Finding{
			Rule: "list-not-given", Severity: hazard.Warning, Who: whoEvery.With(), Source: "CUCM facts, rule 29", unsure: true,
			Message: notGiven.With("list", l.where), First: do(notGivenDo.With("list", l.where)),
		})
	}
	return found
}

// contradictions: what was said does not fit what the lists say.
func contradictions(k *outlook) []Finding {
	var said []message.Message
	servers := len(indexes(k.ITL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.TVS }))
	if k.Nodes > 0 && servers > k.Nodes {
		said = append(said, notNodes.With("servers", servers, "nodes", k.Nodes))
	}
	if k.TVS > 0 && k.ITL != nil && servers > 0 && k.TVS > servers {
		said = append(said, notAsked.With("asked", k.TVS, "servers", servers))
	}
	if k.Nodes > 0 && k.TVS > k.Nodes {
		said = append(said, notThatMany.With("asked", k.TVS, "nodes", k.Nodes))
	}
	if k.Version.Before(release.Of(8, 0)) && k.ITL != nil {
		said = append(said, notITL.With("version", k.Version.String()))
	}
	if k.Version.Before(release.Of(10, 0)) && k.CTL != nil && len(k.tokens()) == 0 && len(k.CTL.SAST()) > 0 {
		said = append(said, notTokenless.With("version", k.Version.String()))
	}
	if k.Version.Before(release.Of(10, 0)) && len(recoveryRecords(k.CTL, ""))+len(recoveryRecords(k.ITL, "")) > 0 {
		said = append(said, notRecAlready.With("version", k.Version.String()))
	}
	said = append(said, k.notThere()...)
	if len(said) == 0 {
		return nil
	}
	return []Finding{{
		Rule: "contradiction", Severity: hazard.Warning, unsure: true, Source: "CUCM facts, rule 29", Records: byFunction(k.ITL, "ITL", ctlbuild.TVS),
		Message: contradicts.With("said", message.Parts(said)), First: do(contradictDo.With()),
	}}
}

// notThere is what is to be changed, and is not there to be changed.
func (k *outlook) notThere() (said []message.Message) {
	known := (k.CTL != nil || k.NoCTL) && (k.ITL != nil || k.NoITL)
	isThere := func(der []byte) bool {
		c, err := ctlbuild.ParseCertificate(der)
		return err == nil && ctlbuild.IsRecoveryName(c.CN)
	}
	if k.recovery && known && len(recoveryRecords(k.CTL, "")) == 0 && len(recoveryRecords(k.ITL, "")) == 0 && !slices.ContainsFunc(k.Present, isThere) {
		said = append(said, notRecovery.With())
	}
	switch {
	case !k.has(RegenerateTVS, TurnOffSBD):
	case k.Version.Before(release.Of(8, 0)):
		said = append(said, notTVS.With("version", k.Version.String()))
	case k.has(TurnOffSBD) && k.NoITL && k.ITL == nil:
		said = append(said, notSBD.With())
	}
	return said
}

// anchorReplaced: a SAST of the CTL is an anchor only while the cluster has its key.
func anchorReplaced(k *outlook) []Finding {
	if k.CTL == nil {
		return nil
	}
	gone := indexes(k.CTL, func(r *ctlbuild.Record) bool {
		return r.Function() == ctlbuild.SAST && !r.IsToken() && k.replaced(r)
	})
	if len(gone) == 0 {
		return nil
	}
	left := indexes(k.CTL, func(r *ctlbuild.Record) bool {
		return r.Function() == ctlbuild.SAST && (r.IsToken() || !k.replaced(r))
	})
	f := Finding{
		Rule: "anchor-replaced", Severity: hazard.Warning, Who: whoEvery.With(), Records: names(k.CTL, "CTL", gone),
		Source:  "CUCM facts, rule 17 (Cisco field notice 70613)",
		Message: replacedText.With("gone", names(k.CTL, "", gone), "left", names(k.CTL, "", left)),
	}
	return []Finding{f}
}

// replaced reports a server's SAST record whose certificate the cluster is known to have
// replaced: another of the same name is in the ITL, or among those in use.
func (k *outlook) replaced(r *ctlbuild.Record) bool {
	others := slices.Clone(k.Present)
	if k.ITL != nil {
		for i := range k.ITL.Records {
			others = append(others, k.ITL.Records[i].Certificate())
		}
	}
	replaced := false
	for _, der := range others {
		c, err := ctlbuild.ParseCertificate(der)
		switch {
		case err != nil:
		case bytes.Equal(c.DER, r.Certificate()):
			return false
		case r.IsRecovery() && ctlbuild.IsRecoveryName(c.CN), k.CTL.IsCallManager(r) && ctlbuild.SameServer(c.CN, r.CN()):
			replaced = true
		}
	}
	return replaced
}

// oneForAll: a multi-server certificate has no next node.
func oneForAll(k *outlook) []Finding {
	if !k.callManager || !k.shared() {
		return nil
	}
	records := append(names(k.CTL, "CTL", sharedRecords(k.CTL)), names(k.ITL, "ITL", sharedRecords(k.ITL))...)
	return []Finding{{
		Rule: "multi-server-certificate", Severity: hazard.Warning, Who: whoEvery.With(), Records: records, Source: "CUCM facts, rule 23",
		Message: multiServer.With("records", records),
	}}
}

// tokensUnsupported: 14SU3 and later take no tokens.
func tokensUnsupported(k *outlook) []Finding {
	yes, known := k.Version.AtLeast(release.SU(14, 0, 3))
	if len(k.tokens()) == 0 || known && !yes || !known && k.Version.Before(release.Of(14, 0)) {
		return nil
	}
	f := Finding{
		Rule: "tokens-from-14su3", Severity: hazard.Warning, Source: "CUCM facts, rule 21 (Cisco technote 214231)", Records: names(k.CTL, "CTL", k.tokens()),
		Message: fromSU3.With(),
	}
	if !known {
		f.Severity = hazard.Note
	}
	return []Finding{f}
}

// offMeanwhile: who misses every list in between may not follow the last one.
func offMeanwhile(k *outlook) []Finding {
	var found []Finding
	who := map[string][]message.Message{} // by what is said of them
	for _, l := range k.best.away {
		text := offRefuse
		if !l.Certain {
			text = offMay
		}
		m := text.With("file", trust.FileText(l.File), "reason", l.Reason)
		said := m.String()
		who[said] = append(who[said], l.Who)
		if i := slices.IndexFunc(found, func(f Finding) bool { return f.Message.String() == said }); i >= 0 {
			found[i].Who = whoAll.With("who", who[said])
			if found[i].Phones > 0 && l.Phones > 0 {
				found[i].Phones += l.Phones
			} else {
				found[i].Phones = 0 // not known of all of them
			}
			continue
		}
		found = append(found, Finding{
			Rule: "off-during-change", Severity: hazard.Warning, Who: l.Who, Phones: l.Phones,
			Source:  "trust-list, section 6; CUCM facts, rule 1",
			Message: m, First: do(offDo.With()),
		})
	}
	return found
}

// refuseAlready: phones that do not follow the cluster as it is.
func refuseAlready(k *outlook) []Finding {
	var found []Finding
	severity := hazard.Warning
	if len(listsVerify(k)) > 0 {
		return nil // that says why
	}
	if k.nobodyFollows() {
		severity = hazard.Danger // nothing that is said of the change is about anybody
	}
	for _, l := range k.best.already {
		found = append(found, Finding{
			Rule: "refuse-already", Severity: severity, beyond: severity == hazard.Danger, Who: l.Who, Phones: l.Phones,
			Source:  "trust-list, section 6",
			Message: already.With("file", trust.FileText(l.File), "reason", l.Reason), First: do(alreadyDo.With()),
		})
	}
	return found
}

// nobodyFollows: all phones that there are refuse what is served now.
func (k *outlook) nobodyFollows() bool {
	return len(k.best.already) > 0 && !slices.ContainsFunc(k.groups(), func(g group) bool {
		return !g.ifAny && !slices.ContainsFunc(k.best.already, func(l Loss) bool { return l.group == g.number })
	})
}

// knownModels: phones of a model that no table has are taken to ask TVS.
func knownModels(k *outlook) []Finding {
	var models []string
	n := 0
	for _, p := range k.Phones {
		if _, known := p.SBD(); !known && !p.Assumed {
			n += p.N()
			models = appendNew(models, p.Model)
		}
	}
	if n == 0 {
		return nil
	}
	_, _, source := trust.CanAskTVS(models[0])
	return []Finding{{
		Rule: "model-not-known", Severity: hazard.Warning, Who: whoPhones.With("n", n), Phones: n, Source: source.String(),
		Message: modelUnknown.With("models", models),
	}}
}
