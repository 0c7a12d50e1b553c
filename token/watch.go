package token

import (
	"context"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
)

// watchEvery is how often slots are looked at: half of what Watch promises, so that
// reading a new token's certificates fits into the rest.
const watchEvery = time.Second

// Event of Watch.
type Event struct {
	Inserted bool
	Token    Info
}

// Watch reports the tokens present at the start, then insertions and removals
// within two seconds, until ctx ends; it returns ctx's error, or an *Error of kind
// NoModule at once when there is no module to watch. f is never called twice at a
// time. Each module is watched by itself: one that waits for a signature reports
// late, and does not hold up the others. A token that two modules show is reported
// for both; see Distinct.
//
// Slots are polled: C_WaitForSlotEvent blocks where it is implemented and cannot be
// cancelled. A module without a removable slot (SoftHSM2) shows changes only after a
// new C_Initialize, and gets one for each look while no signer is open on it.
func Watch(ctx context.Context, named []string, f func(Event)) error {
	mods, errs := usable(named)
	if len(mods) == 0 {
		return errs[0]
	}
	var one sync.Mutex
	report := func(e Event) {
		one.Lock()
		defer one.Unlock()
		if ctx.Err() == nil {
			f(e)
		}
	}
	var wg sync.WaitGroup
	for _, m := range mods {
		wg.Go(func() { (&watcher{mod: m, report: report}).run(ctx) })
	}
	wg.Wait()
	return ctx.Err()
}

// watcher looks at one module.
type watcher struct {
	mod     *module
	report  func(Event)
	present []Info
	pinned  bool // the module is kept initialised for us
}

func (w *watcher) run(ctx context.Context) {
	defer w.unpin()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look compares the module with what it showed last time. A module that fails to
// answer says nothing about its tokens.
func (w *watcher) look(ctx context.Context) {
	type view struct {
		infos  []Info
		pinned bool
	}
	known, pinned, m := w.present, w.pinned, w.mod
	v, err := call(ctx, m, func() (view, error) {
		infos, err := m.slots()
		for n := range infos {
			if i := &infos[n]; !contains(known, *i) {
				// A token that cannot be read yet is shown without certificates.
				i.Certificates, _ = m.certificates(i.Slot)
			}
		}
		if err != nil && len(infos) == 0 {
			return view{}, err
		}
		v := view{infos: infos}
		if !pinned && m.removable() {
			v.pinned = true
			m.pins++
		}
		return v, nil
	}, func(v view) {
		if v.pinned {
			m.pins--
		}
	})
	if err != nil {
		return
	}
	w.pinned = w.pinned || v.pinned
	w.present = nil
	for _, i := range known {
		if contains(v.infos, i) {
			w.present = append(w.present, i)
		} else {
			w.report(Event{Token: i})
		}
	}
	for _, i := range v.infos {
		if !contains(known, i) {
			w.present = append(w.present, i)
			w.report(Event{Inserted: true, Token: i})
		}
	}
}

// removable tells whether a token can come and go in a slot that is there now. The
// lock is held.
func (m *module) removable() bool {
	ids, err := m.p11.GetSlotList(false)
	if err != nil {
		return false
	}
	for _, id := range ids {
		if s, err := m.p11.GetSlotInfo(id); err == nil && s.Flags&pkcs11.CKF_REMOVABLE_DEVICE != 0 {
			return true
		}
	}
	return false
}

func contains(infos []Info, want Info) bool {
	for _, i := range infos {
		if i.same(want) {
			return true
		}
	}
	return false
}

// unpin lets the module be finalised. It may run behind a call that is stuck, so it
// does not wait.
func (w *watcher) unpin() {
	if !w.pinned {
		return
	}
	m := w.mod
	go func() {
		m.lock <- struct{}{}
		defer func() { <-m.lock }()
		m.pins--
		m.leave()
	}()
}
