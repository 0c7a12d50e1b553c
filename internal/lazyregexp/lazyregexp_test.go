package lazyregexp

import (
	"sync"
	"testing"
)

func TestCompiledOnceAndLate(t *testing.T) {
	inTest = false
	defer func() { inTest = true }()
	r := New(`^a(\d+)$`)
	if r.re != nil || r.String() != `^a(\d+)$` {
		t.Error("compiled before it is used")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if m := r.FindStringSubmatch("a12"); len(m) != 2 || m[1] != "12" {
				t.Errorf("%v", m)
			}
		})
	}
	all.Wait()
}

// A mistake shows in the first test of the package that makes it.
func TestMistakesShowInTests(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(`(`)
}
