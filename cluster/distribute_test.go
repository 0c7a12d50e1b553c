package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster/journal"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

var (
	oldFile = bytes.Repeat([]byte("the former file\n"), 300)
	newFile = bytes.Repeat([]byte("the new file\n"), 400)
)

// statuses of an outcome by node.
func statuses(o Outcome) map[string]string {
	m := map[string]string{}
	for _, n := range o.Nodes {
		m[n.Node] = n.Status
	}
	return m
}

func all(status string) map[string]string {
	return map[string]string{"pub": status, "sub": status, "alt": status}
}

func TestDistributeToAllNodes(t *testing.T) {
	tests := []struct {
		name     string
		old, new []byte
	}{
		{"replace", oldFile, newFile},
		{"create", nil, newFile},
		{"remove", oldFile, nil},
		{"the same again", oldFile, oldFile},
		{"remove nothing", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, tt.old)
			c := s.connect(s.options())
			expect := map[string]*[32]byte{"pub": digest(tt.old), "sub": digest(tt.old), "alt": digest(tt.old)}
			out, err := c.Distribute(t.Context(), DistributeOptions{Data: tt.new, Expect: expect, Job: "update", Note: map[string]string{"why": "test"}})
			if err != nil {
				t.Fatal(err)
			}
			s.wantAll(tt.new)
			if out.State != StateFinished || fmt.Sprint(statuses(out)) != fmt.Sprint(all(StatusPassed)) {
				t.Errorf("outcome %+v", out)
			}
			for _, n := range out.Nodes {
				if !n.Warning.IsZero() {
					t.Errorf("%s: %s", n.Node, n.Warning)
				}
			}
			jobs, err := History(s.dir, "site")
			if err != nil || len(jobs) != 1 {
				t.Fatalf("History: %v, %v", jobs, err)
			}
			j := jobs[0]
			if j.ID != out.ID || j.State != StateFinished || j.Kind != "update" || j.Note["why"] != "test" ||
				j.OldSHA256 != hexDigest(tt.old) || j.NewSHA256 != hexDigest(tt.new) || j.Ended.IsZero() {
				t.Errorf("history %+v", j)
			}
			// A node that serves the file already is sent nothing.
			kept, err := c.store().Open(out.ID)
			if err != nil {
				t.Fatal(err)
			}
			if sent := kept.Touched(StepStage, StepCommit, StepRestore); sent == bytes.Equal(tt.old, tt.new) {
				t.Errorf("sent: %t", sent)
			}
			if err := kept.Close(); err != nil {
				t.Fatal(err)
			}
			if back, err := c.Rollback(t.Context(), out.ID); err != nil || back.State != StateTakenBack {
				t.Fatalf("Rollback: %+v, %v", back, err)
			}
			s.wantAll(tt.old)
			if _, err := c.Resume(t.Context(), out.ID); !errors.As(err, new(*OverError)) {
				t.Errorf("Resume of a job that was taken back: %v", err)
			}
		})
	}
}

// What stops before the first commit changes nothing, leaves no stage and names the node.
func TestNothingChangesBeforeTheFirstCommit(t *testing.T) {
	tests := []struct {
		name string
		harm func(s *testSite, o *Options)
		want string // in the error
	}{
		{"a node refuses", func(s *testSite, _ *Options) {
			s.node("sub").refuse.Store(&ctlp.StatusError{Status: ctlp.NoSpace, Message: "disk is full"})
		}, "sub"},
		{"a node is gone", func(s *testSite, _ *Options) { s.node("alt").halt() }, "alt"},
		{"a node goes while it stages", func(s *testSite, o *Options) {
			o.fault = once("stage.intended", "alt", func() error { s.node("alt").halt(); return nil })
		}, "alt"},
		{"this machine fails", func(s *testSite, o *Options) {
			o.fault = once("stage.before", "pub", func() error { return errors.New("no paper") })
		}, "no paper"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, oldFile)
			o := s.options()
			c := s.connect(o)
			tt.harm(s, &c.o)
			out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
			var unchanged *UnchangedError
			if !errors.As(err, &unchanged) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v", err)
			}
			if out.State != StateUntouched {
				t.Errorf("state %q", out.State)
			}
			s.wantAll(oldFile)
			for _, n := range s.nodes {
				if n.name != "alt" || tt.want != "alt" {
					n.wantOnly(CTLFile)
				}
			}
		})
	}
}

// wantOnly fails when the served folder holds anything but the live file.
func (n *siteNode) wantOnly(names ...string) {
	n.t.Helper()
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			n.t.Errorf("%s: %s lies about in the served folder", n.name, e.Name())
		}
	}
}

// once runs f at a boundary, the first time it is reached.
func once(point, node string, f func() error) func(string, string) error {
	var o sync.Once
	return func(p, n string) (err error) {
		if p == point && (node == "" || n == node) {
			o.Do(func() { err = f() })
		}
		return err
	}
}

