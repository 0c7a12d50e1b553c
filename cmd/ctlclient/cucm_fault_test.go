//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/lab"
)

// The table of jobs that write and of what goes wrong with a cluster as Cisco ships it: the
// real program, a cluster for each job, and every fault in turn. After each the cluster is
// taken back to where it was, so that the next fault begins as the first one did.

// shippedJob is a job that writes.
type shippedJob struct {
	name   string
	on     string     // version of CUCM
	bare   bool       // the cluster begins in non-secure mode, without a CTL
	before [][]string // jobs that bring the cluster where this one begins
	args   []string
	undoes bool   // it takes a job back, which is done anew each time
	signer string // whose signature the file has at its end; "": the publisher's own
	mixed  bool   // the mode at its end
	writes string // what the cluster says when the first node has another file
	byForm bool   // the file goes by the form, which can refuse it
}

func shippedJobs() []shippedJob {
	tokens := func(more ...string) []string {
		return append(more, "--sign-with", "pkcs11:token=SAST-1")
	}
	toTokens := tokens("migrate", "to-tokens", "--token", "pkcs11:token=SAST-1", "--token", "pkcs11:token=SAST-2")
	update := []string{"update", "--sign-with", "pkcs11:token=SAST-2"}
	const form, own = `cucm-\w+: OS Administration: CTLFile.tlv uploaded`, `cucm-\w+: CTLFile.tlv written`
	return []shippedJob{
		{name: "update", on: "12.5", before: [][]string{toTokens}, args: update, signer: "SAST-2", mixed: true, writes: form, byForm: true},
		{name: "to tokens", on: "11.5", args: toTokens, signer: "SAST-1", mixed: true, writes: form, byForm: true},
		{name: "to tokenless", on: "15", before: [][]string{toTokens}, args: []string{"migrate", "to-tokenless"}, mixed: true, writes: own},
		{name: "mode mixed", on: "12.5", bare: true, args: tokens("mode", "mixed", "--add-token", "pkcs11:token=SAST-2"),
			signer: "SAST-1", mixed: true, writes: form, byForm: true},
		{name: "mode non-secure", on: "14SU3", before: [][]string{toTokens}, args: tokens("mode", "non-secure"), signer: "SAST-1", writes: form, byForm: true},
		{name: "rollback", on: "12.5", before: [][]string{toTokens}, args: update, undoes: true, signer: "SAST-1", mixed: true, writes: form, byForm: true},
	}
}

// TestShippedFaults: each job meets each fault. It ends with the exit code of that fault, the
// nodes hold what it says, no password that was refused is sent a second time, and what is
// left half done can be finished, and taken back.
func TestShippedFaults(t *testing.T) {
	faults := []struct {
		name string
		run  func(*shipped)
	}{
		{"node down", (*shipped).nodeDown},
		{"application account", (*shipped).application},
		{"platform account", (*shipped).platform},
		{"rate", (*shipped).rate},
		{"certificate changed", (*shipped).certificate},
		{"upload refused", (*shipped).byHand},
		{"upload refused, interrupted", (*shipped).byHandInterrupted},
		{"killed, resumed", (*shipped).killedResumed},
		{"killed, taken back", (*shipped).killedBack},
	}
	for _, j := range shippedJobs() {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			s := newShipped(t, j)
			for _, f := range faults {
				if !t.Run(f.name, func(t *testing.T) {
					s.t, s.bench.t = t, t
					s.prepare()
					f.run(s)
				}) {
					t.Fatal("what follows would begin elsewhere")
				}
			}
		})
	}
}

// nothing runs the job, which must end with a code, say these words and change nothing.
func (s *shipped) nothing(code int, words ...string) {
	s.t.Helper()
	before := s.holding()
	s.listen(nil)
	said := s.ends(code, s.do()...)
	for _, w := range words {
		if !strings.Contains(said, w) {
			s.t.Errorf("no %q in %s", w, said)
		}
	}
	s.same(before)
	if n := s.heard(`uploaded|written|cluster security mode is`); n > 0 {
		s.t.Errorf("the cluster was written to %d times", n)
	}
}

