package advise

import (
	"bytes"
	"fmt"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
)

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
			Rule: "list-not-given", Severity: hazard.Warning, Who: "every phone", Source: "CUCM facts, rule 29", unsure: true,
			Message: fmt.Sprintf("The %s was not given: whether the cluster serves one, and by whom it is signed, is not known.", l.where),
			First:   []string{fmt.Sprintf("Give the %s that the cluster serves, or say that there is none.", l.where)},
		})
	}
	return found
}

// contradictions: what was said does not fit what the lists say.
func contradictions(k *outlook) []Finding {
	var said []string
	servers := len(indexes(k.ITL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.TVS }))
	if k.Nodes > 0 && servers > k.Nodes {
		said = append(said, fmt.Sprintf("the ITL has %s, and the cluster is said to have %s", message.Count(servers, "TVS server"), message.Count(k.Nodes, "node")))
	}
	if k.TVS > 0 && k.ITL != nil && servers > 0 && k.TVS > servers {
		said = append(said, fmt.Sprintf("phones are said to ask %s, and the ITL has %d", message.Count(k.TVS, "TVS server"), servers))
	}
	if k.Nodes > 0 && k.TVS > k.Nodes {
		said = append(said, fmt.Sprintf("phones are said to ask %s of %s", message.Count(k.TVS, "TVS server"), message.Count(k.Nodes, "node")))
	}
	if yes, known := k.Version.AtLeast(release.Of(8, 0)); known && !yes && k.ITL != nil {
		said = append(said, fmt.Sprintf("there is an ITL, and CUCM %s makes none", k.Version))
	}
	if yes, known := k.Version.AtLeast(release.Of(10, 0)); known && !yes && k.CTL != nil && len(k.tokens()) == 0 && len(k.CTL.SAST()) > 0 {
		said = append(said, fmt.Sprintf("the CTL is tokenless, and CUCM %s makes no such list", k.Version))
	}
	if len(said) == 0 {
		return nil
	}
	return []Finding{{
		Rule: "contradiction", Severity: hazard.Warning, unsure: true, Source: "CUCM facts, rule 29", Records: byFunction(k.ITL, "ITL", ctlbuild.TVS),
		Message: "What was said contradicts the lists: " + message.And(said) + ".",
		First:   []string{"Find out which is right: the answer depends on it."},
	}}
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
		Rule: "anchor-replaced", Severity: hazard.Warning, Who: "every phone", Records: names(k.CTL, "CTL", gone),
		Source:  "CUCM facts, rule 17 (Cisco field notice 70613)",
		Message: fmt.Sprintf("%s is not what the cluster has now: its key no longer exists. Of the CTL that phones hold, %s is left to vouch for the next one.", message.And(names(k.CTL, "", gone)), message.And(names(k.CTL, "", left))),
		First:   []string{"Before anything else, update the CTL so that it lists the keys that the cluster has now, and let every phone take it."},
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
		Rule: "multi-server-certificate", Severity: hazard.Warning, Who: "every phone", Records: records, Source: "CUCM facts, rule 23",
		Message: fmt.Sprintf("One certificate serves several servers (%s): it changes on all nodes at once, so there is no node to try it on first.", message.And(records)),
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
		Message: "From 14SU3 on the CTL Provider service takes no hardware tokens, and Cisco does not support a CTL that is signed by one. To a phone it is the same file; it has to be put onto the nodes by other means.",
	}
	if !known {
		f.Severity = hazard.Note
	}
	return []Finding{f}
}

// offMeanwhile: who misses every list in between may not follow the last one.
func offMeanwhile(k *outlook) []Finding {
	var found []Finding
	for _, l := range k.best.away {
		how := "refuse"
		if !l.Certain {
			how = "may refuse"
		}
		found = append(found, Finding{
			Rule: "off-during-change", Severity: hazard.Warning, Who: l.Who.String(), Phones: l.Phones,
			Source:  "the phone model, played step by step (trust-list, section 6); CUCM facts, rule 1",
			Message: fmt.Sprintf("Those that are off from the first step to the last %s the %s when they return: %s", how, l.File, l.Reason),
			First:   []string{"See that every phone is on and registered before the first step, and takes each of the lists."},
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
			Rule: "refuse-already", Severity: severity, beyond: severity == hazard.Danger, Who: l.Who.String(), Phones: l.Phones,
			Source:  "the phone model, played step by step (trust-list, section 6)",
			Message: fmt.Sprintf("The %s that is served now is refused already: %s", l.File, l.Reason),
			First:   []string{"Bring back the phones that refuse what is served now, or count on clearing them by hand; what follows is about the others."},
		})
	}
	return found
}

// nobodyFollows: all phones that there are refuse what is served now.
func (k *outlook) nobodyFollows() bool {
	return len(k.best.already) > 0 && !slices.ContainsFunc(k.groups(), func(g group) bool {
		return !g.ifAny && !slices.ContainsFunc(k.best.already, func(l Loss) bool { return l.Who.String() == g.who.String() })
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
		Rule: "model-not-known", Severity: hazard.Warning, Who: message.Count(n, "phone"), Phones: n, Source: source,
		Message: fmt.Sprintf("Whether phones of model %s have Security By Default is not known; they are taken to.", message.And(models)),
	}}
}
