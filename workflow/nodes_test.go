package workflow_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/trust/fleet"
	"ctlclient/trust/hazard"
	"ctlclient/workflow"
)

// when runs f at the first event of a step and state at a node, on the goroutine that
// works there.
type when struct {
	*person
	step, state, node string
	once              sync.Once
	f                 func()
}

func (w *when) Event(e workflow.Event) {
	w.person.Event(e)
	if e.Type == workflow.EventNode && e.Step == w.step && e.State == w.state && e.Node == w.node {
		w.once.Do(w.f)
	}
}

// ready is an update that adds SAST-3, agreed to.
func (b *bench) ready(ui workflow.UI) (*workflow.Session, *workflow.Agreement) {
	b.t.Helper()
	s, err := workflow.Connect(b.t.Context(), b.load(), ui, b.o)
	b.do(err)
	b.t.Cleanup(func() { s.Close() })
	p, err := s.PlanUpdate(b.t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"), b.uri("SAST-3"))})
	b.do(err)
	a, err := s.Agree(b.t.Context(), p, workflow.ToWrite)
	b.do(err)
	return s, a
}

// folders is what nodes serve: the files alone, without journals.
func (b *bench) folders() map[string]string {
	out := map[string]string{}
	for name, data := range b.files() {
		if !strings.HasPrefix(name, b.state) {
			out[name] = data
		}
	}
	return out
}

func (b *bench) sameFolders(before map[string]string) {
	b.t.Helper()
	for name, data := range b.folders() {
		if before[name] != data {
			b.t.Errorf("%s was changed", name)
		}
	}
}

// A node that goes away at each moment of a job. No node ever serves half a job for
// long: before the first commit nothing changes; after it, everything is taken back,
// or the journal names what is left to do.
func TestNodeStopsDuringAJob(t *testing.T) {
	for name, c := range map[string]struct {
		step, state string
	}{
		"before staging": {},
		"while staging":  {cluster.StepStage, cluster.StateStart},
		"after staging":  {cluster.StepStage, cluster.StateDone},
		"at its commit":  {cluster.StepCommit, cluster.StateStart},
	} {
		t.Run(name, func(t *testing.T) {
			b := migrated(t, lab.Options{Phones: phonesThatAsk})
			old := b.served(b.Nodes[0].Name)
			before := b.folders()
			sub := b.Nodes[1].Name
			stop := func() { b.do(b.Stop(sub)) }
			s, a := b.ready(&when{person: b.who, step: c.step, state: c.state, node: sub, f: stop})
			if c.step == "" {
				stop()
			}
			_, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{Retries: -1})
			var unchanged *cluster.UnchangedError
			var partial *cluster.PartialError
			switch {
			case errors.As(err, &unchanged):
				if c.step == cluster.StepCommit {
					t.Errorf("unchanged after a commit: %v", err)
				}
				b.sameFolders(before)
				b.do(b.Start(sub))
			case errors.As(err, &partial):
				if c.step != cluster.StepCommit && c.state != cluster.StateDone {
					t.Errorf("partial before a commit: %v", err)
				}
				if !strings.Contains(err.Error(), sub) {
					t.Errorf("the node is not named: %v", err)
				}
				b.do(b.Start(sub))
				if partial.Outcome.State == cluster.StateIncomplete {
					if fs := b.connect().Findings(t.Context()); fs[0].Job != "resume" || fs[0].Mend.Actions()[0].ID != partial.Outcome.ID {
						t.Errorf("the first finding is %+v", fs[0])
					}
					_, err := b.finish(workflow.FinishRequest{Back: true})
					b.do(err)
				}
			default:
				t.Fatalf("error %v", err)
			}
			b.everywhere(old)

			// With the node back, the job goes through.
			b.everywhere(b.update(workflow.UpdateRequest{Signing: by("", b.uri("SAST-3"))}).List)
		})
	}
}