func TestFailureAfterTheFirstCommit(t *testing.T) {
	kill := func(s *testSite, node string) func() error {
		return func() error { s.node(node).halt(); return nil }
	}
	tests := []struct {
		name      string
		keepGoing bool
		point     string
		node      string
		state     string
		statuses  map[string]string
		serves    map[string][]byte
		then      string // resume, rollback: with the node back
	}{
		{"gone before its commit, rest taken back", false, "commit.intended", "sub", StateIncomplete,
			map[string]string{"pub": StatusTakenBack, "sub": StatusUnknown, "alt": StatusTakenBack},
			map[string][]byte{"pub": oldFile, "sub": oldFile, "alt": oldFile}, "rollback"},
		{"gone after its commit, rest taken back", false, "commit.acted", "sub", StateIncomplete,
			map[string]string{"pub": StatusTakenBack, "sub": StatusUnknown, "alt": StatusTakenBack},
			map[string][]byte{"pub": oldFile, "sub": newFile, "alt": oldFile}, "rollback"},
		{"sftp node gone, left to resume", true, "commit.intended", "alt", StateIncomplete,
			map[string]string{"pub": StatusPassed, "sub": StatusPassed, "alt": StatusUnknown},
			map[string][]byte{"pub": newFile, "sub": newFile, "alt": oldFile}, "resume"},
		{"publisher gone in its commit, others untouched", true, "commit.intended", "pub", StateIncomplete,
			map[string]string{"pub": StatusUnknown, "sub": StatusUnchanged, "alt": StatusUnchanged},
			map[string][]byte{"pub": oldFile, "sub": oldFile, "alt": oldFile}, "resume"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, oldFile)
			c := s.connect(s.options())
			c.o.fault = once(tt.point, tt.node, kill(s, tt.node))
			out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: tt.keepGoing, Retries: 2})
			var partial *PartialError
			if !errors.As(err, &partial) {
				t.Fatalf("error %v", err)
			}
			if out.State != tt.state || fmt.Sprint(statuses(out)) != fmt.Sprint(tt.statuses) {
				t.Errorf("state %s, %v\n%v", out.State, statuses(out), err)
			}
			for name, want := range tt.serves {
				if got := s.node(name).get(CTLFile); !bytes.Equal(got, want) {
					t.Errorf("%s serves %s, want %s", name, brief(got), brief(want))
				}
			}
			if !slices.Contains(message.ActionsOf(partial), message.Action{Do: message.Resume, ID: out.ID}) || !strings.Contains(partial.Error(), tt.node) {
				t.Errorf("error %q, hint %q", partial, message.Lines(partial.Hints()).String())
			}
			// No new job as long as this one is unfinished.
			var unfinished *UnfinishedError
			if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); !errors.As(err, &unfinished) || unfinished.ID != out.ID {
				t.Errorf("a new job: %v", err)
			}
			s.node(tt.node).start()
			finish, want, state := c.Resume, newFile, StateFinished
			if tt.then == "rollback" {
				finish, want, state = c.Rollback, oldFile, StateTakenBack
			}
			out, err = finish(t.Context(), "")
			if err != nil || out.State != state {
				t.Fatalf("%s: %+v, %v", tt.then, out, err)
			}
			s.wantAll(want)
		})
	}
}

// A node that comes back in time costs nothing but patience.
func TestNodeRestartsInTime(t *testing.T) {
	for _, point := range []string{"stage.before", "stage.acted", "commit.before", "commit.intended", "commit.acted", "read-back.before"} {
		for _, node := range []string{"pub", "sub", "alt"} {
			t.Run(point+" "+node, func(t *testing.T) {
				s := newSite(t, oldFile)
				c := s.connect(s.options())
				c.o.fault = once(point, node, func() error { s.node(node).restart(); return nil })
				out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
				if err != nil || out.State != StateFinished {
					t.Fatalf("%+v, %v", out, err)
				}
				s.wantAll(newFile)
			})
		}
	}
}

func TestConflictStopsBeforeAnythingChanges(t *testing.T) {
	other := []byte("somebody else's file")
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	snap := map[string]*[32]byte{}
	for _, n := range c.Nodes {
		if _, err := c.fetch(t.Context(), n, CTLFile); err != nil {
			t.Fatal(err)
		}
		snap[n.Name()] = digest(oldFile)
	}
	check := func(err error) {
		t.Helper()
		var conflict *ConflictError
		if !errors.As(err, &conflict) || !errors.Is(err, ErrConflict) {
			t.Fatalf("error %v", err)
		}
		if conflict.Node != "sub" || !bytes.Equal(conflict.Expected, oldFile) || !bytes.Equal(conflict.Found, other) {
			t.Errorf("conflict of %s: expected %s, found %s", conflict.Node, brief(conflict.Expected), brief(conflict.Found))
		}
		if got := s.serves(); got["pub"] != string(oldFile) || got["alt"] != string(oldFile) || got["sub"] != string(other) {
			t.Errorf("something changed")
		}
	}
	// Changed before the job looks, and between its look and its staging.
	s.node("sub").put(CTLFile, other)
	_, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Expect: snap})
	check(err)
	s.node("sub").put(CTLFile, oldFile)
	c.o.fault = once("stage.intended", "sub", func() error { s.node("sub").put(CTLFile, other); return nil })
	_, err = c.Distribute(t.Context(), DistributeOptions{Data: newFile, Expect: snap})
	check(err)
}

