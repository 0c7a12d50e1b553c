package cluster

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/trust/release"
)

// Faults of a step that is done by asking the cluster.
const (
	faultLost    = "answer lost" // it was done, and the answer did not come
	faultSilent  = "no answer"   // it was not done, and no answer came
	faultRefused = "refused"     // it was not done, and the answer says so
)

var stepFaultNames = []string{faultKilled, faultJournal, faultLost, faultSilent, faultRefused}

// machine is what the steps of a job besides files act on. It is a folder, so that it
// outlives a program that is killed.
type machine struct {
	Dir      string
	Folders  []string // of the nodes that the publisher writes to, its own first
	harm     string
	harmed   atomic.Bool
	harmStep string
}

var errNoAnswer = &reach.Error{Class: reach.Unreachable, Err: errors.New("no answer")}

// does is one request: done, answered, or neither.
func (m *machine) does(step string, do func() error) error {
	if m.harm == "" || step != m.harmStep || m.harmed.Swap(true) {
		return do()
	}
	switch m.harm {
	case faultLost:
		return errors.Join(do(), errNoAnswer)
	case faultSilent:
		return errNoAnswer
	}
	return &reach.Error{Class: reach.Permanent, Err: errors.New("refused")}
}

func (m *machine) write(name string, data []byte) error {
	tmp := filepath.Join(m.Dir, name+".tmp")
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(m.Dir, name))
}

func (m *machine) has(name string) bool {
	_, err := os.Stat(filepath.Join(m.Dir, name))
	return err == nil
}

// Write implements reach.Author: the publisher writes another file each time.
func (m *machine) Write(_ context.Context, a reach.AuthorJob) (reach.Door, error) {
	return "CLI", m.does(StepAuthor, func() error {
		if a == reach.ResetITLLocalKey {
			return m.write("itl", nil)
		}
		n := 0
		for m.has(fmt.Sprintf("asked-%d", n)) {
			n++
		}
		file, err := os.ReadFile(filepath.Join(m.Dir, fmt.Sprintf("own-%d", n%2)))
		if err != nil {
			return err
		}
		if err := m.write(fmt.Sprintf("asked-%d", n), nil); err != nil {
			return err
		}
		for _, dir := range m.Folders {
			tmp := filepath.Join(filepath.Dir(dir), filepath.Base(dir)+".tmp")
			if err := errors.Join(os.WriteFile(tmp, file, 0o600), os.Rename(tmp, filepath.Join(dir, CTLFile))); err != nil {
				return err
			}
		}
		switch a {
		case reach.WriteMixed:
			return m.write("mode", []byte("mixed"))
		case reach.WriteNonSecure:
			return m.write("mode", []byte("non-secure"))
		}
		return nil
	})
}

// SetMode implements reach.ModeSetter.
func (m *machine) SetMode(_ context.Context, mode reach.Mode) (reach.Door, error) {
	return "CLI", m.does(StepMode, func() error { return m.write("mode", []byte(modeWords[mode])) })
}

// Facts implements reach.FactSource.
func (m *machine) Facts(context.Context) (reach.Facts, error) {
	word, err := os.ReadFile(filepath.Join(m.Dir, "mode"))
	return reach.Facts{Mode: modeNamed(string(word))}, err
}

// Version implements reach.FactSource.
func (m *machine) Version(context.Context) (release.Version, reach.Door, error) {
	return release.Version{}, "CLI", nil
}

// machineStore is its trust store.
type machineStore struct{ *machine }

func (s machineStore) List(context.Context, string) ([]reach.StoredCertificate, reach.Door, error) {
	return nil, "REST", nil
}

func (s machineStore) Add(_ context.Context, _ string, der []byte, _ string) (reach.Door, error) {
	return "REST", s.does(StepTrust, func() error { return s.write("trust-"+hex.EncodeToString(der), nil) })
}

// machineServices restarts.
type machineServices struct{ *machine }

func (s machineServices) Status(context.Context, string, []reach.Service) (map[reach.Service]reach.ServiceState, reach.Door, error) {
	return nil, "CLI", nil
}