// healed does the job when nothing is wrong any more, and takes it back.
func (s *shipped) healed() {
	s.t.Helper()
	before := s.holding()
	s.ends(0, s.do()...)
	s.done()
	s.back(before)
}

func (s *shipped) fault(name string, n int) {
	s.t.Helper()
	if err := s.lab.SetFault(name, n); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shipped) nodeDown() {
	if err := s.lab.Stop("cucm-sub1"); err != nil {
		s.t.Fatal(err)
	}
	before := s.holding()
	if s.job.undoes { // what can be taken back is; the node that is not is named
		said := s.ends(exitPartial, append(s.do(), "--retries", "0")...)
		if now := s.holding(); !strings.Contains(said, "cucm-sub1 (unknown)") || now.files[0] == before.files[0] || now.files[1] != before.files[1] {
			s.t.Errorf("the publisher alone is to be taken back: %s", said)
		}
	} else {
		s.nothing(exitUnreachable, "cucm-sub1")
	}
	if err := s.lab.Start("cucm-sub1"); err != nil {
		s.t.Fatal(err)
	}
	s.healed()
}

func (s *shipped) application() {
	s.fault(lab.FaultApplication, 1)
	s.nothing(exitRefused, `refused the user \"admin\"`, "not sent again")
	if n := s.heard(`: admin asks `); n != 1 {
		s.t.Errorf("the application user's password was sent %d times", n)
	}
	s.fault(lab.FaultApplication, 0)
	s.healed()
}

func (s *shipped) platform() {
	s.fault(lab.FaultPlatform, 1)
	s.nothing(exitRefused, "administrator")
	if n := s.heard(`login of administrator: false|REST: administrator asks`); n != 1 {
		s.t.Errorf("the platform user's password was sent %d times", n)
	}
	s.fault(lab.FaultPlatform, 0)
	s.healed()
}

// rate: AXL is asked again when it says so, and the job is done.
func (s *shipped) rate() {
	s.fault(lab.FaultAXLBusy, 2)
	s.healed()
	if n := s.heard(`asks AXL`); n < 3 {
		s.t.Errorf("AXL was asked %d times", n)
	}
}

// certificate: a server that shows another one is told no password.
func (s *shipped) certificate() {
	if err := s.lab.Regenerate("cucm-sub1", "tomcat"); err != nil {
		s.t.Fatal(err)
	}
	s.nothing(exitUnreachable, "cucm-sub1")
	if n := s.heard(`cucm-sub1: .*(login of|asks)`); n > 0 {
		s.t.Errorf("a server that is another one was told a password %d times", n)
	}
	s.accept("cucm-sub1")
	s.healed()
}

// accept writes the new fingerprint into the profile, as a person does who has compared it.
func (s *shipped) accept(node string) {
	s.t.Helper()
	p, err := site.Load(s.lab.Profile)
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := s.lab.Node(node)
	if err != nil {
		s.t.Fatal(err)
	}
	der, err := n.Certificate("tomcat")
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	for i := range p.Nodes {
		if p.Nodes[i].Name == node {
			p.Nodes[i].Fingerprint = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
		}
	}
	if err := p.Save(s.lab.Profile); err != nil {
		s.t.Fatal(err)
	}
}

// byHand: where the form refuses the name, a person puts the file there, node by node.
func (s *shipped) byHand() {
	s.fault(lab.FaultRefuseUpload, 1)
	before := s.holding()
	var told []string
	code, said := s.watch(s.args(s.do()...), func(e event, _ *os.Process) {
		var work errandJSON
		if e.Type != "errand" {
			return
		}
		err := json.Unmarshal(e.Data, &work)
		if err == nil && work.File != "" && !work.Done {
			told = append(told, e.Node)
			err = s.put(e.Node, work)
		}
		if err != nil {
			s.t.Error(err)
		}
	})
	if code != 0 {
		s.t.Fatalf("exit code %d: %s", code, said)
	}
	slices.Sort(told)
	want := []string{"cucm-pub", "cucm-sub1"}
	if !s.job.byForm {
		want = nil
	}
	if !slices.Equal(slices.Compact(told), want) {
		s.t.Errorf("work by hand on %q, want %q", told, want)
	}
	s.done()
	s.fault(lab.FaultRefuseUpload, 0)
	s.back(before)
}

