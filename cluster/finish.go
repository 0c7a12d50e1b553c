package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
)

// patiently repeats f, with growing pauses, until it succeeds, fails for good or has
// been repeated often enough.
func (j *job) patiently(ctx context.Context, t *target, step string, f func(try int) error) error {
	pause := 500 * time.Millisecond
	for try := 0; ; try++ {
		err := f(try)
		if err == nil || try >= j.retries || ctx.Err() != nil || isFinal(err) {
			return err
		}
		j.c.tell(Progress{Node: t.node.Name(), Step: step, State: StateRetry, Err: err})
		if errors.Is(err, ErrConflict) {
			continue // the next try looks at once what the node serves
		}
		if j.c.o.Sleep(ctx, pause) != nil {
			return err
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// isFinal tells errors that patience does not help.
func isFinal(err error) bool {
	var conflict *ConflictError
	var id *meet.IdentityError
	var password *meet.PasswordError
	return errors.As(err, &conflict) || errors.As(err, &id) || errors.As(err, &password) ||
		errors.Is(err, errFault) || reach.Final(err)
}

// errFault marks what a test does at a boundary.
var errFault = errors.New("fault")

// grace is a context for cleaning up after ctx has ended: the time of one request.
func (j *job) grace(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), j.c.o.Timeout)
}

// unchanged ends a job that has no journal yet.
func (j *job) unchanged(err error) (Outcome, error) {
	o := Outcome{State: StateUntouched, Nodes: j.outcomes()}
	return o, &UnchangedError{Outcome: o, Err: err}
}

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

// abort removes what is staged on a node. That it could not is no harm: a stage is
// never served, and the node or the next job removes it.
func (j *job) abort(ctx context.Context, t *target) {
	if t.stage == "" {
		return
	}
	if err := j.act(t, StepAbort, journal.Entry{Stage: t.stage}, func() error { return t.node.Abort(ctx, j.name, t.stage) }); err == nil {
		t.stage = ""
	}
}

// left ends a job that resume is to finish: every node is asked what it serves.
func (j *job) left(ctx context.Context, cause error) (Outcome, error) {
	ctx, cancel := j.grace(ctx)
	defer cancel()
	j.all(func(t *target) error {
		j.abort(ctx, t)
		j.judge(ctx, t)
		return nil
	})
	return j.finish(ctx, StateIncomplete, cause)
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
	case journal.Same(live, j.data):
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
	err := j.bring(ctx, t, StepRestore, former, have)
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

func (j *job) outcomes() []NodeOutcome {
	var out []NodeOutcome
	for _, t := range j.targets {
		out = append(out, t.out)
	}
	return out
}

// finish writes the end into the journal. cause nil: it is no *PartialError.
func (j *job) finish(ctx context.Context, state string, cause error) (Outcome, error) {
	ctx, cancel := j.grace(ctx)
	defer cancel()
	j.sweep(ctx)
	o := Outcome{ID: j.j.Begin.ID, State: state, Nodes: j.outcomes()}
	e := journal.Entry{Kind: journal.KindEnd, State: state}
	for _, n := range o.Nodes {
		end := journal.NodeEnd{Name: n.Node, Status: n.Status, Path: n.Path, Err: oneLine(n.Err)}
		if n.SHA256 != ([32]byte{}) {
			end.SHA256 = fmt.Sprintf("%x", n.SHA256)
		}
		e.Nodes = append(e.Nodes, end)
	}
	err := j.c.at("end.before", "")
	if err == nil {
		err = j.j.Append(e)
	}
	if err == nil {
		err = j.c.at("end.recorded", "")
	}
	if cause != nil {
		return o, errors.Join(&PartialError{Outcome: o, Err: cause}, err)
	}
	return o, err
}

// FinishOptions of Finish.
type FinishOptions struct {
	Back bool // put the former file back, instead of finishing
	// Force also replaces a content that is neither the job's new nor its former one,
	// and leaves out nodes that are no longer in the profile.
	Force   bool
	Retries int // as in DistributeOptions
	// Note is kept with the step in the journal, such as a decision of the person.
	Note map[string]string
}

// JobFile is what finishing or taking back a job would have nodes serve.
type JobFile struct {
	ID   string
	Data []byte            // nil: no file
	Note map[string]string // of the job
}

// FileOf looks up what Finish would write: of a job that is taken back, the publisher's
// former file. Nothing is changed. id is as in Finish.
func (c *Cluster) FileOf(id string, back bool) (_ JobFile, err error) {
	if id == "" {
		if id, err = c.newest(back); err != nil {
			return JobFile{}, err
		}
	}
	rec, err := c.store().Open(id)
	if err != nil {
		return JobFile{}, err
	}
	f := JobFile{ID: id, Data: rec.New, Note: rec.Begin.Note}
	if back {
		f.Data = nil
		for _, n := range c.Profile.Nodes {
			if c.isLead(n.Name) {
				f.Data = rec.Former[n.Name]
			}
		}
	}
	return f, rec.Close()
}

// Resume finishes a job: every node that does not serve the new file yet gets it.
// id "" is the newest unfinished job, else the newest.
func (c *Cluster) Resume(ctx context.Context, id string) (Outcome, error) {
	return c.Finish(ctx, id, FinishOptions{})
}

// Rollback puts the former file back on every node, also of a job that is done. id ""
// is the newest unfinished job, else the newest that changed anything.
func (c *Cluster) Rollback(ctx context.Context, id string) (Outcome, error) {
	return c.Finish(ctx, id, FinishOptions{Back: true})
}

// Finish is Resume or Rollback with choices. It goes by what the nodes serve now, so
// that it may be repeated and does not depend on the journal's last words. A node
// that serves a content which is not the job's is not touched, nor is any other
// node then: *ConflictError, unless Force.
func (c *Cluster) Finish(ctx context.Context, id string, o FinishOptions) (Outcome, error) {
	if o.Retries == 0 {
		o.Retries = DefaultRetries
	}
	kind, status := journal.KindResume, StatusPassed
	if o.Back {
		kind, status = journal.KindRollback, StatusTakenBack
	}
	lock, err := c.lock(kind)
	if err != nil {
		return Outcome{}, err
	}
	defer lock.Unlock()
	if id == "" {
		if id, err = c.newest(o.Back); err != nil {
			return Outcome{}, err
		}
	}
	j, err := c.openJob(id, o.Force)
	if err != nil {
		return Outcome{}, err
	}
	defer j.j.Close()
	j.retries = max(o.Retries, 0)
	state, _ := j.j.State()
	if !o.Back && (state == StateTakenBack || state == StateUntouched) {
		return Outcome{}, &OverError{ID: id, State: state}
	}
	want := func(t *target) []byte {
		if o.Back {
			return t.former
		}
		return j.data
	}
	found, err := j.look(ctx, want, o)
	if err != nil {
		return Outcome{ID: id, State: StateIncomplete, Nodes: j.outcomes()}, err
	}
	if err := j.j.Append(journal.Entry{Kind: kind, PID: os.Getpid(), Note: o.Note}); err != nil {
		return Outcome{}, err
	}
	if err := c.at(kind+".recorded", ""); err != nil {
		return Outcome{}, err
	}
	errs := j.all(func(t *target) error {
		have, ok := found[t.node.Name()]
		if !ok {
			return t.out.Err // unreachable: it was waited for already
		}
		return j.settleNode(ctx, t, want(t), have, o.Back, status)
	})
	if err := errors.Join(errs...); err != nil {
		return j.finish(ctx, StateIncomplete, err)
	}
	if o.Back {
		return j.finish(ctx, StateTakenBack, nil)
	}
	return j.finish(ctx, StateFinished, nil)
}

// settleNode makes one node serve want and sets its status.
func (j *job) settleNode(ctx context.Context, t *target, want, have []byte, back bool, status string) error {
	if journal.Same(have, want) && back && !t.committing {
		status = StatusUnchanged
	}
	step := StepCommit
	if back {
		step = StepRestore
	}
	if !journal.Same(have, want) {
		if err := j.bring(ctx, t, step, want, have); err != nil {
			return j.failed(t, step, err)
		}
	}
	if err := j.readBack(ctx, t, want, !back); err != nil {
		return err
	}
	t.out.Status = status
	return nil
}

// OverError: a job has ended in a way that leaves nothing to finish.
type OverError struct{ ID, State string }

func (e *OverError) Error() string {
	if e.State == StateUntouched {
		return fmt.Sprintf("job %s stopped before it changed anything; there is nothing to resume", e.ID)
	}
	return fmt.Sprintf("job %s was taken back on all nodes; there is nothing to resume", e.ID)
}

func (e *OverError) Hint() string {
	return "run the job again; `ctlclient history` lists what was done"
}

// look asks every node what it serves, patiently. found has the nodes that answered.
func (j *job) look(ctx context.Context, want func(*target) []byte, o FinishOptions) (found map[string][]byte, err error) {
	lives := make([][]byte, len(j.targets))
	answered := make([]bool, len(j.targets))
	errs := make([]error, len(j.targets))
	j.all(func(t *target) error {
		i := slices.Index(j.targets, t)
		errs[i] = j.patiently(ctx, t, StepFetch, func(int) (err error) {
			lives[i], err = j.live(ctx, t)
			return err
		})
		answered[i] = errs[i] == nil
		if errs[i] != nil {
			j.failed(t, StepFetch, errs[i])
		}
		return nil
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found = map[string][]byte{}
	var conflicts []error
	for i, t := range j.targets {
		if !answered[i] {
			continue
		}
		live := lives[i]
		found[t.node.Name()] = live
		if o.Force || journal.Same(live, t.former) || journal.Same(live, j.data) {
			continue
		}
		t.out.Status = StatusFailed
		t.out.Err = &ConflictError{Node: t.node.Name(), Name: j.name, Expected: want(t), Found: live,
			hint: "the node serves a file that is neither this job's new nor its former one: look at the difference; " +
				"`--force` replaces it, and a new job replaces it on all nodes"}
		conflicts = append(conflicts, t.out.Err)
	}
	return found, joinConflicts(conflicts)
}

// sweep removes, from all nodes, what was staged and not committed, by this program
// or one before it. CTLP stages went with their connections. What it cannot reach
// does no harm: a stage is never served.
func (j *job) sweep(ctx context.Context) {
	j.all(func(t *target) error {
		n, ok := t.node.Node.(reach.Sweeper)
		if !ok || t.out.Status == StatusUnknown && t.out.Err != nil {
			return nil // it did not answer just now
		}
		stages := j.j.Stages(t.node.Name(), StepStage)
		uncertain := n.Unsure()
		for _, step := range []string{StepStage, StepCommit, StepRestore} {
			uncertain = uncertain || j.j.Uncertain(t.node.Name(), step)
		}
		if uncertain {
			// Something may be there whose name was never learnt.
			if found, err := n.Leftovers(ctx, j.name); err == nil {
				stages = found
			}
		}
		for _, stage := range stages {
			t.stage = stage
			j.abort(ctx, t)
		}
		t.stage = ""
		return nil
	})
}

// newest is the job that resume or rollback without a name means.
func (c *Cluster) newest(back bool) (string, error) {
	jobs, err := c.store().List()
	if err != nil {
		return "", err
	}
	for _, j := range jobs {
		if state, end := j.State(); end == nil || state == StateIncomplete {
			return j.Begin.ID, nil
		}
	}
	for _, j := range jobs {
		if state, _ := j.State(); !back || state != StateUntouched {
			return j.Begin.ID, nil
		}
	}
	return "", fmt.Errorf("%w: cluster %s has no journal in %s", journal.ErrNoJob, c.Profile.Name, c.dir)
}

// openJob reads a journal and finds its nodes in the profile. A node that is no longer
// there is a *GoneError or left out.
func (c *Cluster) openJob(id string, leaveOut bool) (*job, error) {
	rec, err := c.store().Open(id)
	if err != nil {
		return nil, err
	}
	j := &job{c: c, j: rec, name: rec.Begin.Name, data: rec.New, retries: DefaultRetries}
	for _, n := range rec.Begin.Nodes {
		node, listed := c.Node(n.Name)
		if !listed && leaveOut {
			continue
		}
		if !listed {
			return nil, errors.Join(&GoneError{ID: id, Node: n.Name}, rec.Close())
		}
		t := &target{node: node, former: rec.Former[n.Name], out: NodeOutcome{Node: n.Name, Status: StatusUnknown}}
		for _, e := range rec.Entries {
			if e.Kind == journal.KindAct && e.Node == n.Name && (e.Step == StepCommit || e.Step == StepRestore) {
				t.committing = true
			}
		}
		j.targets = append(j.targets, t)
	}
	return j, nil
}
