//go:build linux

package torture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// tap keeps what a process says and calls at after every piece of it, with the number of
// lines so far. It is the same for both streams, so that their order stays.
type tap struct {
	mu  sync.Mutex
	all bytes.Buffer
	at  func(lines int, all string)
}

func (w *tap) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.all.Write(p)
	if w.at != nil {
		w.at(bytes.Count(w.all.Bytes(), []byte("\n")), w.all.String())
	}
	return n, err
}

func (w *tap) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// patience is how long a command may take at most before it counts as one that waits
// without end. A job of three nodes with an answer of two seconds each and one retry ends
// long before; a CLI that never shows its first prompt is waited for two minutes.
const patience = 5 * time.Minute

// said is what a program said, and how it ended.
type said struct {
	args   []string
	text   string
	code   int // -1: by a signal
	hung   bool
	status map[string]string // by node, as the last table or outcome has it
	sums   map[string]string // by node: SHA-256 in hex
	state  string            // of the job, with --json
	md5    string            // of the new file
	tftp   map[string]bool
}

// start runs the program; at is called with the process when it has said so many lines.
func (w *world) start(args []string, at func(lines int, all string, p *exec.Cmd)) said {
	c := exec.Command(w.bin, args...)
	c.Env = w.env
	c.WaitDelay = 5 * time.Second
	out := &tap{}
	var person sync.Once
	out.at = func(lines int, all string) {
		if errand.MatchString(all) { // it waits for a person, who goes home
			person.Do(func() { time.AfterFunc(2*time.Second, func() { _ = c.Process.Signal(syscall.SIGINT) }) })
		}
		if at != nil {
			at(lines, all, c)
		}
	}
	c.Stdout, c.Stderr = out, out
	s := said{args: args}
	if err := c.Start(); err != nil {
		s.code, s.text = -1, err.Error()
		return s
	}
	var mu sync.Mutex
	limit := time.AfterFunc(patience, func() {
		mu.Lock()
		s.hung = true
		mu.Unlock()
		_ = c.Process.Signal(syscall.SIGCONT)
		_ = c.Process.Signal(syscall.SIGQUIT) // says where it waits
	})
	err := c.Wait()
	limit.Stop()
	mu.Lock()
	defer mu.Unlock()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		s.code = exit.ExitCode()
	case err != nil:
		s.code = -1
	}
	s.text = out.String()
	s.read()
	return s
}

// errand is how work by hand is announced.
var errand = regexp.MustCompile(`"type":"errand"|this needs you`)

// tableRow is a row of the table that a job ends with.
var tableRow = regexp.MustCompile(`(?m)^  (cucm-pub|cucm-sub1|tftp-1)\s.*?(Passed|Taken back|Unchanged|Failed|Unknown)\s*$`)
var tableMD5 = regexp.MustCompile(`(?m)^  MD5   ([0-9a-f]{32})$`)

// read takes the statements out of the text.
func (s *said) read() {
	s.status, s.sums = map[string]string{}, map[string]string{}
	for _, m := range tableRow.FindAllStringSubmatch(s.text, -1) {
		s.status[m[1]] = m[2]
	}
	if m := tableMD5.FindStringSubmatch(s.text); m != nil {
		s.md5 = m[1]
	}
	for line := range strings.Lines(s.text) {
		var o struct {
			Type, State, MD5 string
			Nodes            []struct{ Node, Status, SHA256 string }
			TFTP             map[string]bool
		}
		if json.Unmarshal([]byte(line), &o) != nil || o.Type != "outcome" && o.Type != "result" {
			continue
		}
		s.state, s.tftp = o.State, o.TFTP
		if o.MD5 != "" {
			s.md5 = o.MD5
		}
		for _, n := range o.Nodes {
			s.status[n.Node], s.sums[n.Node] = n.Status, n.SHA256
		}
	}
}

// log is what is kept of it.
func (s *said) log() string {
	return fmt.Sprintf("$ ctlclient %s\n%s[exit %d]\n\n", strings.Join(s.args, " "), s.text, s.code)
}
