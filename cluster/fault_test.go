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
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
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

// cell counts the runs of one fault at the boundaries of one step. A run that ended
// otherwise than it must has failed the test.
type cell struct{ runs, finished, takenBack, unchanged, mended int }

type faultTable struct {
	rows  []string
	cells map[[2]string]*cell
}

func (ft *faultTable) at(row, fault string) *cell {
	if !slices.Contains(ft.rows, row) {
		ft.rows = append(ft.rows, row)
	}
	key := [2]string{row, fault}
	if ft.cells[key] == nil {
		ft.cells[key] = &cell{}
	}
	return ft.cells[key]
}

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
	ft := &faultTable{cells: map[[2]string]*cell{}}
	boundaries := passed(t)
	if len(boundaries) < 30 {
		t.Fatalf("only %d boundaries: %v", len(boundaries), boundaries)
	}
	for i, b := range boundaries {
		for _, fault := range faults {
			if fault == faultFull && !full {
				continue
			}
			seed := uint64(i)
			runFault(t, ft, fault, b, seed)
		}
	}
	killedWhileFinishing(t, ft)
	randomFaults(t, ft, 60)
	text := ft.String()
	t.Log("\n" + text)
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
		if err := os.WriteFile(file, []byte(reliability(text)), 0o644); err != nil {
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
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			run := &faultRun{site: newFaultSite(t, fault == faultFull), t: t, fault: fault, keepGoing: keepGoing,
				rand: rand.New(rand.NewPCG(seed, 7)), cell: ft.at(b.point, fault)}
			run.atBoundary(b)
		})
	}
}

// faultRun is one run of the table.
type faultRun struct {
	t *testing.T
	*site
	fault     string
	keepGoing bool // and, for a program that was killed: resume rather than roll back
	rand      *rand.Rand
	cell      *cell
	mend      []func() // before the job is finished
}

// newFaultSite is a site behind proxies, on small file systems where disks get filled.
func newFaultSite(t *testing.T, small bool) *site {
	var s *site
	if small {
		s = newSiteIn(t, oldFile, func() string { return smallDisk(t) })
	} else {
		s = newSite(t, oldFile)
	}
	for i, n := range s.nodes {
		n.proxy = newProxy(t, n.address, fmt.Sprintf("%s:%d", n.address, n.port))
		s.profile.Nodes[i].CTLPPort, s.profile.Nodes[i].SFTPPort = n.proxy.port(), n.proxy.port()
	}
	return s
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
	r.cell.runs++
	r.wantOldOrNew()
	for _, m := range r.mend {
		m()
	}
	var partial *PartialError
	switch {
	case err == nil && out.State == StateFinished:
		r.cell.finished++
		r.wantAll(newFile)
	case errors.As(err, new(*UnchangedError)):
		r.cell.unchanged++
		r.wantAll(oldFile)
	case errors.As(err, &partial) && out.State == StateTakenBack:
		r.cell.takenBack++
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
	r.cell.runs++
	r.wantOldOrNew()
	jobs, err := History(r.dir, "site")
	if err != nil {
		r.t.Fatal(err)
	}
	if len(jobs) == 0 { // it died before it began
		r.cell.unchanged++
		r.wantAll(oldFile)
		return
	}
	r.finish(jobs[0].ID)
	r.tidy()
}

func (r *faultRun) finish(id string) {
	r.t.Helper()
	r.cell.mended++
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

// wantOldOrNew: at no moment does a node serve anything else.
func (r *faultRun) wantOldOrNew() {
	r.t.Helper()
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
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				run := &faultRun{site: newFaultSite(t, false), t: t, keepGoing: keepGoing, cell: ft.at(action+": "+b.point, faultKilled)}
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
	harms := []string{faultCut, faultTruncated, faultCorrupted, faultDelayed}
	for seed := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), 11))
		harm := harms[seed%len(harms)]
		node := s.nodes[rnd.IntN(len(s.nodes))].name
		at := rnd.Int64N(total[node])
		t.Run(fmt.Sprintf("%s_%s_%d", strings.ReplaceAll(harm, " ", "_"), node, at), func(t *testing.T) {
			run := &faultRun{site: newFaultSite(t, false), t: t, fault: harm, keepGoing: rnd.IntN(2) == 0, rand: rnd,
				cell: ft.at("random byte", harm)}
			run.site.node(node).proxy.arm(harm, at)
			c, err := Connect(t.Context(), run.profile, run.patience())
			if err != nil { // the harm was done to the login
				run.cell.runs++
				run.cell.unchanged++
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

// String is the table as Markdown.
func (ft *faultTable) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| boundary | %s |\n|---|%s\n", strings.Join(faults, " | "), strings.Repeat("---|", len(faults)))
	var sum cell
	for _, row := range ft.rows {
		fmt.Fprintf(&b, "| %s |", row)
		for _, f := range faults {
			c := ft.cells[[2]string{row, f}]
			if c == nil || c.runs == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(&b, " %s |", c)
			sum.runs, sum.finished, sum.takenBack = sum.runs+c.runs, sum.finished+c.finished, sum.takenBack+c.takenBack
			sum.unchanged, sum.mended = sum.unchanged+c.unchanged, sum.mended+c.mended
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\n%d runs: %d done, %d taken back by themselves, %d stopped with nothing changed, %d finished by `resume` or `rollback`.\n",
		sum.runs, sum.finished, sum.takenBack, sum.unchanged, sum.mended)
	return b.String()
}

func (c *cell) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.finished, "done"}, {c.takenBack, "back"}, {c.unchanged, "none"}, {c.mended, "mended"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func reliability(table string) string {
	return fmt.Sprintf(`# Reliability: what was broken, and what became of it

This page is written by `+"`go test ./cluster -run TestFaultTable -update`"+`; the same test runs
in CI and fails when a single run ends otherwise than it may.

A practice cluster of real servers (a publisher and a subscriber over CTLP, an alternate
TFTP server over SFTP) holds the old file, and a job carries the new one to it. At every
boundary of every step, on every node, one thing is broken:

- **program killed**: the program kills itself (SIGKILL); a new one goes on.
- **connection cut / bytes truncated / byte corrupted / answer delayed**: a proxy before the
  node does it to the bytes that follow the boundary, and later at bytes chosen by a seed.
  A cut ends the connection at once, and the one made after it too.
- **node restarted**: its server ends, with all connections, and starts again.
- **node gone**: its server ends and comes back only after the job has ended.
- **disk full**: the file system of the node is filled up (a real one, of 256 KiB).
- **journal fails**: the next line of the program's own journal cannot be written.

What a repeated request cannot mend is done twice: with the choice that a failing job takes
itself back, and with the choice that it is left to `+"`resume`"+`.

What must hold in every run: no node ever serves anything but the old or the new file,
whole; the command's answer is true (done: all have the new file; taken back or stopped: all
have the old one; anything else: exit 5, and `+"`resume`"+` or `+"`rollback`"+` ends it); after
that all nodes hold the same file; finishing twice changes nothing; the next job works and
nothing is left lying about in a served folder.

A boundary is the moment *before* a step's intent is written to the journal, when it is
*intended* (written, not done), *acted* (done, not written down) or *recorded*. A cell counts
runs: **done** – the job finished in spite of the fault; **back** – it took itself back;
**none** – it stopped before anything had changed; **mended** – `+"`resume`"+` or `+"`rollback`"+`
finished it. A dash: the boundary does not know the fault.

%s
Made on %s/%s with %s.
`, table, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
