package workflow

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/play"
	"ctlclient/trust/release"
)

// The way back to trust without clearing phones (CUCM facts, rule 18): the publisher signs
// a list with the other one of its two keys, CallManager or ITLRecovery. Phones that hold
// the other key's certificate accept it, and the key that they no longer know can then be
// brought to them.

// serverKeys are the certificates of the publisher's two keys: the one that signs its
// lists as a rule, and the other one; nil where the cluster is not known to have it.
func (s *sight) serverKeys(v release.Version) (usual, other []byte) {
	call, recovery := s.anchors()
	if recovery != nil && !v.Before(release.Of(12, 0)) {
		return recovery, call
	}
	return call, recovery
}

// otherKey is the certificate of the key that a reset signs with, and its record is looked
// for in the list that stands.
func (s *Session) otherKey(ctx context.Context, old *ctlbuild.List, list string) ([]byte, error) {
	s.learnVersion(ctx)
	usual, other := s.serverKeys(s.version())
	if usual == nil {
		return nil, fail(FilesBad, textNoCallManager.With(), hintServicesRun.With())
	}
	if other == nil {
		return nil, fail(BadRequest, textOneKey.With("list", list))
	}
	// A list that lacks the usual key as it is now is worth signing by the other one again.
	if rec, _ := old.Signer(); rec != nil && rec.MatchesCertificate(other) && knows(old, usual) {
		back := message.Action{Do: message.PublisherSign}
		if list == "ITL" {
			back = message.Action{Do: message.RestartTFTP}
		}
		return nil, fail(BadRequest, textOtherKeyAlready.With("list", list, "key", tokenCN(other)), mendOtherKey.With("do", back))
	}
	return other, nil
}

// planLocalKey checks what a CTL signed by the other key needs.
func (s *Session) planLocalKey(ctx context.Context, p *Plan) error {
	switch {
	case p.Old == nil:
		return s.noCTL()
	case s.Snapshot.Mode == reach.NonSecure:
		return fail(BadRequest, textLocalKeyNonSecure.With(), hintRecoverITL.With("do", message.Action{Do: message.RecoverITL}))
	case !p.Old.Tokenless():
		return fail(BadRequest, textLocalKeyTokens.With("tokens", tokensOf(p.Old)), hintSignByToken.With("do", message.Action{Do: message.Update}))
	}
	other, err := s.otherKey(ctx, p.Old, "CTL")
	if err != nil {
		return err
	}
	p.Notes = append(p.Notes, noteOtherKey.With("key", tokenCN(other), "do", message.Action{Do: message.PublisherSign}))
	return nil
}

// PlanRecoverITL plans that the publisher signs the ITL of every node with its other key
// (utils itl reset localkey), and plays on the phone model what each phone will do.
func (s *Session) PlanRecoverITL(ctx context.Context) (_ *Plan, err error) {
	s.job = JobRecoverITL
	if err := s.can(reach.AbilityAuthor); err != nil {
		return nil, err
	}
	switch old := s.Snapshot.ITL; {
	case s.Snapshot.ITLErr != nil:
		e := fail(Unreachable, textITLUnread.With(), hintITLServes.With())
		e.Err = s.Snapshot.ITLErr
		return nil, e
	case old == nil:
		return nil, fail(BadRequest, textNoITLToSign.With(), hintITLServes.With())
	}
	old := s.Snapshot.ITL
	other, err := s.otherKey(ctx, old, "ITL")
	if err != nil {
		return nil, err
	}
	p := &Plan{Job: JobRecoverITL, Old: old, Draft: ctlbuild.Edit(old), byPublisher: true, recoverITL: true, signer: other}
	p.Notes = append(p.Notes, noteOtherITL.With("key", tokenCN(other)))
	if !draftKnows(p.Draft, other) {
		rec, err := ctlbuild.NewRecord(ctlbuild.Entry{Function: ctlbuild.SAST, Certificate: other, Host: " ", Dialect: ctlbuild.DialectTokenless, NoIP: true})
		if err != nil {
			return nil, message.Errorf("certificate %s: %w", tokenCN(other), err)
		}
		p.Draft.Records = append([]ctlbuild.Record{rec}, p.Draft.Records...)
	}
	p.Diff = ctlbuild.CompareDraft(old, p.Draft)
	defer s.step(StepAssess, sayAssess.With())(&err)
	for _, n := range p.Notes {
		s.info(n)
	}
	planned := &ctlbuild.List{Header: ctlbuild.Header{FileName: p.Draft.FileName, Digest: p.Draft.Digest}, Records: p.Draft.Records}
	p.Verdicts = trust.AssessPlannedAll(ctx, s.Fleet, planned, other, s.Cluster.TVS())
	s.playOn(ctx, p, play.ResetITLKey)
	return p, ctx.Err()
}

