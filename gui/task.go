package gui

import (
	"context"
	"sync"

	"fyne.io/fyne/v2"
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
	what   string
	cancel context.CancelFunc
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

// close ends what runs and waits for it.
func (ts *tasks) close() {
	ts.stop()
	ts.wait.Wait()
}

// start runs work beside the window; done is called on the UI goroutine with its outcome,
// unless the window is closing. It is called on the UI goroutine itself.
func start[T any](ts *tasks, what string, work func(ctx context.Context) (T, error), done func(T, error)) *task {
	ctx, cancel := context.WithCancel(ts.ctx)
	tk := &task{what: what, cancel: cancel}
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
