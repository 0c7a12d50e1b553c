package pinned

import (
	"context"
	"errors"
	"time"
)

// Patience asks a busy server again.
type Patience struct {
	// Sleep waits; nil: until the time is over or ctx ends. Waiting is told before each
	// wait, and why; it may be nil. Both are set before the first request.
	Sleep   func(ctx context.Context, d time.Duration) error
	Waiting func(d time.Duration, why error)
}

// Ask asks at most tries times, with pause between where the server does not say how
// long, as long as the error is ErrBusy.
func (p *Patience) Ask(ctx context.Context, tries int, pause time.Duration, once func() error) error {
	for try := 1; ; try++ {
		err := once()
		if try == tries || !errors.Is(err, ErrBusy) {
			return err
		}
		if err := p.wait(ctx, pause, err); err != nil {
			return err
		}
	}
}

func (p *Patience) wait(ctx context.Context, d time.Duration, why error) error {
	if status, ok := errors.AsType[*StatusError](why); ok && status.RetryAfter > 0 {
		d = status.RetryAfter
	}
	if p.Waiting != nil {
		p.Waiting(d, why)
	}
	return p.Pause(ctx, d)
}

// Pause waits until d is over or ctx ends.
func (p *Patience) Pause(ctx context.Context, d time.Duration) error {
	if p.Sleep != nil {
		return p.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
