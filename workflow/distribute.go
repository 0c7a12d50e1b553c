package workflow

import (
	"context"
	"fmt"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
)

// PlanDistribute takes a file that is signed already. It must be a CTL that
// verifies; the verdicts are about exactly these bytes.
func (s *Session) PlanDistribute(ctx context.Context, file []byte) (*Plan, *ctlbuild.List, error) {
	s.job = JobDistribute
	if err := s.needNodes(); err != nil {
		return nil, nil, err
	}
	list, err := ctlbuild.Parse(file)
	if err != nil {
		return nil, nil, err
	}
	if list.Kind() != ctlbuild.KindCTL {
		return nil, nil, fail(BadRequest, []string{"the ITL is each node's own to write; only the CTL is brought to the nodes"}, "this is %s, not %s", list.Header.FileName, CTLFileName)
	}
	if v := list.Verify(); !v.OK {
		return nil, nil, fail(FilesBad, []string{"ctlclient file verify FILE tells more"}, "Verification of the CTL file failed: %s", v.Reason)
	}
	rec, _ := list.Signer()
	p := &Plan{Job: JobDistribute, Old: s.Snapshot.Current, given: list, signer: rec.Certificate()}
	if p.Old != nil {
		p.Diff = ctlbuild.Compare(p.Old, list)
		if p.Diff.Identical && s.Snapshot.Agree {
			p.Notes = append(p.Notes, "every node serves this very file already")
		}
	} else {
		p.Diff = ctlbuild.CompareDraft(nil, ctlbuild.Edit(list))
	}
	return p, list, s.finish(ctx, p)
}

// FinishOptions of finishing or undoing a job.
type FinishOptions struct {
	Back  bool // put the former file back, instead of finishing
	Force bool // also on a node that serves neither the job's file nor the former one
	// Plan of PlanFinish: phones that would be lost stop the job unless that was
	// accepted, and the journal records it. nil: nobody looked.
	Plan *Plan
}

// PlanFinish says what phones will make of the file that Finish would put on every node.
// The verdicts alone decide: a job that is half done is put right whatever else the rules
// have to say. id "" is as in Finish.
func (s *Session) PlanFinish(ctx context.Context, id string, back bool) (_ *Plan, err error) {
	p := &Plan{Job: "resume", Old: s.Snapshot.Current}
	if back {
		p.Job = "rollback"
	}
	s.job = p.Job
	f, err := s.Cluster.FileOf(id, back)
	if err != nil {
		return nil, err
	}
	// What was accepted when the job began holds for its end.
	p.accepted = !back && f.Note["accepted-loss"] != ""
	if f.Data == nil {
		p.Notes = append(p.Notes, "the CTL file is removed; phones keep what they hold")
		return p, nil
	}
	if p.given, err = ctlbuild.Parse(f.Data); err != nil {
		s.warn("the file of job " + f.ID + " is no CTL, so what phones make of it cannot be said: " + err.Error())
		return p, nil
	}
	if rec, _ := p.given.Signer(); rec != nil {
		p.signer = rec.Certificate()
	}
	defer s.step("assess", "asking what each phone will make of it")(&err)
	p.Verdicts = trust.AssessAll(ctx, s.Fleet, trust.Offer{CTL: p.given}, s.Cluster.TVS())
	return p, ctx.Err()
}

// Resume finishes a job that was left incomplete. id "" is the newest of this cluster.
func (s *Session) Resume(ctx context.Context, id string) (*Result, error) {
	return s.Finish(ctx, id, FinishOptions{})
}

// Rollback puts the former file back everywhere, also of a job that was done. id ""
// is the newest of this cluster.
func (s *Session) Rollback(ctx context.Context, id string) (*Result, error) {
	return s.Finish(ctx, id, FinishOptions{Back: true})
}

// Finish is Resume or Rollback with choices.
func (s *Session) Finish(ctx context.Context, id string, o FinishOptions) (*Result, error) {
	what := "finishing the job on every node"
	s.job = "resume"
	if o.Back {
		s.job, what = "rollback", "putting the former file back on every node"
	}
	var note map[string]string
	if o.Plan != nil {
		if err := s.gate(o.Plan); err != nil {
			return nil, err
		}
		if len(o.Plan.Lost()) > 0 {
			note = journalNote(o.Plan)
		}
	}
	end := s.step("distribute", what)
	out, err := s.Cluster.Finish(ctx, id, cluster.FinishOptions{Back: o.Back, Force: o.Force, Note: note})
	end(&err)
	if err == nil && o.Back {
		s.tellMode(out.ID)
	}
	return s.settled(ctx, &Result{Plan: &Plan{Job: s.job}, Outcome: out}, err)
}

// tellMode says that taking back a file leaves the security mode as the job set it.
func (s *Session) tellMode(id string) {
	jobs, err := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	if err != nil {
		return // the file is back; what is missing is a reminder
	}
	for _, j := range jobs {
		if j.ID == id && j.Note["mode"] != "" {
			s.warn("the file is back, the security mode is not: the job set the cluster to " + j.Note["mode"] + "; ctlclient mode changes it")
		}
	}
}

// settled looks again at what the nodes serve after a job was finished or taken back.
func (s *Session) settled(ctx context.Context, r *Result, err error) (*Result, error) {
	if err != nil {
		return r, err
	}
	if err := s.Refresh(ctx); err != nil {
		return r, fmt.Errorf("the job is done, but looking at the cluster again failed: %w", err)
	}
	r.List, r.Restart = s.Snapshot.Current, []string{MsgRestart}
	if !s.Snapshot.Agree {
		return r, fail(NotEverywhere, []string{"ctlclient cluster status shows every node"}, "the nodes do not serve the same file")
	}
	return r, s.fetchAsPhone(ctx, r, false)
}
