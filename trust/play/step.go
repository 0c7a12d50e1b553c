package play

import (
	"bytes"
	"context"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
)

// Kind of what a step does to keys and lists.
type Kind uint8

// What a step can do. Restarts of services are no kind: what they bring is taken to be
// served as soon as it is made, which is the earliest that a phone can meet it.
const (
	NewCallManager Kind = iota // on Node, or all
	NewTVS                     // on Node, or all
	NewCAPF
	NewRecovery
	Rename      // all certificates of Node, or of all nodes, at once
	UpdateCTL   // by a token that is left, else by the publisher
	ResetCTLKey // utils ctl reset localkey
	ResetITLKey // utils itl reset localkey
	Trust       // Certificate goes into Phone-SAST-trust
	LoseToken   // the token of Certificate
	LoseAllTokens
	EmptyITL // "Prepare Cluster for Rollback to Pre 8.0"
	FillITL  // that parameter set back
	MakeITL  // TFTP makes the ITL anew, by its usual key
	Move     // phones turn to Destination
)

// Act is one thing that a step does.
type Act struct {
	Kind        Kind
	Node        string // "": the one whose ITL phones hold
	All         bool   // every node
	Certificate []byte
	Destination *Cluster
}

// Step of a plan: what is done at once, and whether the phones are waited for afterwards.
type Step struct {
	Acts []Act
	Wait bool
}

// apply does what a step does.
func (w *world) apply(s Step) {
	rebuilt := false
	for _, a := range s.Acts {
		rebuilt = w.act(a) || rebuilt
	}
	if rebuilt {
		w.rebuildITL(false)
	}
}

// act does one thing; rebuild says that TFTP makes the ITL anew.
func (w *world) act(a Act) (rebuild bool) {
	nodes := []string{a.Node}
	if a.Node == "" {
		nodes[0] = w.home()
	}
	if a.All {
		nodes = w.nodes
	}
	renew := func(r role, node string) {
		if k := w.find(r, node); k != nil {
			w.renew(k)
		}
	}
	switch a.Kind {
	case NewCallManager, NewTVS, Rename:
		for _, n := range nodes {
			if a.Kind != NewTVS {
				renew(callManager, n)
			}
			if a.Kind != NewCallManager {
				renew(tvs, n)
			}
		}
		if a.Kind == Rename {
			renew(capf, "")
			if w.v.renamed {
				renew(recovery, "")
			}
		}
		return true
	case NewCAPF:
		renew(capf, "")
		return true
	case NewRecovery:
		renew(recovery, "")
		return true
	case MakeITL:
		return true
	case EmptyITL, FillITL:
		w.empty = a.Kind == EmptyITL
		return true
	case ResetITLKey:
		w.rebuildITL(true)
	case Trust:
		w.trusted = append(w.trusted, a.Certificate)
	case UpdateCTL:
		if k := w.tokenKey(); k != nil {
			w.updateCTL(k)
		} else if k := w.serverKey(false); k != nil {
			w.updateCTL(k)
		}
	case ResetCTLKey:
		if k := w.serverKey(true); k != nil {
			w.updateCTL(k)
		}
	case LoseToken, LoseAllTokens:
		for _, k := range w.keys {
			if k.role == token && (a.Kind == LoseAllTokens || bytes.Equal(k.der, a.Certificate)) {
				k.made++ // der stays: phones know it, nobody has it
			}
		}
	case Move:
		source := *w
		d := newWorld(*a.Destination, variant{})
		*w = *d
		w.source = &source
	}
	return false
}

// asks are the nodes whose TVS a phone asks; none: all there are.
type asks []string

// tvsAsker is TVS of the world as it is.
type tvsAsker struct {
	w    *world
	asks asks
}

// Ask implements trust.Asker.
func (t tvsAsker) Ask(_ context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
	w := t.w
	if w.source != nil {
		w = w.source
	}
	for _, k := range w.keys {
		if k.role != tvs || len(t.asks) > 0 && !containsServer(t.asks, k.node) {
			continue
		}
		if k.knownBy(p.CTL) || k.knownBy(p.ITL) {
			return w.answer(q), nil
		}
	}
	return trust.Answer{}, &trust.TVSCertificateError{Function: ctlbuild.TVS}
}

func containsServer(nodes []string, name string) bool {
	for _, n := range nodes {
		if ctlbuild.SameServer(n, name) {
			return true
		}
	}
	return false
}

// knownBy reports whether a list has the key for TVS.
func (k *key) knownBy(l *ctlbuild.List) bool {
	if l == nil {
		return false
	}
	for i := range l.Records {
		if r := &l.Records[i]; r.Function() == ctlbuild.TVS && k.is(r) {
			return true
		}
	}
	return false
}

// answer looks a certificate up in the database, then in the CTL on the node. Whether
// TVS vouches for an ITLRecovery that was made anew is not documented.
func (w *world) answer(q trust.Question) trust.Answer {
	yes := func(roles ...uint8) trust.Answer {
		return trust.Answer{Valid: true, Certificate: q.Certificate, Roles: roles}
	}
	for _, k := range w.keys {
		if !bytes.Equal(k.der, q.Certificate) {
			continue
		}
		switch k.role {
		case callManager:
			return yes(uint8(ctlbuild.SAST), uint8(ctlbuild.CCMTFTP))
		case recovery:
			if (k.made > 0 || k.replaced) && w.v.silent {
				return trust.Answer{}
			}
			return yes(uint8(ctlbuild.SAST))
		}
	}
	for _, der := range w.trusted {
		if bytes.Equal(der, q.Certificate) {
			return yes(uint8(ctlbuild.SAST))
		}
	}
	if w.ctl != nil {
		var roles []uint8
		for i := range w.ctl.list.Records {
			if r := &w.ctl.list.Records[i]; bytes.Equal(r.Certificate(), q.Certificate) {
				roles = append(roles, uint8(r.Function()))
			}
		}
		if len(roles) > 0 {
			return yes(roles...)
		}
	}
	return trust.Answer{}
}
