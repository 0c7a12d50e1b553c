package cluster

import (
	"context"
	"errors"
	"os"
	"slices"

	"ctlclient/cluster/journal"
	"ctlclient/message"
)

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
	Data []byte // nil: no file
	// Unknown: the publisher has yet to write the file, or the job is about no file.
	Unknown bool
	NoFile  bool              // the job is about something else than a file
	Restart bool              // the job restarts services itself
	Note    map[string]string // of the job
}

// FileOf looks up what Finish would write: of a job that is taken back, the former file
// of the node that goes first. Nothing is changed. id is as in Finish.
func (c *Cluster) FileOf(id string, back bool) (_ JobFile, err error) {
	if id == "" {
		if id, err = c.unfinished(); err != nil {
			return JobFile{}, err
		}
	}
	rec, err := c.store().Open(id)
	if err != nil {
		return JobFile{}, err
	}
	f := JobFile{ID: id, Data: rec.New, Note: rec.Begin.Note, NoFile: rec.Begin.NoFile}
	f.Restart = slices.ContainsFunc(rec.Begin.Steps, func(s journal.Step) bool { return s.Kind == StepRestart })
	if f.NoFile {
		f.Unknown = true
		j := &job{c: c, j: rec}
		if stays := j.stays(); back && len(stays) > 0 {
			return f, errors.Join(j.staysError(stays), rec.Close())
		}
	} else if back {
		f.Data = rec.Former[c.Profile.LeadNode().Name]
	} else if _, known := rec.Known(); !known {
		f.Unknown = true
	}
	return f, rec.Close()
}

// Resume finishes a job: every node that does not serve the new file yet gets it, and
// every step that is not done is done. id "" is the unfinished job of this cluster.
func (c *Cluster) Resume(ctx context.Context, id string) (Outcome, error) {
	return c.Finish(ctx, id, FinishOptions{})
}

// Rollback takes a job back, also one that is done: the security mode is set back where the
// job changed it, and the former file is put back on every node. id "" is the unfinished
// job of this cluster.
func (c *Cluster) Rollback(ctx context.Context, id string) (Outcome, error) {
	return c.Finish(ctx, id, FinishOptions{Back: true})
}

// Finish is Resume or Rollback with choices. It goes by what the nodes serve now, so
// that it may be repeated and does not depend on the journal's last words. Nodes that do
// not answer are left for the next time, which the *PartialError says. A node that serves
// a content which is not the job's is not touched, nor is any other node then:
// *ConflictError, unless Force. Where all nodes serve one such content, another job has
// overtaken this one: it is closed, and that is an *OverError.
func (c *Cluster) Finish(ctx context.Context, id string, o FinishOptions) (Outcome, error) {
	if o.Retries == 0 {
		o.Retries = DefaultRetries
	}
	kind := journal.KindResume
	if o.Back {
		kind = journal.KindRollback
	}
	j, leave, err := c.reopen(id, kind, o.Force)
	if err != nil {
		return Outcome{}, err
	}
	defer leave()
	j.retries = max(o.Retries, 0)
	state, _ := j.j.State()
	if !o.Back && slices.Contains([]string{StateTakenBack, StateUntouched, StateOvertaken, StateClosed}, state) {
		return Outcome{}, &OverError{ID: j.j.Begin.ID, State: state}
	}
	begin := func() error {
		if err := j.j.Append(journal.Entry{Kind: kind, PID: os.Getpid(), Note: o.Note}); err != nil {
			return err
		}
		j.recorded.Store(j.j.Touched(everyStep...))
		return c.at(kind+".recorded", "")
	}
	if o.Back {
		return j.rollback(ctx, state, o, begin)
	}
	return j.resume(ctx, state, o, begin)
}

// reopen opens a job of the past, the unfinished one where id is "", with the cluster locked
// for what is to be done until leave is called.
func (c *Cluster) reopen(id, what string, force bool) (j *job, leave func(), err error) {
	lock, err := c.lock(what)
	if err != nil {
		return nil, nil, err
	}
	if id == "" {
		id, err = c.unfinished()
	}
	if err == nil {
		j, err = c.openJob(id, force)
	}
	if err != nil {
		lock.Unlock()
		return nil, nil, err
	}
	return j, func() {
		j.j.Close()
		lock.Unlock()
	}, nil
}