func TestKeepGoingAndResume(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	sub := b.Nodes[1].Name
	s, a := b.ready(&when{person: b.who, step: cluster.StepCommit, state: cluster.StateStart, node: sub, f: func() { b.do(b.Stop(sub)) }})
	r, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{KeepGoing: true, Retries: -1})
	var partial *cluster.PartialError
	if !errors.As(err, &partial) || r.Outcome.State != cluster.StateIncomplete {
		t.Fatalf("state %s, error %v", r.Outcome.State, err)
	}
	l := r.List
	if got := b.served(b.Nodes[0].Name); got.MD5() != l.MD5() {
		t.Error("the publisher does not serve the new file")
	}
	b.do(b.Start(sub))
	// No other job before this one is settled.
	s, a = b.ready(b.who)
	_, err = s.Execute(t.Context(), a, workflow.ExecuteOptions{})
	var unfinished *cluster.UnfinishedError
	if !errors.As(err, &unfinished) || unfinished.ID != r.Outcome.ID {
		t.Errorf("error %v", err)
	}
	done, err := b.finish(workflow.FinishRequest{})
	b.do(err)
	b.everywhere(l)
	if done.List.MD5() != l.MD5() || !slices.Equal(done.Restart, []string{workflow.MsgRestart}) {
		t.Errorf("resumed: %+v", done)
	}
}

// A job that was done is taken back to the file before it.
func TestRollbackOfADoneJob(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	old := b.served(b.Nodes[0].Name)
	r := b.update(workflow.UpdateRequest{Signing: by("", b.uri("SAST-3"))})
	back, err := b.finish(workflow.FinishRequest{ID: r.Outcome.ID, Back: true})
	b.do(err)
	b.everywhere(old)
	if back.List.MD5() != old.MD5() || back.Outcome.State != cluster.StateTakenBack {
		t.Errorf("state %s", back.Outcome.State)
	}
	if refused := b.boot(); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
}

// Somebody else changed a node's file after it was looked at.
func TestFileChangedSinceTheSnapshot(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	s, a := b.ready(b.who)
	d := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	d.Digest = ctlbuild.SHA256
	theirs := b.signed(d, "SAST-2")
	b.put(b.Nodes[1].Name, theirs.Bytes())
	before := b.folders()
	_, err := s.Execute(t.Context(), a, workflow.ExecuteOptions{})
	var conflict *cluster.ConflictError
	if !errors.As(err, &conflict) || conflict.Node != b.Nodes[1].Name || !bytes.Equal(conflict.Found, theirs.Bytes()) {
		t.Fatalf("error %v", err)
	}
	b.sameFolders(before)
}

func TestProfileLacksANode(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	sub := b.Nodes[1].Name
	b.change = func(p *site.Profile) {
		p.Nodes = slices.DeleteFunc(p.Nodes, func(n site.Node) bool { return n.Name == sub })
	}
	before := b.files()
	s := b.connect()
	_, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	wantReason(t, err, workflow.BadRequest, sub, "add-missing", "leave-out")
	if fs := s.Findings(t.Context()); len(fs) == 0 || fs[0].Severity != hazard.Danger || !strings.Contains(fs[0].Text.String(), sub) {
		t.Errorf("findings: %+v", fs)
	}
	b.untouched(before)
	lacking := b.change
	b.change = func(p *site.Profile) { lacking(p); p.LeaveOut = []string{sub} }
	if _, err := b.connect().PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))}); err != nil {
		t.Errorf("left out on purpose: %v", err)
	}
}

