//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
)

// The table of jobs that write and of what goes wrong with a cluster as Cisco ships it: the
// real program, a cluster for each job, and every fault in turn. After each the cluster is
// taken back to where it was, so that the next fault begins as the first one did.

// shipped is the cluster of one job.
type shipped struct {
	*bench
	job  shippedJob
	made string // ID of the job that a rollback takes back

	mu  sync.Mutex // the cluster writes its log from everywhere
	log []string
	at  func(line string) // called for every line
}

// shippedJob is a job that writes.
type shippedJob struct {
	name   string
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
		{name: "update", before: [][]string{toTokens}, args: update, signer: "SAST-2", mixed: true, writes: form, byForm: true},
		{name: "to tokens", args: toTokens, signer: "SAST-1", mixed: true, writes: form, byForm: true},
		{name: "to tokenless", before: [][]string{toTokens}, args: []string{"migrate", "to-tokenless"}, mixed: true, writes: own},
		{name: "mode mixed", bare: true, args: tokens("mode", "mixed", "--add-token", "pkcs11:token=SAST-2"),
			signer: "SAST-1", mixed: true, writes: form, byForm: true},
		{name: "mode non-secure", before: [][]string{toTokens}, args: tokens("mode", "non-secure"), signer: "SAST-1", writes: form, byForm: true},
		{name: "rollback", before: [][]string{toTokens}, args: update, undoes: true, signer: "SAST-1", mixed: true, writes: form, byForm: true},
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

func newShipped(t *testing.T, j shippedJob) *shipped {
	t.Helper()
	dir := t.TempDir()
	searchAfter(t, dir)
	s := &shipped{bench: &bench{t: t, dir: dir}, job: j}
	var err error
	s.lab, err = control.Up(t.Context(), lab.Options{Dir: filepath.Join(dir, "lab"), KeyBits: 1024, CUCM: true, NonSecure: j.bare,
		Log: func(format string, args ...any) { s.said(fmt.Sprintf(format, args...)) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	s.env = append(os.Environ(), "PIN="+softhsm.DefaultPIN, "PKCS11_MODULE="+filepath.Join(s.lab.Dir, "tokens.practice"),
		"XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
	s.run(0, "ctlclient", "lab", "tokens", "--dir", s.lab.Dir)
	for _, label := range []string{"SAST-1", "SAST-2"} {
		file := filepath.Join(dir, label+".cer")
		s.run(0, "ctlclient", s.args("token", "export", "pkcs11:token="+label, "--out", file)...)
		s.run(0, "ctlclient", "lab", "trust", "--dir", s.lab.Dir, file)
	}
	for _, args := range j.before {
		s.ends(0, append(args, "--accept-loss")...)
	}
	return s
}

// args are those of every command: no other module is looked for.
func (s *shipped) args(more ...string) []string {
	return append([]string{"--json", "--yes", "--profile", s.lab.Profile, "--module", filepath.Join(s.lab.Dir, "tokens.practice"),
		"--pin-source", "env:PIN", "--timeout", "2s"}, more...)
}

// said keeps a line of the cluster's.
func (s *shipped) said(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, line)
	if s.at != nil {
		s.at(line)
	}
}

// listen calls at for every line of the cluster's from now on.
func (s *shipped) listen(at func(string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log, s.at = nil, at
}

// heard counts lines of the cluster's since listen.
func (s *shipped) heard(pattern string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, line := range s.log {
		if regexp.MustCompile(pattern).MatchString(line) {
			n++
		}
	}
	return n
}

// prepare does the job that is taken back, where this is a rollback.
func (s *shipped) prepare() {
	s.t.Helper()
	if s.job.undoes {
		s.ends(0, append(slices.Clone(s.job.args), "--accept-loss")...)
		s.made = s.newest().ID
	}
}

// do is the job.
func (s *shipped) do() []string {
	if s.job.undoes {
		return []string{"rollback", s.made, "--accept-loss"}
	}
	return append(slices.Clone(s.job.args), "--accept-loss")
}

// ends runs a command that must end with a code, and gives what it said in the end.
func (s *shipped) ends(want int, args ...string) string {
	s.t.Helper()
	code, said := s.watch(s.args(args...), func(event, *os.Process) {})
	if code != want {
		s.t.Fatalf("%s: exit code %d, want %d: %s", strings.Join(args, " "), code, want, said)
	}
	return said
}

// holding is what the nodes hold, and the mode.
type holding struct {
	files []string
	mixed bool
}

func (s *shipped) holding() holding {
	s.t.Helper()
	files, err := servedBy(s.lab)
	if err != nil {
		s.t.Fatal(err)
	}
	return holding{files, s.lab.Status().Mixed}
}

// same fails unless nodes and mode are as they were.
func (s *shipped) same(before holding) {
	s.t.Helper()
	now := s.holding()
	for i, n := range s.lab.Nodes {
		if now.files[i] != before.files[i] {
			s.t.Errorf("%s holds another file than before", n.Name)
		}
	}
	if now.mixed != before.mixed {
		s.t.Errorf("mixed mode: %t", now.mixed)
	}
}

// done fails unless the job is done on all nodes.
func (s *shipped) done() {
	s.t.Helper()
	now := s.holding()
	if now.mixed != s.job.mixed {
		s.t.Errorf("mixed mode: %t", now.mixed)
	}
	for i, n := range s.lab.Nodes {
		if now.files[i] != now.files[0] {
			s.t.Errorf("%s holds another file than %s", n.Name, s.lab.Nodes[0].Name)
		}
	}
	list, err := ctlbuild.Parse([]byte(now.files[0]))
	if err != nil {
		s.t.Fatal(err)
	}
	own, by := s.job.signer == "", ""
	if r, _ := list.Signer(); r != nil {
		by = strings.TrimSpace(r.CN())
	}
	if !list.Verify().OK || list.Tokenless() != own || !own && by != s.cn(s.job.signer) {
		s.t.Errorf("signed by %s, not by %q", by, s.job.signer)
	}
	if j := s.newest(); !s.job.undoes && j.State != "done" || s.job.undoes && j.State != "taken-back" {
		s.t.Errorf("history says that the job is %s", j.State)
	}
}

// cn is the common name of a token's certificate.
func (s *shipped) cn(label string) string {
	s.t.Helper()
	der, err := os.ReadFile(filepath.Join(s.dir, label+".cer"))
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(c.CN)
}

// back takes the newest job back, unless it is one that took another back.
func (s *shipped) back(before holding) {
	s.t.Helper()
	if s.job.undoes {
		return
	}
	s.ends(0, "rollback", s.newest().ID, "--accept-loss")
	s.same(before)
}

// pastJob is a line of history.
type pastJob struct{ Type, ID, State string }

func (s *shipped) newest() pastJob {
	s.t.Helper()
	line, _, _ := strings.Cut(s.run(0, "ctlclient", s.args("history")...), "\n")
	var j pastJob
	if err := json.Unmarshal([]byte(line), &j); err != nil || j.Type != "job" {
		s.t.Fatalf("history: %v: %s", err, line)
	}
	return j
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
	if now := s.holding(); s.job.byForm && now.files[0] == now.files[1] {
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
