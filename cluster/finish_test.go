package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/protocol/ctlp"
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
		serve  []byte            // by all nodes then; nil: as before
		nodes  map[string]string // what became of each
		steps  map[string]string // and by which step; a node that has it already has none
	}{
		"resume": {func(c *Cluster) (Outcome, error) {
			return c.Finish(t.Context(), "", FinishOptions{Note: note})
		}, journal.KindResume, StateFinished, newFile,
			map[string]string{"pub": StatusPassed, "sub": StatusPassed, "alt": StatusPassed},
			map[string]string{"sub": StepCommit, "alt": StepCommit}},
		"rollback": {func(c *Cluster) (Outcome, error) {
			return c.Finish(t.Context(), "", FinishOptions{Back: true, Note: note})
		}, journal.KindRollback, StateTakenBack, oldFile,
			map[string]string{"pub": StatusTakenBack, "sub": StatusUnchanged, "alt": StatusUnchanged},
			map[string]string{"pub": StepRestore}},
		"close": {func(c *Cluster) (Outcome, error) {
			return c.CloseJob(t.Context(), "", note)
		}, journal.KindResume, StateClosed, nil,
			map[string]string{"pub": StatusPassed, "sub": StatusUnchanged, "alt": StatusUnchanged}, nil},
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
		nodes, steps := statuses(out), map[string]string{}
		begun := false
		for _, e := range j.Entries {
			begun = begun || e.Kind == tc.kind
			if begun && e.Kind == journal.KindAct && (e.Step == StepCommit || e.Step == StepRestore) {
				steps[e.Node] = e.Step
			}
		}
		if !maps.Equal(nodes, tc.nodes) || !maps.Equal(steps, tc.steps) {
			t.Errorf("%s: nodes %v, steps %v", name, nodes, steps)
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

// The journal says that a job is finished before anything is done for it: where it cannot, nothing
// is. It says so once.
func TestFinishBeginsInTheJournal(t *testing.T) {
	author := Step{Kind: StepAuthor, Author: reach.WriteMixed, Former: reach.NonSecure}
	for name, tc := range map[string]struct {
		spec  JobSpec
		run   func(*Run) error // and then the program ends
		alone bool             // CUCM, which sets its mode by its own command alone
	}{
		"a file":               {spec: JobSpec{Data: newFile}},
		"a file, on all nodes": {spec: JobSpec{Data: newFile}, run: func(r *Run) error { _, err := r.File(t.Context()); return err }},
		"the publisher's":      {spec: JobSpec{ByPublisher: true, Steps: []Step{author}}},
		"the publisher's, written": {spec: JobSpec{ByPublisher: true, Steps: []Step{author}}, run: func(r *Run) error {
			_, err := r.PublisherWrites(t.Context(), reach.WriteMixed, nil)
			return err
		}},
		"a mode, by its command": {spec: JobSpec{Data: newFile, Steps: []Step{author}}, alone: true, run: func(r *Run) error {
			return r.ModeByPublisher(t.Context(), reach.WriteMixed)
		}},
		"a mode without a file": {spec: JobSpec{NoFile: true, Steps: []Step{{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure}}}},
	} {
		for _, back := range []bool{false, true} {
			s := newSite(t, oldFile)
			c, a := s.withAuthor(s.options())
			if tc.alone {
				c.Site.Mode = nil
			}
			r, err := c.Begin(t.Context(), tc.spec)
			if err == nil && tc.run != nil {
				err = tc.run(r)
			}
			if err == nil {
				err = r.Close()
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			served, mode, asked := fmt.Sprint(s.serves()), s.node("pub").mode.Load(), a.asked
			c.o.fault = func(point, _ string) error {
				if point == journal.KindResume+".recorded" || point == journal.KindRollback+".recorded" {
					return errFault
				}
				return nil
			}
			if _, err := c.Finish(t.Context(), "", FinishOptions{Back: back}); !errors.Is(err, errFault) {
				t.Errorf("%s, back %t: %v", name, back, err)
			}
			if fmt.Sprint(s.serves()) != served || s.node("pub").mode.Load() != mode || a.asked != asked {
				t.Errorf("%s, back %t: something was done before the journal had it", name, back)
			}
			if state, _ := s.newest(c).State(); state != "" {
				t.Errorf("%s, back %t: the job is %s", name, back, state)
			}
			c.o.fault = nil
			before := len(finishings(s.newest(c)))
			if out, err := c.Finish(t.Context(), "", FinishOptions{Back: back}); err != nil || len(finishings(s.newest(c))) != before+1 {
				t.Errorf("%s, back %t: %+v, %v, written down %d times", name, back, out, err, len(finishings(s.newest(c)))-before)
			}
		}
	}
}

// While another program works on the cluster no job is finished.
func TestFinishWaitsForTheLock(t *testing.T) {
	s := broken(t)
	c := s.connect(s.options())
	lock, err := c.lock("update")
	if err != nil {
		t.Fatal(err)
	}
	var locked *journal.LockedError
	if _, err := c.Finish(t.Context(), "", FinishOptions{}); !errors.As(err, &locked) || locked.Job != "update" {
		t.Errorf("resume: %v", err)
	}
	if _, err := c.CloseJob(t.Context(), "", nil); !errors.As(err, &locked) {
		t.Errorf("close: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	// What could not be opened leaves no lock behind.
	if _, err := c.Finish(t.Context(), "20200101T000000Z-0000", FinishOptions{}); !errors.Is(err, journal.ErrNoJob) {
		t.Errorf("no such job: %v", err)
	}
	if out, err := c.Finish(t.Context(), "", FinishOptions{}); err != nil || out.State != StateFinished {
		t.Errorf("%+v, %v", out, err)
	}
}

// A job that is done is not closed by taking it back in vain; with force, a third content is
// replaced, also where all nodes serve it.
func TestFinishOverAThirdContent(t *testing.T) {
	other := []byte("somebody else's file")
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	done, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
	if err != nil {
		t.Fatal(err)
	}
	put := func() {
		for _, n := range s.nodes {
			n.put(CTLFile, other)
		}
	}
	put()
	if _, err := c.Rollback(t.Context(), done.ID); !errors.Is(err, ErrConflict) || errors.As(err, new(*OverError)) {
		t.Errorf("rollback of a job that is done: %v", err)
	}
	if state, _ := s.newest(c).State(); state != StateFinished {
		t.Errorf("the job that was done is %s", state)
	}
	s.wantAll(other)
	if out, err := c.Finish(t.Context(), done.ID, FinishOptions{Back: true, Force: true}); err != nil || out.State != StateTakenBack {
		t.Errorf("with force: %+v, %v", out, err)
	}
	s.wantAll(oldFile)

	s = broken(t)
	c = s.connect(s.options())
	put()
	if out, err := c.Finish(t.Context(), "", FinishOptions{Force: true}); err != nil || out.State != StateFinished {
		t.Errorf("resumed with force: %+v, %v", out, err)
	}
	s.wantAll(newFile)
}

// The former file under the new mode helps nobody; a person who wants it all the same gets it.
func TestRollbackWhereTheModeStays(t *testing.T) {
	for _, force := range []bool{false, true} {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		done, err := modeJob(t, c, false)
		if err != nil {
			t.Fatal(err)
		}
		s.node("pub").refuseMode.Store(&ctlp.StatusError{Status: ctlp.ExportRefused})
		out, err := c.Finish(t.Context(), done.ID, FinishOptions{Back: true, Force: force, Retries: -1})
		want := newFile
		if force {
			want = oldFile
		}
		s.wantAll(want)
		if !force && (!errors.As(err, new(*PartialError)) || out.State != StateIncomplete || !out.Back) {
			t.Errorf("%+v, %v", out, err)
		}
	}
}

// What is said of a node that could not be taken back is about the former file.
func TestRollbackIsToldAsOne(t *testing.T) {
	s := broken(t)
	o := s.options()
	o.Tolerant = true
	c := s.connect(o)
	s.node("sub").halt()
	out, err := c.Finish(t.Context(), "", FinishOptions{Back: true, Retries: -1})
	if !errors.As(err, new(*PartialError)) || !out.Back || !strings.Contains(err.Error(), "not all nodes hold the former file: sub (unknown)") {
		t.Errorf("%+v, %v", out, err)
	}
}

// A node that takes the file and gives phones another one has not passed.
func TestResumeReadsBack(t *testing.T) {
	s := broken(t)
	c := s.connect(s.options())
	memory := t.TempDir()
	if err := os.WriteFile(filepath.Join(memory, CTLFile), []byte("neither"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.node("sub").tftpDir.Store(&memory)
	out, err := c.Finish(t.Context(), "", FinishOptions{Retries: -1})
	if !errors.As(err, new(*PartialError)) || out.State != StateIncomplete || !strings.Contains(err.Error(), "neither the new nor the former file") {
		t.Errorf("%+v, %v", out, err)
	}
	for _, n := range out.Nodes {
		if (n.Status == StatusPassed) != (n.Node != "sub") {
			t.Errorf("%s: %s", n.Node, n.Status)
		}
	}
}

// Another job's file on all nodes closes one that was left unfinished, also where it was left in
// so many words, and where a person closes it.
func TestOvertakenHoweverItEnded(t *testing.T) {
	other := []byte("somebody else's file")
	for name, finish := range map[string]func(*Cluster) (Outcome, error){
		"resume": func(c *Cluster) (Outcome, error) { return c.Resume(t.Context(), "") },
		"close":  func(c *Cluster) (Outcome, error) { return c.CloseJob(t.Context(), "", nil) },
	} {
		s := broken(t)
		c := s.connect(s.options())
		s.node("sub").halt()
		if out, err := c.Finish(t.Context(), "", FinishOptions{Retries: -1}); err == nil || out.State != StateIncomplete {
			t.Fatalf("%s: %+v, %v", name, out, err)
		}
		s.node("sub").start()
		for _, n := range s.nodes {
			n.put(CTLFile, other)
		}
		_, err := finish(c)
		if name == "resume" && !errors.As(err, new(*OverError)) || name == "close" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if state, _ := s.newest(c).State(); state != StateOvertaken {
			t.Errorf("%s: the job is %s", name, state)
		}
		s.wantAll(other)
	}
}

// What became of a node is told by what it had, not by what was meant for it.
func TestStatusOfWhatWasFound(t *testing.T) {
	s := broken(t)
	c := s.connect(s.options())
	s.node("alt").put(CTLFile, newFile) // by hand
	out, err := c.Resume(t.Context(), "")
	if err != nil || !maps.Equal(statuses(out), map[string]string{"pub": StatusPassed, "sub": StatusPassed, "alt": StatusPassed}) {
		t.Errorf("resume: %v, %v", statuses(out), err)
	}
	s = broken(t)
	c = s.connect(s.options())
	s.node("alt").remove(CTLFile)
	if out, err = c.Rollback(t.Context(), ""); err != nil || !maps.Equal(statuses(out), map[string]string{"pub": StatusTakenBack, "sub": StatusUnchanged, "alt": StatusTakenBack}) {
		t.Errorf("rollback: %v, %v", statuses(out), err)
	}
	s.wantAll(oldFile)
	s = broken(t)
	c = s.connect(s.options())
	s.node("alt").put(CTLFile, []byte("somebody else's file"))
	if out, err = c.Resume(t.Context(), ""); !errors.Is(err, ErrConflict) || statuses(out)["alt"] != StatusFailed || statuses(out)["sub"] == StatusFailed {
		t.Errorf("a third content: %v, %v", statuses(out), err)
	}
}
