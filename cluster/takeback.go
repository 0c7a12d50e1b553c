package cluster

import (
	"context"
	"errors"
	"slices"

	"ctlclient/cluster/journal"
)

// abandon ends a job before its first commit: the stages are removed.
func (j *job) abandon(ctx context.Context, cause error) (Outcome, error) {
	ctx, cancel := j.grace(ctx)
	defer cancel()
	j.all(func(t *target) error {
		j.abort(ctx, t)
		if t.out.Status != StatusFailed && t.out.Status != StatusUnknown {
			t.out.Status = StatusUnchanged
		}
		return nil
	})
	var conflicts []error
	for _, t := range j.targets {
		var c *ConflictError
		if errors.As(t.out.Err, &c) {
			conflicts = append(conflicts, c)
		}
	}
	if len(conflicts) > 0 {
		cause = joinConflicts(conflicts)
	}
	o, err := j.finish(ctx, StateUntouched, nil)
	return o, errors.Join(&UnchangedError{Outcome: o, Err: cause}, err)
}

// Leave ends a job that resume has to finish: every node is asked what it serves.
// A job that has touched nothing is over: *UnchangedError.
func (r *Run) Leave(ctx context.Context, cause error) (Outcome, error) {
	if !r.job.touched() && !r.job.j.Touched(everyStep...) {
		return r.job.abandon(ctx, cause)
	}
	return r.job.leave(ctx, cause)
}

// TakeBack takes a job back after its file got everywhere: the security mode is set back
// where the job changed it, and the former file is put back on every node. cause is why.
func (r *Run) TakeBack(ctx context.Context, cause error) (Outcome, error) {
	ctx, cancel := r.job.grace(ctx)
	defer cancel()
	if err := r.job.takeBackSteps(ctx); err != nil {
		return r.job.leave(ctx, errors.Join(cause, err))
	}
	return r.job.takeBack(ctx, cause)
}

// leave ends a job that is unfinished. Where a late answer has come meanwhile, so that
// every node serves the new file and no step is left, it is done all the same.
func (j *job) leave(ctx context.Context, cause error) (Outcome, error) {
	ctx, cancel := j.grace(ctx)
	defer cancel()
	if j.noFile() {
		if len(j.leftSteps()) == 0 {
			return j.finish(ctx, StateFinished, nil)
		}
		return j.finish(ctx, StateIncomplete, cause)
	}
	j.all(func(t *target) error {
		j.abort(ctx, t)
		j.judge(ctx, t)
		return nil
	})
	if _, known := j.j.Known(); known && len(j.leftSteps()) == 0 && ctx.Err() == nil && j.allPassed() {
		if errors.Join(j.all(func(t *target) error { return j.readBack(ctx, t, j.data, true) })...) == nil {
			return j.finish(ctx, StateFinished, nil)
		}
	}
	return j.finish(ctx, StateIncomplete, cause)
}

func (j *job) allPassed() bool {
	return !slices.ContainsFunc(j.targets, func(t *target) bool { return t.out.Status != StatusPassed })
}

// judge asks a node what it serves and sets its status.
func (j *job) judge(ctx context.Context, t *target) {
	live, err := j.live(ctx, t)
	switch {
	case err != nil:
		t.out.Status = StatusUnknown
		if t.out.Err == nil {
			j.failed(t, StepFetch, err)
		}
	case j.isNew(live):
		t.out.Status = StatusPassed
		t.out.Err = nil
	case journal.Same(live, t.former) && !t.committing:
		t.out.Status = StatusUnchanged
	default:
		t.out.Status = StatusFailed
	}
}

// takeBack puts the former file back on every node after a commit somewhere failed.
func (j *job) takeBack(ctx context.Context, cause error) (Outcome, error) {
	ctx, cancel := j.grace(ctx)
	defer cancel()
	errs := j.all(func(t *target) error {
		failedBefore := t.out.Err
		err := j.putBack(ctx, t, t.former, j.data)
		if err == nil && failedBefore != nil {
			t.out.Err = failedBefore // why the job was taken back
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		return j.finish(ctx, StateIncomplete, cause)
	}
	return j.finish(ctx, StateTakenBack, cause)
}

// putBack makes one node serve its former file where it serves have.
func (j *job) putBack(ctx context.Context, t *target, former, have []byte) error {
	j.abort(ctx, t)
	t.stage = "" // what could not be removed must not be taken for the former file
	if !t.committing {
		t.out.Status = StatusUnchanged
		return nil
	}
	var err error
	if _, known := j.j.Known(); !known || j.rewrote { // the publisher wrote, and nobody has seen what
		have, err = j.live(ctx, t)
	}
	if err == nil && foreign(have) && !journal.Same(have, former) && !j.isNew(have) {
		err = j.notOurs(t, former, have)
	}
	if err == nil {
		err = j.bring(ctx, t, StepRestore, former, have)
	}
	if err == nil {
		err = j.readBack(ctx, t, former, false)
	}
	if err != nil {
		if t.out.Status != StatusUnknown {
			t.out.Status = StatusFailed
		}
		return j.failed(t, StepRestore, err)
	}
	t.out.Status = StatusTakenBack
	return nil
}

// isNew reports whether a content is the job's new file, where that is known.
func (j *job) isNew(data []byte) bool {
	_, known := j.j.Known()
	return known && journal.Same(data, j.data)
}
