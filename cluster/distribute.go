package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"ctlclient/cluster/journal"
)

// DefaultRetries of a step after the first commit: with the pauses between them
// (half a second, doubling) a node has about fifteen seconds to come back.
const DefaultRetries = 5

// DistributeOptions of one file to all nodes.
type DistributeOptions struct {
	Name string // default CTLFile.tlv
	Data []byte // nil: remove the file everywhere
	// Expect is per node what the snapshot saw; a nil value: no file. A node that is
	// not in it is taken as it is found.
	Expect map[string]*[32]byte
	// Former is per node what Rollback puts back (nil: no file) where that is not what
	// the node serves now: the publisher has written the new file by itself already.
	// Such a job has to be KeepGoing.
	Former    map[string][]byte
	Job       string            // "update", "migrate to-tokens"
	KeepGoing bool              // after the first commit a failure is left to resume instead of being taken back
	Retries   int               // of a step after the first commit; 0: DefaultRetries, negative: none
	Note      map[string]string // decisions to record (hazards overridden...)
}

// job is one distribution, resumption or rollback under way.
type job struct {
	c       *Cluster
	j       *journal.Job
	name    string
	data    []byte // the new file, nil: removed
	targets []*target
	retries int
}

// target is one node of a job.
type target struct {
	node   Node
	former []byte // what goes back; nil: it served no such file
	found  []byte // what it served when the job began: former, but for DistributeOptions.Former
	stage  string // staged and not yet committed
	// committing: a commit was intended, so that the live file may be the new one.
	committing bool
	out        NodeOutcome
}

// Distribute stages a file on all nodes side by side, commits it on the publisher,
// then on all others side by side, and reads it back from all, over the node's
// transport and over TFTP. The publisher goes first so that a commit which nodes
// refuse in principle has touched one node only.
//
// A failure before the first commit changes nothing anywhere: *UnchangedError (around
// a *NodeError, or a *ConflictError when a node's file is not the expected one). After
// it a step is repeated with growing pauses; what still fails is taken back everywhere
// or, with KeepGoing, left to Resume: *PartialError, with every node's outcome.
//
// When ctx ends before the first commit the stages are removed; after it, the file is
// taken back within the time of one request, or the job stays in the journal.
func (c *Cluster) Distribute(ctx context.Context, o DistributeOptions) (Outcome, error) {
	if o.Name == "" {
		o.Name = CTLFile
	}
	if o.Retries == 0 {
		o.Retries = DefaultRetries
	}
	lock, err := c.lock(o.Job)
	if err != nil {
		return Outcome{}, err
	}
	defer lock.Unlock()
	if err := c.settle(ctx); err != nil {
		return Outcome{}, err
	}
	j := &job{c: c, name: o.Name, data: o.Data, retries: max(o.Retries, 0)}
	for _, n := range c.Nodes {
		j.targets = append(j.targets, &target{node: n, out: NodeOutcome{Node: n.Name()}})
	}
	if err := j.readFormer(ctx, o); err != nil {
		return j.unchanged(err)
	}
	if err := j.begin(o); err != nil {
		return j.unchanged(err)
	}
	defer j.j.Close()
	if err := errors.Join(j.all(func(t *target) error { return j.stage(ctx, t) })...); err != nil {
		return j.abandon(ctx, err)
	}
	if err := ctx.Err(); err != nil {
		return j.abandon(ctx, err)
	}
	err = j.commitAll(ctx)
	if err == nil {
		err = errors.Join(j.all(func(t *target) error { return j.readBack(ctx, t, j.data, true) })...)
	}
	switch {
	case err == nil:
		return j.finish(ctx, StateFinished, nil)
	case !j.touched():
		return j.abandon(ctx, err) // the journal's disk failed at the very first commit
	case o.KeepGoing:
		return j.left(ctx, err)
	}
	return j.takeBack(ctx, err)
}

// lock takes the cluster's lock.
func (c *Cluster) lock(what string) (*journal.Lock, error) { return c.store().Lock(what) }

func (c *Cluster) store() *journal.Store { return &journal.Store{Dir: c.dir, Now: c.o.Now} }

// settle refuses new work while an older job is unfinished. One that died before its
// first commit has changed nothing and is closed; what it staged is removed.
func (c *Cluster) settle(ctx context.Context) error {
	jobs, err := c.store().List()
	if err != nil {
		return err
	}
	for _, old := range jobs {
		state, end := old.State()
		if end != nil && state != StateIncomplete {
			continue
		}
		if old.Touched(StepCommit, StepRestore) {
			return &UnfinishedError{ID: old.Begin.ID, Kind: old.Begin.Job}
		}
		if err := c.close(ctx, old.Begin.ID); err != nil {
			return err
		}
	}
	return nil
}

// close ends a job that never committed.
func (c *Cluster) close(ctx context.Context, id string) error {
	j, err := c.openJob(id, true)
	if err != nil {
		return err
	}
	defer j.j.Close()
	for _, t := range j.targets {
		t.out.Status = StatusUnchanged
	}
	_, err = j.finish(ctx, StateUntouched, nil)
	return err
}

