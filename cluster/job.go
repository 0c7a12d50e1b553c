package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// DefaultRetries of a step after the first commit: with the pauses between them
// (half a second, doubling) a node has about fifteen seconds to come back.
const DefaultRetries = 5

// job is one distribution, resumption or rollback under way.
type job struct {
	c       *Cluster
	j       *journal.Job
	name    string
	data    []byte // the new file, nil: removed; see journal.Job.Known
	targets []*target
	retries int
	rewrote bool // the publisher wrote a file of its own while the job was taken back
	back    bool // a person takes it back
	restart bool // TFTP services that need it to serve the new file may be restarted

	// recorded: that something is about to change is on disk. From then on the job goes
	// on without a journal that fails: what nodes hold counts, and resume and rollback
	// look at that.
	recorded atomic.Bool
	mu       sync.Mutex
	trouble  error // of the journal, after that
}

// target is one node of a job.
type target struct {
	node   Node
	former []byte // what goes back; nil: it served no such file
	found  []byte // what it served when the file was about to be brought
	stage  string // staged and not yet committed
	// committing: a commit was intended and not refused, so that the live file may be the
	// new one.
	committing bool
	// gave: what phones got from it before anything changed.
	gave    phoneView
	unswept bool // what may be staged there was not removed
	// restarted: its TFTP service, so that it serves what a publisher wrote.
	restarted bool
	out       NodeOutcome
}

// shut reports a node that refused the login in this job: the same password is not sent
// there again, as each try brings the account nearer to being locked.
func (t *target) shut() bool { return reach.ClassOf(t.out.Err) == reach.Login }

// touching are the steps that change what nodes serve.
var touching = []string{StepCommit, StepRestore, StepAuthor}

// everyStep are those that change anything of a cluster; a staged file is never served.
var everyStep = []string{StepCommit, StepRestore, StepAuthor, StepMode, StepTrust, StepRestart}

// note writes a line. Where the journal fails after something was changed, the job goes on.
func (j *job) note(point, node string, e journal.Entry) error {
	err := j.c.at(point, node)
	if err == nil {
		err = j.j.Append(e)
	}
	if err == nil || !j.recorded.Load() {
		return err
	}
	j.troubled(err)
	return nil
}

// troubled keeps the first trouble of the journal: what follows it is the same.
func (j *job) troubled(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.trouble == nil {
		j.trouble = err
	}
}

// act does one step on one node: the intent is on disk before, the result after.
func (j *job) act(t *target, step string, e journal.Entry, f func() error) error {
	before := t.committing
	err := j.step(t.node.Name(), step, e, func(e *journal.Entry) error {
		if step == StepCommit || step == StepRestore {
			t.committing = true
		}
		err := f()
		if step == StepStage {
			e.Stage = t.stage
		}
		return err
	}, func() string { return t.out.Path })
	if refusedForCertain(err) {
		t.committing = before
	}
	return err
}

// step is act for what is not about one node's file: node is where it is done.
func (j *job) step(node, step string, e journal.Entry, f func(*journal.Entry) error, path func() string) error {
	e.Kind, e.Node, e.Step, e.State = journal.KindAct, node, step, journal.Intent
	if err := j.note(step+".before", node, e); err != nil {
		return err
	}
	if step != StepStage && step != StepAbort {
		j.recorded.Store(true)
	}
	if err := j.c.at(step+".intended", node); err != nil {
		return err
	}
	service := "" // of a restart, for a person
	if step == StepRestart {
		_, service, _ = strings.Cut(e.Arg, "/")
	}
	j.c.tell(Progress{Node: node, Step: step, State: StateStart, Service: service})
	err := f(&e)
	if ferr := j.c.at(step+".acted", node); ferr != nil {
		return ferr
	}
	e.State = journal.Done
	p := Progress{Node: node, Step: step, State: StateDone, Service: service}
	switch {
	case err != nil:
		e.State, e.Err = journal.Failed, errText(err)
		if refusedForCertain(err) {
			e.State = journal.Refused
		}
		e.Stage = ""
		p.State, p.Err = StateFailed, err
	case step == StepCommit && path != nil:
		p.Path = path()
	}
	if jerr := j.j.Append(e); jerr != nil {
		if !j.recorded.Load() {
			err = errors.Join(err, jerr)
			p.State, p.Err = StateFailed, err
		} else {
			j.troubled(jerr)
		}
	}
	j.c.tell(p)
	if ferr := j.c.at(step+".recorded", node); ferr != nil {
		return ferr
	}
	return err
}

// refusedForCertain tells an answer after which nothing was done.
func refusedForCertain(err error) bool {
	var changed *meet.IdentityError
	var password *meet.PasswordError
	if errors.As(err, &changed) || errors.As(err, &password) {
		return true // it ended before anything was asked of the server
	}
	class := reach.ClassOf(err)
	return errors.Is(err, ErrConflict) || class == reach.Login || class == reach.Permanent
}

// at is a boundary of a step.
func (c *Cluster) at(point, node string) error {
	if c.o.fault == nil {
		return nil
	}
	return c.o.fault(point, node)
}

