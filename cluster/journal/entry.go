package journal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"ctlclient/message"
)

// Kinds of line.
const (
	KindBegin    = "begin"    // the first: what the job is
	KindAct      = "act"      // one step on one node, or on the cluster (no node)
	KindContent  = "content"  // the new file, which the publisher wrote, is known from now on
	KindResume   = "resume"   // somebody went on with the job
	KindRollback = "rollback" // somebody takes the job back
	KindEnd      = "end"      // how the job, or its resumption, ended
)

// States of an act.
const (
	Intent = "intent" // about to be done
	Done   = "done"
	Failed = "failed" // answered with an error: done or not done
	// Refused: answered, and certain not to have been done.
	Refused = "refused"
)

// formats of a beginning: 1 is a job of one file; 2 has a number and may have steps.
const format = 2

// Begin says what a job is.
type Begin struct {
	Format  int    `json:"format"`
	Number  int64  `json:"number,omitempty"` // counts the cluster's jobs from 1; 0: of format 1
	ID      string `json:"id"`
	Cluster string `json:"cluster"`
	Job     string `json:"job"`  // "update", "migrate to-tokens"
	Name    string `json:"name"` // of the file
	New     string `json:"new"`  // SHA-256 in hex; "": the file is removed, or not known yet (Later)
	// Later: the publisher writes the new file; a line of kind content tells it.
	Later bool `json:"later,omitempty"`
	// NoFile: the job is about something else than a file, so that none becomes known.
	NoFile bool              `json:"no_file,omitempty"`
	Steps  []Step            `json:"steps,omitempty"` // besides the file, in order
	Nodes  []NodeBegin       `json:"nodes"`
	Note   map[string]string `json:"note,omitempty"`
	PID    int               `json:"pid"`
}

// Step is one thing that a job does besides bringing its file to the nodes, or before.
type Step struct {
	Kind   string `json:"kind"`
	Arg    string `json:"arg,omitempty"`    // what it brings about
	Former string `json:"former,omitempty"` // what was so before, where that can be put back
}

// NodeBegin is a node at the beginning.
type NodeBegin struct {
	Name   string `json:"name"`
	Former string `json:"former"` // SHA-256 in hex; "": it had no such file
	// Lacks is what the node could not promise, which the person agreed to.
	Lacks []string `json:"lacks,omitempty"`
}

// NodeEnd is a node at the end.
type NodeEnd struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Err    string `json:"error,omitempty"`
	// ErrIn is Err in other languages than English, by tag.
	ErrIn message.Kept `json:"error_in,omitempty"`
	// Unswept: what may be staged there was not removed.
	Unswept bool `json:"unswept,omitempty"`
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
	Arg    string `json:"arg,omitempty"`    // of an act on the cluster: that of its Step
	SHA256 string `json:"sha256,omitempty"` // of the content that the act puts live, or of a content
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
			bad, err = number, message.Errorf("line %d is damaged: %w", number, lineErr)
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
			return e, message.NewError("a second beginning")
		}
		return e, e.Begin.check()
	case KindAct, KindContent, KindResume, KindRollback, KindEnd:
		if first {
			return e, message.NewError("no beginning")
		}
		return e, nil
	}
	return e, message.Errorf("kind %q is not known", e.Kind)
}

func (b *Begin) check() error {
	if b == nil {
		return message.NewError("the beginning is empty")
	}
	if b.Format < 1 || b.Format > format {
		return message.Errorf("format %d is of another version of the program", b.Format)
	}
	if len(b.Nodes) == 0 {
		return message.NewError("the beginning names no node")
	}
	sums := []string{b.New}
	seen := map[string]bool{}
	for _, n := range b.Nodes {
		if n.Name == "" || seen[n.Name] {
			return message.NewError("the beginning names a node twice, or one without a name")
		}
		seen[n.Name] = true
		sums = append(sums, n.Former)
	}
	for _, s := range sums {
		if raw, err := hex.DecodeString(s); err != nil || len(raw) != 0 && len(raw) != 32 {
			return message.NewError("the beginning has a digest that is not a SHA-256")
		}
	}
	return nil
}

// Lines are the lines so far; nodes append theirs side by side.
func (j *Job) Lines() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.Entries)
}

// State of a job by its log: that of its last end, "" when it did not end or somebody
// went on with it after that.
func (j *Job) State() (state string, end *Entry) {
	for _, e := range slices.Backward(j.Lines()) {
		switch e.Kind {
		case KindEnd:
			return e.State, &e
		case KindResume, KindRollback:
			return "", nil
		}
	}
	return "", nil
}

// Touched reports whether any act of one of the steps may have been done: it was
// intended, and the node did not refuse it for certain.
func (j *Job) Touched(steps ...string) bool {
	type act struct{ node, step, arg string }
	open := map[act]bool{} // intended, without an answer yet
	for _, e := range j.Lines() {
		if e.Kind != KindAct || !slices.Contains(steps, e.Step) {
			continue
		}
		k := act{e.Node, e.Step, e.Arg}
		switch e.State {
		case Intent:
			open[k] = true
		case Refused:
			delete(open, k)
		default:
			return true
		}
	}
	return len(open) > 0
}

// Did reports the newest answer to an act of a step: "" where it was never intended,
// Intent where it has no answer.
func (j *Job) Did(node, step, arg string) (state string) {
	for _, e := range j.Lines() {
		if e.Kind == KindAct && e.Node == node && e.Step == step && e.Arg == arg {
			state = e.State
		}
	}
	return state
}

// Stages are the staged files of a node that the log does not know to be gone.
func (j *Job) Stages(node, stageStep string) []string {
	var open []string
	for _, e := range j.Lines() {
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
	for _, e := range j.Lines() {
		switch {
		case e.Kind == KindAct && e.Node == node && e.Step == step:
			failed, open = failed || e.State == Failed, e.State == Intent
		case e.Kind == KindResume || e.Kind == KindRollback:
			failed, open = failed || open, false
		}
	}
	return failed || open
}