// readFormer reads what every node serves and compares it with what was expected.
func (j *job) readFormer(ctx context.Context, o DistributeOptions) error {
	errs := j.all(func(t *target) error {
		t.out.Status = StatusUnchanged
		data, err := j.c.fetch(ctx, t.node, j.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.out.Status = StatusUnknown
			return j.failed(t, StepFetch, err)
		}
		t.former, t.found = data, data
		if former, ok := o.Former[t.node.Name()]; ok {
			t.former = former
		}
		j.sees(t, data)
		want, named := o.Expect[t.node.Name()]
		if named && !sameDigest(digest(data), want) {
			t.out.Err = &ConflictError{Node: t.node.Name(), Name: j.name, Expected: j.c.recall(t.node.Name(), want), Found: data}
			return t.out.Err
		}
		return nil
	})
	return joinConflicts(errs)
}

// begin writes the journal's beginning.
func (j *job) begin(o DistributeOptions) error {
	if err := j.c.at("begin.before", ""); err != nil {
		return err
	}
	var contents []journal.Content
	for _, t := range j.targets {
		contents = append(contents, journal.Content{Node: t.node.Name(), Former: t.former})
	}
	var err error
	j.j, err = j.c.store().Create(journal.Begin{Cluster: j.c.Profile.Name, Job: o.Job, Name: j.name, Note: o.Note}, j.data, contents)
	if err != nil {
		return err
	}
	return j.c.at("begin.recorded", "")
}

// act does one step on one node: the intent is on disk before, the result after.
func (j *job) act(t *target, step string, e journal.Entry, f func() error) error {
	node := t.node.Name()
	e.Kind, e.Node, e.Step, e.State = journal.KindAct, node, step, journal.Intent
	if err := j.c.at(step+".before", node); err != nil {
		return err
	}
	if err := j.j.Append(e); err != nil {
		return err
	}
	if step == StepCommit || step == StepRestore {
		t.committing = true
	}
	if err := j.c.at(step+".intended", node); err != nil {
		return err
	}
	j.c.tell(Progress{Node: node, Step: step, State: StateStart})
	err := f()
	if ferr := j.c.at(step+".acted", node); ferr != nil {
		return ferr
	}
	e.State = journal.Done
	p := Progress{Node: node, Step: step, State: StateDone}
	switch {
	case err != nil:
		e.State, e.Err = journal.Failed, oneLine(err)
		p.State, p.Err = StateFailed, err
	case step == StepStage:
		e.Stage = t.stage
	case step == StepCommit:
		p.Path = t.out.Path
	}
	if jerr := j.j.Append(e); jerr != nil {
		err = errors.Join(err, jerr)
		p.State, p.Err = StateFailed, err
	}
	j.c.tell(p)
	if ferr := j.c.at(step+".recorded", node); ferr != nil {
		return ferr
	}
	return err
}

// at is a boundary of a step.
func (c *Cluster) at(point, node string) error {
	if c.o.fault == nil {
		return nil
	}
	return c.o.fault(point, node)
}

// stage puts the new file beside a node's live one. A node that serves it already
// needs nothing, nor does a removal.
func (j *job) stage(ctx context.Context, t *target) error {
	if j.data == nil || journal.Same(t.found, j.data) {
		return nil
	}
	if err := j.stageOnce(ctx, t, j.data, t.found); err != nil {
		if errors.Is(err, ErrConflict) {
			return j.conflict(ctx, t, t.found)
		}
		return j.failed(t, StepStage, err)
	}
	return nil
}

func (j *job) stageOnce(ctx context.Context, t *target, data, live []byte) error {
	return j.act(t, StepStage, journal.Entry{SHA256: hexDigest(data)}, func() (err error) {
		t.stage, err = t.node.Stage(ctx, j.name, data, digest(live))
		return err
	})
}

// commitAll commits on the publisher, then on the others side by side.
func (j *job) commitAll(ctx context.Context) error {
	commit := func(t *target) error {
		if journal.Same(t.found, j.data) {
			return nil
		}
		if err := j.bring(ctx, t, StepCommit, j.data, t.found); err != nil {
			return j.failed(t, StepCommit, err)
		}
		return nil
	}
	var others []*target
	for _, t := range j.targets {
		if !j.c.isLead(t.node.Name()) {
			others = append(others, t)
			continue
		}
		if err := commit(t); err != nil {
			return err
		}
	}
	return errors.Join(side(others, func(_ int, t *target) error { return commit(t) })...)
}

