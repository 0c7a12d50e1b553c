package ctlp

import (
	"context"
	"time"
)

// What bounds a server's memory, however many clients it has: each message of up to
// smallMessage bytes costs about that, longer ones are held by maxBulk clients at a time,
// and maxDisk requests are at work in the folder, each with at most a live file and a
// new one. Who comes later waits; a client that is slow with a long message loses its
// connection after bulkTimeout.
const (
	smallMessage = 16 << 10
	maxBulk      = 16
	maxDisk      = 16
	bulkTimeout  = 30 * time.Second
)

// slots are places for things that go on at a time.
type slots chan struct{}

// take waits for a place, at most for so long; the error is a *StatusError with Busy, or
// ctx's.
func (s slots) take(ctx context.Context, patience time.Duration) error {
	select {
	case s <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case s <- struct{}{}:
		return nil
	case <-t.C:
		return refuse(Busy, "no place became free within %v", patience)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s slots) free() { <-s }

// takeBulk takes a place for a long message, which the session gives back when it has
// answered.
func (ss *session) takeBulk() error {
	if ss.holdsBulk {
		return nil
	}
	if err := ss.bulk.take(ss.ctx, ss.o.IdleTimeout); err != nil {
		return err
	}
	ss.holdsBulk = true
	return nil
}

func (ss *session) freeBulk() {
	if ss.holdsBulk {
		ss.holdsBulk = false
		ss.bulk.free()
	}
}

// patience is how long the next read or write may take.
func (ss *session) patience() time.Time {
	d := ss.o.IdleTimeout
	if ss.holdsBulk {
		d = min(d, bulkTimeout)
	}
	return time.Now().Add(d)
}