// Rule 6: all nodes serve the same bytes. Phones may hold any of the files served.
func TestNodesThatDiffer(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	b.change = noFleet
	d := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	d.Digest = ctlbuild.SHA256
	other := b.signed(d, "SAST-2")
	b.put(b.Nodes[1].Name, other.Bytes())
	s := b.connect()
	if fs := s.Findings(t.Context()); len(fs) == 0 || fs[0].Job != "distribute" || !strings.Contains(fs[0].Text.String(), b.Nodes[1].Name) {
		t.Errorf("findings: %+v", fs)
	}
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.do(err)
	if h := hazardOf(p, "nodes-differ"); !strings.Contains(h, b.Nodes[1].Name) || !strings.Contains(h, other.MD5()) {
		t.Errorf("nodes-differ: %q", h)
	}
	held := map[string]bool{}
	for _, v := range p.Verdicts {
		if v.Phone.CTL != nil {
			held[v.Phone.CTL.MD5()] = true
		}
	}
	if len(held) != 2 || !held[other.MD5()] {
		t.Errorf("phones are judged by %d lists", len(held))
	}
	b.everywhere(b.through(s, p, nil).List)

	t.Run("a file that is none", func(t *testing.T) {
		b.put(b.Nodes[1].Name, []byte("rubbish"))
		fs := b.connect().Findings(t.Context())
		if len(fs) < 2 || !slices.ContainsFunc(fs, func(f workflow.Finding) bool {
			return f.Severity == hazard.Danger && strings.Contains(f.Text.String(), b.Nodes[1].Name) && strings.Contains(f.Text.String(), "Error parsing the CTL File")
		}) {
			t.Errorf("findings: %+v", fs)
		}
	})
	t.Run("no file", func(t *testing.T) {
		b.put(b.Nodes[1].Name, other.Bytes())
		b.do(b.Stop(b.Nodes[1].Name))
		b.o.Tolerant = true
		s := b.connect()
		fs := s.Findings(t.Context())
		if len(fs) == 0 || !strings.Contains(fs[0].Text.String(), b.Nodes[1].Name) {
			t.Errorf("findings: %+v", fs)
		}
		if _, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))}); err == nil {
			t.Error("a plan was made although a node could not be asked")
		}
	})
}

// A cluster in order has no findings.
func TestNoFindings(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	if fs := b.connect().Findings(t.Context()); len(fs) > 0 {
		t.Errorf("findings: %+v", fs)
	}
}

// A TFTP service that refuses, or does not answer, leaves phones without a file.
func TestTFTPThatGivesNoFileIsAFinding(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	sub := b.Nodes[1]
	c, err := net.ListenPacket("udp", net.JoinHostPort(sub.Address, "0"))
	b.do(err)
	var served sync.WaitGroup
	defer served.Wait()
	defer c.Close()
	served.Go(func() {
		buf := make([]byte, 1024)
		for {
			_, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if _, err := c.WriteTo([]byte("\x00\x05\x00\x02not today\x00"), from); err != nil { // ERROR, access violation
				return
			}
		}
	})
	b.change = func(p *site.Profile) {
		for i := range p.Nodes {
			if p.Nodes[i].Name == sub.Name {
				p.Nodes[i].TFTPPort = site.At(c.LocalAddr().(*net.UDPAddr).Port)
			}
		}
	}
	s := b.connect()
	fs := s.Findings(t.Context())
	if len(fs) != 1 || fs[0].Severity != hazard.Warning || !strings.Contains(fs[0].Text.String(), "TFTP on "+sub.Name+" gives phones no CTL file") || !strings.Contains(fs[0].Text.String(), "not today") {
		t.Errorf("findings: %+v", fs)
	}
	s.Snapshot.Nodes[1].TFTPErr = &cluster.NodeError{Node: sub.Name, Step: "tftp", Err: os.ErrDeadlineExceeded}
	if fs := s.Findings(t.Context()); len(fs) != 1 || !strings.Contains(fs[0].Text.String(), "TFTP on "+sub.Name+" does not answer") {
		t.Errorf("findings: %+v", fs)
	}
	// The publisher's ITL comes the same way: that is not said twice.
	s.Snapshot.Nodes[0].TFTPErr, s.Snapshot.Nodes[1].TFTPErr = s.Snapshot.Nodes[1].TFTPErr, nil
	s.Snapshot.ITL, s.Snapshot.ITLErr = nil, os.ErrDeadlineExceeded
	if fs := s.Findings(t.Context()); len(fs) != 1 {
		t.Errorf("findings: %+v", fs)
	}
	if !slices.ContainsFunc(b.who.events, func(e workflow.Event) bool {
		return e.Type == workflow.EventNode && e.Node == sub.Name && e.Step == cluster.StepFetchTFTP && e.State == cluster.StateFailed
	}) {
		t.Error("progress does not say what was waited for")
	}
}