// bring makes a node serve want where it serves have. Every try but the first, which
// may rest on a stage just made, begins by asking the node what it serves: a lost
// answer is not guessed. Content that is neither stops it with a *ConflictError.
func (j *job) bring(ctx context.Context, t *target, step string, want, have []byte) error {
	fresh := step == StepCommit && (t.stage != "" || want == nil)
	return j.patiently(ctx, t, step, func(try int) error {
		if try > 0 || !fresh {
			live, err := j.live(ctx, t)
			switch {
			case err != nil:
				return err
			case journal.Same(live, want):
				return nil
			case !journal.Same(live, have):
				return j.conflict(ctx, t, have)
			}
		}
		e := journal.Entry{SHA256: hexDigest(want)}
		if want == nil {
			return j.act(t, step, e, func() error { return t.node.Restore(ctx, j.name, nil, digest(have)) })
		}
		for again := false; ; again = true {
			if t.stage == "" {
				if err := j.stageOnce(ctx, t, want, have); err != nil {
					return err
				}
			}
			e.Stage = t.stage
			err := j.act(t, step, e, func() (err error) {
				t.out.Path, err = t.node.Commit(ctx, j.name, t.stage, digest(have))
				if err == nil {
					t.stage = ""
				}
				return err
			})
			if !errors.Is(err, fs.ErrNotExist) || again {
				return err
			}
			t.stage = "" // it went with the connection it was made on
		}
	})
}

// live is what a node serves now; nil: nothing.
func (j *job) live(ctx context.Context, t *target) ([]byte, error) {
	data, err := t.node.Fetch(ctx, j.name)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = nil, nil
	}
	if err != nil {
		t.out.Status = StatusUnknown
		return nil, err
	}
	j.sees(t, data)
	return data, nil
}

// sees notes what a node serves.
func (j *job) sees(t *target, data []byte) {
	t.out.SHA256 = [32]byte{}
	if sum := digest(data); sum != nil {
		t.out.SHA256 = *sum
		j.c.remember(t.node.Name(), data)
	}
}

// readBack compares what a node serves with what it should, over its transport and,
// where phones is set, as phones get it.
func (j *job) readBack(ctx context.Context, t *target, want []byte, phones bool) error {
	err := j.c.report(t.node.Name(), StepReadBack, func() error {
		return j.patiently(ctx, t, StepReadBack, func(int) error {
			if err := j.c.at(StepReadBack+".before", t.node.Name()); err != nil {
				return err
			}
			live, err := j.live(ctx, t)
			if err != nil {
				return err
			}
			if !journal.Same(live, want) {
				return &ConflictError{Node: t.node.Name(), Name: j.name, Expected: want, Found: live,
					hint: "the node does not serve what was put there; `ctlclient cluster status` shows what each node serves"}
			}
			if !phones || !j.c.servesTFTP(t.node.Profile) {
				return nil
			}
			return j.readTFTP(ctx, t, want)
		})
	})
	if err != nil {
		return j.failed(t, StepReadBack, err)
	}
	t.out.Status, t.out.Err = StatusPassed, nil
	return nil
}

// readTFTP compares what phones get. A TFTP service that still has the former file in
// its memory, or does not answer, is a warning: restarting it is the next step of the
// job, and the file on the node is right. Any other content is an error.
func (j *job) readTFTP(ctx context.Context, t *target, want []byte) error {
	served, err := j.c.FetchTFTP(ctx, t.node.Profile, j.name)
	if errors.Is(err, fs.ErrNotExist) {
		served, err = nil, nil
	}
	t.out.Warning = ""
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		t.out.Warning = "TFTP did not answer, so that what phones get was not compared: " + oneLine(err)
	case journal.Same(served, want):
		return nil
	case journal.Same(served, t.former):
		t.out.Warning = "TFTP still serves the former file; restart the node's TFTP service"
	default:
		return fmt.Errorf("TFTP serves neither the new nor the former file (%d bytes)", len(served))
	}
	j.c.tell(Progress{Node: t.node.Name(), Step: StepReadBack, State: StateWarning, Message: t.out.Warning})
	return nil
}

// conflict describes a node whose live file is none of the job's.
func (j *job) conflict(ctx context.Context, t *target, expected []byte) error {
	live, err := j.live(ctx, t)
	if err != nil {
		return err
	}
	t.out.Status = StatusFailed
	return &ConflictError{Node: t.node.Name(), Name: j.name, Expected: expected, Found: live}
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
	for _, t := range j.targets {
		if t.committing {
			return true
		}
	}
	return false
}

// all runs f for all targets side by side.
func (j *job) all(f func(t *target) error) []error {
	return side(j.targets, func(_ int, t *target) error { return f(t) })
}

// joinConflicts makes one error of many; conflicts come as one *ConflictError.
func joinConflicts(errs []error) error {
	var first *ConflictError
	var rest []error
	for _, err := range errs {
		var c *ConflictError
		switch {
		case errors.As(err, &c) && first == nil:
			first = c
		case errors.As(err, &c):
			first.Others = append(first.Others, c)
		case err != nil:
			rest = append(rest, err)
		}
	}
	if first == nil {
		return errors.Join(rest...)
	}
	if len(rest) == 0 {
		return first
	}
	return errors.Join(append([]error{first}, rest...)...)
}

// digest of a file's content; nil for no file.
func digest(data []byte) *[32]byte {
	if data == nil {
		return nil
	}
	sum := sha256.Sum256(data)
	return &sum
}

func sameDigest(a, b *[32]byte) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func hexDigest(data []byte) string {
	if sum := digest(data); sum != nil {
		return fmt.Sprintf("%x", sum[:])
	}
	return ""
}
