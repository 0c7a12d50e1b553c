package token

import (
	"context"
	"sync"
	"time"
)

// watchEvery is how often slots are looked at: half of what Watch promises, so that
// reading a new token's certificates fits into the rest.
const watchEvery = time.Second

// watchShare is how much of the time a module is left alone: one that needs long to
// look at is looked at less often.
const watchShare = 5

// watchFailed is the longest time until a module that failed is tried again.
const watchFailed = 5 * time.Second

// watchAbsent is the same of a module that never worked, such as one whose service is not
// installed: each attempt is a process, which a computer at rest is to be spared.
const watchAbsent = time.Minute

// after is a pause between two looks; tests have their own.
var after = time.After

// Event of Watch.
type Event struct {
	Inserted bool
	Token    Info
	// Err, when set, says that a module does not answer any more, or did not from the
	// start; Token has the module's path alone, and Inserted is false. It comes once for
	// as long as the module fails, after the removals of the tokens that it showed.
	Err error
}

// Watch reports the tokens present at the start, then insertions and removals
// within two seconds, until ctx ends; it returns ctx's error, or an *Error of kind
// NoModule at once when there is no module to watch. f is never called twice at a
// time. Each module is watched by itself: one that waits for a signature reports
// late, and does not hold up the others. A token that two modules show is reported
// for both; see Distinct.
//
// A module that fails (its process ends, its reader's service stops) is started anew
// every few seconds, and its tokens are reported again when it is back; one that never
// worked is tried more and more seldom, at last once a minute.
//
// Slots are polled: C_WaitForSlotEvent blocks where it is implemented and cannot be
// cancelled. A module without a removable slot (SoftHSM2) shows changes only after a
// new C_Initialize, and gets one for each look while no signer is open on it.
func Watch(ctx context.Context, named []string, f func(Event)) error {
	names, _ := candidates(named)
	if len(names) == 0 {
		return &Error{Kind: NoModule}
	}
	var one sync.Mutex
	report := func(e Event) {
		one.Lock()
		defer one.Unlock()
		if ctx.Err() == nil {
			f(e)
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	unusable := 0
	var wg sync.WaitGroup
	for _, name := range names {
		w := &watcher{mod: lease(name), report: report}
		w.first = func(err error) {
			one.Lock()
			defer one.Unlock()
			if unusable++; unusable == len(names) {
				stop(err) // there is nothing to watch
			}
		}
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
	return context.Cause(ctx)
}

// watcher looks at one module.
type watcher struct {
	mod     *module
	report  func(Event)
	first   func(error) // told once of a module that cannot be loaded
	present []Info
	failing bool
	seen    bool // the module was loaded once
}

func (w *watcher) run(ctx context.Context) {
	defer w.mod.release(ctx)
	pause := watchEvery
	for {
		begun := time.Now()
		if err := w.look(ctx); err == nil || ctx.Err() != nil {
			w.seen, w.failing = true, false
			pause = max(watchEvery, watchShare*time.Since(begun))
		} else {
			w.fail(err)
			pause = min(2*pause, watchAbsent)
			if w.seen {
				pause = min(pause, watchFailed)
			}
		}
		select {
		case <-after(pause):
		case <-ctx.Done():
			return
		}
	}
}

// fail tells that the tokens of a module that does not answer cannot be reached.
func (w *watcher) fail(err error) {
	for _, i := range w.present {
		w.report(Event{Token: i})
	}
	w.present = nil
	if !w.failing {
		w.failing = true
		w.report(Event{Token: Info{Module: w.mod.spec.Path, from: w.mod.name}, Err: err})
		if !w.seen && w.first != nil {
			w.first(err)
			w.first = nil
		}
	}
}

// look compares the module with what it showed last time.
func (w *watcher) look(ctx context.Context) error {
	known := w.present
	infos, err := call(ctx, w.mod, func(r *running) ([]Info, error) {
		if err := r.renew(); err != nil {
			w.mod.startAnew()
			return nil, err
		}
		infos, err := r.slots()
		if err != nil && len(infos) == 0 {
			w.mod.startAnew()
			return nil, err
		}
		for n := range infos {
			if i := &infos[n]; !contains(known, *i) {
				// A token that cannot be read yet is shown without certificates.
				_ = r.read(i)
			}
		}
		return infos, nil
	}, nil)
	if err != nil {
		return err
	}
	w.present = nil
	for _, i := range known {
		if contains(infos, i) {
			w.present = append(w.present, i)
		} else {
			w.report(Event{Token: i})
		}
	}
	for _, i := range infos {
		if !contains(known, i) {
			w.present = append(w.present, i)
			w.report(Event{Inserted: true, Token: i})
		}
	}
	return nil
}

func contains(infos []Info, want Info) bool {
	for _, i := range infos {
		if i.same(want) {
			return true
		}
	}
	return false
}
