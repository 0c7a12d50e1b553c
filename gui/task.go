package gui

import (
	"context"
	"slices"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/workflow"
)

// tasks are the pieces of work that run beside the window. Each has a context that
// its Cancel button, the end of the window and the end of the program all end.
type tasks struct {
	ctx     context.Context
	stop    context.CancelFunc
	wait    sync.WaitGroup
	changed func() // on the UI goroutine: something started or ended
	list    []*task
}

type task struct {
	what      string
	began     time.Time
	cancel    context.CancelFunc
	onCluster bool // works on the cluster that is open
	final     bool // past the point at which it can be cancelled
	job       bool // may write: the window does not close on it without a question
}

func newTasks(ctx context.Context, changed func()) *tasks {
	ctx, stop := context.WithCancel(ctx)
	return &tasks{ctx: ctx, stop: stop, changed: changed}
}

// running is what runs now, oldest first.
func (ts *tasks) running() []*task { return ts.list }

func (ts *tasks) remove(t *task) {
	for i, other := range ts.list {
		if other == t {
			ts.list = append(ts.list[:i:i], ts.list[i+1:]...)
			break
		}
	}
	ts.changed()
}

// jobs reports whether a job is under way, and not just something being read.
func (ts *tasks) jobs() bool {
	return slices.ContainsFunc(ts.list, func(t *task) bool { return t.job })
}

// finalise takes the Cancel button from a task.
func (ts *tasks) finalise(t *task) {
	if t != nil {
		t.final = true
		ts.changed()
	}
}

// close ends what runs and waits for it.
func (ts *tasks) close() {
	ts.stop()
	ts.wait.Wait()
}

// start runs work beside the window; done is called on the UI goroutine with its outcome,
// unless the window is closing. It is called on the UI goroutine itself.
func start[T any](ts *tasks, what string, work func(ctx context.Context) (T, error), done func(T, error)) *task {
	ctx, cancel := context.WithCancel(ts.ctx)
	tk := &task{what: what, began: time.Now(), cancel: cancel}
	ts.list = append(ts.list, tk)
	ts.changed()
	ts.wait.Add(1)
	go func() {
		defer ts.wait.Done()
		defer cancel()
		v, err := work(ctx)
		if ts.ctx.Err() != nil {
			return
		}
		fyne.Do(func() {
			ts.remove(tk)
			done(v, err)
		})
	}()
	return tk
}

// seen is the cluster as a session saw it last.
type seen struct {
	snapshot *cluster.Snapshot
	fits     []workflow.Fit
	older    []workflow.OlderPhone
	// What this way to the cluster can be asked.
	canPhones, canTrust bool
}

func seenBy(session *workflow.Session) seen {
	can := func(a reach.Ability) bool { return session.Cluster.Site.Need(a) == nil }
	return seen{session.Snapshot, session.Fits(), session.Older(), can(reach.AbilityPhones), can(reach.AbilityTrust)}
}

// onCluster is start for work on the cluster that is open. A session serves one goroutine at a
// time: work waits for its turn, and what the session has seen is handed to the screens at the
// end of each, so that none of them reads the session itself.
func onCluster[T any](s *shell, what string, work func(context.Context, *workflow.Session) (T, error), done func(T, error)) *task {
	session, turn := s.model.session, s.model.turn
	type outcome struct {
		value T
		seen  seen
	}
	tk := start(s.tasks, what,
		func(ctx context.Context) (o outcome, err error) {
			select {
			case turn <- struct{}{}:
			case <-ctx.Done():
				return o, ctx.Err()
			}
			defer func() { <-turn }()
			o.value, err = work(ctx, session)
			o.seen = seenBy(session)
			return o, err
		},
		func(o outcome, err error) {
			if s.model.session == session && o.seen.snapshot != nil {
				s.model.seen = o.seen
			}
			done(o.value, err)
		})
	tk.onCluster = true
	return tk
}

// runJob is onCluster for what writes.
func runJob[T any](s *shell, what string, work func(context.Context, *workflow.Session) (T, error), done func(T, error)) *task {
	tk := onCluster(s, what, work, done)
	tk.job = true
	return tk
}

// cancelOnCluster stops what runs on the cluster that is left.
func (ts *tasks) cancelOnCluster() {
	for _, t := range ts.list {
		if t.onCluster {
			t.cancel()
		}
	}
}
