package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

// author stands for the publisher's own command: it writes a file on some nodes, sets the
// mode with it, and counts how often it was asked.
type author struct {
	site  *testSite
	file  []byte
	nodes []string
	asked int
	fail  error // after it has written
	lazy  bool  // fails before it has written
}

func (a *author) Write(_ context.Context, job reach.AuthorJob) (reach.Door, error) {
	a.asked++
	if a.lazy {
		return "CLI", a.fail
	}
	for _, n := range a.nodes {
		a.site.node(n).put(CTLFile, a.file)
	}
	return "CLI", a.fail
}

// withAuthor is a connected site whose publisher writes its own list on pub and sub.
func (s *testSite) withAuthor(o Options) (*Cluster, *author) {
	s.t.Helper()
	c := s.connect(o)
	a := &author{site: s, file: ctltest.NewCluster(s.t, 1024).Tokenless(s.t).Bytes(), nodes: []string{"pub", "sub"}}
	c.Site.Author = a
	return c, a
}

// tokenless is the whole job: the publisher writes, the file goes everywhere.
func tokenless(t *testing.T, c *Cluster) (Outcome, error) {
	r, err := c.Begin(t.Context(), JobSpec{Kind: "migrate to-tokenless", ByPublisher: true, KeepGoing: true,
		Steps: []Step{{Kind: StepAuthor, Author: reach.WriteCTL, Former: reach.Mixed}}})
	if err != nil {
		return Outcome{}, err
	}
	defer r.Close()
	if _, err := r.PublisherWrites(t.Context(), reach.WriteCTL, verifies); err != nil {
		return r.Leave(t.Context(), err)
	}
	if o, err := r.File(t.Context()); err != nil {
		return o, err
	}
	return r.End(t.Context())
}

func TestPublisherWrites(t *testing.T) {
	s := newSite(t, oldFile)
	c, a := s.withAuthor(s.options())
	out, err := tokenless(t, c)
	if err != nil || out.State != StateFinished || a.asked != 1 {
		t.Fatalf("%+v, %v, asked %d times", out, err, a.asked)
	}
	s.wantAll(a.file)
	jobs, err := History(s.dir, "site")
	if err != nil || len(jobs) != 1 || jobs[0].NewSHA256 != hexDigest(a.file) || jobs[0].OldSHA256 != hexDigest(oldFile) || len(jobs[0].Steps) != 1 {
		t.Errorf("history %+v, %v", jobs, err)
	}
	if out, err = c.Rollback(t.Context(), out.ID); err != nil || out.State != StateTakenBack {
		t.Fatalf("rollback: %+v, %v", out, err)
	}
	s.wantAll(oldFile)
}

// Nobody is asked to write while another program works, an older job is unfinished, a
// node serves another file than expected, or the journal cannot be written.
func TestNobodyIsAskedToWriteTooEarly(t *testing.T) {
	tests := map[string]func(t *testing.T, s *testSite, c *Cluster, o *Options){
		"locked": func(t *testing.T, s *testSite, c *Cluster, _ *Options) {
			lock, err := c.lock("another")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { lock.Unlock() })
		},
		"unfinished": func(t *testing.T, s *testSite, c *Cluster, o *Options) {
			s.child("distribute", "", "commit.recorded", "pub", newFile)
		},
		"no journal": func(t *testing.T, s *testSite, c *Cluster, _ *Options) {
			dir := filepath.Join(s.dir, "clusters", "site")
			err := os.MkdirAll(dir, 0o700)
			if err = errors.Join(err, os.WriteFile(filepath.Join(dir, "jobs"), []byte("in the way"), 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"a node is gone": func(t *testing.T, s *testSite, c *Cluster, _ *Options) { s.node("alt").halt() },
	}
	for name, harm := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, oldFile)
			c, a := s.withAuthor(s.options())
			harm(t, s, c, &c.o)
			before := s.serves()
			if _, err := tokenless(t, c); err == nil || a.asked != 0 {
				t.Errorf("asked %d times: %v", a.asked, err)
			}
			if name != "a node is gone" {
				if err := c.Ready(t.Context()); err == nil {
					t.Error("ready for a job that would be refused")
				}
			}
			if fmt.Sprint(s.serves()) != fmt.Sprint(before) {
				t.Error("something changed")
			}
		})
	}
}

