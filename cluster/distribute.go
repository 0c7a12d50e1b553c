package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// DistributeOptions of one file to all nodes; they are those of JobSpec.
type DistributeOptions struct {
	Name      string
	Data      []byte
	Expect    map[string]*[32]byte
	Job       string // "update", "migrate to-tokens"
	KeepGoing bool
	Retries   int
	Restart   bool
	Note      map[string]string
}

// Distribute is a whole job whose one step is to bring a file to all nodes: see
// [Run.File].
func (c *Cluster) Distribute(ctx context.Context, o DistributeOptions) (Outcome, error) {
	r, err := c.Begin(ctx, JobSpec{Kind: o.Job, Name: o.Name, Data: o.Data, Expect: o.Expect,
		KeepGoing: o.KeepGoing, Retries: o.Retries, Restart: o.Restart, Note: o.Note})
	if err != nil {
		var unchanged *UnchangedError
		if errors.As(err, &unchanged) {
			return unchanged.Outcome, err
		}
		return Outcome{}, err
	}
	defer r.Close()
	if o, err := r.File(ctx); err != nil {
		return o, err
	}
	return r.End(ctx)
}

// File brings the job's file to all nodes: staged side by side, committed on the
// publisher, then on all others side by side, where a person carries it last, and read
// back from all, over the node's transport and as phones get it. The publisher goes first
// so that a commit which nodes refuse in principle has touched one node only.
//
// A failure before the first commit changes nothing anywhere: *UnchangedError (around
// a *NodeError, or a *ConflictError when a node's file is not the expected one). After
// it a step is repeated with growing pauses; what still fails is taken back everywhere
// or, with KeepGoing, left to Resume: *PartialError, with every node's outcome. After an
// error the job is over.
//
// When ctx ends before the first commit the stages are removed; after it, the file is
// taken back within the time of one request, or the job stays in the journal, as it does
// while a person is waited for.
func (r *Run) File(ctx context.Context) (Outcome, error) {
	j := r.job
	if err := errors.Join(j.all(func(t *target) error { return j.stage(ctx, t) })...); err != nil {
		return j.stopped(ctx, r.spec, err)
	}
	if err := ctx.Err(); err != nil {
		return j.stopped(ctx, r.spec, err)
	}
	err := j.commitAll(ctx)
	if err == nil {
		err = errors.Join(j.all(func(t *target) error { return j.readBack(ctx, t, j.data, true) })...)
	}
	if err != nil {
		return j.stopped(ctx, r.spec, err)
	}
	return Outcome{ID: r.ID(), Nodes: j.outcomes()}, nil
}

// stopped decides what becomes of a job whose file did not get everywhere.
func (j *job) stopped(ctx context.Context, spec JobSpec, err error) (Outcome, error) {
	switch {
	case !j.touched():
		return j.abandon(ctx, err)
	case spec.KeepGoing, ctx.Err() != nil && j.awaitsPerson():
		return j.leave(ctx, err)
	}
	return j.takeBack(ctx, err)
}

// awaitsPerson reports whether the file is yet to be carried somewhere by hand.
func (j *job) awaitsPerson() bool {
	return slices.ContainsFunc(j.targets, func(t *target) bool { return t.node.Properties().Person && t.out.Status != StatusPassed })
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

// commitAll commits on the publisher, then on the others side by side, and last where a
// person carries the file.
func (j *job) commitAll(ctx context.Context) error {
	commit := func(t *target) error {
		if !journal.Same(t.found, j.data) {
			if err := j.bring(ctx, t, StepCommit, j.data, t.found); err != nil {
				return j.failed(t, StepCommit, err)
			}
		}
		if err := j.serveAnew(ctx, t); err != nil {
			return j.failed(t, StepRestart, err)
		}
		return nil
	}
	var groups [3][]*target
	for _, t := range j.targets {
		switch {
		case t.node.Properties().Person:
			groups[2] = append(groups[2], t)
		case j.c.isLead(t.node.Name()):
			groups[0] = append(groups[0], t)
		default:
			groups[1] = append(groups[1], t)
		}
	}
	for _, g := range groups {
		if err := errors.Join(side(g, func(_ int, t *target) error { return commit(t) })...); err != nil {
			return err
		}
	}
	return nil
}

// serveAnew has the TFTP service of a node that needs it restarted, where that was agreed
// to and can be done.
func (j *job) serveAnew(ctx context.Context, t *target) error {
	p := t.node.Properties()
	if !p.NeedsRestart || p.Person || !j.restart || j.c.Site.Services == nil {
		return nil
	}
	live, err := j.live(ctx, t)
	if err != nil || journal.Same(live, j.data) {
		return err
	}
	return j.restartService(ctx, t.node.Name(), reach.TFTP)
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

// live is what a node serves now; nil: nothing. After a publisher wrote, a TFTP service that
// gives another file from its memory than the node holds is a *MemoryError.
func (j *job) live(ctx context.Context, t *target) ([]byte, error) {
	data, err := j.served(ctx, t)
	if err == nil && j.j.Touched(StepAuthor) {
		if err = j.fromMemory(ctx, t, data); err != nil {
			t.out.Status = StatusUnknown
			return nil, err
		}
	}
	return data, err
}

// served is what a node serves now, by whatever memory; nil: nothing.
func (j *job) served(ctx context.Context, t *target) ([]byte, error) {
	if t.shut() {
		t.out.Status = StatusUnknown
		return nil, t.out.Err
	}
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
			phones = phones && j.c.servesTFTP(t.node.Profile)
			served := make(chan error, 1)
			if phones {
				go func() { served <- j.readTFTP(ctx, t, want) }()
			} else {
				served <- nil
			}
			live, err := j.live(ctx, t)
			phonesErr := <-served
			if err != nil {
				return err
			}
			if !journal.Same(live, want) {
				return &ConflictError{Node: t.node.Name(), Name: j.name, Expected: want, Found: live,
					hints: message.Hint("the node does not serve what was put there; see what each node serves: %s", message.Action{Do: message.SeeStatus})}
			}
			return phonesErr
		})
	})
	if err != nil {
		return j.failed(t, StepReadBack, err)
	}
	t.out.Status, t.out.Err = StatusPassed, nil
	return nil
}

// conflict describes a node whose live file is none of the job's.
func (j *job) conflict(ctx context.Context, t *target, expected []byte) error {
	live, err := j.live(ctx, t)
	if err != nil {
		return err
	}
	t.out.Status, t.out.Err = StatusFailed, &ConflictError{Node: t.node.Name(), Name: j.name, Expected: expected, Found: live}
	return t.out.Err
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
