package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/message"
)

// A node that is down does not keep a rollback for longer than the pauses between the tries
// last, however long each try takes; the others are put right, and the first hint is the way
// on that the person was about.
func TestRollbackLeavesANodeThatIsDown(t *testing.T) {
	for name, test := range map[string]struct {
		answer time.Duration // how long the node is waited for in each try
		tries  int
	}{
		"each try takes seconds": {answer: 10 * time.Second, tries: 2},
		"each try fails at once": {tries: DefaultRetries},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, oldFile)
			out, err := s.connect(s.options()).Distribute(t.Context(), DistributeOptions{Data: newFile})
			if err != nil {
				t.Fatal(err)
			}
			s.node("alt").halt()
			o := s.options()
			o.Tolerant = true
			var mu sync.Mutex
			now := time.Now()
			tried := 0
			o.Now = func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return now
			}
			o.Progress = func(p Progress) {
				mu.Lock()
				defer mu.Unlock()
				if p.State == StateRetry && p.Node == "alt" && p.Step == StepFetch {
					tried++
					if now = now.Add(test.answer); p.Wait == 0 || p.Try != tried || p.Tries != DefaultRetries || p.Err == nil {
						t.Errorf("a retry that does not say what it waits for: %+v", p)
					}
				}
			}
			var partial *PartialError
			if _, err := s.connect(o).Rollback(t.Context(), out.ID); !errors.As(err, &partial) {
				t.Fatalf("error %v", err)
			}
			if tried != test.tries {
				t.Errorf("tried again %d times, want %d", tried, test.tries)
			}
			hints := partial.Hints()
			want := message.Action{Do: message.TakeBack, ID: out.ID}
			if len(hints) == 0 || hints[0].String() != message.Phrase("to put the former file back everywhere: %s", want).String() {
				t.Errorf("the first hint is %v", hints)
			}
			for _, n := range []string{"pub", "sub"} {
				if got := s.node(n).get(CTLFile); !journal.Same(got, oldFile) {
					t.Errorf("%s does not serve the former file", n)
				}
			}
		})
	}
}

// A state folder that takes no journal is found before a PIN is asked for.
func TestReadyAsksForRoom(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "clusters", "site", "probe", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	var unwritten *journal.WriteError
	if err := c.Ready(t.Context()); !errors.As(err, &unwritten) || len(unwritten.Hints()) == 0 {
		t.Errorf("error %v", err)
	}
}