// resume brings the file everywhere and does what steps are left.
func (j *job) resume(ctx context.Context, state string, o FinishOptions, begin func() error) (Outcome, error) {
	var errs []error
	begun := false
	if s, asks := j.author(); asks {
		if err := begin(); err != nil {
			return Outcome{}, err
		}
		begun = true
		if err := j.finishAuthor(ctx, s); err != nil {
			return j.leave(ctx, err)
		}
	}
	if s, first := j.modeFirst(); first {
		if err := begin(); err != nil {
			return Outcome{}, err
		}
		begun = true
		if err := j.modeByPublisher(ctx, s.Author); err != nil {
			return j.leave(ctx, err)
		}
	}
	if _, known := j.j.Known(); known {
		found, err := j.look(ctx, func(*target) []byte { return j.data }, o)
		if out, over := j.overtaken(ctx, state, found, err); over {
			return out, &OverError{ID: out.ID, State: out.State}
		}
		if err != nil {
			return j.refused(err)
		}
		if !begun {
			if err := begin(); err != nil {
				return Outcome{}, err
			}
		}
		begun = true
		errs = j.settleNodes(ctx, found, func(*target) []byte { return j.data }, false)
	}
	if !begun {
		if err := begin(); err != nil {
			return Outcome{}, err
		}
	}
	if errors.Join(errs...) == nil { // a mode without its file is worse than the former one
		errs = append(errs, j.finishSteps(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return j.finish(ctx, StateIncomplete, err)
	}
	return j.finish(ctx, StateFinished, nil)
}

// rollback sets the mode back and puts the former file back everywhere. What cannot be
// taken back is a *StaysError.
func (j *job) rollback(ctx context.Context, state string, o FinishOptions, begin func() error) (Outcome, error) {
	former := func(t *target) []byte { return t.former }
	j.back = true
	if stays := j.stays(); len(stays) > 0 {
		return Outcome{}, j.staysError(stays)
	}
	if _, known := j.j.Known(); !known && !j.j.Touched(touching...) { // no file was changed
		if err := begin(); err != nil {
			return Outcome{}, err
		}
		if err := j.takeBackSteps(ctx); err != nil {
			return j.finish(ctx, StateIncomplete, err)
		}
		return j.finish(ctx, StateTakenBack, nil)
	}
	found, err := j.look(ctx, former, o)
	if out, over := j.overtaken(ctx, state, found, err); over {
		return out, &OverError{ID: out.ID, State: out.State}
	}
	if err != nil {
		return j.refused(err)
	}
	if err := j.shutOut(ctx, found, former); err != nil {
		return j.refused(err)
	}
	if err := begin(); err != nil {
		return Outcome{}, err
	}
	if err := j.takeBackSteps(ctx); err != nil && !o.Force { // the former file under the new mode helps nobody
		return j.finish(ctx, StateIncomplete, err)
	}
	if j.rewrote { // the publisher wrote a file of its own to set the mode back
		if found, err = j.look(ctx, former, o); err != nil {
			return j.finish(ctx, StateIncomplete, err)
		}
	}
	if err := errors.Join(j.settleNodes(ctx, found, former, true)...); err != nil {
		return j.finish(ctx, StateIncomplete, err)
	}
	return j.finish(ctx, StateTakenBack, nil)
}

// refused ends a resumption that touched nothing.
func (j *job) refused(err error) (Outcome, error) {
	return Outcome{ID: j.j.Begin.ID, State: StateIncomplete, Nodes: j.outcomes()}, err
}

// overtaken closes an unfinished job that another one has overtaken.
func (j *job) overtaken(ctx context.Context, state string, found map[string][]byte, err error) (Outcome, bool) {
	if err == nil || state != "" && state != StateIncomplete || len(found) < len(j.targets) || j.standing() != StateOvertaken {
		return Outcome{}, false
	}
	out, err := j.finish(ctx, StateOvertaken, nil)
	return out, err == nil
}

// CloseJob closes an unfinished job in words: the nodes stay as they are, and what is left
// to do is left to the person.
func (c *Cluster) CloseJob(ctx context.Context, id string, note map[string]string) (Outcome, error) {
	j, leave, err := c.reopen(id, "close", true)
	if err != nil {
		return Outcome{}, err
	}
	defer leave()
	if state, _ := j.j.State(); state != "" && state != StateIncomplete {
		return Outcome{}, &OverError{ID: j.j.Begin.ID, State: state}
	}
	if err := j.j.Append(journal.Entry{Kind: journal.KindResume, PID: os.Getpid(), Note: note}); err != nil {
		return Outcome{}, err
	}
	if j.noFile() {
		return j.finish(ctx, StateClosed, nil)
	}
	j.all(func(t *target) error {
		j.judge(ctx, t)
		t.found = nil
		if t.out.SHA256 != ([32]byte{}) {
			t.found = j.c.recall(t.node.Name(), &t.out.SHA256)
		}
		return nil
	})
	if j.standing() == StateOvertaken {
		return j.finish(ctx, StateOvertaken, nil)
	}
	return j.finish(ctx, StateClosed, nil)
}

// finishSteps does, in order, the steps that are not done.
func (j *job) finishSteps(ctx context.Context) error {
	for _, s := range j.leftSteps() {
		var err error
		switch s.Kind {
		case StepAuthor: // of a job about a file it wrote, or that would not be known
			if j.noFile() {
				err = j.write(ctx, s.Author)
			}
		case StepMode:
			err = j.setMode(ctx, s.Mode)
		case StepTrust:
			_, err = j.trust(ctx, s.Certificate)
		case StepRestart:
			err = j.restartService(ctx, s.Node, s.Service)
		default:
			err = message.Errorf("the journal has a step that is not known: %s", s.Kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settleNodes makes every node that was found serve what it should.
func (j *job) settleNodes(ctx context.Context, found map[string][]byte, want func(*target) []byte, back bool) []error {
	status := StatusPassed
	if back {
		status = StatusTakenBack
	}
	return j.all(func(t *target) error {
		have, ok := found[t.node.Name()]
		if !ok {
			return t.out.Err // it does not answer: it was waited for already
		}
		return j.settleNode(ctx, t, want(t), have, back, status)
	})
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

// Error is Said in English.
func (e *OverError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *OverError) Said() error {
	switch e.State {
	case StateOvertaken:
		return message.Errorf("another job has replaced the file on all nodes since; job %s is closed, and nothing is left to do", e.ID)
	case StateClosed:
		return message.Errorf("job %s was closed as it was; there is nothing to resume", e.ID)
	case StateUntouched:
		return message.Errorf("job %s stopped before it changed anything; there is nothing to resume", e.ID)
	}
	return message.Errorf("job %s was taken back on all nodes; there is nothing to resume", e.ID)
}

func (e *OverError) Hints() []message.Message {
	return message.Hint("run the job again; see what was done: %s", message.Action{Do: message.SeeHistory})
}

// look asks every node what it serves, patiently, but no longer than the pauses last: a node
// that is down is left for the next time, and the others wait for it. found has the nodes that
// answered.
func (j *job) look(ctx context.Context, want func(*target) []byte, o FinishOptions) (found map[string][]byte, err error) {
	lives := make([][]byte, len(j.targets))
	answered := make([]bool, len(j.targets))
	errs := make([]error, len(j.targets))
	j.all(func(t *target) error {
		i := slices.Index(j.targets, t)
		errs[i] = j.patientlyFor(ctx, t, StepFetch, j.patience(), func(int) (err error) {
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
	// What the publisher wrote within the job is none of somebody else's.
	rewrote := j.wroteUnseen()
	written := func(live []byte) bool { return rewrote && !foreign(live) }
	for i, t := range j.targets {
		if !answered[i] {
			continue
		}
		live := lives[i]
		found[t.node.Name()], t.found = live, live
		// A file that is gone is not somebody else's.
		if o.Force || live == nil || written(live) || journal.Same(live, t.former) || journal.Same(live, j.data) || j.knew(live) {
			continue
		}
		t.out.Status = StatusFailed
		t.out.Err = j.notOurs(t, want(t), live)
		conflicts = append(conflicts, t.out.Err)
	}
	return found, joinConflicts(conflicts)
}

// unfinished is the job that resume or rollback without a name means: the newest that is
// not over. There is none where nothing is unfinished: what is done is named.
func (c *Cluster) unfinished() (string, error) {
	jobs, err := c.store().List()
	if err != nil {
		return "", err
	}
	for _, j := range jobs {
		if state, end := j.State(); end == nil || state == StateIncomplete {
			return j.Begin.ID, nil
		}
	}
	return "", &NothingError{Cluster: c.Profile.Name, Dir: c.dir}
}

// openJob reads a journal and finds its nodes in the profile. A node that is no longer
// there is a *GoneError or left out.
func (c *Cluster) openJob(id string, leaveOut bool) (*job, error) {
	rec, err := c.store().Open(id)
	if err != nil {
		return nil, err
	}
	j := &job{c: c, j: rec, name: rec.Begin.Name, data: rec.New, retries: DefaultRetries}
	// Whoever agreed to restarts at the job's end agreed to one that it needs.
	j.restart = slices.ContainsFunc(rec.Begin.Steps, func(s journal.Step) bool { return s.Kind == StepRestart })
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
			if e.Kind == journal.KindAct && (e.Node == n.Name && (e.Step == StepCommit || e.Step == StepRestore) || e.Step == StepAuthor) {
				t.committing = true
			}
		}
		j.targets = append(j.targets, t)
	}
	return j, nil
}
