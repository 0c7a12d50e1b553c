package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
)

// broken is a site whose job broke off when the first node had the new file.
func broken(t *testing.T) *testSite {
	t.Helper()
	s := newSite(t, oldFile)
	s.child("distribute", "", "commit.recorded", "pub", newFile)
	return s
}

// newest is the newest job as the journal has it.
func (s *testSite) newest(c *Cluster) *journal.Job {
	s.t.Helper()
	jobs, err := c.store().List()
	if err != nil || len(jobs) == 0 {
		s.t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	return jobs[0]
}

// finishings are the entries of a job that say that it is finished, taken back or closed.
func finishings(j *journal.Job) (out []journal.Entry) {
	for _, e := range j.Entries {
		if e.Kind == journal.KindResume || e.Kind == journal.KindRollback {
			out = append(out, e)
		}
	}
	return out
}

// The journal says how a job was finished, and with what decision of the person.
func TestFinishIsWrittenDown(t *testing.T) {
	note := map[string]string{"by": "me"}
	for name, tc := range map[string]struct {
		finish func(*Cluster) (Outcome, error)
		kind   string
		state  string
		serve  []byte // by all nodes then; nil: as before
	}{
		"resume": {func(c *Cluster) (Outcome, error) {
			return c.Finish(t.Context(), "", FinishOptions{Note: note})
		}, journal.KindResume, StateFinished, newFile},
		"rollback": {func(c *Cluster) (Outcome, error) {
			return c.Finish(t.Context(), "", FinishOptions{Back: true, Note: note})
		}, journal.KindRollback, StateTakenBack, oldFile},
		"close": {func(c *Cluster) (Outcome, error) {
			return c.CloseJob(t.Context(), "", note)
		}, journal.KindResume, StateClosed, nil},
	} {
		s := broken(t)
		before := s.serves()
		c := s.connect(s.options())
		out, err := tc.finish(c)
		if err != nil || out.State != tc.state {
			t.Errorf("%s: %+v, %v", name, out, err)
			continue
		}
		j := s.newest(c)
		if j.Begin.ID != out.ID {
			t.Errorf("%s: job %s, not %s", name, out.ID, j.Begin.ID)
		}
		entries := finishings(j)
		if state, _ := j.State(); len(entries) != 1 || state != tc.state {
			t.Fatalf("%s: %d entries, state %s", name, len(entries), state)
		}
		if e := entries[0]; e.Kind != tc.kind || e.Note["by"] != "me" || e.PID == 0 {
			t.Errorf("%s is written down as %+v", name, e)
		}
		if tc.serve != nil {
			s.wantAll(tc.serve)
		} else if fmt.Sprint(s.serves()) != fmt.Sprint(before) {
			t.Errorf("%s changed what nodes serve", name)
		}
	}
}

// A node that does not answer is tried again as often as was said, by default as in a job.
func TestFinishTriesAgain(t *testing.T) {
	for retries, want := range map[int]int32{0: DefaultRetries, 2: 2, -1: 0} {
		s := broken(t)
		o := s.options()
		o.Tolerant = true
		c := s.connect(o)
		s.node("sub").halt()
		var waits atomic.Int32
		c.o.Sleep = func(ctx context.Context, _ time.Duration) error { waits.Add(1); return ctx.Err() }
		_, err := c.Finish(t.Context(), "", FinishOptions{Retries: retries})
		if !errors.As(err, new(*PartialError)) || waits.Load() != want {
			t.Errorf("%d retries: %v, and it waited %d times, not %d", retries, err, waits.Load(), want)
		}
	}
}

// What finishing or taking back a job would have nodes serve is said beforehand, and nothing is
// changed by saying it.
func TestFileOf(t *testing.T) {
	s := broken(t)
	c := s.connect(s.options())
	id := s.newest(c).Begin.ID
	before := len(s.newest(c).Entries)
	for name, back := range map[string]bool{"resume": false, "rollback": true} {
		for _, named := range []string{"", id} {
			f, err := c.FileOf(named, back)
			want := newFile
			if back {
				want = oldFile
			}
			if err != nil || f.ID != id || string(f.Data) != string(want) || f.Unknown || f.NoFile || f.Restart {
				t.Errorf("%s of %q: %+v, %v", name, named, f, err)
			}
		}
	}
	if after := len(s.newest(c).Entries); after != before {
		t.Errorf("the journal has %d entries, not %d", after, before)
	}
	if _, err := c.FileOf("20200101T000000Z-0000", false); !errors.Is(err, journal.ErrNoJob) {
		t.Errorf("no such job: %v", err)
	}
	if _, err := c.Finish(t.Context(), "", FinishOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.FileOf("", false); !errors.As(err, new(*NothingError)) {
		t.Errorf("nothing unfinished: %v", err)
	}
	if f, err := c.FileOf(id, true); err != nil || string(f.Data) != string(oldFile) {
		t.Errorf("of a job that is done: %+v, %v", f, err)
	}
}

// Of a file that the publisher has yet to write, and of a job about no file, nothing is known
// beforehand but that; what cannot be taken back is said before anybody is asked.
func TestFileOfWhatIsNotKnown(t *testing.T) {
	restart := Step{Kind: StepRestart, Node: "sub", Service: reach.TFTP}
	author := func(a reach.AuthorJob) Step { return Step{Kind: StepAuthor, Author: a, Former: reach.Mixed} }
	for name, tc := range map[string]struct {
		spec                     JobSpec
		write                    bool // the publisher does it
		unknown, noFile, restart bool
		stays                    bool // when it is taken back
	}{
		"a file":                    {spec: JobSpec{Data: newFile}},
		"a file and restarts":       {spec: JobSpec{Data: newFile, Steps: []Step{restart}}, restart: true},
		"the publisher's":           {spec: JobSpec{ByPublisher: true, Steps: []Step{author(reach.WriteCTL)}}, unknown: true},
		"the ITLs":                  {spec: JobSpec{NoFile: true, Steps: []Step{author(reach.ResetITLLocalKey)}}, write: true, unknown: true, noFile: true, stays: true},
		"the ITLs, nothing is done": {spec: JobSpec{NoFile: true, Steps: []Step{author(reach.ResetITLLocalKey)}}, unknown: true, noFile: true},
	} {
		s := newSite(t, oldFile)
		c, _ := s.withAuthor(s.options())
		r, err := c.Begin(t.Context(), tc.spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if tc.write {
			if err := r.Author(t.Context(), reach.ResetITLLocalKey); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		f, err := c.FileOf("", false)
		if err != nil || f.Unknown != tc.unknown || f.NoFile != tc.noFile || f.Restart != tc.restart {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
		var stays *StaysError
		if f, err = c.FileOf("", true); errors.As(err, &stays) != tc.stays || !tc.stays && err != nil || f.Unknown != tc.noFile {
			t.Errorf("%s, taken back: %+v, %v", name, f, err)
		}
	}
}
