package advise

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/play"
)

// Sources.
const (
	srcRegenerate = `Security By Default, "Regenerating certificates"`
	srcTwoAnchors = srcRegenerate + `, note; CUCM facts, rule 2`
	srcRename     = `Security By Default, "Change host names or domain names"`
	srcTokenless  = `Tokenless CTL, "Requirements", note, and "Certificate regeneration for the tokenless CTL solution"`
	srcLocalKey   = `CUCM facts, rule 18`
	srcUpdateDue  = `CUCM facts, rule 4`
)

// outlook is a situation and what is planned, looked at once for all rules.
type outlook struct {
	Situation
	ctx     context.Context
	changes []PlannedChange
	tokenAt map[int]bool // records of the CTL whose tokens are lost
	nodes   []string     // of the lists, as certificates name them; first the one whose ITL phones hold
	// what the changes regenerate, renames included
	callManager, tvs, capf, recovery bool
	// mayLose: the phone model loses phones that there are, or may, or has lost them already
	mayLose bool
	best    outcome // of the plan that is advised
	// everywhere: on all nodes at once, so that no server of the old kind is left
	everywhere bool
}

func look(ctx context.Context, s Situation, changes []PlannedChange) (*outlook, error) {
	k := &outlook{Situation: s, ctx: ctx, changes: slices.Clone(changes), tokenAt: map[int]bool{}}
	k.nodes = play.Nodes(k.cluster())
	for i := range k.changes {
		if err := k.find(&k.changes[i]); err != nil {
			return nil, err
		}
	}
	for _, c := range k.changes {
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
			// All certificates of the node, at once; ITLRecovery perhaps (facts 20).
			k.callManager, k.tvs, k.capf = true, true, true
		default:
			continue
		}
		k.everywhere = k.everywhere || c.All
	}
	return k, nil
}

// cluster is the situation as it is played.
func (k *outlook) cluster() play.Cluster {
	return play.Cluster{
		CTL: k.CTL, ITL: k.ITL, CTLUnknown: k.CTL == nil && !k.NoCTL, ITLUnknown: k.ITL == nil && !k.NoITL,
		Version: k.Version, Present: k.Present,
	}
}

// find replaces the selectors of a change by what they name.
func (k *outlook) find(c *PlannedChange) error {
	if c.Token != "" && k.CTL != nil {
		i, err := ctlbuild.SelectToken(k.CTL.Records, c.Token)
		if err != nil {
			return err
		}
		k.tokenAt[i] = true
	}
	if c.Node == "" || k.CTL == nil && k.ITL == nil {
		return nil
	}
	if i := slices.IndexFunc(k.nodes, func(n string) bool { return ctlbuild.SameServer(n, c.Node) }); i >= 0 {
		c.Node = k.nodes[i]
		return nil
	}
	var err error
	for _, l := range []*ctlbuild.List{k.CTL, k.ITL} {
		if l == nil {
			continue
		}
		found, e := ctlbuild.Select(l.Records, c.Node)
		if e == nil {
			c.Node = k.nodeOf(l, found, c.Node)
			return nil
		}
		if s, ok := errors.AsType[*ctlbuild.SelectorError](e); ok && s.Why != ctlbuild.NamesNothing {
			return e
		}
		err = e
	}
	if slices.ContainsFunc(k.NodeList, func(n string) bool { return ctlbuild.SameServer(n, c.Node) }) {
		return nil // a node that no list names
	}
	return err
}

// nodeOf is the name that certificates have for the host of some records.
func (k *outlook) nodeOf(l *ctlbuild.List, found []int, said string) string {
	for _, i := range found {
		if n := l.Records[i].CN(); slices.Contains(k.nodes, n) {
			return n
		}
	}
	for _, i := range found {
		if r := &l.Records[i]; r.Function().IsServer() || r.Function() == ctlbuild.TVS {
			return r.CN()
		}
	}
	return said
}

// namedNodes are the nodes that the changes are about, in order; where none was named, all.
func (k *outlook) namedNodes() []string {
	var out []string
	for _, c := range k.changes {
		if c.Node != "" && !slices.Contains(out, c.Node) {
			out = append(out, c.Node)
		}
	}
	if len(out) > 0 {
		return out
	}
	if k.Nodes == 1 {
		return k.nodes[:1]
	}
	return k.nodes
}

