package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/protocol/ctlp"
)

// modeJob brings a file and sets the mode; stop ends it like a killed program, after the file.
func modeJob(t *testing.T, c *Cluster, stop bool) (Outcome, error) {
	t.Helper()
	r, err := c.Begin(t.Context(), JobSpec{Kind: "mode mixed", Data: newFile,
		Steps: []Step{{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure}}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if out, err := r.File(t.Context()); err != nil || stop {
		return out, err
	}
	if err := r.SetMode(t.Context(), reach.Mixed); err != nil {
		return r.TakeBack(t.Context(), err)
	}
	return r.End(t.Context())
}

// A job of two steps is done when the second one is.
func TestModeIsPartOfItsJob(t *testing.T) {
	for _, back := range []bool{false, true} {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		if _, err := modeJob(t, c, true); err != nil {
			t.Fatal(err)
		}
		s.wantAll(newFile)
		if _, err := c.Distribute(t.Context(), DistributeOptions{Data: oldFile}); !errors.As(err, new(*UnfinishedError)) {
			t.Errorf("another job while the mode is not set: %v", err)
		}
		finish, want, mode := c.Resume, newFile, any("mixed")
		if back {
			finish, want, mode = c.Rollback, oldFile, nil
		}
		if _, err := finish(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		s.wantAll(want)
		if got := s.node("pub").mode.Load(); got != mode {
			t.Errorf("back %v: the mode was set to %v, want %v", back, got, mode)
		}
	}
	// Refused: the file goes back as well. Resumed without an answer: the job stays unfinished.
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	s.node("pub").refuseMode.Store(&ctlp.StatusError{Status: ctlp.ExportRefused})
	if out, err := modeJob(t, c, false); out.State != StateTakenBack || reach.ClassOf(err) != reach.Permanent {
		t.Errorf("refused: %+v, %v", out, err)
	}
	s.wantAll(oldFile)
	if _, err := modeJob(t, c, true); err != nil {
		t.Fatal(err)
	}
	out, err := c.Resume(t.Context(), "")
	if !errors.As(err, new(*PartialError)) || out.State != StateIncomplete || !strings.Contains(err.Error(), "all nodes hold the new file") ||
		!strings.Contains(err.Error(), "Mixed Mode") {
		t.Errorf("resumed, refused: %+v, %v", out, err)
	}
}

// Where the publisher sets the mode by its own command alone, that writes a file of its
// own, in whose place the job's goes. Ended anywhere, the job is finished or undone.
func TestModeByThePublishersCommand(t *testing.T) {
	job := func(c *Cluster, stop string) error {
		r, err := c.Begin(t.Context(), JobSpec{Kind: "mode mixed", Data: newFile,
			Steps: []Step{{Kind: StepAuthor, Author: reach.WriteMixed, Former: reach.NonSecure}}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if err := r.ModeByPublisher(t.Context(), reach.WriteMixed); err != nil || stop == "mode" {
			return err
		}
		if _, err := r.File(t.Context()); err != nil || stop == "file" {
			return err
		}
		_, err = r.End(t.Context())
		return err
	}
	for _, stop := range []string{"", "intended", "mode", "stage.before", "commit.recorded", "file"} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s back %v", stop, back), func(t *testing.T) {
				s := newSite(t, oldFile)
				c, a := s.withAuthor(s.options())
				c.Site.Mode = nil
				switch stop {
				case "intended":
					c.o.fault = once("publisher-writes.intended", "pub", func() error { return errFault })
				case "stage.before", "commit.recorded":
					c.o.fault = func(p, n string) error { // the program ends here
						if p == stop && n == "sub" {
							return errFault
						}
						return nil
					}
				}
				err := job(c, stop)
				c.o.fault = nil
				if stop == "" && err != nil {
					t.Fatal(err)
				}
				jobs, err := History(s.dir, "site")
				if err != nil {
					t.Fatal(err)
				}
				finish, want, asked := c.Resume, newFile, 1
				if back {
					finish, want, asked = c.Rollback, oldFile, 2
				}
				if jobs[0].State == StateTakenBack { // the job did it itself
					want, finish = oldFile, c.Rollback
				}
				if stop == "intended" && back {
					asked = 1
				}
				if out, err := finish(t.Context(), jobs[0].ID); err != nil {
					t.Fatalf("%+v, %v", out, err)
				}
				s.wantAll(want)
				if jobs[0].State != StateTakenBack && a.asked != asked {
					t.Errorf("the publisher was asked %d times, want %d", a.asked, asked)
				}
				if n := len(finishings(s.newest(c))); n != 1 {
					t.Errorf("the journal has it %d times that the job was finished", n)
				}
			})
		}
	}
}

// A rollback that was killed after the publisher had set the mode back, with a file of its
// own that nobody has seen, is no dead end: both ways lead on, and resume sets the mode
// again instead of saying that it is set.
func TestRollbackOfAModeThatWasEnded(t *testing.T) {
	for _, stop := range [][2]string{{"publisher-writes.acted", "pub"}, {"publisher-writes.recorded", "pub"}, {"off", "sub"}} {
		for _, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v back %v", stop, back), func(t *testing.T) {
				s := newSite(t, oldFile)
				c, a := s.withAuthor(s.options())
				c.Site.Mode = nil
				id := setMixedByPublisher(t, c)
				a.file = laterFile(t)                                                // the publisher never writes the same file twice
				c.o.fault = once(stop[0], stop[1], func() error { return errFault }) // the program ends here
				if stop[0] == "off" {
					s.node("sub").halt()
				}
				if out, err := c.Finish(t.Context(), id, FinishOptions{Back: true, Retries: -1}); err == nil {
					t.Fatalf("not stopped: %+v", out)
				}
				if c.o.fault = nil; stop[0] == "off" {
					s.node("sub").start()
				} else {
					s.node("pub").put(CTLFile, a.file)
				}
				s.node("sub").put(CTLFile, a.file) // it did not get further than that
				finish, want, asked := c.Resume, a.file, 3
				if back {
					finish, want = c.Rollback, oldFile
				}
				if out, err := finish(t.Context(), id); err != nil {
					t.Fatalf("%+v, %v", out, err)
				}
				s.wantAll(want)
				if a.asked != asked {
					t.Errorf("the publisher was asked %d times, want %d", a.asked, asked)
				}
			})
		}
	}
}

