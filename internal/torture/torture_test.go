//go:build linux

package torture

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ctlclient/lab"
)

var (
	runs    = flag.Int("runs", 12, "how many runs")
	seed    = flag.Uint64("seed", 1, "of the first run; each further run has the next one")
	workers = flag.Int("workers", 3, "how many runs at a time")
	keep    = flag.String("keep", "", "folder for the logs of runs with a lie (default: a new one, named in the output)")
)

// jobs that a cluster in a state can be given. What a job is refused for (phones that
// would be lost) is a run too.
func (w *world) jobs(kind, state string) [][]string {
	t1, t2 := "pkcs11:token=SAST-1", "pkcs11:token=SAST-2"
	loss := "--accept-loss"
	recover := [][]string{{"recover", "ctl", loss}, {"recover", "ctl", loss}, {"recover", "ctl", loss, "--restart"}, {"recover", "itl", loss}}
	any := [][]string{{"trust", "add", "--wait", "5s", w.cert("SAST-3")}, {"distribute", loss, w.spare[kind]}}
	switch state {
	case tokenless:
		any = append(any, []string{"migrate", "to-tokens", loss, "--token", t1, "--token", t2, "--sign-with", t1},
			[]string{"migrate", "to-tokens", loss, "--restart", "--token", t1, "--token", t2, "--sign-with", t1},
			[]string{"migrate", "to-tokenless", loss}, []string{"mode", "non-secure", "--tokenless", loss})
		any = append(any, recover...)
	case tokens:
		any = append(any, []string{"update", loss, "--sign-with", t2}, []string{"update", loss, "--restart", "--sign-with", t1},
			[]string{"update", loss, "--keep-going", "--sign-with", t2}, []string{"migrate", "to-tokenless", loss},
			[]string{"mode", "non-secure", loss, "--sign-with", t1}, []string{"mode", "non-secure", loss, "--tokenless"})
	case open:
		any = append(any, []string{"mode", "mixed", loss, "--sign-with", t1}, []string{"mode", "mixed", loss, "--tokenless"},
			[]string{"update", loss, "--sign-with", t2})
	case bare:
		any = [][]string{{"mode", "mixed", loss, "--sign-with", t1, "--add-token", t2}, {"mode", "mixed", loss, "--tokenless"}}
	}
	return any
}

// pick is one of the things, by the run's seed.
func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// evilOf is what a run suffers.
func (w *world) evilOf(rng *rand.Rand, kind, state string, root bool) *evil {
	nodes := []string{"cucm-pub", "cucm-sub1"}
	if kind == "ctlp" {
		nodes = append(nodes, "tftp-1")
	}
	ms := func(n int) time.Duration { return time.Duration(rng.IntN(n)) * time.Millisecond }
	choice := rng.IntN(16)
	if !root && (choice == 9 || choice == 10) {
		choice = 0
	}
	switch choice {
	case 0, 1, 2, 3:
		return signalled("SIGKILL", 9)
	case 4:
		return pick(rng, signalled("SIGINT", 2), signalled("SIGTERM", 15), signalled("SIGHUP", 1))
	case 5:
		return paused(100*time.Millisecond + ms(1500))
	case 6:
		return frozen(300*time.Millisecond + ms(5000))
	case 7, 8:
		return off(pick(rng, nodes...), pick(rng, 0, 0, ms(1000)))
	case 9:
		return full("state", pick(rng, 0, 0, rng.IntN(200), rng.IntN(12_000)))
	case 10:
		return full(pick(rng, nodes...), pick(rng, 0, rng.IntN(8000)))
	case 11:
		return stateGone()
	case 12:
		return stranger(pick(rng, nodes...))
	case 13:
		return another(pick(rng, w.jobs(kind, state)...), rng.IntN(3) == 0, rng.IntN(2) == 0)
	}
	if kind == "cucm" {
		return pick(rng, wrong(lab.FaultLost, 1), wrong(lab.FaultGarbled, 1), wrong(lab.FaultRefuseUpload, 1), wrong(lab.FaultTFTPCache, 1),
			wrong(lab.FaultPlatform, 1), wrong(lab.FaultApplication, 1), wrong(lab.FaultControl, 1), wrong(lab.FaultNoREST, 1),
			wrong(lab.FaultHoldTrust, 1), wrong(lab.FaultAXLBusy, 1+rng.IntN(5)), wrong(lab.FaultAutoRegister, 1))
	}
	return &evil{name: "nothing but the connection", line: 0, do: func(*site, *os.Process) {}}
}

