package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
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
	if p.Old == nil && job != TokenlessMixed {
		return nil, fail(BadRequest, []string{"ctlclient mode mixed --tokenless"}, "no CTL file exists on the cluster")
	}
	s.learnVersion(ctx)
	v := s.version()
	if v.Before(release.Of(10, 0)) {
		return nil, fail(BadRequest, []string{"versions before 10.0 know only token CTLs"}, "CUCM %s has no tokenless CTL", v)
	}
	if err := s.predictTokenless(p, v); err != nil {
		return nil, err
	}
	if err := s.holdsServerSAST(p, v); err != nil {
		return nil, err
	}
	return p, s.assess(ctx, p)
}

// holdsServerSAST is the precondition of 12.0 and later: phones hold a token-signed
// CTL that lists ITLRecovery and CallManager as SAST, and so know the signer to come.
func (s *Session) holdsServerSAST(p *Plan, v release.Version) error {
	if p.Old == nil || p.Old.Tokenless() || v.Before(release.Of(12, 0)) {
		return nil
	}
	if knows(p.Old, p.signer) {
		return nil
	}
	return fail(PhonesLost, []string{
		"write a token-signed CTL on this version first, so that it lists ITLRecovery and CallManager: ctlclient update --server-sast keep --sign-with <a token of the list>",
		"restart TFTP and CallManager, then all phones, and see that they hold it",
		"then run this again",
	}, "the CTL that phones hold does not list %s as SAST, so phones would refuse the tokenless CTL; nothing was written", tokenCN(p.signer))
}

// executePublisher has the publisher write its CTL, brings the file to the nodes that
// the publisher does not reach (alternate TFTP servers, firewalls), and verifies the
// result on all nodes.
func (s *Session) executePublisher(ctx context.Context, a *Agreement, o ExecuteOptions) (*Result, error) {
	if err := a.stillLive(s); err != nil {
		return nil, err
	}
	p := a.Plan
	r := &Result{Plan: p}
	phones, former := s.Fleet, s.servedNow() // as they are before the file changes
	if err := s.keepFormer(p.Old); err != nil {
		return r, err
	}
	a.spent = true
	err := s.publisherWrites(ctx, p)
	if err == nil {
		err = s.Refresh(ctx)
	}
	if err != nil {
		return r, s.leftBehind(ctx, p, err)
	}
	list, err := s.publisherList(p)
	if err != nil {
		return r, s.putFormerBack(ctx, r, err)
	}
	r.List = list
	end := s.step(StepDistribute, "bringing the publisher's file to every other node")
	r.Outcome, err = s.Cluster.Distribute(ctx, cluster.DistributeOptions{
		Name: CTLFileName, Data: list.Bytes(), Expect: s.Snapshot.Expect(), Job: p.Job,
		Former: former, KeepGoing: true, Retries: o.Retries, Note: journalNote(p),
	})
	end(&err)
	if err != nil {
		return r, s.leftBehind(ctx, p, err)
	}
	p.Verdicts = trust.AssessAll(ctx, phones, trust.Offer{CTL: list}, s.Cluster.TVS())
	return r, s.after(ctx, r, o)
}

// keepFormer keeps the list that the publisher is about to replace: what it writes
// itself is in no journal of ours.
func (s *Session) keepFormer(l *ctlbuild.List) error {
	if l == nil {
		return nil
	}
	state := s.opt.StateDir
	if state == "" {
		state = cluster.StateDir()
	}
	dir := filepath.Join(state, "former")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the former CTL cannot be kept, so nothing was written: %w", err)
	}
	f, err := os.CreateTemp(dir, "CTLFile-"+time.Now().UTC().Format("20060102T150405Z")+"-*.tlv")
	if err != nil {
		return fmt.Errorf("the former CTL cannot be kept, so nothing was written: %w", err)
	}
	_, err = f.Write(l.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("the former CTL cannot be kept, so nothing was written: %w", err)
	}
	s.info("the former CTL is kept: ctlclient distribute " + f.Name() + " brings it back")
	return nil
}

var authorJobs = map[TokenlessJob]reach.AuthorJob{
	TokenlessUpdate: reach.WriteCTL, TokenlessMixed: reach.WriteMixed, TokenlessNonSecure: reach.WriteNonSecure,
}

func (s *Session) publisherWrites(ctx context.Context, p *Plan) (err error) {
	defer s.step(StepPublisher, "the publisher writes and signs its own CTL")(&err)
	_, err = s.Cluster.Site.Author.Write(ctx, authorJobs[p.tokenless])
	return err
}

// putFormerBack replaces a bad file that the publisher wrote by the good one that was
// there before. After a change of mode it does not: the former file was of another mode.
func (s *Session) putFormerBack(ctx context.Context, r *Result, cause error) error {
	p := r.Plan
	var e *Error
	if p.tokenless != TokenlessUpdate || p.Old == nil || !p.Old.Verify().OK || !errors.As(cause, &e) || e.Reason != FilesBad {
		return cause
	}
	end := s.step(StepDistribute, "putting the former file back on every node")
	var err error
	r.Outcome, err = s.Cluster.Distribute(ctx, cluster.DistributeOptions{
		Name: CTLFileName, Data: p.Old.Bytes(), Expect: s.Snapshot.Expect(), Job: "take back " + p.Job, KeepGoing: true,
	})
	end(&err)
	if err != nil {
		return s.leftBehind(ctx, p, errors.Join(cause, err))
	}
	e.Message += "; the former CTL was put back on all nodes"
	return cause
}

// publisherList is the file that the publisher serves now, checked.
func (s *Session) publisherList(p *Plan) (*ctlbuild.List, error) {
	for _, n := range s.Snapshot.Nodes {
		if n.Node.Role != site.RolePublisher {
			continue
		}
		switch {
		case n.List == nil:
			return nil, fail(FilesBad, []string{"look at it: ctlclient cluster status"}, "the publisher serves no readable CTL file after writing one")
		case p.Old != nil && bytes.Equal(n.File, p.Old.Bytes()):
			return nil, fail(FilesBad, []string{"the command may still be running: ctlclient cluster status"}, "the publisher still serves the former CTL file")
		}
		if v := n.List.Verify(); !v.OK {
			return nil, fail(FilesBad, []string{"a server restored without CallManager.pem (CSCtn50405) does this: regenerate CallManager, then update again"},
				"Verification of the CTL file failed: %s", v.Reason)
		}
		if !n.List.Tokenless() {
			return nil, fail(FilesBad, []string{"go back to the token CTL (ctlclient update) and repeat"}, "the publisher's CTL still lists tokens")
		}
		return n.List, nil
	}
	return nil, fail(BadRequest, nil, "the profile names no publisher")
}

// servedNow is the file of every node that answered, nil where it has none.
func (s *Session) servedNow() map[string][]byte {
	files := map[string][]byte{}
	for _, n := range s.Snapshot.Nodes {
		if n.File != nil || n.Missing {
			files[n.Node.Name] = n.File
		}
	}
	return files
}

func boolPtr(b bool) *bool { return &b }
