package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kinds of line.
const (
	KindBegin    = "begin"    // the first: what the job is
	KindAct      = "act"      // one step on one node
	KindResume   = "resume"   // somebody went on with the job
	KindRollback = "rollback" // somebody undoes the job
	KindEnd      = "end"      // how the job, or its resumption, ended
)

// States of an act.
const (
	Intent = "intent" // about to be done
	Done   = "done"
	Failed = "failed" // answered with an error: done or not done
)

// Begin says what a job is.
type Begin struct {
	Format  int               `json:"format"` // 1
	ID      string            `json:"id"`
	Cluster string            `json:"cluster"`
	Job     string            `json:"job"`  // "update", "migrate to-tokens"
	Name    string            `json:"name"` // of the file
	New     string            `json:"new"`  // SHA-256 in hex; "": the file is removed
	Nodes   []NodeBegin       `json:"nodes"`
	Note    map[string]string `json:"note,omitempty"`
	PID     int               `json:"pid"`
}

// NodeBegin is a node at the beginning.
type NodeBegin struct {
	Name   string `json:"name"`
	Former string `json:"former"` // SHA-256 in hex; "": it had no such file
}

// NodeEnd is a node at the end.
type NodeEnd struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Err    string `json:"error,omitempty"`
}

// Entry is one line of a log.
type Entry struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"`
	Begin *Begin    `json:"begin,omitempty"`

	// Of an act.
	Node   string `json:"node,omitempty"`
	Step   string `json:"step,omitempty"`
	State  string `json:"state,omitempty"` // of an act, or of the job at its end
	Stage  string `json:"stage,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // of the content that the act puts live
	Err    string `json:"error,omitempty"`

	Nodes []NodeEnd `json:"nodes,omitempty"` // of an end
	PID   int       `json:"pid,omitempty"`   // of a resumption
	// Note of a resumption: what the person decided.
	Note map[string]string `json:"note,omitempty"`
}

func (e Entry) encode() ([]byte, error) {
	line, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}

// Decode reads a log. good is the length of its intact part: what follows is a last
// line that was being written when the power went. Damage before an intact line is
// an error. The first entry is of kind begin and has a Begin; nothing at all is no
// error.
func Decode(data []byte) (entries []Entry, good int, err error) {
	pos, bad := 0, -1
	for number := 1; pos < len(data); number++ {
		end := bytes.IndexByte(data[pos:], '\n')
		if end < 0 {
			break
		}
		e, lineErr := decodeLine(data[pos:pos+end], len(entries) == 0 && bad < 0)
		pos += end + 1
		switch {
		case lineErr != nil && bad < 0:
			bad, err = number, fmt.Errorf("line %d is damaged: %w", number, lineErr)
		case lineErr == nil && bad >= 0:
			return nil, 0, err
		case lineErr == nil:
			entries = append(entries, e)
			good = pos
		}
	}
	return entries, good, nil
}

func decodeLine(line []byte, first bool) (e Entry, err error) {
	if err := json.Unmarshal(line, &e); err != nil {
		return e, err
	}
	switch e.Kind {
	case KindBegin:
		if !first {
			return e, errors.New("a second beginning")
		}
		return e, e.Begin.check()
	case KindAct, KindResume, KindRollback, KindEnd:
		if first {
			return e, errors.New("no beginning")
		}
		return e, nil
	}
	return e, fmt.Errorf("kind %q is not known", e.Kind)
}

func (b *Begin) check() error {
	if b == nil {
		return errors.New("the beginning is empty")
	}
	if b.Format != 1 {
		return fmt.Errorf("format %d is of another version of the program", b.Format)
	}
	if len(b.Nodes) == 0 {
		return errors.New("the beginning names no node")
	}
	sums := []string{b.New}
	seen := map[string]bool{}
	for _, n := range b.Nodes {
		if n.Name == "" || seen[n.Name] {
			return errors.New("the beginning names a node twice, or one without a name")
		}
		seen[n.Name] = true
		sums = append(sums, n.Former)
	}
	for _, s := range sums {
		if raw, err := hex.DecodeString(s); err != nil || len(raw) != 0 && len(raw) != 32 {
			return errors.New("the beginning has a digest that is not a SHA-256")
		}
	}
	return nil
}

// lines are the lines so far; nodes append theirs side by side.
func (j *Job) lines() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.Entries)
}

// State of a job by its log: that of its last end, "" when it did not end or somebody
// went on with it after that.
func (j *Job) State() (state string, end *Entry) {
	for _, e := range slices.Backward(j.lines()) {
		switch e.Kind {
		case KindEnd:
			return e.State, &e
		case KindResume, KindRollback:
			return "", nil
		}
	}
	return "", nil
}

// Touched reports whether any act of one of the steps was ever intended.
func (j *Job) Touched(steps ...string) bool {
	for _, e := range j.lines() {
		for _, s := range steps {
			if e.Kind == KindAct && e.Step == s {
				return true
			}
		}
	}
	return false
}

// Stages are the staged files of a node that the log does not know to be gone.
func (j *Job) Stages(node, stageStep string) []string {
	var open []string
	for _, e := range j.lines() {
		if e.Kind != KindAct || e.Node != node || e.Stage == "" || e.State != Done {
			continue
		}
		if e.Step == stageStep {
			open = append(open, e.Stage)
			continue
		}
		for i, s := range open {
			if s == e.Stage {
				open = append(open[:i], open[i+1:]...)
				break
			}
		}
	}
	return open
}

// Uncertain reports an act of a step on a node that failed, or whose intent has no
// result because the program died in it: it may have been done.
func (j *Job) Uncertain(node, step string) bool {
	failed, open := false, false
	for _, e := range j.lines() {
		switch {
		case e.Kind == KindAct && e.Node == node && e.Step == step:
			failed, open = failed || e.State == Failed, e.State == Intent
		case e.Kind == KindResume || e.Kind == KindRollback:
			failed, open = failed || open, false
		}
	}
	return failed || open
}
