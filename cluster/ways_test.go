package cluster

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
)

// byHand makes the last nodes of a site such that a person carries the file there, and
// the cluster one of which nobody answers but the files.
func (s *testSite) byHand() {
	s.profile.Publisher, s.profile.User, s.profile.PasswordSource = site.PublisherNone, "", ""
	for i := range s.profile.Nodes {
		n := &s.profile.Nodes[i]
		if n.Transport != site.TransportSFTP {
			*n = site.Node{Name: n.Name, Role: site.RoleTFTP, Address: n.Address, Transport: site.TransportByHand, TFTPPort: n.TFTPPort, HTTPPort: site.NotRun()}
		}
	}
}

// carrier is the person: told what to do, it does it.
type carrier struct {
	s     *testSite
	t     *testing.T
	idle  bool // does nothing
	mu    sync.Mutex
	told  []string
	ticks []string
}

func (c *carrier) errand(e reach.Errand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Done {
		c.ticks = append(c.ticks, e.Node)
		return
	}
	c.told = append(c.told, e.Node)
	if c.idle {
		return
	}
	if e.File == "" {
		c.s.node(e.Node).remove(e.Name)
		return
	}
	c.s.node(e.Node).put(e.Name, readTestFile(c.t, e.File))
}

func TestPersonCarriesTheFile(t *testing.T) {
	s := newSite(t, oldFile)
	s.byHand()
	person := &carrier{s: s, t: t}
	o := s.options()
	o.Errand = person.errand
	c := s.connect(o)
	out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Job: "update"})
	if err != nil || out.State != StateFinished || len(person.told) != 2 || len(person.ticks) != 2 {
		t.Fatalf("%+v, %v; told %q, seen done %q", out, err, person.told, person.ticks)
	}
	s.wantAll(newFile)
	jobs, err := History(s.dir, "site")
	if err != nil || !strings.Contains(strings.Join(jobs[0].Lacks["pub"], ", "), "replace in one step") || jobs[0].Lacks["alt"] != nil {
		t.Errorf("what nodes could not promise: %+v, %v", jobs, err)
	}
	if out, err = c.Rollback(t.Context(), out.ID); err != nil || out.State != StateTakenBack {
		t.Fatalf("%+v, %v", out, err)
	}
	s.wantAll(oldFile)
	if out, err = c.Distribute(t.Context(), DistributeOptions{Data: nil}); err != nil || out.State != StateFinished {
		t.Fatalf("removed: %+v, %v", out, err)
	}
	s.wantAll(nil)
}

// A person takes as long as it takes: interrupted, the job waits in the journal, the
// nodes that are done stay done, and resume goes on waiting.
func TestWaitingForAPersonIsInterrupted(t *testing.T) {
	s := newSite(t, oldFile)
	s.byHand()
	person := &carrier{s: s, t: t, idle: true}
	o := s.options()
	o.Errand = person.errand
	ctx, cancel := context.WithCancel(t.Context())
	waits := 0
	var mu sync.Mutex
	o.Sleep = func(ctx context.Context, _ time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if waits++; waits == 5 {
			cancel()
		}
		return ctx.Err()
	}
	c := s.connect(o)
	out, err := c.Distribute(ctx, DistributeOptions{Data: newFile})
	if !errors.As(err, new(*PartialError)) || out.State != StateIncomplete {
		t.Fatalf("%+v, %v", out, err)
	}
	if got := s.serves(); got["alt"] != string(newFile) || got["pub"] != string(oldFile) {
		t.Errorf("nodes serve %v", brief([]byte(got["alt"])))
	}
	person.idle = false
	if out, err = c.Resume(t.Context(), ""); err != nil || out.State != StateFinished {
		t.Fatalf("%+v, %v", out, err)
	}
	s.wantAll(newFile)
}

// A server that loses patience while a person types the password is met anew: the typed
// password is sent once, on a connection that lives.
func TestSlowPassword(t *testing.T) {
	s := newSite(t, oldFile)
	s.profile.PasswordSource = "prompt"
	now := time.Date(2026, 3, 14, 22, 0, 0, 0, time.UTC)
	o := s.options()
	o.Now = func() time.Time { return now }
	o.Prompter = slowPerson{s.prompter, func() {
		now = now.Add(time.Minute)
		s.node("pub").restart() // its connections end
	}}
	s.connect(o)
	if got := s.node("pub").logins.Load(); got != 1 || len(s.prompter.passwords) != 1 {
		t.Errorf("%d logins, asked %q", got, s.prompter.passwords)
	}
}

type slowPerson struct {
	*fakePrompter
	meanwhile func()
}

func (p slowPerson) Password(ctx context.Context, node, user string) ([]byte, error) {
	p.meanwhile()
	return p.fakePrompter.Password(ctx, node, user)
}

var _ meet.Prompter = slowPerson{}

// A login that is refused in the middle of a job, or while one is finished, is tried once:
// each further try with the same password brings the account nearer to being locked.
func TestRefusedLoginIsNotRepeated(t *testing.T) {
	for _, node := range []string{"sub", "alt"} {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		c.o.fault = once("commit.intended", node, func() error {
			s.node(node).deny.Store(true)
			s.node(node).restart()
			s.node(node).logins.Store(0)
			return nil
		})
		out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: true})
		if !errors.As(err, new(*PartialError)) || reach.ClassOf(err) != reach.Login {
			t.Fatalf("%s: %+v, %v", node, out, err)
		}
		if got := s.node(node).logins.Load(); got != 1 {
			t.Errorf("%s: %d logins", node, got)
		}
		s.node(node).logins.Store(0)
		if _, err := c.Resume(t.Context(), ""); reach.ClassOf(err) != reach.Login || s.node(node).logins.Load() != 1 {
			t.Errorf("%s: resumed with %d logins: %v", node, s.node(node).logins.Load(), err)
		}
		s.node(node).deny.Store(false)
		if out, err := c.Resume(t.Context(), ""); err != nil || out.State != StateFinished {
			t.Errorf("%s: %+v, %v", node, out, err)
		}
	}
}

// Each answer of a node has its class, by which callers decide.
func TestClassesOfAnswers(t *testing.T) {
	for status, want := range map[ctlp.Status]reach.Class{
		ctlp.NoSpace: reach.Refused, ctlp.Busy: reach.Refused, ctlp.BadList: reach.Permanent, ctlp.NotSupported: reach.Permanent,
	} {
		s := newSite(t, oldFile)
		c := s.connect(s.options())
		s.node("sub").refuse.Store(&ctlp.StatusError{Status: status})
		_, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Retries: -1})
		var e *reach.Error
		if !errors.As(err, &e) || e.Class != want || e.Server != "sub" || e.Door != "CTL Provider" {
			t.Errorf("%v: %+v", status, e)
		}
	}
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	s.node("alt").halt()
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, Retries: -1}); reach.ClassOf(err) != reach.Unreachable {
		t.Errorf("a node that is gone: %v", err)
	}
}