// run does one run; it returns what was not so.
func (w *world) run(seed uint64, tally *tally) (lies []string, story string, err error) {
	rng := rand.New(rand.NewPCG(seed, 0x7f1d))
	kind := pick(rng, kinds...)
	state := pick(rng, tokenless, tokenless, tokens, tokens, open, bare)
	job := pick(rng, w.jobs(kind, state)...)
	e := w.evilOf(rng, kind, state, os.Geteuid() == 0)
	asJSON := rng.IntN(2) == 0
	if (job[0] == "mode" || job[0] == "recover") && rng.IntN(4) == 0 {
		e, asJSON = betweenModeAndFile(), true
	}
	e.moment(rng, asJSON)
	if job[0] != "trust" && job[1] != "itl" && rng.IntN(3) > 0 {
		job = append(slices.Clone(job), "--retries", pick(rng, "0", "1"))
	}
	s, err := w.site(seed, rng, kind, state, e.small)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if e := s.close(); err == nil && e != nil {
			story, err = s.story.String(), e
		}
	}()
	s.tell("seed %d: %s cluster, %s: %s; %s at line %d", seed, kind, state, strings.Join(job, " "), e.name, e.line)
	names := s.lying()
	reader := watch(s.nodes, state == bare)
	first := s.holding()
	s.first = first
	if len(s.ends) > 0 {
		tally.add("transport OpenSSH")
	}
	s.do(job, e, asJSON, tally)
	if s.gone { // a new one takes its place, and knows nothing
		_ = os.Mkdir(s.state, 0o700)
	} else {
		s.settle(func(what string, args []string) {
			s.strike(what, args, pick(rng, signalled("SIGKILL", 9), betweenModeAndFile(), off("cucm-sub1", 0), off("cucm-pub", 300*time.Millisecond)))
		})
		s.undo(first, tally)
		s.afterwards(names)
	}
	found, reads := reader.end()
	for _, l := range found {
		s.lie("%s", l)
	}
	tally.reads.Add(int64(reads))
	tally.count(kind, job, e)
	return s.lies, s.story.String(), nil
}

// do gives the job and judges its end, at once and after everything was put right.
func (s *site) do(job []string, e *evil, asJSON bool, tally *tally) {
	if strings.HasPrefix(e.name, "nothing") || s.rng.IntN(10) == 0 {
		h := harmed{how: pick(s.rng, "cut", "silent", "silent", "broken", "slow"), after: s.rng.IntN(pick(s.rng, 2000, 12_000, 30_000))}
		on := pick(s.rng, s.nodes...).name
		switch {
		case on == "tftp-1":
			h.key = "sftp-port"
		case s.kind == "ctlp":
			h.key = pick(s.rng, "ctlp-port", "ctlp-port", "ssh-port")
		default:
			h.key = pick(s.rng, "https-port", "https-port", "ssh-port")
		}
		if err := s.between(on, h); err != nil {
			s.tell("proxy: %v", err)
		}
	}
	before := s.holding()
	said := s.start(s.args(asJSON, job...), func(lines int, all string, c *exec.Cmd) { e.at(s, lines, all, c) })
	after := s.holding()
	s.tell("%s", said.log())
	s.heal()
	alone := s.second == nil && !s.foreign
	s.judge(job[0], said, before, after, alone)
	later := s.holding()
	if len(later.differs(after)) > 0 && alone {
		s.judge(job[0]+", after everything was put right", said, before, later, true)
	}
	if e.done.Load() {
		tally.struck.Add(1)
	}
	tally.ends(said.code)
	if said.code == 0 && job[0] == "trust" && !s.trusts() {
		s.lie("trust add is done, and the certificate is not there")
	}
	if changed := later.differs(before); len(changed) > 0 && alone && !s.gone && len(s.history()) == 0 {
		s.lie("%s changed, and history knows no job", strings.Join(changed, ", "))
	}
	if said.code == 5 && !s.gone && s.second == nil {
		s.named(said)
	}
}

// named: what exit 5 advises exists.
func (s *site) named(said said) {
	for _, way := range []string{"resume", "rollback"} {
		_, id, found := strings.Cut(said.text, "`ctlclient "+way+" ")
		if !found {
			continue
		}
		id, _, _ = strings.Cut(id, "`")
		if !slices.ContainsFunc(s.history(), func(j job) bool { return j.ID == id }) {
			s.lie("%s %q is advised, and history does not know it", way, id)
		}
	}
}

// strike has a command suffer.
func (s *site) strike(what string, args []string, e *evil) {
	e.moment(s.rng, true)
	e.line /= 2
	before := s.holding()
	said := s.start(s.args(true, args...), func(lines int, all string, c *exec.Cmd) { e.at(s, lines, all, c) })
	s.tell("%s", said.log())
	after := s.holding()
	s.heal()
	if s.second != nil { // which went on after the first one
		after = s.holding()
	}
	s.judge(what+", struck", said, before, after, !s.foreign && s.second == nil)
}

