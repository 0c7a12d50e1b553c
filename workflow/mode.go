package workflow

import (
	"context"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// ModeRequest sets the cluster to mixed or non-secure mode. The first creation of a CTL
// needs two tokens.
type ModeRequest struct {
	Signing
	Mixed bool
}

// PlanMode plans the CTL that goes with a mode. Mixed mode lists every server with
// its certificate, and where there is no CTL yet it is built from what the cluster
// presents; non-secure mode strips the server records to stubs, as Cisco's client does.
func (s *Session) PlanMode(ctx context.Context, r ModeRequest) (_ *Plan, err error) {
	// Without a door for the mode alone, the publisher's own command sets it.
	if err := s.can(reach.AbilityMode); err != nil && s.Cluster.Site.Author == nil {
		return nil, err
	}
	if !r.Mixed {
		return s.planNonSecure(ctx, r)
	}
	s.job = JobMixed
	defer s.tokens.leaveOn(&err)
	if err := s.needNodes(); err != nil {
		return nil, err
	}
	mixed := true
	var p *Plan
	if s.Snapshot.Current == nil && s.unreadable() == "" {
		p, err = s.firstCTL(ctx, r)
	} else {
		p, err = s.editCurrent(ctx, JobMixed, r.Signing)
		if err == nil {
			err = s.addTokens(ctx, p, r.Signing)
		}
	}
	if err != nil {
		return nil, err
	}
	p.Mode = &mixed
	if err := s.collect(p); err != nil {
		return nil, err
	}
	return p, s.assess(ctx, p)
}

// firstCTL starts from nothing: two tokens, and from 11.5 on the cluster's own SAST.
func (s *Session) firstCTL(ctx context.Context, r ModeRequest) (*Plan, error) {
	if len(s.serverCredentials()) == 0 {
		return nil, fail(FilesBad, textNoCertificates.With(), hintServicesRun.With())
	}
	p := &Plan{Job: JobMixed, Draft: ctlbuild.NewDraft()}
	r.apply(p.Draft)
	ders, err := s.twoTokens(ctx, p, r.Signing)
	if err != nil {
		return nil, err
	}
	for _, der := range ders {
		if _, err := p.Draft.AddToken(der); err != nil {
			return nil, message.Errorf("token %s: %w", tokenCN(der), err)
		}
	}
	keep, why := s.keepServerSAST(r.ServerSAST)
	if !keep {
		return p, nil
	}
	for _, c := range s.sastCredentials() {
		rec, err := newServerRecord(ctlbuild.SAST, c, c.NodeName)
		if err != nil {
			return nil, message.Errorf("certificate of %s: %w", c.NodeName, err)
		}
		if !draftKnows(p.Draft, c.Certificate) {
			p.Draft.Records = append(p.Draft.Records, rec)
			p.Notes = append(p.Notes, noteBeside.With("name", tokenCN(c.Certificate), "why", why))
		}
	}
	return p, nil
}

func (s *Session) planNonSecure(ctx context.Context, r ModeRequest) (_ *Plan, err error) {
	s.job = JobNonSecure
	defer s.tokens.leaveOn(&err)
	p, err := s.editCurrent(ctx, JobNonSecure, r.Signing)
	if err != nil {
		return nil, err
	}
	if err := s.addTokens(ctx, p, r.Signing); err != nil {
		return nil, err
	}
	p.Draft.NonSecure()
	mixed := false
	p.Mode = &mixed
	return p, s.assess(ctx, p)
}