func (s machineServices) Restart(_ context.Context, node string, service reach.Service) (reach.Door, error) {
	return "CLI", s.does(StepRestart, func() error {
		return s.write("restarted-"+node+"-"+strings.ReplaceAll(service.CiscoName(), " ", ""), nil)
	})
}

// stepJob is a job of several steps, as workflow does it.
type stepJob struct {
	name string
	spec JobSpec
	do   func(ctx context.Context, r *Run) error // up to its end
	// own: the file is one of the publisher's; else newFile, or none with NoFile.
	own, setsMode, noDoor bool
	done                  []string // what the machine has at the end
}

var certificates = [][]byte{[]byte("first"), []byte("second")}

// stepJobs are all kinds of them.
func stepJobs() []stepJob {
	author := func(a reach.AuthorJob) []Step { return []Step{{Kind: StepAuthor, Author: a, Former: reach.NonSecure}} }
	file := func(ctx context.Context, r *Run) error {
		_, err := r.File(ctx)
		return err
	}
	writes := func(a reach.AuthorJob) func(context.Context, *Run) error {
		return func(ctx context.Context, r *Run) error {
			if _, err := r.PublisherWrites(ctx, a, verifies); err != nil {
				_, err = r.Leave(ctx, err)
				return err
			}
			return file(ctx, r)
		}
	}
	leaves := func(ctx context.Context, r *Run, steps ...error) error {
		for _, err := range steps {
			if err != nil {
				_, err = r.Leave(ctx, err)
				return err
			}
		}
		return nil
	}
	return []stepJob{
		{name: "tokenless", own: true, do: writes(reach.WriteCTL), spec: JobSpec{ByPublisher: true, KeepGoing: true, Steps: author(reach.WriteCTL)}},
		{name: "tokenless with mode", own: true, setsMode: true, do: writes(reach.WriteMixed),
			spec: JobSpec{ByPublisher: true, KeepGoing: true, Steps: author(reach.WriteMixed)}},
		{name: "file, mode", setsMode: true, spec: JobSpec{Data: newFile, Steps: []Step{{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure}}},
			do: func(ctx context.Context, r *Run) error {
				if err := file(ctx, r); err != nil {
					return err
				}
				err := r.SetMode(ctx, reach.Mixed)
				if err != nil {
					_, err = r.TakeBack(ctx, err)
				}
				return err
			}},
		{name: "mode by publisher, file", setsMode: true, noDoor: true, spec: JobSpec{Data: newFile, Steps: author(reach.WriteMixed)},
			do: func(ctx context.Context, r *Run) error {
				err := r.ModeByPublisher(ctx, reach.WriteMixed)
				switch {
				case err == nil:
					return file(ctx, r)
				case reach.Final(err):
					_, err = r.Leave(ctx, err)
				default:
					_, err = r.TakeBack(ctx, err)
				}
				return err
			}},
		{name: "trust store", spec: JobSpec{NoFile: true, Steps: []Step{{Kind: StepTrust, Certificate: certificates[0]}, {Kind: StepTrust, Certificate: certificates[1]}}},
			done: []string{"trust-" + hex.EncodeToString(certificates[0]), "trust-" + hex.EncodeToString(certificates[1])},
			do: func(ctx context.Context, r *Run) error {
				for _, der := range certificates {
					if _, err := r.Trust(ctx, der); err != nil {
						return leaves(ctx, r, err)
					}
				}
				return nil
			}},
		{name: "file, restarts", spec: JobSpec{Data: newFile, Steps: []Step{{Kind: StepRestart, Node: "pub", Service: reach.TFTP}, {Kind: StepRestart, Node: "sub", Service: reach.TFTP}}},
			done: []string{"restarted-pub-CiscoTftp", "restarted-sub-CiscoTftp"},
			do: func(ctx context.Context, r *Run) error {
				if err := file(ctx, r); err != nil {
					return err
				}
				for _, node := range []string{"pub", "sub"} {
					if err := r.Restart(ctx, node, reach.TFTP); err != nil {
						return leaves(ctx, r, err)
					}
				}
				return nil
			}},
		{name: "ITL", spec: JobSpec{NoFile: true, Steps: []Step{{Kind: StepAuthor, Author: reach.ResetITLLocalKey}}}, done: []string{"itl"},
			do: func(ctx context.Context, r *Run) error { return leaves(ctx, r, r.Author(ctx, reach.ResetITLLocalKey)) }},
	}
}