// Finishing refuses a third content, touches nothing then, and obeys Force.
func TestFinishRefusesAThirdContent(t *testing.T) {
	other := []byte("somebody else's file")
	for _, back := range []bool{false, true} {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		c.o.fault = once("commit.intended", "sub", func() error { s.node("sub").halt(); return nil })
		out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: true, Retries: -1})
		if !errors.As(err, new(*PartialError)) {
			t.Fatalf("error %v", err)
		}
		s.node("sub").put(CTLFile, other)
		s.node("sub").start()
		before := s.serves()
		_, err = c.Finish(t.Context(), out.ID, FinishOptions{Back: back})
		if !errors.Is(err, ErrConflict) {
			t.Fatalf("back %v: error %v", back, err)
		}
		if fmt.Sprint(s.serves()) != fmt.Sprint(before) {
			t.Errorf("back %v: a refused job changed something", back)
		}
		if _, err = c.Finish(t.Context(), out.ID, FinishOptions{Back: back, Force: true}); err != nil {
			t.Fatalf("back %v, forced: %v", back, err)
		}
		s.wantAll(map[bool][]byte{false: newFile, true: oldFile}[back])
	}
}

// An interrupted job cleans up with the time of one request.
func TestInterruption(t *testing.T) {
	tests := []struct {
		point, node string
		want        any
	}{
		{"stage.acted", "alt", new(*UnchangedError)},
		{"commit.recorded", "pub", new(*PartialError)},
	}
	for _, tt := range tests {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		ctx, cancel := context.WithCancel(t.Context())
		c.o.fault = once(tt.point, tt.node, func() error { cancel(); return nil })
		out, err := c.Distribute(ctx, DistributeOptions{Data: newFile})
		if !errors.As(err, tt.want) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", tt.point, err)
		}
		if out.State == StateIncomplete {
			t.Errorf("%s: %+v", tt.point, out)
		}
		s.wantAll(oldFile)
	}
}

// The TFTP service of a real node keeps files in memory until it is restarted.
func TestReadBackOverTFTP(t *testing.T) {
	s := newSite(t, oldFile)
	cache := t.TempDir()
	if err := os.WriteFile(filepath.Join(cache, CTLFile), oldFile, 0o600); err != nil {
		t.Fatal(err)
	}
	s.node("sub").tftpDir.Store(&cache)
	c := s.connect(s.options())
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range out.Nodes {
		if (!n.Warning.IsZero()) != (n.Node == "sub") {
			t.Errorf("%s: warning %q", n.Node, n.Warning.String())
		}
	}
	// Bytes that are neither the new nor the former file are what phones would get:
	// the job is taken back.
	if err := os.WriteFile(filepath.Join(cache, CTLFile), newFile[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Distribute(t.Context(), DistributeOptions{Data: oldFile, Retries: 1})
	if !errors.As(err, new(*PartialError)) || !strings.Contains(err.Error(), "TFTP") {
		t.Fatalf("error %v", err)
	}
	s.wantAll(newFile)
}

func TestTwoProgramsNeverWorkAtOnce(t *testing.T) {
	s := newSite(t, oldFile)
	c, other := s.connect(s.options()), s.connect(s.options())
	var second error
	c.o.fault = once("commit.intended", "pub", func() error {
		_, second = other.Distribute(t.Context(), DistributeOptions{Data: newFile})
		return nil
	})
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Job: "update"}); err != nil {
		t.Fatal(err)
	}
	var locked *journal.LockedError
	if !errors.As(second, &locked) || locked.PID != os.Getpid() || locked.Job != "update" {
		t.Errorf("the second program: %v", second)
	}
}

// Everything kept of a cluster is its owner's alone, and no password is in it.
func TestStateIsPrivate(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(filepath.Join(s.dir, "clusters"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(sitePassword)) {
			t.Errorf("%s holds the password", path)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files, %v", files, err)
	}
}

// A node that left the profile does not keep the others from being finished.
func TestFinishWithoutANodeThatIsGone(t *testing.T) {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	c.o.fault = once("commit.intended", "alt", func() error { s.node("alt").halt(); return nil })
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: true, Retries: -1})
	if !errors.As(err, new(*PartialError)) {
		t.Fatalf("error %v", err)
	}
	s.profile.Nodes = s.profile.Nodes[:2]
	c = s.connect(s.options())
	var gone *GoneError
	if _, err := c.Rollback(t.Context(), ""); !errors.As(err, &gone) || gone.Node != "alt" || gone.ID != out.ID {
		t.Fatalf("error %v", err)
	}
	if _, err := c.Finish(t.Context(), "", FinishOptions{Back: true, Force: true}); err != nil {
		t.Fatal(err)
	}
	s.wantAll(oldFile)
}
