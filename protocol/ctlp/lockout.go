package ctlp

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The brute-force rule: after maxWrong wrong passwords from one address within
// wrongWindow it is locked out for firstLock, doubling up to lastLock with every
// further time.
const (
	maxWrong    = 5
	wrongWindow = 10 * time.Minute
	firstLock   = time.Minute
	lastLock    = time.Hour
	// forgetAfter is how long after its last attempt or lock an address is
	// remembered, with the number of its locks.
	forgetAfter = time.Hour
	// maxAddresses bounds the memory; beyond it the address that is longest
	// without an attempt is forgotten.
	maxAddresses = 4096
)

// lockouts counts wrong passwords by address.
type lockouts struct {
	mu        sync.Mutex
	addresses map[string]*attempts
}

type attempts struct {
	wrong   []time.Time   // within wrongWindow, oldest first
	pending int           // passwords that are being looked at
	decided chan struct{} // closed when one of them was; nil: nobody waits
	locks   int           // so far
	until   time.Time     // locked until
	last    time.Time     // attempt
}

// stale reports that an address has been quiet for long enough to be forgotten.
func (a *attempts) stale(now time.Time) bool {
	return now.Sub(a.last) >= forgetAfter && now.Sub(a.until) >= forgetAfter
}

// attempt asks to look at a password from addr. While it is locked out nothing is
// counted, and wait is how long still. Else one of decided, undecided and succeeded must
// follow. As many passwords are looked at side by side as may still be wrong; others
// wait for what becomes of those, so that clients who share an address and know their
// passwords are not taken for one who guesses. The error is ctx's.
func (l *lockouts) attempt(ctx context.Context, addr string) (wait time.Duration, err error) {
	for {
		wait, decided := l.begin(addr)
		if decided == nil {
			return wait, nil
		}
		select {
		case <-decided:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// begin is one try of attempt; where it has to wait for others, decided ends that.
func (l *lockouts) begin(addr string) (wait time.Duration, decided <-chan struct{}) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.addresses[addr]
	if a == nil || a.pending == 0 && a.stale(now) {
		a = l.add(addr)
	}
	if wait := a.until.Sub(now); wait > 0 {
		return wait, nil
	}
	a.last = now
	a.wrong = slices.DeleteFunc(a.wrong, func(t time.Time) bool { return now.Sub(t) >= wrongWindow })
	if len(a.wrong)+a.pending >= maxWrong {
		if a.decided == nil {
			a.decided = make(chan struct{})
		}
		return 0, a.decided
	}
	a.pending++
	return 0, nil
}

// end takes an attempt from those under way and says what it was.
func (l *lockouts) end(addr string, is func(a *attempts)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.addresses[addr]
	if a == nil || a.pending == 0 {
		return
	}
	a.pending--
	is(a)
	if a.decided != nil {
		close(a.decided)
		a.decided = nil
	}
}

// failed counts a wrong password.
func (l *lockouts) failed(addr string) {
	l.end(addr, func(a *attempts) {
		now := time.Now()
		a.wrong = append(a.wrong, now)
		if len(a.wrong) < maxWrong {
			return
		}
		// One more within the window locks again: the others still count.
		a.wrong = a.wrong[len(a.wrong)-maxWrong+1:]
		a.until = now.Add(min(firstLock<<min(a.locks, 6), lastLock))
		a.locks++
	})
}

// undecided is for an attempt whose password could not be looked at.
func (l *lockouts) undecided(addr string) { l.end(addr, func(*attempts) {}) }

// succeeded forgets what was wrong before.
func (l *lockouts) succeeded(addr string) {
	l.end(addr, func(a *attempts) {
		a.wrong, a.locks, a.until = nil, 0, time.Time{}
		if a.pending == 0 && a.decided == nil {
			delete(l.addresses, addr)
		}
	})
}

// add starts an address afresh and makes room where needed: by the one that is longest
// without an attempt and has none under way. l.mu is held.
func (l *lockouts) add(addr string) *attempts {
	if l.addresses == nil {
		l.addresses = make(map[string]*attempts)
	}
	delete(l.addresses, addr)
	if len(l.addresses) >= maxAddresses {
		var oldest string
		for k, a := range l.addresses {
			if a.pending > 0 {
				continue
			}
			if o := l.addresses[oldest]; o == nil || a.last.Before(o.last) {
				oldest = k
			}
		}
		delete(l.addresses, oldest)
	}
	a := new(attempts)
	l.addresses[addr] = a
	return a
}
