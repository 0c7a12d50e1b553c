package play

import (
	"bytes"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/trust/release"
)

// Cluster is what is known of a cluster.
type Cluster struct {
	CTL, ITL *ctlbuild.List // served; nil: none, or not known
	// CTLUnknown and ITLUnknown say of a list that is nil that nobody looked.
	CTLUnknown, ITLUnknown bool
	Version                release.Version
	// Present are certificates (DER) that the cluster is known to use now, besides those
	// of the ITL, which CUCM makes from the ones in use.
	Present [][]byte
	// Trusted are certificates (DER) in Phone-SAST-trust.
	Trusted [][]byte
}

// served is a list as nodes serve it.
type served struct {
	list   *ctlbuild.List
	signer []byte // DER of the certificate whose key signed it, nil where that is not known
	real   bool   // it was read, not made by a plan
	slots  []slot
}

// slot is a record of a list, and the key that it is for.
type slot struct {
	as   ctlbuild.Function
	key  *key
	form *ctlbuild.Record
}

// world is a cluster in the course of a plan.
type world struct {
	Cluster
	keys     []*key
	nodes    []string // first the one whose ITL phones hold
	ctl, itl *served
	trusted  [][]byte
	empty    bool // "Prepare Cluster for Rollback to Pre 8.0" is set
	made     int
	v        variant
	// source is the cluster that phones ask TVS of, after a move to another.
	source *world
}

// variant is one way in which what is not known may be.
type variant struct {
	home    string // whose ITL phones hold; "": the node's whose was read
	gone    bool   // a key of the CTL that nobody saw no longer exists
	renamed bool   // a rename makes ITLRecovery anew
	silent  bool   // TVS does not vouch for an ITLRecovery that was made anew
}

func newWorld(c Cluster, v variant) *world {
	w := &world{Cluster: c, v: v, trusted: c.Trusted}
	if c.ITL != nil {
		w.itl = w.read(c.ITL, true)
		w.empty = c.ITL.IsEmptyRollback()
	}
	for _, der := range c.Present {
		w.see(der)
	}
	if c.CTL != nil {
		w.ctl = w.read(c.CTL, false)
	}
	if v.gone {
		for _, k := range w.unseen() {
			w.renew(k)
		}
	}
	if len(w.nodes) == 0 {
		w.nodes = []string{""}
	}
	if v.home != "" && !ctlbuild.SameServer(v.home, w.home()) {
		w.nodes = append([]string{v.home}, slices.DeleteFunc(w.nodes, func(n string) bool { return ctlbuild.SameServer(n, v.home) })...)
		w.rebuildITL(false)
	}
	return w
}

// unseen are server keys on which the CTL rests as SAST, and that nobody saw in use.
func (w *world) unseen() []*key {
	var out []*key
	if w.ctl == nil {
		return nil
	}
	for _, s := range w.ctl.slots {
		if s.as == ctlbuild.SAST && !s.key.seen && (s.key.role == recovery || s.key.role == callManager) && s.key.der != nil {
			out = append(out, s.key)
		}
	}
	return out
}

// read takes the keys out of a list. Those of the ITL are in use: CUCM makes it anew
// whenever one of them changes.
func (w *world) read(l *ctlbuild.List, inUse bool) *served {
	s := &served{list: l, real: true}
	for i := range l.Records {
		r := &l.Records[i]
		k := w.keyOf(l, r)
		k.seen = k.seen || inUse
		s.slots = append(s.slots, slot{as: r.Function(), key: k, form: r})
	}
	if r, _ := l.Signer(); r != nil {
		s.signer = r.Certificate()
	}
	return s
}

// keyOf finds the key that a record is for. Where the cluster has a key of that role and
// node already, a record of another certificate is of one that no longer exists: its
// holder signs nothing more.
func (w *world) keyOf(l *ctlbuild.List, r *ctlbuild.Record) *key {
	k := &key{role: roleOf(l, r), der: r.Certificate(), first: r}
	switch k.role {
	case callManager, tvs:
		k.node = w.node(r.CN())
	case token, other:
		k.node = r.CN() + r.DNSName()
	}
	for _, have := range w.keys {
		if have.is(r) && have.role == k.role || have.sameHolder(k) {
			have.replaced = have.replaced || !have.is(r) && r.Certificate() != nil
			return have
		}
	}
	w.keys = append(w.keys, k)
	return k
}

