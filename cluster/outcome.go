package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ctlclient/cluster/journal"
	"ctlclient/message"
)

// Statuses of a node at the end of a job, as they are shown.
const (
	StatusPassed    = "Passed"     // serves the new file, read back
	StatusTakenBack = "Taken back" // served the new file, serves the former one again
	StatusUnchanged = "Unchanged"  // served the former file all the time
	StatusFailed    = "Failed"     // does not serve what it should
	StatusUnknown   = "Unknown"    // did not say what it serves
)

// States of a job.
const (
	StateFinished   = "done"       // all nodes serve the new file
	StateTakenBack  = "taken-back" // all nodes serve the former file again
	StateUntouched  = "unchanged"  // it stopped before the first commit
	StateIncomplete = "incomplete" // resume or rollback has work to do
	StateOvertaken  = "overtaken"  // another job has replaced the file since; closed
	StateClosed     = "closed"     // a person has closed it as it was
)

// Outcome of a job for every node.
type Outcome struct {
	ID    string // of the journal; "" when it stopped before there was one
	Nodes []NodeOutcome
	State string // done, taken-back, unchanged, incomplete
	Back  bool   // it is that of a rollback
	// Unseen: nobody has looked at what the publisher wrote, so that the new file is not known.
	Unseen bool
	// NoFile: the job is about something else than a file, so that there are no nodes.
	NoFile bool
	// Left are the steps besides the file that are not done, in words.
	Left []message.Message
	// Warning says in words what does not spoil the job: the journal's own trouble.
	Warning message.Message
}

// NodeOutcome is one node at the end of a job.
type NodeOutcome struct {
	Node, Path, Status string   // Passed, Taken back, Unchanged, Failed, Unknown
	SHA256             [32]byte // of what it serves; zero: no file, or not known
	Err                error
	// Warning says in words what does not spoil the job, such as a TFTP service that
	// serves the former file until it is restarted.
	Warning message.Message
}

// Job of the journal.
type Job struct {
	ID, Cluster, Kind    string
	State                string // done, taken-back, unchanged, incomplete, overtaken, closed
	Number               int64  // counts the cluster's jobs; 0: of an older version of this program
	Name                 string // of the file
	Started, Ended       time.Time
	Nodes                []NodeOutcome
	OldSHA256, NewSHA256 string // hex; "": no file. Old is the publisher's, the first node's
	Note                 map[string]string
	Steps                []message.Message   // besides the file, in words
	NoFile               bool                // it is about something else than a file
	Restarts             bool                // restarts of services are steps of it
	Lacks                map[string][]string // by node: what it could not promise
}

// History of the journals in stateDir, of one cluster (newest first, by number) or, with
// "", of all (newest first, by time). Journals that cannot be read come as an error joined beside the others.
func History(stateDir, clusterName string) ([]Job, error) {
	dirs := []string{DirOf(stateDir, clusterName)}
	if clusterName == "" {
		dirs = nil
		root := filepath.Dir(DirOf(stateDir, "x"))
		entries, err := os.ReadDir(root)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, message.Errorf("cannot read journals: %w", err)
		}
		for _, e := range entries {
			dirs = append(dirs, filepath.Join(root, e.Name()))
		}
	}
	var jobs []Job
	var errs []error
	for _, dir := range dirs {
		list, err := (&journal.Store{Dir: dir}).List()
		if err != nil {
			errs = append(errs, err)
		}
		for _, j := range list {
			jobs = append(jobs, historyOf(j))
		}
	}
	if clusterName == "" {
		slices.SortStableFunc(jobs, func(a, b Job) int { return b.Started.Compare(a.Started) })
	}
	return jobs, errors.Join(errs...)
}

func historyOf(j *journal.Job) Job {
	h := Job{
		ID: j.Begin.ID, Cluster: j.Begin.Cluster, Kind: j.Begin.Job, Name: j.Begin.Name, Note: j.Begin.Note,
		Started: j.Entries[0].Time, State: StateIncomplete, Number: j.Begin.Number, Lacks: map[string][]string{},
	}
	h.NewSHA256, _ = j.Known()
	for _, w := range j.Begin.Steps {
		s, err := readStep(w)
		if err != nil {
			h.Steps = append(h.Steps, message.Phrase("%w", err))
			continue
		}
		h.Steps = append(h.Steps, s.Text())
		h.Restarts = h.Restarts || s.Kind == StepRestart
	}
	for _, n := range j.Begin.Nodes {
		if len(n.Lacks) > 0 {
			h.Lacks[n.Name] = n.Lacks
		}
	}
	h.NoFile = j.Begin.NoFile
	if len(j.Begin.Nodes) > 0 && !h.NoFile {
		h.OldSHA256 = j.Begin.Nodes[0].Former
	}
	state, end := j.State()
	if end == nil && !j.Begin.NoFile {
		for _, n := range j.Begin.Nodes {
			h.Nodes = append(h.Nodes, NodeOutcome{Node: n.Name, Status: StatusUnknown})
		}
	}
	if end == nil {
		return h
	}
	h.State, h.Ended = state, end.Time
	for _, n := range end.Nodes {
		o := NodeOutcome{Node: n.Name, Path: n.Path, Status: n.Status}
		if raw, err := hex.DecodeString(n.SHA256); err == nil && len(raw) == sha256.Size {
			copy(o.SHA256[:], raw)
		}
		o.Err = message.KeptAs(n.Err, n.ErrIn).Err()
		h.Nodes = append(h.Nodes, o)
	}
	return h
}
