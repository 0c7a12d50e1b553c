package workflow

import (
	"context"
	"slices"
	"time"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// FinishRequest names an earlier job of the cluster, to be finished or taken back.
type FinishRequest struct {
	ID    string // "": the one that was left unfinished
	Back  bool   // take it back: the former file goes on every node, also of a job that is done
	Force bool   // also on a node that serves neither the job's file nor the former one
}

// finishJob is what PlanFinish looked up.
type finishJob struct {
	id    string
	back  bool
	force bool
	done  bool // the job had ended: nothing is left of it to finish
	bare  bool // the job is about something else than a file
	// restarts: what is left of the job includes the restarts.
	restarts bool
	data     []byte
	job      cluster.Job
}

// Earlier is the earlier job that a plan finishes or takes back.
type Earlier struct {
	Job  cluster.Job
	Back bool
}

// Earlier is nil for every plan but those of PlanFinish.
func (p *Plan) Earlier() *Earlier {
	if p == nil || p.finish == nil {
		return nil
	}
	return &Earlier{p.finish.job, p.finish.back}
}

// PlanFinish says what phones will make of the file that finishing a job, or taking it
// back, puts on every node. Without an ID it is about the job that was left unfinished,
// and about no other: what is done is taken back by its name alone. The verdicts alone
// decide: a job that is half done is put right whatever else the rules have to say.
func (s *Session) PlanFinish(ctx context.Context, r FinishRequest) (_ *Plan, err error) {
	p := &Plan{Job: JobResume, Old: s.Snapshot.Current}
	if r.Back {
		p.Job = JobTakeBack
	}
	s.job = p.Job
	job, err := s.jobToFinish(r)
	if err != nil {
		return nil, err
	}
	f, err := s.Cluster.FileOf(job.ID, r.Back)
	if err != nil {
		return nil, err
	}
	p.finish = &finishJob{id: f.ID, back: r.Back, force: r.Force, done: job.State != cluster.StateIncomplete, bare: f.NoFile, restarts: f.Restart && !r.Back, data: f.Data, job: job}
	// What was accepted when the job began holds for its end.
	p.accepted = !r.Back && f.Note[noteLoss] != ""
	if f.Unknown {
		p.Notes = append(p.Notes, noteNoFile.With())
		return p, nil
	}
	if f.Data == nil {
		p.Notes = append(p.Notes, noteRemoved.With())
		return p, nil
	}
	if p.given, err = ctlbuild.Parse(f.Data); err != nil {
		s.warn(sayNoCTL.With("id", f.ID, "why", err))
		return p, nil
	}
	if rec, _ := p.given.Signer(); rec != nil {
		p.signer = rec.Certificate()
	}
	defer s.step(StepAssess, sayAssess.With())(&err)
	p.Verdicts = trust.AssessAll(ctx, s.Fleet, trust.Offer{CTL: p.given}, s.Cluster.TVS())
	return p, ctx.Err()
}

// jobToFinish finds the job that a request means.
func (s *Session) jobToFinish(r FinishRequest) (cluster.Job, error) {
	jobs, err := cluster.History(s.opt.StateDir, s.Cluster.Profile.Name)
	i := slices.IndexFunc(jobs, func(j cluster.Job) bool {
		return r.ID == "" && j.State == cluster.StateIncomplete || r.ID != "" && j.ID == r.ID
	})
	switch {
	case i >= 0:
		return jobs[i], nil
	case err != nil:
		return cluster.Job{}, err
	case r.ID != "":
		return cluster.Job{}, fail(BadRequest, textNoSuchJob.With("cluster", s.Cluster.Profile.Name, "id", r.ID), seeHistory())
	}
	done := slices.IndexFunc(jobs, func(j cluster.Job) bool { return j.State == cluster.StateFinished && !j.NoFile })
	if !r.Back || done < 0 {
		return cluster.Job{}, fail(BadRequest, textNoUnfinished.With("cluster", s.Cluster.Profile.Name), seeHistory())
	}
	j := jobs[done]
	return cluster.Job{}, fail(BadRequest, textNewestDone.With("cluster", s.Cluster.Profile.Name, "job", JobText(j.Kind), "when", j.Started.Local().Format(time.DateTime)),
		hintTakeBackByName.With("do", message.Action{Do: message.TakeBack, ID: j.ID}), seeHistory())
}

// executeFinish finishes a job or takes it back.
func (s *Session) executeFinish(ctx context.Context, a *Agreement, o ExecuteOptions) (*Result, error) {
	p, f := a.Plan, a.Plan.finish
	now, err := s.Cluster.FileOf(f.id, f.back)
	if err != nil {
		return nil, err
	}
	if string(now.Data) != string(f.data) {
		return nil, fail(BadRequest, textJobChanged.With("id", f.id))
	}
	a.spent = true
	note := map[string]string{"by": whoami()}
	if len(p.Lost()) > 0 {
		note = journalNote(p)
	}
	what := sayFinish.With()
	if f.back {
		what = sayPutBack.With()
	}
	end := s.step(StepDistribute, what)
	out, err := s.Cluster.Finish(ctx, f.id, cluster.FinishOptions{Back: f.back, Force: f.force, Retries: o.Retries, Note: note})
	end(&err)
	return s.settled(ctx, &Result{Plan: p, Outcome: out}, err)
}

// settled looks again at what the nodes serve after a job was finished or taken back.
func (s *Session) settled(ctx context.Context, r *Result, err error) (*Result, error) {
	if err != nil || r.Outcome.NoFile {
		return r, err
	}
	if err := s.Refresh(ctx); err != nil {
		return r, message.Errorf("the job is done, but looking at the cluster again failed: %w", err)
	}
	r.List = s.Snapshot.Current
	restarted := r.Plan.finish.restarts
	if !restarted {
		r.Restart = []string{MsgRestart}
	}
	if !s.Snapshot.Agree {
		return r, fail(NotEverywhere, textNodesDiffer.With(), seeStatus())
	}
	return r, s.fetchAsPhone(ctx, r, restarted)
}