// sameHolder reports two keys of one role and one node, of which only one can be in use.
func (k *key) sameHolder(o *key) bool {
	switch k.role {
	case recovery, capf:
		return o.role == k.role
	case callManager, tvs:
		return o.role == k.role && ctlbuild.SameServer(k.node, o.node)
	}
	return false
}

func roleOf(l *ctlbuild.List, r *ctlbuild.Record) role {
	switch f := r.Function(); {
	case r.IsRecovery():
		return recovery
	case r.IsToken():
		return token
	case f == ctlbuild.TVS:
		return tvs
	case f == ctlbuild.CAPF:
		return capf
	case f == ctlbuild.SAST && l.Kind() == ctlbuild.KindITL, f == ctlbuild.SAST && l.IsCallManager(r), f == ctlbuild.CCM, f == ctlbuild.CCMTFTP:
		return callManager
	case f == ctlbuild.SAST && strings.HasPrefix(strings.ToUpper(r.CN()), "SAST-"):
		return token
	}
	return other
}

// node is a node by the name that certificates have for it.
func (w *world) node(name string) string {
	i := slices.IndexFunc(w.nodes, func(n string) bool { return ctlbuild.SameServer(n, name) })
	if i < 0 {
		w.nodes = append(w.nodes, name)
		return name
	}
	return w.nodes[i]
}

// see takes a certificate that is known to be in use.
func (w *world) see(der []byte) {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return
	}
	for _, k := range w.keys {
		if k.der != nil && bytes.Equal(k.der, der) {
			k.seen = true
			return
		}
	}
	k := &key{role: callManager, der: der, seen: true}
	if ctlbuild.IsRecoveryName(c.CN) {
		k.role = recovery
	} else {
		k.node = w.node(c.CN)
	}
	for _, have := range w.keys {
		if have.sameHolder(k) {
			have.der, have.seen = der, true
			return
		}
	}
	w.keys = append(w.keys, k)
}

// find is the key of a role on a node; nil when the cluster has none that is known.
func (w *world) find(r role, node string) *key {
	var found []*key
	for _, k := range w.keys {
		if k.role != r {
			continue
		}
		if r != callManager && r != tvs || ctlbuild.SameServer(k.node, node) {
			return k
		}
		found = append(found, k)
	}
	if len(found) == 1 {
		return found[0] // one certificate for all servers, under a name of its own
	}
	return nil
}

// home is the node whose ITL phones hold, and publisher the one that makes the CTL.
func (w *world) home() string { return w.nodes[0] }

func (w *world) publisher() string {
	if w.ctl == nil || w.CTL == nil {
		return w.home()
	}
	for _, r := range w.CTL.SAST() {
		if w.CTL.IsCallManager(r) {
			return w.node(r.CN())
		}
	}
	return w.home()
}

// renew makes a key anew.
func (w *world) renew(k *key) {
	base := k.der
	if base == nil {
		for _, o := range w.keys {
			if o.der != nil {
				base = o.der
				break
			}
		}
	}
	if base == nil {
		return
	}
	w.made++
	k.der, k.made = successor(base, w.made), k.made+1
}

// recoverySigns: from 12.0 on ITLRecovery signs both lists. The version decides; where it
// is not known, the signers of the lists that there are.
func (w *world) recoverySigns() bool {
	if yes, known := w.Version.AtLeast(release.Of(12, 0)); known {
		return yes && w.find(recovery, "") != nil
	}
	for _, l := range []*ctlbuild.List{w.ITL, w.CTL} {
		if l == nil {
			continue
		}
		if r, _ := l.Signer(); r != nil && r.IsRecovery() {
			return true
		}
	}
	return false
}

// RecoverySigns reports that ITLRecovery signs the lists of a cluster as a rule.
func RecoverySigns(c Cluster) bool { return newWorld(c, variant{}).recoverySigns() }

// Nodes are the nodes that the lists name, as certificates name them: first the one whose
// ITL was read.
func Nodes(c Cluster) []string {
	w := newWorld(c, variant{})
	var out []string
	for _, n := range w.nodes {
		for _, k := range w.keys {
			if (k.role == callManager || k.role == tvs) && ctlbuild.SameServer(k.node, n) || n == "" {
				out = append(out, n)
				break
			}
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}
