//go:build linux

package torture

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// nothingChanged are the words that say so.
var nothingChanged = regexp.MustCompile(`nothing was (changed|written)`)

// judge holds what the program said against what was and is. alone: nobody else wrote.
func (s *site) judge(what string, said said, before, after holding, alone bool) {
	s.tell("%s: before: %v\n%s: after:  %v", what, before, what, after)
	if said.hung {
		s.lie("%s waited without end", what)
	}
	for _, secret := range s.secrets {
		if strings.Contains(said.text, secret) {
			s.lie("%s: a secret is in what was said", what)
		}
	}
	if strings.Contains(said.text, "goroutine ") && !said.hung {
		s.lie("%s crashed", what)
	}
	if !slices.Contains([]int{-1, 0, 1, 2, 3, 4, 5, 6, 130}, said.code) {
		s.lie("%s: exit code %d", what, said.code)
	}
	if said.code == -1 {
		return // killed: it said nothing
	}
	if said.text == "" {
		s.lie("%s ended with %d and said nothing", what, said.code)
	}
	s.judgeNodes(what, said, before, after, alone)
	s.judgeCode(what, said, before, after, alone)
}

// judgeNodes holds the row of every node against it.
func (s *site) judgeNodes(what string, said said, before, after holding, alone bool) {
	for node, status := range said.status {
		file := after.files[node]
		sum := sha256.Sum256([]byte(file))
		switch {
		case !alone:
		case status == "Passed":
			if said.sums[node] != "" && fmt.Sprintf("%x", sum) != said.sums[node] {
				s.lie("%s: %s is said to have passed with %s, and holds %x", what, node, said.sums[node], sum)
			}
			if m := md5.Sum([]byte(file)); said.md5 != "" && fmt.Sprintf("%x", m) != said.md5 {
				s.lie("%s: %s is said to have passed with MD5 %s, and holds %x", what, node, said.md5, m)
			}
		case status == "Unchanged" && file != before.files[node], status == "Taken back" && file != s.first.files[node]:
			if what != "the next job" {
				s.lie("%s: %s is said to be %s, and holds another file", what, node, status)
			}
		}
	}
	for node, gives := range said.tftp {
		for _, n := range s.nodes {
			if n.name == node && gives && alone && !s.cached {
				if file, err := readTFTP(n.tftp); err == nil && string(file) != after.files[node] {
					s.lie("%s: phones do not get the file on %s, said to be served", what, node)
				}
			}
		}
	}
}

// judgeCode holds the exit code and the words against it.
func (s *site) judgeCode(what string, said said, before, after holding, alone bool) {
	changed := after.differs(before)
	if before.mixed != after.mixed {
		changed = append(changed, "the mode")
	}
	allPassed := len(said.status) > 0
	for _, status := range said.status {
		allPassed = allPassed && status == "Passed"
	}
	switch {
	case !alone:
		if said.code == 0 && s.second != nil && s.second.code == 0 && !after.same() {
			s.lie("%s and the second program are done, and the nodes differ", what)
		}
	case said.code == 0 && !after.same():
		s.lie("%s is done, and the nodes differ", what)
	case said.code == 0 && len(said.status) > 0 && !allPassed:
		if !strings.Contains(what, "rollback") {
			s.lie("%s is done, and not every node has passed", what)
		}
	case said.code != 0 && said.code != 5 && len(changed) > 0 && !allPassed:
		s.lie("%s ended with %d, and %s changed", what, said.code, strings.Join(changed, ", "))
	case nothingChanged.MatchString(said.text) && len(changed) > 0:
		s.lie("%s says that nothing was changed, and %s did", what, strings.Join(changed, ", "))
	case said.code == 5 && !after.same():
		named := false
		for _, n := range s.nodes {
			named = named || strings.Contains(said.text, n.name)
		}
		if !named {
			s.lie("%s: the nodes differ, and none is named", what)
		}
	}
}

// job is one of history.
type job struct{ ID, State, Kind string }

// history is what the program says of the jobs so far, newest first.
func (s *site) history() []job {
	h := s.start(s.args(true, "history"), nil)
	s.tell("%s", h.log())
	if h.code != 0 && !s.gone {
		s.lie("history ended with %d", h.code)
	}
	var jobs []job
	for line := range strings.Lines(h.text) {
		var j struct {
			Type string
			job
		}
		if json.Unmarshal([]byte(line), &j) == nil && j.Type == "job" {
			jobs = append(jobs, j.job)
		}
	}
	return jobs
}

