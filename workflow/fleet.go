package workflow

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/fleet"
	"ctlclient/trust/release"
)

// keepServerSAST decides whether CallManager and ITLRecovery stay SAST beside tokens.
func (s *sight) keepServerSAST(policy ServerSAST) (keep bool, why message.Message) {
	switch policy {
	case ServerSASTKeep:
		return true, whyAsked.With()
	case ServerSASTDrop:
		return false, whyAsked.With()
	}
	v := s.version()
	switch least, known := v.AtLeast(release.Of(11, 5)); {
	case !known:
		return true, whyNoVersion.With()
	case least:
		return true, whyListed.With("version", v.String())
	}
	return false, whyTokensAlone.With("version", v.String())
}

// setServerSAST adds or removes CallManager and ITLRecovery as SAST where an update
// asks for it in so many words.
func (s *sight) setServerSAST(p *Plan, policy ServerSAST) error {
	d := p.Draft
	if policy == ServerSASTDrop {
		d.Records = slices.DeleteFunc(d.Records, func(r ctlbuild.Record) bool {
			return r.Function() == ctlbuild.SAST && !r.IsToken()
		})
		return nil
	}
	if policy != ServerSASTKeep {
		return nil
	}
	call, recovery := s.anchors()
	for _, der := range [][]byte{recovery, call} {
		if der == nil || draftKnows(d, der) {
			continue
		}
		rec, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: der, Host: s.publisherNode().Name})
		if err != nil {
			return message.Errorf("certificate %s: %w", tokenCN(der), err)
		}
		d.Records = append(d.Records, rec)
		p.Notes = append(p.Notes, noteSAST.With("token", tokenCN(der)))
	}
	return nil
}

// fleet is the phones that verdicts are about: the profile's, else those that the cluster
// lists, else one of each kind for every list that is served now.
func (s *Session) fleet(ctx context.Context) ([]trust.Phone, error) {
	lists := s.heldLists()
	snap := s.Snapshot
	current := fleet.Current{CTL: snap.Current, ITL: snap.ITL, CTLUnknown: s.unreadable() != "", ITLUnknown: snap.ITL == nil && !snap.NoITL}
	p := s.Cluster.Profile
	if p.Fleet != "" {
		entries, err := readFleet(p)
		if err != nil {
			return nil, err
		}
		return s.resolve(ctx, entries, trust.KnownLists(append(lists, s.Snapshot.ITL)...), current)
	}
	entries, err := s.clusterPhones(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		s.warn(sayNoList.With("why", err))
	case len(entries) > 0:
		return s.resolve(ctx, entries, trust.KnownLists(lists...), current)
	}
	s.assumed = true
	var phones []trust.Phone
	for _, l := range lists {
		phones = append(phones, trust.DefaultPhones(l, s.Snapshot.ITL, nil)...)
	}
	if len(lists) == 0 {
		phones = trust.DefaultPhones(nil, s.Snapshot.ITL, nil)
	}
	if len(lists) == 0 && s.unreadable() != "" {
		phones = append(trust.UnknownPhones(s.Snapshot.ITL), phones...)
	}
	return phones, nil
}

// unreadable is the node that goes first where what it serves is no list that can be read: what
// phones hold is not known then, which is another thing than that they hold none.
func (s *sight) unreadable() string {
	if first := s.first(); first.File != nil && first.List == nil {
		return first.Node.Name
	}
	return ""
}

// first is the node that goes first, as it was seen.
func (s *sight) first() cluster.NodeState {
	if i := s.profile.Lead(); i < len(s.Snapshot.Nodes) {
		return s.Snapshot.Nodes[i]
	}
	return cluster.NodeState{}
}

// readFleet reads the profile's fleet. It and the files that it names are looked up
// beside the profile.
func readFleet(p *site.Profile) ([]fleet.Entry, error) {
	dir := filepath.Dir(p.File)
	beside := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(dir, name)
	}
	f, err := os.Open(beside(p.Fleet))
	if err != nil {
		e := fail(BadRequest, textFleetBad.With(), hintFleetKey.With("do", message.Action{Do: message.EditProfile, Name: "fleet"}))
		e.Err = err
		return nil, e
	}
	defer f.Close()
	entries, err := fleet.Read(f, func(name string) (io.ReadCloser, error) { return os.Open(beside(name)) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Fleet, err)
	}
	return entries, nil
}

// predict says what every phone will make of a plan, signed or not.
func (s *sight) predict(ctx context.Context, p *Plan, tvs trust.Asker) []trust.Verdict {
	if p.given != nil {
		return trust.AssessAll(ctx, s.Fleet, trust.Offer{CTL: p.given}, tvs)
	}
	return trust.AssessDraftAll(ctx, s.Fleet, p.Draft, p.signer, tvs)
}