// The pauses between the tries of a step double.
const (
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// patiently repeats f, with growing pauses, until it succeeds, fails for good or has
// been repeated often enough.
func (j *job) patiently(ctx context.Context, t *target, step string, f func(try int) error) error {
	return j.patientlyFor(ctx, t, step, 0, f)
}

// patience is how long all pauses of a step last.
func (j *job) patience() time.Duration {
	var all time.Duration
	pause := firstPause
	for range j.retries {
		all += pause
		pause = min(2*pause, longestPause)
	}
	return all
}

// patientlyFor is patiently that ends, too, when most has passed since the first failure, by
// the clock: a node that is silent takes seconds for each answer it does not give. 0: no end.
func (j *job) patientlyFor(ctx context.Context, t *target, step string, most time.Duration, f func(try int) error) error {
	pause := firstPause
	var failed time.Time
	for try := 0; ; try++ {
		err := f(try)
		if err == nil || try >= j.retries || ctx.Err() != nil || isFinal(err) {
			return err
		}
		if try == 0 {
			failed = j.c.o.Now()
		} else if most > 0 && j.c.o.Now().Sub(failed) >= most {
			return err
		}
		j.c.tell(Progress{Node: t.node.Name(), Step: step, State: StateRetry, Err: err, Wait: pause, Try: try + 1, Tries: j.retries})
		if errors.Is(err, ErrConflict) {
			continue // the next try looks at once what the node serves
		}
		if j.c.o.Sleep(ctx, pause) != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// isFinal tells errors that patience does not help.
func isFinal(err error) bool {
	var conflict *ConflictError
	var id *meet.IdentityError
	var password *meet.PasswordError
	var memory *MemoryError
	if errors.As(err, &memory) && !memory.waiting {
		return true
	}
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

// failed notes a node's error and names node and step in it.
func (j *job) failed(t *target, step string, err error) error {
	var conflict *ConflictError
	var node *NodeError
	if !errors.As(err, &conflict) && !errors.As(err, &node) {
		err = &NodeError{Node: t.node.Name(), Step: step, Err: err}
	}
	t.out.Err = err
	return err
}

// touched reports whether any live file may have changed.
func (j *job) touched() bool {
	return slices.ContainsFunc(j.targets, func(t *target) bool { return t.committing })
}

// all runs f for all targets side by side.
func (j *job) all(f func(t *target) error) []error {
	return side(j.targets, func(_ int, t *target) error { return f(t) })
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
	o := Outcome{ID: j.j.Begin.ID, State: state, NoFile: j.noFile(), Back: j.back}
	_, known := j.j.Known()
	o.Unseen = !known && !o.NoFile
	if !o.NoFile {
		j.sweep(ctx)
		o.Nodes = j.outcomes()
	}
	if state == StateIncomplete {
		o.Left = j.left()
	}
	e := journal.Entry{Kind: journal.KindEnd, State: state}
	for i, n := range o.Nodes {
		end := journal.NodeEnd{Name: n.Node, Status: n.Status, Path: n.Path, Unswept: j.targets[i].unswept}
		if n.Err != nil {
			kept := message.KeepError(asOne{n.Err})
			end.Err, end.ErrIn = kept.Error(), kept.Others()
		}
		if n.SHA256 != ([32]byte{}) {
			end.SHA256 = fmt.Sprintf("%x", n.SHA256)
		}
		e.Nodes = append(e.Nodes, end)
	}
	err := j.note("end.before", "", e)
	if err == nil {
		err = j.c.at("end.recorded", "")
	}
	if j.trouble != nil {
		o.Warning = message.Phrase("the journal could not be written: %w; what is said here about the nodes is so, and the next job looks at them anew", asOne{j.trouble})
		j.c.tell(Progress{Step: StepJournal, State: StateWarning, Text: o.Warning})
	}
	if cause != nil {
		return o, errors.Join(&PartialError{Outcome: o, Err: cause}, err)
	}
	return o, err
}

// sweep removes, from all nodes, what was staged and not committed, by this program
// or one before it. Where stages went with their connections there is nothing to do. What
// it cannot reach does no harm: a stage is never served.
func (j *job) sweep(ctx context.Context) {
	j.all(func(t *target) error {
		n, ok := t.node.Node.(reach.Sweeper)
		if !ok {
			return nil
		}
		stages := j.j.Stages(t.node.Name(), StepStage)
		uncertain := n.Unsure() || t.unswept
		for _, step := range []string{StepStage, StepCommit, StepRestore} {
			uncertain = uncertain || j.j.Uncertain(t.node.Name(), step)
		}
		t.unswept = uncertain || len(stages) > 0
		if t.out.Status == StatusUnknown && t.out.Err != nil {
			return nil // it did not answer just now
		}
		if uncertain {
			// Something may be there whose name was never learnt.
			found, err := n.Leftovers(ctx, j.name)
			if err != nil {
				return nil // the next job sees to it
			}
			stages = found
		}
		left := false
		for _, stage := range stages {
			t.stage = stage
			j.abort(ctx, t)
			left = left || t.stage != ""
		}
		t.stage, t.unswept = "", left
		return nil
	})
}

// abort removes what is staged on a node. That it could not is no harm: a stage is
// never served, and the node or the next job removes it.
func (j *job) abort(ctx context.Context, t *target) {
	if t.stage == "" || t.shut() {
		return
	}
	if err := j.act(t, StepAbort, journal.Entry{Stage: t.stage}, func() error { return t.node.Abort(ctx, j.name, t.stage) }); err == nil {
		t.stage = ""
	}
}