// byHandInterrupted: a person who stops before a node has the file finds the job as they left
// it, as they were told: what is there stays, and resume goes on with the same file.
func (s *shipped) byHandInterrupted() {
	if s.job.undoes { // its form is no other than that of the job which it undoes
		s.ends(0, s.do()...)
		return
	}
	if !s.job.byForm {
		return
	}
	for put := range 2 { // how many nodes have it by then
		s.fault(lab.FaultRefuseUpload, 1)
		before := s.holding()
		var did []string
		code, said := s.watch(s.args(s.do()...), func(e event, p *os.Process) {
			var work errandJSON
			if e.Type != "errand" {
				return
			}
			err := json.Unmarshal(e.Data, &work)
			switch {
			case err != nil || work.File == "" || work.Done || slices.Contains(did, e.Node):
			case len(did) < put:
				did = append(did, e.Node)
				err = s.put(e.Node, work)
			default:
				err = p.Signal(os.Interrupt)
			}
			if err != nil {
				s.t.Error(err)
			}
		})
		s.fault(lab.FaultRefuseUpload, 0)
		if code != exitPartial || s.newest().State != "incomplete" {
			s.t.Errorf("%d done: exit code %d, history says %s: %s", put, code, s.newest().State, said)
		}
		// With the mode, the publisher writes a file of its own before.
		if now := s.holding(); s.job.args[0] != "mode" && ((now.files[0] != before.files[0]) != (put > 0) || now.files[1] != before.files[1]) {
			s.t.Errorf("%d done: what was put there by hand did not stay, or more was", put)
		}
		s.ends(0, "resume")
		s.done()
		s.back(before)
	}
}

// put is what a person does.
func (s *shipped) put(node string, work errandJSON) error {
	data, err := os.ReadFile(work.File)
	if err != nil {
		return err
	}
	n, err := s.lab.Node(node)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(n.Folder, work.Name), data, 0o600)
}

// kill kills the program when the first node has another file, before it is told so.
func (s *shipped) kill() {
	s.t.Helper()
	writes := regexp.MustCompile(s.job.writes)
	started, killed := make(chan *os.Process, 1), false
	s.listen(func(line string) {
		if killed || !writes.MatchString(line) {
			return
		}
		killed = true
		p := <-started
		if err := p.Kill(); err != nil {
			s.t.Error(err)
		}
	})
	var once sync.Once
	code, said := s.watch(s.args(s.do()...), func(_ event, p *os.Process) { once.Do(func() { started <- p }) })
	s.listen(nil)
	if !killed || code != -1 {
		s.t.Fatalf("the program was not killed between two nodes; exit code %d: %s", code, said)
	}
	if j := s.newest(); j.State != "incomplete" {
		s.t.Errorf("history says that the job is %s", j.State)
	}
	// A rollback puts the former file on the nodes side by side.
	if now := s.holding(); s.job.byForm && !s.job.undoes && now.files[0] == now.files[1] {
		s.t.Error("both nodes have the file: it was not between two of them")
	}
}

func (s *shipped) killedResumed() {
	before := s.holding()
	s.kill()
	if s.job.undoes { // what was to be taken back is brought forward again
		s.ends(0, "resume")
		s.same(before)
		s.ends(0, s.do()...)
		s.done()
		return
	}
	s.ends(0, "resume")
	s.done()
	s.back(before)
}

func (s *shipped) killedBack() {
	before := s.holding()
	s.kill()
	s.ends(0, "rollback", "--accept-loss")
	if s.job.undoes {
		s.done()
		return
	}
	s.same(before)
	if j := s.newest(); j.State != "taken-back" {
		s.t.Errorf("history says that the job is %s", j.State)
	}
}
