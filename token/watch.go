package token

import (
	"context"
	"errors"
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
// NoModule at once when there is no module to watch. f is called from one goroutine.
//
// Slots are polled: C_WaitForSlotEvent blocks where it is implemented and cannot be
// cancelled. A module without a removable slot (SoftHSM2) shows changes only after a
// new C_Initialize, and gets one for each look while no signer is open on it.
func Watch(ctx context.Context, named []string, f func(Event)) error {
	mods, errs := usable(named)
	if len(mods) == 0 {
		return errors.Join(errs...)
	}
	w := &watcher{pinned: map[*module]bool{}}
	defer w.unpin()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		for _, m := range mods {
			w.look(ctx, m, f)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

type watcher struct {
	present []Info
	pinned  map[*module]bool
}

// look compares a module with what it showed last time. A module that fails to
// answer says nothing about its tokens.
func (w *watcher) look(ctx context.Context, m *module, f func(Event)) {
	type look struct {
		infos  []Info
		pinned bool
	}
	known, pinned := w.of(m), w.pinned[m]
	l, err := call(ctx, m, func() (look, error) {
		infos, err := m.slots()
		for n := range infos {
			if i := &infos[n]; !contains(known, *i) {
				// A token that cannot be read yet is shown without certificates.
				i.Certificates, _ = m.certificates(i.Slot)
			}
		}
		l := look{infos: infos}
		if len(infos) > 0 {
			err = nil
		}
		if err == nil && !pinned && m.removable() {
			l.pinned = true
			m.pins++
		}
		return l, err
	}, func(l look) {
		if l.pinned {
			m.pins--
		}
	})
	if err != nil {
		return
	}
	if l.pinned {
		w.pinned[m] = true
	}
	for _, i := range known {
		if !contains(l.infos, i) {
			w.remove(i)
			f(Event{Token: i})
		}
	}
	for _, i := range l.infos {
		if !contains(known, i) {
			w.present = append(w.present, i)
			f(Event{Inserted: true, Token: i})
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

func (w *watcher) of(m *module) []Info {
	var infos []Info
	for _, i := range w.present {
		if i.Module == m.path {
			infos = append(infos, i)
		}
	}
	return infos
}

func (w *watcher) remove(gone Info) {
	for n, i := range w.present {
		if i.same(gone) {
			w.present = append(w.present[:n], w.present[n+1:]...)
			return
		}
	}
}

func contains(infos []Info, want Info) bool {
	for _, i := range infos {
		if i.same(want) {
			return true
		}
	}
	return false
}

// unpin lets the modules be finalised. It runs behind a call that may be stuck, so
// it does not wait.
func (w *watcher) unpin() {
	for m := range w.pinned {
		go func() {
			m.lock <- struct{}{}
			defer func() { <-m.lock }()
			m.pins--
			m.leave()
		}()
	}
}
