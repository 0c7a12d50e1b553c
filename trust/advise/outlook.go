package advise

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

// Sources.
const (
	srcRegenerate = `Security By Default, "Regenerating certificates"`
	srcTwoAnchors = srcRegenerate + `, note; CUCM facts, rule 2`
	srcRename     = `Security By Default, "Change host names or domain names"`
	srcTokenless  = `Tokenless CTL, "Requirements", note, and "Certificate regeneration for the tokenless CTL solution"`
	srcUpdateDue  = `CUCM facts, rule 4`
)

// outlook is a situation and what is planned, looked at once for all rules.
type outlook struct {
	Situation
	ctx     context.Context
	changes []PlannedChange
	// what the changes regenerate, renames included
	callManager, tvs, capf, recovery bool
	// everywhere: on all nodes at once, so that no server of the old kind is left
	everywhere bool
}

func look(ctx context.Context, s Situation, changes []PlannedChange) *outlook {
	k := &outlook{Situation: s, ctx: ctx, changes: changes}
	for _, c := range changes {
		switch c.Kind {
		case RegenerateCallManager:
			k.callManager = true
		case RegenerateTVS:
			k.tvs = true
		case RegenerateCAPF:
			k.capf = true
		case RegenerateITLRecovery:
			k.recovery = true
		case RenameHost, RenameDomain:
			// All certificates of the node, at once.
			k.callManager, k.tvs, k.capf = true, true, true
			k.recovery = k.recovery || c.Node == "" || c.All
		default:
			continue
		}
		k.everywhere = k.everywhere || c.All
	}
	return k
}

// touches reports whether one of the changes is about the node whose certificate r
// holds; a change that names no node may be about any.
func (k *outlook) touches(r *ctlbuild.Record) bool {
	return slices.ContainsFunc(k.changes, func(c PlannedChange) bool {
		return c.Node == "" || c.All || about(r, c.Node)
	})
}

func (k *outlook) has(kinds ...Kind) bool {
	return slices.ContainsFunc(k.changes, func(c PlannedChange) bool { return slices.Contains(kinds, c.Kind) })
}

func (k *outlook) renames() bool { return k.has(RenameHost, RenameDomain) }

// tvsServers is how many TVS servers a phone can ask: told, or counted in the ITL.
func (k *outlook) tvsServers() int {
	if k.TVS > 0 {
		return k.TVS
	}
	return len(indexes(k.ITL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.TVS }))
}

// otherTVS: a TVS server remains whose certificate the phones' ITL knows.
func (k *outlook) otherTVS() bool { return k.tvsServers() > 1 && !k.everywhere }

// tokens are the CTL's token records.
func (k *outlook) tokens() []int {
	return indexes(k.CTL, func(r *ctlbuild.Record) bool { return r.IsToken() })
}

// signerIs tells whose a list's signer is.
func signerIs(l *ctlbuild.List, fits func(l *ctlbuild.List, r *ctlbuild.Record) bool) (name string, ok bool) {
	if l == nil {
		return "", false
	}
	r, i := l.Signer()
	if r == nil || !fits(l, r) {
		return "", false
	}
	return trust.RecordName(i, r), true
}

func isRecovery(_ *ctlbuild.List, r *ctlbuild.Record) bool { return r.IsRecovery() }

func isCallManager(l *ctlbuild.List, r *ctlbuild.Record) bool { return l.IsCallManager(r) }

func indexes(l *ctlbuild.List, fits func(*ctlbuild.Record) bool) []int {
	var found []int
	if l == nil {
		return nil
	}
	for i := range l.Records {
		if fits(&l.Records[i]) {
			found = append(found, i)
		}
	}
	return found
}

// names names records of a list, with the list where both are spoken of.
func names(l *ctlbuild.List, where string, found []int) []string {
	var out []string
	for _, i := range found {
		name := trust.RecordName(i, &l.Records[i])
		if where != "" {
			name += " of the " + where
		}
		out = append(out, name)
	}
	return out
}

// byFunction names a list's records of some functions.
func byFunction(l *ctlbuild.List, where string, functions ...ctlbuild.Function) []string {
	return names(l, where, indexes(l, func(r *ctlbuild.Record) bool { return slices.Contains(functions, r.Function()) }))
}

// phones that a finding is about.
type phones struct {
	who      string
	n        int
	severity hazard.Severity // danger when there are such phones; warning when it is not known
}

// withSBD are the phones that use an ITL and ask TVS.
func (k *outlook) withSBD() phones {
	return k.count("with Security By Default", hazard.Danger, func(p trust.Phone) bool { has, _ := p.SBD(); return has })
}

// withoutSBD are those that do not. Whether there are any is not known without a fleet.
func (k *outlook) withoutSBD() phones {
	return k.count("without Security By Default", hazard.Warning, func(p trust.Phone) bool { has, _ := p.SBD(); return !has })
}

// everyone holds lists of this cluster.
func (k *outlook) everyone() phones {
	return k.count("", hazard.Danger, func(trust.Phone) bool { return true })
}

func (k *outlook) count(kind string, unknown hazard.Severity, fits func(trust.Phone) bool) phones {
	described, n := false, 0
	for _, p := range k.Phones {
		if p.Assumed {
			continue
		}
		described = true
		if fits(p) {
			n += p.N()
		}
	}
	switch {
	case !described && kind == "":
		return phones{who: "every phone", severity: unknown}
	case !described && unknown == hazard.Warning:
		return phones{who: "phones " + kind + " (7940/7960, Jabber, many TelePresence endpoints), if there are any", severity: unknown}
	case !described:
		return phones{who: "every phone " + kind, severity: unknown}
	case n == 0:
		return phones{who: "no phone", severity: hazard.Note}
	case n == 1:
		return phones{who: strings.TrimSpace("1 phone " + kind), n: 1, severity: hazard.Danger}
	}
	return phones{who: strings.TrimSpace(fmt.Sprintf("%d phones %s", n, kind)), n: n, severity: hazard.Danger}
}

// finding begins a finding about these phones.
func (p phones) finding(rule, source string) Finding {
	return Finding{Rule: rule, Severity: p.severity, Who: p.who, Phones: p.n, Source: source}
}
