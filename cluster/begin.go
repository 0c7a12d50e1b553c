package cluster

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// JobSpec says what a job is about to do, before it does anything.
type JobSpec struct {
	Kind string // "update", "migrate to-tokens", as history shows it
	Name string // of the file; default CTLFile.tlv
	// Data is the new file, nil: it is removed. It is not known yet where the publisher
	// writes it (ByPublisher), and there is none in a job about something else (NoFile):
	// what nodes serve under Name is read and kept all the same, where Name is given.
	Data        []byte
	ByPublisher bool
	NoFile      bool
	// Steps are what the job does besides bringing the file to the nodes, in order: resume
	// does those that are not done, rollback takes back what can be taken back.
	Steps []Step
	// Expect is per node what the snapshot saw; a nil value: no file. A node that is
	// not in it is taken as it is found.
	Expect    map[string]*[32]byte
	KeepGoing bool // after the first commit a failure is left to resume instead of being taken back
	Retries   int  // of a step after the first commit; 0: DefaultRetries, negative: none
	// Restart: TFTP services that serve the new file after a restart only may be
	// restarted (Properties.NeedsRestart). Else a person is told to.
	Restart bool
	Note    map[string]string // decisions to record (hazards overridden...)
}

// Run is a job under way. It holds the cluster's lock until Close, and ends once: done
// (End), taken back (TakeBack) or left unfinished (Leave); a Run that is closed before
// that stays unfinished in the journal, where Resume and Rollback know every step of it.
// Its methods are for one goroutine.
type Run struct {
	job    *job
	spec   JobSpec
	lock   *journal.Lock
	closed bool
}

// Begin takes the cluster's lock, sees that no older job is unfinished, reads what every
// node serves and compares it with what was expected, and writes the job's beginning into
// the journal: what it is about to do, and the former file of every node. Nobody has been
// asked to write anything then. An error says that nothing was changed: *UnchangedError,
// *UnfinishedError or *journal.LockedError.
func (c *Cluster) Begin(ctx context.Context, spec JobSpec) (_ *Run, err error) {
	if spec.Name == "" && !spec.NoFile {
		spec.Name = CTLFile
	}
	if spec.Retries == 0 {
		spec.Retries = DefaultRetries
	}
	lock, err := c.lock(spec.Kind)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Unlock())
		}
	}()
	unswept, err := c.settle(ctx)
	if err != nil {
		return nil, err
	}
	j := &job{c: c, name: spec.Name, data: spec.Data, retries: max(spec.Retries, 0), restart: spec.Restart}
	for _, n := range c.Nodes {
		j.targets = append(j.targets, &target{node: n, unswept: unswept[n.Name()], out: NodeOutcome{Node: n.Name()}})
	}
	err = j.readFormer(ctx, spec)
	if err == nil {
		err = j.begin(spec)
	}
	if err != nil {
		o := Outcome{State: StateUntouched, Nodes: j.outcomes()}
		return nil, &UnchangedError{Outcome: o, Err: err}
	}
	return &Run{job: j, spec: spec, lock: lock}, nil
}

// ID of the job in the journal.
func (r *Run) ID() string { return r.job.j.Begin.ID }

// Close gives the cluster back to others; it may be called again.
func (r *Run) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	return errors.Join(r.job.j.Close(), r.lock.Unlock())
}

// End says that every step of the job is done.
func (r *Run) End(ctx context.Context) (Outcome, error) {
	return r.job.finish(ctx, StateFinished, nil)
}

// Ready says what a job would be refused for, before a PIN is asked: another program at
// work, an older job that is unfinished, a state folder that cannot be written.
func (c *Cluster) Ready(ctx context.Context) error {
	lock, err := c.lock("")
	if err != nil {
		return err
	}
	_, err = c.settle(ctx)
	if err == nil {
		err = c.store().Probe()
	}
	return errors.Join(err, lock.Unlock())
}

