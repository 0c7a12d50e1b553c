package workflow

import (
	"net/netip"
	"slices"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/release"
)

// predictTokenless drafts the list that the publisher will write. The publisher makes it
// from its database alone: its own anchors, what lies in Phone-SAST-trust, and its
// servers. What the CTL Client added for other hosts is not in it.
func (s *sight) predictTokenless(p *Plan, v release.Version) error {
	signer, second := s.serverKeys(v)
	if signer == nil {
		return fail(FilesBad, textNoCallManager.With(), hintServicesRun.With())
	}
	if p.tokenless == TokenlessLocalKey {
		signer, second = second, signer
	}
	d := ctlbuild.NewDraft()
	if p.Old != nil {
		d = ctlbuild.Edit(p.Old)
	}
	w := predictor{draft: d, former: d.Records}
	d.Records = nil
	p.Draft, p.signer = d, signer

	pub := s.publisherNode()
	w.add(ctlbuild.SAST, signer, pub.Name, pub.Address)
	w.add(ctlbuild.SAST, second, pub.Name, pub.Address)
	for _, c := range s.sastCredentials() {
		w.add(ctlbuild.SAST, c.Certificate, pub.Name, pub.Address)
	}
	for _, c := range s.serverCredentials() {
		w.add(ctlbuild.Function(c.Function), c.Certificate, c.NodeName, c.NodeAddress)
	}
	if mixed := s.Snapshot.Mixed(); p.Mode != nil && !*p.Mode || p.Mode == nil && !mixed {
		d.NonSecure()
	}
	for _, r := range w.former {
		if r.Function() != ctlbuild.SAST && !s.ofCluster(&r) {
			p.Notes = append(p.Notes, noteDropped.With("function", r.Function().String(), "host", r.DNSName()))
		}
	}
	return w.err
}

// predictor writes records as the publisher does.
type predictor struct {
	draft  *ctlbuild.Draft
	former []ctlbuild.Record // of the list that stands
	err    error
}

// add appends a record, once for a certificate in a role; nil is no certificate. One that
// the publisher wrote before is taken over as it stands. A token is left out: the
// publisher's own list has none.
func (w *predictor) add(f ctlbuild.Function, der []byte, host, address string) {
	same := func(r ctlbuild.Record) bool { return r.Function() == f && r.MatchesCertificate(der) }
	if w.err != nil || der == nil || slices.ContainsFunc(w.draft.Records, same) {
		return
	}
	i := slices.IndexFunc(w.former, func(r ctlbuild.Record) bool {
		ip, known := r.IP()
		return same(r) && r.Signature() != nil && (r.DNSName() == host || known && ip.String() == address)
	})
	if i >= 0 {
		w.draft.Records = append(w.draft.Records, w.former[i])
		return
	}
	e := ctlbuild.Entry{Function: f, Certificate: der, Host: host, Dialect: ctlbuild.DialectTokenless}
	if ip, err := netip.ParseAddr(address); err == nil {
		e.IP = ip
	}
	rec, err := ctlbuild.NewRecord(e)
	if err != nil {
		w.err = message.Errorf("certificate %s: %w", tokenCN(der), err)
		return
	}
	if !rec.IsToken() {
		w.draft.Records = append(w.draft.Records, rec)
	}
}

// ofCluster reports whether a server or CAPF record is about a node of the cluster.
func (s *sight) ofCluster(r *ctlbuild.Record) bool {
	return slices.ContainsFunc(s.Snapshot.Servers, func(n reach.Server) bool {
		return sameHost(r, reach.Credential{NodeName: n.Name, NodeAddress: n.Address})
	})
}

// publisherNode is the publisher as it lists itself.
func (s *sight) publisherNode() reach.Server {
	for _, n := range s.Snapshot.Servers {
		if n.Publisher {
			return n
		}
	}
	return reach.Server{}
}