// playOn plays a reset on the phone model. What the model's phones refuse for certain is
// lost, whatever was said before: no plan leaves that they contradict.
func (s *sight) playOn(ctx context.Context, p *Plan, kind play.Kind) {
	c := play.Cluster{CTL: s.Snapshot.Current, ITL: s.Snapshot.ITL, ITLUnknown: s.Snapshot.ITL == nil && !s.Snapshot.NoITL, Version: s.version()}
	for _, cred := range s.Snapshot.Credentials {
		c.Present = append(c.Present, cred.Certificate)
	}
	classes := make([]play.Class, len(s.Fleet))
	for i, phone := range s.Fleet {
		classes[i] = play.Class{Phone: phone, TVS: phone.TVS}
	}
	result := play.Run(ctx, c, classes, []play.Step{{Acts: []play.Act{{Kind: kind}}}})
	for _, r := range result.Lost {
		if v := &p.Verdicts[r.Class]; r.File != "configuration" && !v.Lost() {
			v.Accept, v.Certain, v.Why, v.Reason = false, r.Certain, r.Reason, r.Reason.String()
		}
	}
}

// executeRecoverITL has the publisher sign the ITLs, and looks at what each node gives
// phones. The job is about no file that this program could put anywhere: ITLs differ from
// node to node, and TFTP makes them.
func (s *Session) executeRecoverITL(ctx context.Context, a *Agreement) (*Result, error) {
	p := a.Plan
	r := &Result{Plan: p}
	run, err := s.Cluster.Begin(ctx, cluster.JobSpec{
		Kind: p.Job, Name: ctlbuild.ITLFileName, NoFile: true, Note: journalNote(p),
		Steps: []cluster.Step{{Kind: cluster.StepAuthor, Author: reach.ResetITLLocalKey}},
	})
	if err != nil {
		return r, err
	}
	defer run.Close()
	a.spent = true
	end := s.step(StepPublisher, sayPublisherITL.With())
	err = run.Author(ctx, reach.ResetITLLocalKey)
	end(&err)
	if err != nil {
		r.Outcome, err = run.Leave(ctx, err)
		return r, err
	}
	if r.Outcome, err = run.End(ctx); err != nil {
		return r, err
	}
	if err := run.Close(); err != nil {
		return r, err
	}
	if err := s.seeITLs(ctx, p, r); err != nil {
		return r, err
	}
	return r, s.Refresh(ctx)
}

// seeITLs looks at the ITL that each node gives phones: it verifies, and no node's is
// signed by the key that signed before.
func (s *Session) seeITLs(ctx context.Context, p *Plan, r *Result) (err error) {
	defer s.step(StepTFTP, sayFetchITL.With())(&err)
	former, _ := p.Old.Signer()
	var bad []string
	r.ITLSigners = map[string]string{}
	for _, n := range s.Snapshot.Nodes {
		data, err := s.Cluster.FetchTFTP(ctx, n.Node, ctlbuild.ITLFileName)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) || !n.Node.IsCUCM() {
			continue // it serves none
		}
		e := Event{Type: EventNode, Step: StepTFTP, Node: n.Node.Name, State: StateDone}
		var l *ctlbuild.List
		if err == nil {
			l, err = ctlbuild.Parse(data)
		}
		switch {
		case err != nil:
			e.State, e.Err = StateFailed, err
		case !l.Verify().OK:
			e.State, e.Text = StateFailed, l.Verify().Why
		default:
			rec, _ := l.Signer()
			r.ITLSigners[n.Node.Name] = rec.CN()
			e.Text = sayITLSigner.With("signer", rec.CN())
			if former != nil && bytes.Equal(rec.Certificate(), former.Certificate()) {
				e.State = StateStale
			}
		}
		s.emit(e)
		if e.State != StateDone {
			bad = append(bad, n.Node.Name)
		}
	}
	if len(bad) > 0 {
		slices.Sort(bad)
		return fail(NotEverywhere, textITLStill.With("nodes", bad), hintITLStill.With("do", message.Action{Do: message.RecoverITL}))
	}
	return nil
}

// findKeys says which of its keys the publisher signed with, and what to do next where it
// is not the usual one, or one that the cluster no longer has; lost is that of the CTL.
func (s *sight) findKeys(add addFinding) (lost bool) {
	usual, other := s.serverKeys(s.version())
	if l := s.Snapshot.Current; l != nil && l.Tokenless() && s.Snapshot.Mode != reach.NonSecure {
		lost = findKey(l, usual, other, "CTL", message.Action{Do: message.PublisherSign}, message.Action{Do: message.RecoverCTL}, add)
	}
	if l := s.Snapshot.ITL; l != nil && !l.IsEmptyRollback() {
		findKey(l, usual, other, "ITL", message.Action{Do: message.RestartTFTP}, message.Action{Do: message.RecoverITL}, add)
	}
	return lost
}

func findKey(l *ctlbuild.List, usual, other []byte, list string, back, recover message.Action, add addFinding) (lost bool) {
	rec, _ := l.Signer()
	if rec == nil || usual == nil || other == nil || !l.Verify().OK {
		return false
	}
	signer := rec.CN()
	switch {
	case rec.MatchesCertificate(usual):
	case rec.MatchesCertificate(other):
		add(hazard.Note, "", mendOtherKey.With("do", back), findOtherKey.With("list", list, "key", signer, "usual", tokenCN(usual)))
	case list == "CTL" && knows(l, other):
		add(hazard.Warning, "", mendLostKey.With("do", recover), findLostKey.With("list", list, "key", signer, "other", tokenCN(other)))
		return true
	}
	return false
}
