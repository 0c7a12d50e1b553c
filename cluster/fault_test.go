package cluster

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/cluster/site"
)

var update = flag.Bool("update", false, "write docs/reliability.md from the fault table")

const (
	faultKilled    = "program killed"
	faultRestarted = "node restarted"
	faultGone      = "node gone"
	faultFull      = "disk full"
	faultJournal   = "journal fails"

	faultTableEnv = "CLUSTER_TEST_FAULT_TABLE"
)

var faults = []string{faultKilled, faultCut, faultDelayed, faultTruncated, faultCorrupted, faultRestarted, faultGone, faultFull, faultJournal}

// TestFaultTable does every fault at every boundary of every step, and at random
// bytes, over both transports. After the job, and after resume or rollback where the
// job says that it is unfinished, all nodes hold the same file, the old or the new
// one. With -update the counts are written to docs/reliability.md.
func TestFaultTable(t *testing.T) {
	if testing.Short() {
		t.Skip("the fault table takes a minute")
	}
	if os.Getenv(faultTableEnv) == "" && inNamespace(t) {
		return
	}
	full := os.Getenv(faultTableEnv) != ""
	ft := &faultTable{columns: faults, cells: map[[2]string]*cell{}}
	steps := &faultTable{columns: stepFaultNames, cells: map[[2]string]*cell{}}
	boundaries := passed(t)
	if len(boundaries) < 30 {
		t.Fatalf("only %d boundaries: %v", len(boundaries), boundaries)
	}
	t.Run("runs", func(t *testing.T) { // returns when all of them have ended
		for i, b := range boundaries {
			for _, fault := range faults {
				if fault == faultFull && !full {
					continue
				}
				runFault(t, ft, fault, b, uint64(i))
			}
		}
		killedWhileFinishing(t, ft)
		randomFaults(t, ft, 200)
		stepFaults(t, steps)
	})
	text, stepText := ft.String(), steps.String()
	t.Log("\n" + text + "\n" + stepText)
	if *update {
		if t.Failed() {
			t.Fatal("a table of failures is not written")
		}
		if !full {
			t.Fatal("no file systems can be mounted here, so that the table would lack the full disk")
		}
		file := filepath.Join("..", "docs", "reliability.md")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(reliability(text, stepText)+fromOutside(t, file)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// inNamespace runs this test again where it may mount small file systems. Where that
// cannot be had it returns false, and the table has no full disk.
func inNamespace(t *testing.T) bool {
	attr := namespace()
	if attr == nil {
		return false
	}
	args := []string{"-test.run=^TestFaultTable$", "-test.v", "-test.timeout=10m"}
	if *update {
		args = append(args, "-update")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), faultTableEnv+"=1")
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("--- PASS: TestFaultTable")) && err == nil {
		t.Logf("%s", out)
		return true
	}
	if len(out) == 0 || bytes.Contains(out, []byte("mount:")) {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatalf("no mount namespace to be had, which the full disk needs: %v\n%s", err, out)
		}
		t.Logf("no mount namespace to be had; the table has no full disk: %v", err)
		return false
	}
	t.Fatalf("%v\n%s", err, out)
	return false
}

// passed are the boundaries of a job in which nothing fails, in the order of steps.
func passed(t *testing.T) []boundary {
	s := newSite(t, oldFile)
	c := s.connect(s.options())
	r := &recorder{}
	c.o.fault = r.fault
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Fatal(err)
	}
	list := r.list
	order := []string{"begin", StepStage, StepCommit, StepReadBack, "end"}
	step := func(b boundary) int { return slices.Index(order, strings.SplitN(b.point, ".", 2)[0]) }
	slices.SortStableFunc(list, func(a, b boundary) int { return step(a) - step(b) })
	return list
}

// runFault does one fault at one boundary, once with the choice to take back and
// once with the choice to leave it to resume.
func runFault(t *testing.T, ft *faultTable, fault string, b boundary, seed uint64) {
	onNode := b.node != ""
	switch {
	case fault == faultJournal && (!strings.HasSuffix(b.point, ".before") || b.point == "read-back.before"),
		fault == faultFull && (!onNode || strings.HasPrefix(b.point, "read-back")),
		fault != faultKilled && fault != faultJournal && !onNode:
		return // this boundary does not know this fault
	}
	choices := []bool{false, true}
	if slices.Contains([]string{faultCut, faultDelayed, faultTruncated, faultCorrupted, faultRestarted}, fault) {
		choices = choices[seed%2 : seed%2+1] // what a retry mends never comes to that choice
	}
	for _, keepGoing := range choices {
		name := fmt.Sprintf("%s at %s %s, keep going %v", fault, b.point, b.node, keepGoing)
		counts := ft.at(b.point, fault)
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			run := &faultRun{testSite: newFaultSite(t, fault == faultFull), t: t, ft: ft, fault: fault, keepGoing: keepGoing,
				rand: rand.New(rand.NewPCG(seed, 7)), cell: counts}
			run.atBoundary(b)
		})
	}
}