// unfinished is the job that is not over, if any.
func unfinished(jobs []job) (job, bool) {
	i := slices.IndexFunc(jobs, func(j job) bool { return j.State == "incomplete" })
	if i < 0 {
		return job{}, false
	}
	return jobs[i], true
}

// settle brings what is unfinished to an end, by resume or by rollback, as a person would
// who reads the hints; evils may strike in between. All nodes then hold one file.
func (s *site) settle(strike func(what string, args []string)) {
	for range 3 {
		open, found := unfinished(s.history())
		if !found || s.rng.IntN(3) > 0 || strike == nil {
			break
		}
		strike(s.choice(open))
	}
	open, found := unfinished(s.history())
	if !found {
		return
	}
	ways := [][]string{{"resume", open.ID}, {"rollback", open.ID}}
	if s.rng.IntN(2) == 0 {
		slices.Reverse(ways)
	}
	if s.rng.IntN(3) == 0 {
		ways[0] = ways[0][:1] // without an ID it is this very job
	}
	if s.foreign || s.second != nil {
		ways = append(ways, []string{"resume", open.ID, "--close"}, []string{"rollback", open.ID, "--force"}, []string{"resume", open.ID, "--force"})
	}
	for i, way := range ways {
		before := s.holding()
		end := s.start(s.args(s.rng.IntN(2) == 0, append(way, closing(way)...)...), nil)
		s.tell("%s", end.log())
		if !slices.Contains(way, "--close") { // which leaves the nodes as they are
			s.judge(way[0], end, before, s.holding(), true)
		}
		if end.code == 0 {
			return
		}
		if i == 0 && len(ways) == 2 {
			s.tell("-- %s does not end it", way[0])
		}
	}
	s.lie("neither resume nor rollback ends job %s (%s)", open.ID, open.Kind)
}

// closing are further flags of a way.
func closing(way []string) []string {
	if slices.Contains(way, "--close") {
		return nil
	}
	return []string{"--accept-loss"}
}

func (s *site) choice(open job) (string, []string) {
	what := []string{"resume", "rollback"}[s.rng.IntN(2)]
	return what, []string{what, open.ID, "--accept-loss"}
}

// afterwards is what must hold when all is over: one file, nothing lying about, rollback
// without an ID changes nothing, the next job works.
func (s *site) afterwards(names []string) {
	end := s.holding()
	if !end.same() && !s.foreign && !s.gone {
		s.lie("no job is unfinished, and the nodes differ: %v", end)
	}
	if !s.cached && !s.gone {
		for _, n := range s.nodes {
			if file, err := readTFTP(n.tftp); err == nil && !bytes.Equal(file, []byte(end.files[n.name])) {
				s.lie("phones get another file on %s than its folder holds", n.name)
			}
		}
	}
	back := s.start(s.args(false, "rollback"), nil)
	s.tell("%s", back.log())
	if now := s.holding(); len(now.differs(end)) > 0 || now.mixed != end.mixed || back.code == 0 {
		s.lie("rollback without an ID ended with %d and changed %v, though no job was unfinished", back.code, now.differs(end))
	}
	if s.rng.IntN(3) == 0 {
		s.next()
	}
	for _, name := range s.lying() {
		if !slices.Contains(names, name) {
			s.lie("left lying about: %s", name)
		}
	}
	s.keptSecrets()
}

// next is a job that must work, since nothing is wrong any more.
func (s *site) next() {
	before := s.holding()
	next := s.start(s.args(true, "distribute", "--accept-loss", s.spare[s.kind]), nil)
	s.tell("%s", next.log())
	after := s.holding()
	s.judge("the next job", next, before, after, true)
	spare, err := os.ReadFile(s.spare[s.kind])
	if err != nil || next.code != 0 && !before.allHold(string(spare)) {
		s.lie("the next job ended with %d", next.code)
	}
}

func (h holding) allHold(file string) bool {
	for _, f := range h.files {
		if f != file {
			return false
		}
	}
	return true
}

// keptSecrets looks for a secret in what the program keeps.
func (s *site) keptSecrets() {
	_ = filepath.WalkDir(s.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		for _, secret := range s.secrets {
			if err == nil && bytes.Contains(data, []byte(secret)) {
				s.lie("a secret is in %s", filepath.Base(path))
			}
		}
		return nil
	})
}