// laterFile is a list that a publisher signed itself, later than withAuthor's.
func laterFile(t *testing.T) []byte {
	t.Helper()
	made := ctltest.NewCluster(t, 1024)
	d := made.TokenlessDraft(t)
	d.Time = d.Time.Add(time.Hour)
	return ctltest.Sign(t, d, made.Pub).Bytes()
}

// What the publisher wrote in between and TFTP still has in its memory does not make the
// job fail: the node itself holds the right file.
func TestOwnFileInTFTPsMemory(t *testing.T) {
	s := newSite(t, oldFile)
	c, a := s.withAuthor(s.options())
	c.Site.Mode = nil
	r, err := c.Begin(t.Context(), JobSpec{Kind: "mode mixed", Data: newFile, Retries: -1,
		Steps: []Step{{Kind: StepAuthor, Author: reach.WriteMixed, Former: reach.NonSecure}}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.ModeByPublisher(t.Context(), reach.WriteMixed); err != nil {
		t.Fatal(err)
	}
	memory := t.TempDir()
	if err := os.WriteFile(filepath.Join(memory, CTLFile), a.file, 0o600); err != nil {
		t.Fatal(err)
	}
	s.node("sub").tftpDir.Store(&memory)
	if _, err := r.File(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := r.End(t.Context())
	if err != nil || !strings.Contains(fmt.Sprint(out.Nodes), "the publisher wrote in between; restart") {
		t.Errorf("%+v, %v", out, err)
	}
	s.wantAll(newFile)
}

// A publisher that is asked again writes another file; a node that has the first one yet
// has nobody else's.
func TestPublisherAskedTwice(t *testing.T) {
	s := newSite(t, oldFile)
	c, a := s.withAuthor(s.options())
	id := setMixedByPublisher(t, c)
	first := a.file
	a.file = laterFile(t)
	c.o.fault = once("mode.recorded", "pub", func() error { return errFault }) // the program ends here
	if out, err := c.Rollback(t.Context(), id); err == nil {
		t.Fatalf("not stopped: %+v", out)
	}
	c.o.fault = nil
	s.wantAll(first)
	if out, err := c.Resume(t.Context(), ""); err != nil || a.asked != 2 {
		t.Fatalf("%+v, %v, asked %d times", out, err, a.asked)
	}
	s.wantAll(a.file)
}

// setMixedByPublisher is a whole job: the publisher sets mixed mode and writes the file.
func setMixedByPublisher(t *testing.T, c *Cluster) (id string) {
	t.Helper()
	r, err := c.Begin(t.Context(), JobSpec{Kind: "mode mixed", ByPublisher: true, KeepGoing: true,
		Steps: []Step{{Kind: StepAuthor, Author: reach.WriteMixed, Former: reach.NonSecure}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.PublisherWrites(t.Context(), reach.WriteMixed, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := r.File(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r.ID()
}
