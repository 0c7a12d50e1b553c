package ctlp

import (
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
	wrong []time.Time // within wrongWindow, oldest first
	locks int         // so far
	until time.Time   // locked until
	last  time.Time   // attempt
}

// stale reports that an address has been quiet for long enough to be forgotten.
func (a *attempts) stale(now time.Time) bool {
	return now.Sub(a.last) >= forgetAfter && now.Sub(a.until) >= forgetAfter
}

// attempt counts an attempt as wrong before its password is looked at, so that
// attempts side by side do not outrun the count; succeeded and undecided take
// that back. When the address is locked out nothing is counted, and wait is how
// long still.
func (l *lockouts) attempt(addr string) (wait time.Duration) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.addresses[addr]
	if a == nil || a.stale(now) {
		a = l.add(addr)
	}
	if wait := a.until.Sub(now); wait > 0 {
		return wait
	}
	a.last = now
	a.wrong = slices.DeleteFunc(a.wrong, func(t time.Time) bool { return now.Sub(t) >= wrongWindow })
	a.wrong = append(a.wrong, now)
	if len(a.wrong) < maxWrong {
		return 0
	}
	// One more within the window locks again: the four before it still count.
	a.wrong = a.wrong[len(a.wrong)-maxWrong:]
	a.until = now.Add(min(firstLock<<min(a.locks, 6), lastLock))
	a.locks++
	return 0
}

// undecided takes an attempt back whose password could not be looked at.
func (l *lockouts) undecided(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.addresses[addr]
	if a == nil || len(a.wrong) == 0 {
		return
	}
	if len(a.wrong) == maxWrong && a.locks > 0 {
		a.until = time.Time{}
		a.locks--
	}
	a.wrong = a.wrong[:len(a.wrong)-1]
}

// succeeded forgets an address.
func (l *lockouts) succeeded(addr string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.addresses, addr)
}

// add starts an address afresh and makes room where needed. l.mu is held.
func (l *lockouts) add(addr string) *attempts {
	if l.addresses == nil {
		l.addresses = make(map[string]*attempts)
	}
	delete(l.addresses, addr)
	if len(l.addresses) >= maxAddresses {
		var oldest string
		for k, a := range l.addresses {
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