// faultRun is one run of the table.
type faultRun struct {
	t *testing.T
	*testSite
	ft        *faultTable
	fault     string
	keepGoing bool // and, for a program that was killed: resume rather than roll back
	rand      *rand.Rand
	cell      *cell
	mend      []func() // before the job is finished
}

// newFaultSite is a site behind proxies, on small file systems where disks get filled.
func newFaultSite(t *testing.T, small bool) *testSite {
	var s *testSite
	if small {
		s = newSiteIn(t, oldFile, func() string { return smallDisk(t) })
	} else {
		s = newSite(t, oldFile)
	}
	for i, n := range s.nodes {
		n.proxy = newProxy(t, n.address, fmt.Sprintf("%s:%d", n.address, n.port))
		s.profile.Nodes[i].CTLPPort, s.profile.Nodes[i].SFTPPort = site.At(n.proxy.port()), site.At(n.proxy.port())
	}
	return s
}

// count one more of something in the run's cell.
func (r *faultRun) count(n *int) {
	r.ft.mu.Lock()
	defer r.ft.mu.Unlock()
	*n++
}

func (r *faultRun) atBoundary(b boundary) {
	if r.fault == faultKilled {
		if !r.child("distribute", "", b.point, b.node, newFile) {
			r.t.Fatal("the boundary was not reached")
		}
		r.finishKilled()
		return
	}
	c := r.connectPatiently()
	defer c.Close()
	c.o.fault = once(b.point, b.node, func() error { return r.harm(b.node, r.rand.Int64N(200)) })
	out, err := c.Distribute(r.t.Context(), DistributeOptions{Data: newFile, KeepGoing: r.keepGoing, Retries: 2})
	r.check(out, err)
}

// connectPatiently: a busy machine may be slower than a short patience.
func (r *faultRun) connectPatiently() *Cluster {
	r.t.Helper()
	var err error
	for range 10 {
		var c *Cluster
		if c, err = Connect(r.t.Context(), r.profile, r.patience()); err == nil {
			return c
		}
	}
	r.t.Fatal(err)
	return nil
}

// patience is short where an answer never comes.
func (r *faultRun) patience() Options {
	o := r.options()
	if r.fault == faultDelayed {
		o.Timeout = 300 * time.Millisecond
	}
	return o
}

// harm does the fault to a node.
func (r *faultRun) harm(node string, after int64) error {
	switch r.fault {
	case faultJournal:
		return fmt.Errorf("%w: cannot write journal", errFault)
	case faultRestarted:
		r.node(node).restart()
	case faultGone:
		r.node(node).halt()
		r.mend = append(r.mend, r.node(node).start)
	case faultFull:
		r.mend = append(r.mend, fill(r.t, r.node(node).dir))
	case faultCut:
		r.node(node).proxy.arm(faultCut, after)
		r.node(node).proxy.cut()
	default:
		r.node(node).proxy.arm(r.fault, after)
	}
	return nil
}

// check holds the outcome against what nodes serve, and finishes what is unfinished.
func (r *faultRun) check(out Outcome, err error) {
	r.t.Helper()
	r.count(&r.cell.runs)
	r.wantOldOrNew()
	for _, m := range r.mend {
		m()
	}
	var partial *PartialError
	switch {
	case err == nil && out.State == StateFinished:
		r.count(&r.cell.finished)
		r.wantAll(newFile)
	case errors.As(err, new(*UnchangedError)):
		r.count(&r.cell.unchanged)
		r.wantAll(oldFile)
	case errors.As(err, &partial) && out.State == StateTakenBack:
		r.count(&r.cell.takenBack)
		r.wantAll(oldFile)
	case errors.As(err, &partial) && out.State == StateIncomplete:
		r.finish(out.ID)
	default:
		// The job is done but its end could not be written down.
		if !errors.Is(err, errFault) {
			r.t.Fatalf("outcome %+v, error %v", out, err)
		}
		r.finish(out.ID)
	}
	r.tidy()
}

// finishKilled is what the person does after the program died.
func (r *faultRun) finishKilled() {
	r.t.Helper()
	r.count(&r.cell.runs)
	r.wantOldOrNew()
	jobs, err := History(r.dir, "site")
	if err != nil {
		r.t.Fatal(err)
	}
	if len(jobs) == 0 { // it died before it began
		r.count(&r.cell.unchanged)
		r.wantAll(oldFile)
		return
	}
	r.finish(jobs[0].ID)
	r.tidy()
}

