package workflow

import (
	"bytes"
	"slices"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// isRecovery tells an ITLRecovery certificate by its name, as CUCM makes it.
func isRecovery(der []byte) bool {
	return ctlbuild.IsRecoveryName(tokenCN(der))
}

// anchors finds the certificates that a tokenless CTL rests on: the publisher's
// CallManager, and ITLRecovery where the cluster has one.
func (s *sight) anchors() (callManager, recovery []byte) {
	for _, c := range s.serverCredentials() {
		if ctlbuild.Function(c.Function).IsServer() {
			callManager = c.Certificate // the publisher's stands first
			break
		}
	}
	for _, c := range s.sastCredentials() {
		if isRecovery(c.Certificate) {
			return callManager, c.Certificate
		}
	}
	for _, l := range []*ctlbuild.List{s.Snapshot.ITL, s.Snapshot.Current} {
		if l == nil {
			continue
		}
		for _, r := range l.SAST() {
			if der := r.Certificate(); der != nil && isRecovery(der) {
				return callManager, der
			}
		}
	}
	return callManager, nil
}

// refreshAnchors puts a regenerated CallManager or ITLRecovery in the place of its
// former self where that is SAST: else phones would not know who signs their ITL from
// now on. Tokens, and what somebody put into Phone-SAST-trust, stay. It returns what
// it did, in sentences.
func (s *sight) refreshAnchors(d *ctlbuild.Draft) ([]message.Message, error) {
	var notes []message.Message
	call, recovery := s.anchors()
	for i := range d.Records {
		r := &d.Records[i]
		der := r.Certificate()
		if r.Function() != ctlbuild.SAST || r.IsToken() || der == nil || s.presentsSAST(der) {
			continue
		}
		now, what := call, "CallManager"
		if isRecovery(der) {
			now, what = recovery, "ITLRecovery"
		} else if !s.wasServer(der) {
			continue
		}
		if now == nil || bytes.Equal(now, der) || draftKnows(d, now) {
			continue
		}
		rec, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: now, Host: s.publisherNode().Name})
		if err != nil {
			return notes, message.Errorf("certificate %s: %w", tokenCN(now), err)
		}
		d.Records[i] = rec
		notes = append(notes, noteReplaced.With("name", what, "certificate", tokenCN(now)))
	}
	return notes, nil
}

// presentsSAST reports whether the cluster still has a certificate as SAST.
func (s *sight) presentsSAST(der []byte) bool {
	return slices.ContainsFunc(s.sastCredentials(), func(c reach.Credential) bool { return bytes.Equal(c.Certificate, der) })
}

// wasServer reports whether the current CTL lists a certificate as a server's, so that
// as SAST it is CallManager's.
func (s *sight) wasServer(der []byte) bool {
	l := s.Snapshot.Current
	return l != nil && slices.ContainsFunc(l.Records, func(r ctlbuild.Record) bool {
		return r.Function().IsServer() && r.MatchesCertificate(der)
	})
}

// collect brings the server records and the anchors of a draft up to what the cluster
// presents, and notes what it did.
func (s *sight) collect(p *Plan) error {
	notes, err := collectServers(p.Draft, s.serverCredentials())
	p.Notes = append(p.Notes, notes...)
	if err != nil {
		return err
	}
	notes, err = s.refreshAnchors(p.Draft)
	p.Notes = append(p.Notes, notes...)
	return err
}
