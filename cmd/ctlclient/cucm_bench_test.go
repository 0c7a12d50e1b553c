//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
)

// shipped is the cluster of one job.
type shipped struct {
	*bench
	job  shippedJob
	made string // ID of the job that a rollback takes back

	mu  sync.Mutex // the cluster writes its log from everywhere
	log []string
	at  func(line string) // called for every line
}

func newShipped(t *testing.T, j shippedJob) *shipped {
	t.Helper()
	dir := t.TempDir()
	searchAfter(t, dir)
	s := &shipped{bench: &bench{t: t, dir: dir}, job: j}
	var err error
	s.lab, err = control.Up(t.Context(), lab.Options{Dir: filepath.Join(dir, "lab"), KeyBits: 1024, CUCM: true, Version: j.on, NonSecure: j.bare,
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