// Ended anywhere, a job that the publisher writes is finished or undone.
func TestPublisherWritesUnderFire(t *testing.T) {
	points := []struct {
		point, node string
		lazy        bool // the publisher fails before it writes
	}{
		{"publisher-writes.intended", "pub", false}, {"publisher-writes.acted", "pub", false}, {"publisher-writes.recorded", "pub", false},
		{"stage.before", "alt", false}, {"commit.intended", "alt", false}, {"read-back.before", "sub", false}, {"end.before", "", false},
		{"", "", false}, {"", "", true},
	}
	for _, p := range points {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s lazy %v back %v", p.point, p.node, p.lazy, back), func(t *testing.T) {
				s := newSite(t, oldFile)
				c, a := s.withAuthor(s.options())
				if p.point == "" {
					a.fail, a.lazy = &reach.Error{Class: reach.Unreachable, Err: errors.New("the CLI hung")}, p.lazy
				} else {
					c.o.fault = once(p.point, p.node, func() error { return errFault })
				}
				out, err := tokenless(t, c)
				a.fail, a.lazy, c.o.fault = nil, false, nil
				jobs, herr := History(s.dir, "site")
				if herr != nil || len(jobs) != 1 {
					t.Fatalf("history %v, %v", jobs, herr)
				}
				switch {
				case err == nil: // what nodes hold decides
					s.wantAll(a.file)
				case !errors.As(err, new(*PartialError)) || out.State != StateIncomplete:
					t.Fatalf("%+v, %v", out, err)
				}
				want, finish := a.file, c.Resume
				if back {
					want, finish = oldFile, c.Rollback
				}
				if out, err = finish(t.Context(), jobs[0].ID); err != nil {
					t.Fatalf("%+v, %v", out, err)
				}
				s.wantAll(want)
				if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
					t.Errorf("the next job: %v", err)
				}
			})
		}
	}
}

// After the first commit a journal that fails is the second thing to say: what the nodes
// hold is the first. The next job looks at them, and closes it.
func TestJournalThatFailsAfterCommits(t *testing.T) {
	for _, point := range []string{"commit.before sub", "commit.before alt", "end.before "} {
		s := newSite(t, oldFile)
		var warnings []string
		o := s.options()
		o.Progress = func(p Progress) {
			if p.Step == StepJournal {
				warnings = append(warnings, p.Text.String())
			}
		}
		c := s.connect(o)
		at, node, _ := strings.Cut(point, " ")
		c.o.fault = func(p, n string) error {
			if p == at && n == node || p == "end.before" {
				return fmt.Errorf("%w: no space left on device", errFault)
			}
			return nil
		}
		out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
		if err != nil || out.State != StateFinished || strings.Count(out.Warning.String(), "no space left") != 1 || len(warnings) != 1 {
			t.Errorf("%s: %+v, %v, %q", point, out, err, warnings)
		}
		s.wantAll(newFile)
		c.o.fault = nil
		if _, err := c.Distribute(t.Context(), DistributeOptions{Data: oldFile}); err != nil {
			t.Errorf("%s: the next job: %v", point, err)
		}
		if len(warnings) != 2 || !strings.Contains(warnings[1], "all nodes serve its new file") {
			t.Errorf("%s: %q", point, warnings)
		}
	}
}

// A file that is gone is not somebody else's: finishing puts one there.
func TestFileThatIsGoneIsPutBack(t *testing.T) {
	for _, back := range []bool{false, true} {
		s := newSite(t, oldFile)
		s.child("distribute", "", "commit.recorded", "sub", newFile)
		s.node("sub").remove(CTLFile)
		c := s.connect(s.options())
		want, finish := newFile, c.Resume
		if back {
			want, finish = oldFile, c.Rollback
		}
		if out, err := finish(t.Context(), ""); err != nil {
			t.Fatalf("back %v: %+v, %v", back, out, err)
		}
		s.wantAll(want)
	}
}