// lock takes the cluster's lock.
func (c *Cluster) lock(what string) (*journal.Lock, error) { return c.store().Lock(what) }

func (c *Cluster) store() *journal.Store { return &journal.Store{Dir: c.dir, Now: c.o.Now} }

// settle refuses new work while an older job is unfinished. One that died before it
// changed anything is closed, and so is one of which looking at the nodes shows that
// nothing is left to do. It returns the nodes where something may be staged yet.
func (c *Cluster) settle(ctx context.Context) (unswept map[string]bool, err error) {
	if err := c.store().Tidy(); err != nil {
		return nil, err
	}
	jobs, err := c.store().List()
	if err != nil {
		return nil, err
	}
	unswept = map[string]bool{}
	for _, old := range jobs {
		state, end := old.State()
		if end != nil && state != StateIncomplete {
			for _, n := range end.Nodes {
				if _, newer := unswept[n.Name]; !newer {
					unswept[n.Name] = n.Unswept
				}
			}
			continue
		}
		if err := c.settleOne(ctx, old); err != nil {
			return nil, err
		}
	}
	return unswept, nil
}

func (c *Cluster) settleOne(ctx context.Context, old *journal.Job) error {
	unfinished := &UnfinishedError{ID: old.Begin.ID, Kind: old.Begin.Job}
	state := StateUntouched
	if old.Touched(StepCommit, StepRestore, StepAuthor, StepMode, StepTrust) {
		var err error
		if state, err = c.over(ctx, old.Begin.ID); err != nil || state == StateIncomplete {
			return unfinished
		}
	}
	j, err := c.openJob(old.Begin.ID, true)
	if err != nil {
		return err
	}
	defer j.j.Close()
	status := map[string]string{StateFinished: StatusPassed, StateOvertaken: StatusFailed}[state]
	if status == "" || j.noFile() {
		status = StatusUnchanged
	}
	for _, t := range j.targets {
		t.out.Status = status
	}
	if state != StateUntouched {
		why := overWords[state]
		if j.noFile() {
			why = message.Phrase("each of its steps is done")
		}
		c.tell(Progress{Step: StepJournal, State: StateWarning, Text: message.Phrase("job %s (%s) was left unfinished; %s, so that it is closed",
			old.Begin.ID, old.Begin.Job, why)})
	}
	_, err = j.finish(ctx, state, nil)
	return err
}

var overWords = map[string]message.Message{
	StateFinished:  message.Phrase("all nodes serve its new file"),
	StateTakenBack: message.Phrase("all nodes serve their former file"),
	StateOvertaken: message.Phrase("all nodes serve another file since, the same on each"),
}

// over looks whether anything of an unfinished job is left to do: StateIncomplete where
// there is.
func (c *Cluster) over(ctx context.Context, id string) (string, error) {
	j, err := c.openJob(id, false)
	if err != nil {
		return "", err
	}
	defer j.j.Close()
	if j.noFile() {
		return j.standing(), nil
	}
	if errors.Join(j.all(func(t *target) (err error) {
		t.found, err = j.live(ctx, t)
		return err
	})...) != nil {
		return StateIncomplete, ctx.Err()
	}
	return j.standing(), nil
}

// standing is how a job stands by what its nodes serve (found).
func (j *job) standing() string {
	isNew, isFormer, isOther := true, true, true
	_, known := j.j.Known()
	for _, t := range j.targets {
		isNew = isNew && known && journal.Same(t.found, j.data)
		isFormer = isFormer && journal.Same(t.found, t.former)
		isOther = isOther && t.found != nil && journal.Same(t.found, j.targets[0].found) &&
			!journal.Same(t.found, t.former) && !(known && journal.Same(t.found, j.data))
	}
	stepped := j.j.Touched(StepMode, StepAuthor, StepTrust)
	switch {
	case j.noFile():
		if len(j.leftSteps()) == 0 {
			return StateFinished
		}
		return StateIncomplete
	case isNew && len(j.leftSteps()) == 0:
		return StateFinished
	case isFormer && !stepped:
		return StateTakenBack
	case isOther && known && !stepped:
		return StateOvertaken
	}
	return StateIncomplete
}