// on gives a cluster the machine's abilities.
func (b stepJob) on(c *Cluster, m *machine) {
	c.Site.Author, c.Site.Facts, c.Site.Trust, c.Site.Services, c.Site.Mode = m, m, machineStore{m}, machineServices{m}, m
	if b.noDoor {
		c.Site.Mode = nil
	}
}

func (b stepJob) run(ctx context.Context, c *Cluster) error {
	spec := b.spec
	spec.Kind, spec.Retries = b.name, 2
	r, err := c.Begin(ctx, spec)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := b.do(ctx, r); err != nil {
		return err
	}
	_, err = r.End(ctx)
	return err
}

// stepRun is one run of the table.
type stepRun struct {
	*faultRun
	job stepJob
	m   *machine
}

func newStepRun(t *testing.T, ft *faultTable, b stepJob, counts *cell, fault string, resume bool) *stepRun {
	s := newSite(t, oldFile)
	m := &machine{Dir: t.TempDir(), Folders: []string{s.node("pub").dir, s.node("sub").dir}, harm: fault}
	if !slices.Contains(stepFaultNames[2:], fault) {
		m.harm = ""
	}
	c := ctltest.NewCluster(t, 1024)
	for i := range 2 {
		d := c.TokenlessDraft(t)
		d.Time = d.Time.Add(time.Duration(i) * time.Hour)
		if err := m.write(fmt.Sprintf("own-%d", i), ctltest.Sign(t, d, c.Pub).Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.write("mode", []byte("non-secure")); err != nil {
		t.Fatal(err)
	}
	run := &faultRun{testSite: s, t: t, ft: ft, fault: fault, keepGoing: resume, cell: counts}
	return &stepRun{faultRun: run, job: b, m: m}
}

// stepFaults does every fault at every boundary of jobs of several steps, and to every
// answer of the cluster.
func stepFaults(t *testing.T, ft *faultTable) {
	for _, b := range stepJobs() {
		rec := &recorder{}
		r := newStepRun(t, ft, b, &cell{}, "", false)
		c := r.connect(r.options())
		b.on(c, r.m)
		c.o.fault = rec.fault
		if err := b.run(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		r.wantDone()
		for _, at := range rec.list {
			step, moment, _ := strings.Cut(at.point, ".")
			if slices.Contains([]string{StepStage, StepCommit, StepReadBack}, step) && (at.node != "sub" || moment == "recorded" || moment == "intended") {
				continue // the first table has the file by itself
			}
			for _, resume := range []bool{false, true} {
				for _, fault := range stepFaultNames {
					asks := slices.Contains([]string{StepAuthor, StepMode, StepTrust, StepRestart}, step)
					switch {
					case fault == faultJournal && (!strings.HasSuffix(at.point, ".before") || step == StepReadBack),
						slices.Contains(stepFaultNames[2:], fault) && (!asks || !strings.HasSuffix(at.point, ".intended")):
						continue
					}
					name := fmt.Sprintf("%s: %s at %s %s, resume %v", b.name, fault, at.point, at.node, resume)
					counts := ft.at(b.name+": "+at.point, fault)
					t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
						t.Parallel()
						r := newStepRun(t, ft, b, counts, fault, resume)
						r.m.harmStep = step
						r.strike(at)
					})
				}
			}
		}
	}
}

// strike does the job and its harm, and looks at what became of it.
func (r *stepRun) strike(at boundary) {
	r.t.Helper()
	r.count(&r.cell.runs)
	if r.fault == faultKilled {
		cmd := r.command(childJob{Point: at.point, Node: at.node, Action: "steps", ID: r.job.name, Machine: r.m})
		out, err := cmd.CombinedOutput()
		if !r.killed(err, out) {
			r.t.Fatal("the boundary was not reached")
		}
		r.settle()
		return
	}
	c := r.connect(r.options())
	r.job.on(c, r.m)
	if r.fault == faultJournal {
		c.o.fault = once(at.point, at.node, func() error { return errFault })
	}
	err := r.job.run(r.t.Context(), c)
	jobs, herr := History(r.dir, "site")
	if herr != nil {
		r.t.Fatal(herr)
	}
	state := ""
	if len(jobs) > 0 {
		state = jobs[0].State
	}
	var partial *PartialError
	switch {
	case err == nil:
		r.count(&r.cell.finished)
		r.wantDone()
	case errors.As(err, new(*UnchangedError)):
		r.count(&r.cell.unchanged)
		r.wantUndone()
	case errors.As(err, &partial) && partial.Outcome.State == StateTakenBack && state == StateTakenBack:
		r.count(&r.cell.takenBack)
		r.wantUndone()
	case state == StateIncomplete && (errors.As(err, &partial) || errors.Is(err, errFault)):
		r.settle()
	default:
		r.t.Fatalf("state %q, error %v", state, err)
	}
}

// settle is what the person does with a job that is unfinished.
func (r *stepRun) settle() {
	r.t.Helper()
	r.m.harm = ""
	jobs, err := History(r.dir, "site")
	if err != nil {
		r.t.Fatal(err)
	}
	if len(jobs) == 0 { // it died before it began
		r.count(&r.cell.unchanged)
		r.wantUndone()
		return
	}
	r.count(&r.cell.mended)
	c := r.connect(r.options())
	r.job.on(c, r.m)
	finish := c.Rollback
	if r.keepGoing {
		finish = c.Resume
	}
	var stays *StaysError
	for range 2 { // finishing what is finished changes nothing
		out, err := finish(r.t.Context(), jobs[0].ID)
		switch {
		case !r.keepGoing && r.job.spec.NoFile && errors.As(err, &stays):
			// It says so, and the way that it names leads on.
			finish = c.Resume
			r.keepGoing = true
		case err != nil:
			r.t.Fatalf("finishing: %+v, %v", out, err)
		case r.keepGoing:
			r.wantDone()
		default:
			r.wantUndone()
		}
	}
	if _, err := c.Distribute(r.t.Context(), DistributeOptions{Data: []byte("the next one")}); err != nil {
		r.t.Errorf("the next job: %v", err)
	}
}

func (r *stepRun) mode() string {
	word, err := os.ReadFile(filepath.Join(r.m.Dir, "mode"))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(word)
}

// wantDone: every step of the job is done.
func (r *stepRun) wantDone() {
	r.t.Helper()
	switch b := r.job; {
	case b.spec.NoFile:
		r.wantAll(oldFile)
	case b.own:
		file := r.node("pub").get(CTLFile)
		if !ownFile(file) {
			r.t.Errorf("the publisher does not serve a file of its own")
		}
		r.wantAll(file)
	default:
		r.wantAll(newFile)
	}
	if want := map[bool]string{true: "mixed", false: "non-secure"}[r.job.setsMode]; r.mode() != want {
		r.t.Errorf("the mode is %s, want %s", r.mode(), want)
	}
	for _, name := range r.job.done {
		if !r.m.has(name) {
			r.t.Errorf("%s is missing", name)
		}
	}
}

// wantUndone: files and mode are as they were; a restart does no harm.
func (r *stepRun) wantUndone() {
	r.t.Helper()
	for _, n := range r.nodes {
		if !bytes.Equal(n.get(CTLFile), oldFile) {
			r.t.Errorf("%s does not serve the former file", n.name)
		}
	}
	if r.mode() != "non-secure" {
		r.t.Errorf("the mode is %s", r.mode())
	}
	for _, name := range r.job.done {
		if !strings.HasPrefix(name, "restarted") && r.m.has(name) {
			r.t.Errorf("%s is there", name)
		}
	}
}