// undo takes a job that is done back by its ID, now and then, and under fire.
func (s *site) undo(first holding, tally *tally) {
	jobs := s.history()
	if s.foreign || s.second != nil || len(jobs) != 1 || jobs[0].State != "done" || s.rng.IntN(2) == 0 {
		return
	}
	tally.undone.Add(1)
	s.strike("rollback", []string{"rollback", jobs[0].ID, "--accept-loss"}, pick(s.rng, signalled("SIGKILL", 9), betweenModeAndFile(), frozen(time.Second), off("cucm-sub1", 0)))
	s.settle(nil)
	now := s.holding()
	if jobs = s.history(); len(jobs) > 0 && jobs[0].State == "taken-back" && (len(now.differs(first)) > 0 || now.mixed != first.mixed) {
		s.lie("the job is said to be taken back, and the cluster is not as it was: %v; it was %v", now, first)
	}
}

// trusts says whether the certificate that a run adds is in the store.
func (s *site) trusts() bool {
	der, err := os.ReadFile(s.cert("SAST-3"))
	if err != nil {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(s.lab.dir, "Phone-SAST-trust", "*"))
	return slices.ContainsFunc(files, func(f string) bool {
		data, err := os.ReadFile(f)
		return err == nil && bytes.Contains(data, der)
	})
}

// tally is what was done altogether.
type tally struct {
	reads, struck, undone atomic.Int64
	mu                    sync.Mutex
	by                    map[string]int
}

func (t *tally) add(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]int{}
	}
	t.by[what]++
}

func (t *tally) ends(code int) { t.add(fmt.Sprintf("exit code %3d", code)) }

// sort of evil: its name without the numbers.
func (t *tally) count(kind string, job []string, e *evil) {
	name := job[0]
	if name == "migrate" || name == "mode" || name == "recover" {
		name += " " + job[1]
	}
	if slices.Contains(job, "--tokenless") {
		name += " --tokenless"
	}
	t.add("cluster " + kind)
	t.add("job " + name)
	words := strings.FieldsFunc(e.name, func(r rune) bool { return r == ':' })
	short, _, _ := strings.Cut(words[0], " for ")
	short, _, _ = strings.Cut(short, " full but")
	t.add("evil " + short)
}

func TestTorture(t *testing.T) {
	module, conf := tokensOf(t)
	bin := programOf(t)
	sshd := openSSH(t)
	if os.Geteuid() != 0 {
		t.Log("full disks are left out: mounting one takes root")
	}
	if *keep == "" {
		*keep = filepath.Join(os.TempDir(), fmt.Sprintf("ctlclient-torture-%d", os.Getpid()))
	}
	var next atomic.Int64
	var sum tally
	var bad atomic.Int64
	began := time.Now()
	var wg sync.WaitGroup
	for range *workers {
		w := newWorld(t, bin, module, conf)
		w.sshd = sshd
		wg.Go(func() {
			for n := next.Add(1) - 1; n < int64(*runs); n = next.Add(1) - 1 {
				id := *seed + uint64(n)
				start := time.Now()
				lies, story, err := w.run(id, &sum)
				t.Logf("seed %d: %v", id, time.Since(start).Round(time.Millisecond))
				switch {
				case err != nil:
					t.Errorf("seed %d: %v\n  log: %s", id, err, kept(t, id, story))
				case len(lies) > 0:
					bad.Add(1)
					t.Errorf("seed %d:\n  %s\n  log: %s", id, strings.Join(lies, "\n  "), kept(t, id, story))
				}
				if (n+1)%50 == 0 {
					t.Logf("%d runs, %d with a lie, %v", n+1, bad.Load(), time.Since(began).Round(time.Second))
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d runs from seed %d in %v; in %d the evil struck before the job had ended; %d jobs that were done were taken back under fire; nodes were read %d times; %d runs with a lie",
		*runs, *seed, time.Since(began).Round(time.Second), sum.struck.Load(), sum.undone.Load(), sum.reads.Load(), bad.Load())
	for _, what := range slices.Sorted(maps.Keys(sum.by)) {
		t.Logf("%5d  %s", sum.by[what], what)
	}
}

// kept keeps the log of a run.
func kept(t *testing.T, id uint64, story string) string {
	path := filepath.Join(*keep, fmt.Sprintf("seed-%d.log", id))
	err := os.MkdirAll(*keep, 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(story), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
	return path
}