// readFormer reads what every node serves and compares it with what was expected, and
// looks at what phones get. Where a node itself refuses to replace another file than the
// expected one, and its content is at hand, it is not read twice.
func (j *job) readFormer(ctx context.Context, spec JobSpec) error {
	if spec.Name == "" {
		return ctx.Err()
	}
	errs := j.all(func(t *target) error {
		var phones sync.WaitGroup
		if !spec.NoFile {
			phones.Go(func() {
				var before bool
				if t.gave, before = j.c.viewed(t.node.Profile, j.name); !before {
					t.gave = j.c.view(ctx, t.node.Profile, j.name)
				}
			})
		}
		defer phones.Wait()
		t.out.Status = StatusUnchanged
		name := t.node.Name()
		want, named := spec.Expect[name]
		data := j.c.recall(name, want)
		if !named || !t.node.Properties().ChecksReplaced || spec.ByPublisher || spec.NoFile || data == nil || journal.Same(data, spec.Data) {
			var err error
			if data, err = j.c.fetch(ctx, t.node, j.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.out.Status = StatusUnknown
				return j.failed(t, StepFetch, err)
			}
		}
		t.former, t.found = data, data
		j.sees(t, data)
		if named && !sameDigest(digest(data), want) {
			t.out.Err = &ConflictError{Node: name, Name: j.name, Expected: j.c.recall(name, want), Found: data}
			return t.out.Err
		}
		return nil
	})
	return joinConflicts(errs)
}

// begin writes the journal's beginning.
func (j *job) begin(spec JobSpec) error {
	if err := j.c.at("begin.before", ""); err != nil {
		return err
	}
	var contents []journal.Content
	for _, t := range j.targets {
		content := journal.Content{Node: t.node.Name(), Former: t.former}
		for _, what := range lacks(t.node.Properties()) {
			content.Lacks = append(content.Lacks, what.String())
		}
		contents = append(contents, content)
	}
	b := journal.Begin{Cluster: j.c.Profile.Name, Job: spec.Kind, Name: spec.Name, Note: spec.Note,
		Later: spec.ByPublisher || spec.NoFile, NoFile: spec.NoFile}
	for _, s := range spec.Steps {
		b.Steps = append(b.Steps, s.written())
	}
	var err error
	j.j, err = j.c.store().Create(b, j.data, contents)
	if err != nil {
		return err
	}
	return j.c.at("begin.recorded", "")
}

// NodeLacks is what a node cannot promise.
type NodeLacks struct {
	Node, Way string            // the way is as it is shown: "by hand", "OS Administration"
	What      []message.Message // "replace in one step", "keep the former file"...
}

// Lacks are the nodes that cannot promise all that there is to promise, for a plan to
// show. The journal's own copy of the former file stands in for the node's.
func (c *Cluster) Lacks() []NodeLacks {
	var out []NodeLacks
	for _, n := range c.Nodes {
		p := n.Properties()
		if what := lacks(p); len(what) > 0 {
			out = append(out, NodeLacks{n.Name(), p.Way, what})
		}
	}
	return out
}

// lacks is what a node cannot promise, as the journal keeps it.
func lacks(p reach.Properties) []message.Message {
	var out []message.Message
	for _, l := range []struct {
		lacks bool
		what  message.Message
	}{
		{!p.AtomicReplace, message.Phrase("replace in one step")}, {!p.KeepsFormer, message.Phrase("keep the former file")},
		{!p.ChecksReplaced, message.Phrase("check what it replaces")}, {p.NeedsRestart, message.Phrase("serve the new file without a restart of TFTP")},
	} {
		if l.lacks {
			out = append(out, l.what)
		}
	}
	return out
}