// What phones get decides: a node that gave them the file before and gives none now has
// failed, though the file lies where it should.
func TestPhonesThatGetNothingMore(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	c.o.fault = once("commit.acted", "alt", func() error {
		nothing := t.TempDir()
		s.node("alt").tftpDir.Store(&nothing)
		return nil
	})
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Retries: 1})
	if !errors.As(err, new(*PartialError)) || out.State != StateTakenBack || !strings.Contains(err.Error(), "phones got the file from this node before") {
		t.Errorf("%+v, %v", out, err)
	}
	s.wantAll(oldFile)
	// One that gave none before is no failure, and is said.
	s = newSite(t, oldFile)
	nothing := t.TempDir()
	s.node("alt").tftpDir.Store(&nothing)
	c = s.connect(s.options())
	if out, err = c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil || out.Nodes[2].Warning.IsZero() {
		t.Errorf("none before: %+v, %v", out, err)
	}
}

// A commit that a node refused for certain touched nothing: no dead end is left.
func TestRefusedCommitLeavesNoDeadEnd(t *testing.T) {
	other := []byte("somebody else's file")
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	c.o.fault = once("commit.intended", "pub", func() error {
		for _, n := range s.nodes {
			n.put(CTLFile, other) // another program on another machine was quicker
		}
		return nil
	})
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
	if !errors.As(err, new(*UnchangedError)) || !errors.Is(err, ErrConflict) || out.State != StateUntouched {
		t.Fatalf("%+v, %v", out, err)
	}
	s.wantAll(other)
	if err := c.Ready(t.Context()); err != nil {
		t.Errorf("not ready for the next job: %v", err)
	}
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Errorf("the next job: %v", err)
	}
}

// A job that another one has overtaken is closed in words.
func TestOvertakenJobIsClosed(t *testing.T) {
	other := []byte("somebody else's file")
	unfinished := func(nodes ...string) (*testSite, *Cluster, string) {
		s := newSite(t, oldFile)
		s.child("distribute", "", "commit.recorded", "pub", newFile)
		for _, n := range nodes {
			s.node(n).put(CTLFile, other)
		}
		jobs, err := History(s.dir, "site")
		if err != nil {
			t.Fatal(err)
		}
		return s, s.connect(s.options()), jobs[0].ID
	}
	// On all nodes: resume and rollback say so, the next job works.
	for _, finish := range []func(*Cluster) error{
		func(c *Cluster) error { _, err := c.Resume(t.Context(), ""); return err },
		func(c *Cluster) error { _, err := c.Rollback(t.Context(), ""); return err },
		func(c *Cluster) error {
			_, err := c.Distribute(t.Context(), DistributeOptions{Data: other})
			return errors.Join(err, &OverError{State: StateOvertaken})
		},
	} {
		s, c, id := unfinished("pub", "sub", "alt")
		var over *OverError
		if err := finish(c); !errors.As(err, &over) || over.State != StateOvertaken {
			t.Errorf("error %v", err)
		}
		s.wantAll(other)
		jobs, err := History(s.dir, "site")
		if i := len(jobs) - 1; err != nil || jobs[i].ID != id || jobs[i].State != StateOvertaken {
			t.Errorf("history %+v, %v", jobs, err)
		}
	}
	// On some: a person decides, and may leave the nodes as they are.
	s, c, _ := unfinished("sub")
	if _, err := c.Resume(t.Context(), ""); !errors.Is(err, ErrConflict) || message.ActionsOf(err)[0].Do != message.CloseJob {
		t.Errorf("resume: %v", err)
	}
	before := s.serves()
	if out, err := c.CloseJob(t.Context(), "", map[string]string{"by": "me"}); err != nil || out.State != StateClosed {
		t.Errorf("close: %+v, %v", out, err)
	}
	if fmt.Sprint(s.serves()) != fmt.Sprint(before) {
		t.Error("closing changed something")
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// One dead node does not keep the others from being finished, the publisher included.
func TestDeadNodeBlocksNoOther(t *testing.T) {
	for _, dead := range []string{"pub", "sub", "alt"} {
		s := newSite(t, oldFile)
		s.child("distribute", "", "stage.recorded", "alt", newFile)
		s.child("distribute", "", "commit.recorded", "pub", newFile)
		s.node(dead).halt()
		o := s.options()
		o.Tolerant, o.WithoutPublisher = true, true
		c := s.connect(o)
		if _, err := c.Snapshot(t.Context()); err != nil {
			t.Errorf("%s is dead: snapshot: %v", dead, err)
		}
		out, err := c.Finish(t.Context(), "", FinishOptions{Retries: -1})
		if !errors.As(err, new(*PartialError)) || out.State != StateIncomplete || !strings.Contains(err.Error(), dead+" (unknown)") {
			t.Errorf("%s is dead: %+v, %v", dead, out, err)
		}
		for _, n := range s.nodes {
			if n.name != dead && !bytes.Equal(n.get(CTLFile), newFile) {
				t.Errorf("%s is dead: %s serves %s", dead, n.name, brief(n.get(CTLFile)))
			}
		}
		s.node(dead).start()
		if out, err := c.Resume(t.Context(), ""); err != nil || out.State != StateFinished {
			t.Errorf("%s is back: %+v, %v", dead, out, err)
		}
		s.wantAll(newFile)
	}
}

// An answer that comes late makes a job that was left unfinished a done one.
func TestLateAnswerIsDone(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	c.o.fault = once("commit.acted", "sub", func() error { return errors.New("the answer is lost") })
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: true, Retries: -1})
	if err != nil || out.State != StateFinished {
		t.Errorf("%+v, %v", out, err)
	}
	s.wantAll(newFile)
}

