package phoneweb

import (
	"context"
	"net/netip"
	"sync"
)

// How many phones are read at a time: a page is made by a slow machine that should answer
// calls, on a line that it may share.
const (
	maxAtOnce  = 64 // in all
	maxInRange = 4  // of one address range: /24, IPv6 /64
)

// Target is a phone to read.
type Target struct {
	Host  string // address or name
	Name  string // "SEP" and 12 digits
	Model string // may be empty
}

// ReadAll reads many phones, a few of one address range at a time. each is told what Read
// says of targets[i], in the order in which they answer, never twice at a time. When ctx
// ends, each is told nothing more and its error is returned.
func ReadAll(ctx context.Context, targets []Target, o Options, each func(i int, p Page, err error)) error {
	return readAll(ctx, targets, each, func(ctx context.Context, t Target) (Page, error) {
		return Read(ctx, t.Host, t.Name, t.Model, o)
	})
}

func readAll(ctx context.Context, targets []Target, each func(int, Page, error), read func(context.Context, Target) (Page, error)) error {
	var (
		ranges = map[string][]int{}
		order  []string
	)
	for i, t := range targets {
		r := rangeOf(t.Host)
		if ranges[r] == nil {
			order = append(order, r)
		}
		ranges[r] = append(ranges[r], i)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex // held while each is told
		room = make(chan struct{}, maxAtOnce)
	)
	for _, r := range order {
		queue := make(chan int, len(ranges[r]))
		for _, i := range ranges[r] {
			queue <- i
		}
		close(queue)
		for range min(maxInRange, len(queue)) {
			wg.Go(func() {
				for i := range queue {
					select {
					case room <- struct{}{}:
					case <-ctx.Done():
						return
					}
					page, err := read(ctx, targets[i])
					<-room
					mu.Lock()
					if ctx.Err() == nil {
						each(i, page, err)
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return ctx.Err()
}

// rangeOf is what phones near each other share.
func rangeOf(host string) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	bits := 64
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // both fit
	return p.String()
}