// mayHaveMore reports that the cluster may have nodes that no list names.
func (k *outlook) mayHaveMore() bool {
	return k.Nodes != 1 && !slices.ContainsFunc(k.changes, func(c PlannedChange) bool { return c.Node != "" }) && len(k.nodes) < max(k.Nodes, 2)
}

// shared reports one CallManager certificate for several servers (multi-SAN).
func (k *outlook) shared() bool {
	return len(sharedRecords(k.CTL)) > 0 || len(sharedRecords(k.ITL)) > 0
}

// sharedRecords are server records of different hosts with one certificate, or whose
// common name says that it is for several (-ms).
func sharedRecords(l *ctlbuild.List) []int {
	if l == nil {
		return nil
	}
	return indexes(l, func(r *ctlbuild.Record) bool {
		der := r.Certificate()
		if !r.Function().IsServer() || len(der) == 0 {
			return false
		}
		first, _, _ := strings.Cut(r.CN(), ".")
		return strings.HasSuffix(first, "-ms") || slices.ContainsFunc(l.Records, func(o ctlbuild.Record) bool {
			return o.Function().IsServer() && bytes.Equal(o.Certificate(), der) && differ(o.DNSName(), r.DNSName())
		})
	})
}

// differ reports two hosts that are named and not the same.
func differ(a, b string) bool {
	return strings.TrimSpace(a) != "" && strings.TrimSpace(b) != "" && !ctlbuild.SameHost(a, b)
}

// tokensLeft are the CTL's token records but the lost ones.
func (k *outlook) tokensLeft() []int {
	if k.has(LoseAllTokens) {
		return nil
	}
	return slices.DeleteFunc(k.tokens(), func(i int) bool { return k.tokenAt[i] })
}

// touches reports whether one of the changes is about the node whose certificate r
// holds; a change that names no node may be about any.
func (k *outlook) touches(r *ctlbuild.Record) bool {
	return slices.ContainsFunc(k.changes, func(c PlannedChange) bool {
		return c.Node == "" || c.All || ctlbuild.SameServer(r.CN(), c.Node) || ctlbuild.SameServer(r.DNSName(), c.Node) || r.IsRecovery()
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
	who      message.Message
	n        int
	severity hazard.Severity // danger when there are such phones; warning when it is not known
}

var (
	whoEvery  = message.Define("advise.who.every", "every phone")
	whoIfAny  = message.Define("advise.who.without-sbd-if-any", "phones without Security By Default (7940/7960, Jabber, many TelePresence endpoints), if there are any")
	whoPhones = message.Define("advise.who.phones", "{n|# phone|# phones}")
	whoAll    = message.Define("advise.who.all", "{who}")
	whoNo     = message.Define("advise.who.no", "no phone")
	whoLSC    = message.Define("advise.who.lsc", "every phone with an LSC")
	whoOlder  = message.Define("advise.who.before-8", "every phone of the clusters before 8.0")
)

// withSBD are the phones that use an ITL and ask TVS.
func (k *outlook) withSBD() phones {
	return k.count(whoWith, phones{who: whoAnyWith.With(), severity: hazard.Danger}, func(p trust.Phone) bool { has, _ := p.SBD(); return has })
}

// withoutSBD are those that do not. Whether there are any is not known without a fleet.
func (k *outlook) withoutSBD() phones {
	return k.count(whoWithout, phones{who: whoIfAny.With(), severity: hazard.Warning}, func(p trust.Phone) bool { has, _ := p.SBD(); return !has })
}

// everyone holds lists of this cluster.
func (k *outlook) everyone() phones {
	return k.count(whoPhones, phones{who: whoEvery.With(), severity: hazard.Danger}, func(trust.Phone) bool { return true })
}

// count counts the phones of the fleet that fit; where nobody described one, they are undescribed.
func (k *outlook) count(some *message.Text, undescribed phones, fits func(trust.Phone) bool) phones {
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
	case !described:
		return undescribed
	case n == 0:
		return phones{who: whoNo.With(), severity: hazard.Note}
	}
	return phones{who: some.With("n", n), n: n, severity: hazard.Danger}
}

// outside begins a finding about what the phone model does not play, and which decides by itself.
func (p phones) outside(rule, source string) Finding {
	f := p.finding(rule, source)
	f.beyond = true
	return f
}

// finding begins a finding about these phones.
func (p phones) finding(rule, source string) Finding {
	return Finding{Rule: rule, Severity: p.severity, Who: p.who, Phones: p.n, Source: source}
}

// do is what to do, as a list.
func do(m ...message.Message) []message.Message { return m }
