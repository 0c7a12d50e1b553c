package phoneweb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Every phone is read once; few of one range at a time, and not too many in all.
func TestReadAllIsPolite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ranges, phones = 40, 10
		var targets []Target
		for i := range ranges * phones {
			targets = append(targets, Target{Host: fmt.Sprintf("10.0.%d.%d", i%ranges, i/ranges+1), Name: fmt.Sprint(i)})
		}
		var (
			mu      sync.Mutex
			inRange = map[string]int{}
			all     int
			most    int
			told    []int
			busy    bool
		)
		change := func(t Target, by int) (here, everywhere int) {
			mu.Lock()
			defer mu.Unlock()
			r := rangeOf(t.Host)
			inRange[r] += by
			all += by
			most = max(most, all)
			return inRange[r], all
		}
		start := time.Now()
		err := readAll(t.Context(), targets, func(i int, p Page, err error) {
			if busy {
				t.Error("told twice at a time")
			}
			busy = true
			told = append(told, i)
			busy = false
			if p.Device.Name != targets[i].Name || (err != nil) != (i == 7) {
				t.Errorf("%d: %+v, %v", i, p, err)
			}
		}, func(ctx context.Context, target Target) (p Page, err error) {
			here, everywhere := change(target, 1)
			if here > maxInRange || everywhere > maxAtOnce {
				t.Errorf("%d in a range, %d in all", here, everywhere)
			}
			time.Sleep(3 * time.Second)
			change(target, -1)
			if target.Name == "7" {
				err = errors.New("no page")
			}
			return Page{Device: Device{Name: target.Name}}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(told)
		for i := range targets {
			if len(told) != len(targets) || told[i] != i {
				t.Fatalf("%d phones, told of %d", len(targets), len(told))
			}
		}
		if most != maxAtOnce {
			t.Errorf("%d at a time at most", most)
		}
		if took := time.Since(start); took != 7*3*time.Second { // 400 phones, 64 at a time
			t.Errorf("took %v", took)
		}
	})
}

// When the caller has enough, nothing more is told.
func TestReadAllEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	err := readAll(ctx, make([]Target, 1000), func(int, Page, error) {
		told++
		cancel()
	}, func(context.Context, Target) (Page, error) { return Page{}, nil })
	if !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("%v, told of %d", err, told)
	}
	if err := ReadAll(t.Context(), nil, Options{}, nil); err != nil {
		t.Error(err)
	}
}

func TestRangeOf(t *testing.T) {
	for host, want := range map[string]string{
		"10.1.2.3": "10.1.2.0/24", "::ffff:10.1.2.3": "10.1.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "phone-1": "phone-1", "": "",
	} {
		if got := rangeOf(host); got != want {
			t.Errorf("%q: %q, want %q", host, got, want)
		}
	}
}