// All nodes' TFTP services are asked side by side: each of these answers only when all
// of them were asked.
func TestTFTPIsAskedSideBySide(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	ctx, stop := context.WithCancel(t.Context())
	var served sync.WaitGroup
	defer served.Wait()
	defer stop()
	var asked sync.WaitGroup
	asked.Add(len(b.Nodes))
	everybody := make(chan struct{})
	go func() { asked.Wait(); close(everybody) }()
	b.change = func(p *site.Profile) {
		for i := range p.Nodes {
			c, err := net.ListenPacket("udp", net.JoinHostPort(p.Nodes[i].Address, "0"))
			b.do(err)
			context.AfterFunc(ctx, func() { c.Close() })
			p.Nodes[i].TFTPPort = site.At(c.LocalAddr().(*net.UDPAddr).Port)
			served.Go(func() { notFound(c, asked.Done, everybody, ctx.Done()) })
		}
	}
	s := b.connect()
	for _, n := range s.Snapshot.Nodes {
		if n.TFTPErr != nil || n.TFTPAgree == nil {
			t.Errorf("%s: %v", n.Node.Name, n.TFTPErr)
		}
	}
}

// notFound answers every TFTP request with "file not found" once everybody was asked.
func notFound(c net.PacketConn, asked func(), everybody, end <-chan struct{}) {
	buf := make([]byte, 1024)
	var once sync.Once
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("CTLFile")) {
			once.Do(asked)
			select {
			case <-everybody:
			case <-end:
				return
			}
		}
		// ERROR (5), code 1: file not found, no message.
		if _, err := c.WriteTo([]byte{0, 5, 0, 1, 0}, from); err != nil {
			return
		}
	}
}

// An ITL that cannot be read is not taken for none.
func TestITLThatCannotBeRead(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.trusted("SAST-1", "SAST-2")
	pub := b.Nodes[0].Name
	b.putFile(pub, cluster.ITLFile, []byte("rubbish"))
	before := b.files()
	s := b.connect()
	if fs := s.Findings(t.Context()); len(fs) != 1 || !strings.Contains(fs[0].Text.String(), "the ITL that the publisher serves cannot be read") {
		t.Errorf("findings: %+v", fs)
	}
	r := by("", b.uri("SAST-1"), b.uri("SAST-2"))
	_, err := s.PlanMigrateToTokens(t.Context(), r)
	wantReason(t, err, workflow.Unreachable, "ITL file could not be read", "nothing was written")
	b.untouched(before)

	n, err := b.Node(pub)
	b.do(err)
	b.do(os.Remove(filepath.Join(n.Folder, cluster.ITLFile)))
	_, err = b.connect().PlanMigrateToTokens(t.Context(), r)
	wantReason(t, err, workflow.PhonesLost, "serves no ITL file")
}

// A fleet that the profile names and that cannot be read stops at once: nobody is to
// think that the phones were looked at.
func TestFleetThatCannotBeRead(t *testing.T) {
	b := newBench(t, lab.Options{Phones: phonesThatAsk})
	b.change = func(p *site.Profile) { p.Fleet = "nobody.csv" }
	_, err := workflow.Connect(t.Context(), b.load(), b.who, b.o)
	wantReason(t, err, workflow.BadRequest, "fleet", "nobody.csv")
	bad := filepath.Join(t.TempDir(), "bad.csv")
	b.do(os.WriteFile(bad, []byte("name,model,ctl\nSEP1,7975,nonsense\n"), 0o600))
	b.change = func(p *site.Profile) { p.Fleet = bad }
	_, err = workflow.Connect(t.Context(), b.load(), b.who, b.o)
	var fe *fleet.Error
	if !errors.As(err, &fe) || fe.Line != 2 {
		t.Errorf("error %v", err)
	}
}