func (r *faultRun) finish(id string) {
	r.t.Helper()
	r.count(&r.cell.mended)
	c := r.connect(r.options())
	finish, want := c.Rollback, oldFile
	if r.keepGoing {
		finish, want = c.Resume, newFile
	}
	// Twice: finishing what is finished changes nothing.
	for range 2 {
		_, err := finish(r.t.Context(), id)
		if err != nil {
			r.t.Fatalf("finishing: %v", err)
		}
		r.wantAll(want)
	}
}

// wantOldOrNew: at no moment does a node serve anything else. The job is over, and
// with it a harm that it did not come across.
func (r *faultRun) wantOldOrNew() {
	r.t.Helper()
	for _, n := range r.nodes {
		n.proxy.arm("", 0)
	}
	for _, n := range r.nodes {
		if got := n.get(CTLFile); !bytes.Equal(got, oldFile) && !bytes.Equal(got, newFile) {
			r.t.Errorf("%s serves %s, neither the old nor the new file", n.name, brief(got))
		}
	}
}

// tidy: a later job finds and leaves nothing lying about.
func (r *faultRun) tidy() {
	r.t.Helper()
	c := r.connect(r.options())
	if _, err := c.Distribute(r.t.Context(), DistributeOptions{Data: newFile}); err != nil {
		r.t.Errorf("the next job: %v", err)
	}
	c.Close()
	for _, n := range r.nodes {
		n.wantOnly(CTLFile, CTLFile+".previous")
	}
}

// killedWhileFinishing kills the program that resumes or rolls back, at each of its
// boundaries, after one that was killed between two commits.
func killedWhileFinishing(t *testing.T, ft *faultTable) {
	first := boundary{"commit.recorded", "pub"}
	for _, action := range []string{"resume", "rollback"} {
		s := newSite(t, oldFile)
		if !s.child("distribute", "", first.point, first.node, newFile) {
			t.Fatal("the boundary was not reached")
		}
		c := s.connect(s.options())
		r := &recorder{}
		c.o.fault = r.fault
		if _, err := c.Finish(t.Context(), "", FinishOptions{Back: action == "rollback"}); err != nil {
			t.Fatal(err)
		}
		for i, b := range r.list {
			keepGoing := i%2 == 0
			name := fmt.Sprintf("%s killed at %s %s, keep going %v", action, b.point, b.node, keepGoing)
			counts := ft.at(action+": "+b.point, faultKilled)
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				run := &faultRun{testSite: newFaultSite(t, false), t: t, ft: ft, keepGoing: keepGoing, cell: counts}
				run.child("distribute", "", first.point, first.node, newFile)
				if !run.child(action, "", b.point, b.node, nil) {
					t.Fatal("the boundary was not reached")
				}
				// Who rolled back and was killed at the very end has nothing to resume.
				if jobs, err := History(run.dir, "site"); err == nil && jobs[0].State == StateTakenBack {
					run.keepGoing = false
				}
				run.finishKilled()
			})
		}
	}
}

// randomFaults harms the network at bytes chosen by seed, from the first of the login
// to the last of the read-back.
func randomFaults(t *testing.T, ft *faultTable, n int) {
	s := newFaultSite(t, false)
	c := s.connect(s.options())
	if _, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile}); err != nil {
		t.Fatal(err)
	}
	total := map[string]int64{}
	for _, node := range s.nodes {
		total[node.name] = node.proxy.bytes()
	}
	harms := []string{faultCut, faultTruncated, faultCorrupted, faultDelayed, faultKilled}
	for seed := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), 11))
		harm := harms[seed%len(harms)]
		node := s.nodes[rnd.IntN(len(s.nodes))].name
		at := rnd.Int64N(total[node])
		counts := ft.at("random byte", harm)
		t.Run(fmt.Sprintf("%s_%s_%d", strings.ReplaceAll(harm, " ", "_"), node, at), func(t *testing.T) {
			t.Parallel()
			run := &faultRun{testSite: newFaultSite(t, false), t: t, ft: ft, fault: harm, keepGoing: rnd.IntN(2) == 0, rand: rnd, cell: counts}
			if harm == faultKilled {
				run.childKilledAt(node, at, newFile)
				run.finishKilled()
				return
			}
			run.testSite.node(node).proxy.arm(harm, at)
			c, err := Connect(t.Context(), run.profile, run.patience())
			if err != nil { // the harm was done to the login
				run.count(&run.cell.runs)
				run.count(&run.cell.unchanged)
				run.wantOldOrNew()
				run.wantAll(oldFile)
				run.tidy()
				return
			}
			defer c.Close()
			out, err := c.Distribute(t.Context(), DistributeOptions{Data: newFile, KeepGoing: run.keepGoing, Retries: 2})
			run.check(out, err)
		})
	}
}