// What was staged on a node that went silent is removed by the next job.
func TestStageThatWasLeftBehindGoes(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	c.o.fault = once("stage.acted", "alt", func() error { s.node("alt").halt(); return errors.New("gone") })
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); !errors.As(err, new(*UnchangedError)) {
		t.Fatalf("error %v", err)
	}
	c.o.fault = nil
	s.node("alt").start()
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Fatal(err)
	}
	s.node("alt").wantOnly(CTLFile, CTLFile+".previous")
}

// Without a name, resume and rollback are about what is unfinished, and about nothing else.
func TestFinishedJobIsNamed(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Fatal(err)
	}
	for _, finish := range []func(context.Context, string) (Outcome, error){c.Resume, c.Rollback} {
		if _, err := finish(t.Context(), ""); !errors.Is(err, journal.ErrNoJob) || !errors.As(err, new(*NothingError)) {
			t.Errorf("error %v", err)
		}
	}
	s.wantAll(newFile)
}

// While it is not known what a publisher wrote, a list that a token signed is somebody
// else's; a torn file is nobody's.
func TestWhoseFileItIs(t *testing.T) {
	tokens := ctltest.NewCluster(t, 1024).ETokens(t).Bytes()
	for name, tt := range map[string]struct {
		found    []byte
		conflict bool
	}{
		"a token's list": {tokens, true}, "a torn file": {[]byte("torn"), false},
	} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s back %v", name, back), func(t *testing.T) {
				s := newSite(t, oldFile)
				c, a := s.withAuthor(s.options())
				c.o.fault = once("publisher-writes.acted", "pub", func() error { return errFault }) // the program ends here
				if _, err := tokenless(t, c); err == nil {
					t.Fatal("not stopped")
				}
				c.o.fault = nil
				s.node("pub").put(CTLFile, tt.found)
				finish, want := c.Resume, a.file
				if back {
					finish, want = c.Rollback, oldFile
				}
				out, err := finish(t.Context(), "")
				if !tt.conflict {
					if err != nil {
						t.Fatalf("%+v, %v", out, err)
					}
					s.wantAll(want)
					return
				}
				if !errors.Is(err, ErrConflict) || !bytes.Equal(s.node("pub").get(CTLFile), tokens) {
					t.Errorf("%+v, %v", out, err)
				}
				if out, err := c.CloseJob(t.Context(), "", nil); err != nil || out.State != StateClosed {
					t.Errorf("close: %+v, %v", out, err)
				}
			})
		}
	}
}
