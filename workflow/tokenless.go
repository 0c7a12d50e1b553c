package workflow

import (
	"bytes"
	"context"
	"errors"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// TokenlessJob is what the publisher is to do itself, with its own certificates.
type TokenlessJob uint8

const (
	// TokenlessUpdate: utils ctl update CTLFile. From a token CTL this is the
	// migration to tokenless; from a tokenless one it takes up regenerated certificates.
	TokenlessUpdate TokenlessJob = iota
	TokenlessMixed               // utils ctl set-cluster mixed-mode
	TokenlessNonSecure
	// TokenlessLocalKey: utils ctl reset localkey, the CTL signed by the publisher's other key.
	TokenlessLocalKey
)

// PlanTokenless predicts what the publisher will write, checks the preconditions and
// asks what phones will make of its signer. No token is needed.
func (s *Session) PlanTokenless(ctx context.Context, job TokenlessJob) (_ *Plan, err error) {
	s.job = JobToTokenless
	p := &Plan{Old: s.Snapshot.Current, Job: JobToTokenless, byPublisher: true, tokenless: job}
	switch job {
	case TokenlessMixed:
		s.job, p.Job = JobMixed, JobMixed
		p.Mode = boolPtr(true)
	case TokenlessNonSecure:
		s.job, p.Job = JobNonSecure, JobNonSecure
		p.Mode = boolPtr(false)
	case TokenlessLocalKey:
		s.job, p.Job = JobRecoverCTL, JobRecoverCTL
	default:
		if p.Old != nil && p.Old.Tokenless() {
			p.Job = "update (tokenless)"
		}
	}
	if err := s.needNodes(); err != nil {
		return nil, err
	}
	if err := s.can(reach.AbilityAuthor); err != nil {
		return nil, err
	}
	if job == TokenlessLocalKey {
		if err := s.planLocalKey(ctx, p); err != nil {
			return nil, err
		}
	}
	if p.Old == nil && job != TokenlessMixed && s.unreadable() != "" {
		return nil, s.noCTL()
	}
	if p.Old == nil && job != TokenlessMixed {
		return nil, fail(BadRequest, textNoCTL.With(), hintPublisherCreates.With("do", message.Action{Do: message.PublisherMode, Name: "mixed"}))
	}
	s.learnVersion(ctx)
	v := s.version()
	if v.Before(release.Of(10, 0)) {
		return nil, fail(BadRequest, textNoTokenless.With("version", v.String()), hintTokensOnly.With())
	}
	if err := s.predictTokenless(p, v); err != nil {
		return nil, err
	}
	if err := holdsServerSAST(p, v); err != nil {
		return nil, err
	}
	err = s.assess(ctx, p)
	if job == TokenlessLocalKey && err == nil {
		s.playOn(ctx, p, play.ResetCTLKey)
	}
	return p, err
}

// holdsServerSAST is the precondition of 12.0 and later: phones hold a token-signed
// CTL that lists ITLRecovery and CallManager as SAST, and so know the signer to come.
func holdsServerSAST(p *Plan, v release.Version) error {
	if p.Old == nil || p.Old.Tokenless() || v.Before(release.Of(12, 0)) {
		return nil
	}
	if knows(p.Old, p.signer) {
		return nil
	}
	return fail(PhonesLost, textNoServerSAST.With("signer", tokenCN(p.signer)), hintListAnchors.With("do", message.Action{Do: message.ListAnchors}), hintRestartAndSee.With(), hintAgain.With())
}

// executePublisher has the publisher write its CTL, brings the file to the nodes that
// the publisher does not reach (alternate TFTP servers, firewalls), and verifies the
// result on all nodes. The job is in the journal, with the former file of every node,
// before the publisher is asked: ended anywhere, it is finished by resume and taken back by
// rollback.
func (s *Session) executePublisher(ctx context.Context, a *Agreement, o ExecuteOptions) (*Result, error) {
	p := a.Plan
	r := &Result{Plan: p}
	phones := s.Fleet // as they are before the file changes
	job := authorJobs[p.tokenless]
	restarts, err := s.restarts(o)
	if err != nil {
		return r, err
	}
	run, err := s.Cluster.Begin(ctx, cluster.JobSpec{
		Kind: p.Job, Name: CTLFileName, ByPublisher: true, Expect: p.live, KeepGoing: true,
		Steps:   append([]cluster.Step{{Kind: cluster.StepAuthor, Author: job, Former: s.Snapshot.Mode}}, restarts...),
		Retries: o.Retries, Restart: o.Restart, Note: journalNote(p),
	})
	if err != nil {
		return r, err
	}
	defer run.Close()
	a.spent = true
	end := s.step(StepPublisher, sayPublisherCTL.With())
	_, err = run.PublisherWrites(ctx, job, func(data []byte) (err error) {
		r.List, err = publisherList(p, data)
		return err
	})
	end(&err)
	if err != nil {
		return r, s.publisherFailed(ctx, run, r, err)
	}
	end = s.step(StepDistribute, sayToOthers.With())
	r.Outcome, err = run.File(ctx)
	end(&err)
	if err != nil {
		return r, err
	}
	if err := s.conclude(ctx, run, r, restarts); err != nil {
		return r, err
	}
	if err := s.Refresh(ctx); err != nil {
		return r, message.Errorf("the job is done, but looking at the cluster again failed: %w", err)
	}
	p.Verdicts = trust.AssessAll(ctx, phones, trust.Offer{CTL: r.List}, s.Cluster.TVS())
	return r, s.after(ctx, r, o)
}

// publisherFailed ends a job whose publisher did not write what it should. A bad file in
// the place of a good one is taken back, but for a change of mode, whose former file was
// of the other mode; everything else is left to resume and rollback.
func (s *Session) publisherFailed(ctx context.Context, run *cluster.Run, r *Result, cause error) error {
	p := r.Plan
	var bad *Error
	if p.Mode == nil && p.Old != nil && p.Old.Verify().OK && errors.As(cause, &bad) && bad.Reason == FilesBad {
		end := s.step(StepDistribute, sayPutBack.With())
		var err error
		r.Outcome, err = run.TakeBack(ctx, cause)
		if r.Outcome.State == cluster.StateTakenBack {
			end(nil)
			bad.Text = textPutBack.With("what", bad.Text)
			return cause
		}
		end(&err)
		return err
	}
	var err error
	r.Outcome, err = run.Leave(ctx, cause)
	return err
}

var authorJobs = map[TokenlessJob]reach.AuthorJob{
	TokenlessUpdate: reach.WriteCTL, TokenlessMixed: reach.WriteMixed, TokenlessNonSecure: reach.WriteNonSecure,
	TokenlessLocalKey: reach.ResetCTLLocalKey,
}

// publisherList is the file that the publisher serves after writing, checked.
func publisherList(p *Plan, data []byte) (*ctlbuild.List, error) {
	if p.Old != nil && bytes.Equal(data, p.Old.Bytes()) {
		return nil, fail(NotEverywhere, textStillFormer.With(), hintStillRunning.With("do", message.Action{Do: message.SeeStatus}))
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return nil, fail(FilesBad, textUnreadable.With(), seeStatus())
	}
	if v := l.Verify(); !v.OK {
		return nil, fail(FilesBad, textCTLBad.With("why", v.Why), hintRestored.With())
	}
	if !l.Tokenless() {
		return nil, fail(FilesBad, textStillTokens.With(), hintBackToTokens.With("do", message.Action{Do: message.Update}))
	}
	if rec, _ := l.Signer(); p.tokenless == TokenlessLocalKey && !rec.MatchesCertificate(p.signer) {
		return nil, fail(FilesBad, textOtherSigner.With("signer", rec.CN(), "key", tokenCN(p.signer)), seeStatus())
	}
	return l, nil
}

func boolPtr(b bool) *bool { return &b }
