package cluster

import (
	"fmt"
	"slices"
	"strings"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/message"
)

// NodeError names the node and the step that failed there.
type NodeError struct {
	Node, Step string
	Err        error
}

func (e *NodeError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Node, e.Step, e.Err) }
func (e *NodeError) Unwrap() error { return e.Err }

// ErrConflict: the live file is not the one expected. Every *ConflictError is it.
var ErrConflict = reach.ErrConflict

// ConflictError: a node's live file is not the one that the job was planned on. It
// carries both contents, for the difference to be shown; nil: no file. Exit 6.
type ConflictError struct {
	Node     string
	Name     string // of the file
	Expected []byte // nil also when the expected content is no longer at hand
	Found    []byte
	// Others are further nodes in conflict.
	Others []*ConflictError
	hint   string
}

func (e *ConflictError) Error() string {
	what := "is not the one expected"
	switch {
	case e.Found == nil:
		what = "is gone"
	case e.Expected == nil:
		what = "is there, and another one or none was expected"
	}
	s := fmt.Sprintf("%s: the live %s %s", e.Node, e.Name, what)
	for _, o := range e.Others {
		s += "; " + o.Error()
	}
	return s
}

func (e *ConflictError) Hint() string {
	if e.hint != "" {
		return e.hint
	}
	return "somebody else changed the file since it was read: look at the difference, then run the job again"
}

func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// UnchangedError: a job stopped before its first commit. No node's live file changed.
type UnchangedError struct {
	Outcome Outcome
	Err     error // *NodeError, *ConflictError, several joined, or a cause on this machine
}

func (e *UnchangedError) Error() string {
	return fmt.Sprintf("nothing was changed on any node: %s", oneLine(e.Err))
}
func (e *UnchangedError) Unwrap() error { return e.Err }

// PartialError: not all nodes hold the new file. Exit 5.
type PartialError struct {
	Outcome Outcome
	Err     error // what started it
}

func (e *PartialError) Error() string {
	var failed []string
	for _, n := range e.Outcome.Nodes {
		if n.Err != nil {
			failed = append(failed, oneLine(n.Err)) // it names the node
		}
	}
	if len(failed) == 0 && e.Err != nil {
		failed = append(failed, oneLine(e.Err))
	}
	why := strings.Join(failed, "; ")
	if e.Outcome.NoFile {
		return fmt.Sprintf("the job is not done: left to do: %s: %s", strings.Join(e.Outcome.Left, "; "), why)
	}
	if e.Outcome.State == StateTakenBack {
		return fmt.Sprintf("the new file was taken back on all nodes: %s", why)
	}
	if e.Outcome.Unseen && !e.Outcome.Back {
		return "the publisher was asked to write its file, and was not seen to have done it: " + why
	}
	file, good := "new", []string{StatusPassed}
	if e.Outcome.Back {
		file, good = "former", []string{StatusTakenBack, StatusUnchanged}
	}
	var not []string
	for _, n := range e.Outcome.Nodes {
		if !slices.Contains(good, n.Status) {
			not = append(not, fmt.Sprintf("%s (%s)", n.Node, strings.ToLower(n.Status)))
		}
	}
	switch {
	case len(not) == 0 && e.Outcome.Back:
		return "all nodes hold the former file, but the job is not taken back: " + why
	case len(not) == 0 && len(e.Outcome.Left) > 0:
		return fmt.Sprintf("all nodes hold the new file, but the job is not done: left to do: %s: %s", strings.Join(e.Outcome.Left, "; "), why)
	case len(not) == 0:
		return "all nodes hold the new file, but the job is not done: " + why
	}
	return fmt.Sprintf("not all nodes hold the %s file: %s: %s", file, strings.Join(not, ", "), why)
}

func (e *PartialError) Unwrap() error { return e.Err }

func (e *PartialError) Hint() string {
	if e.Outcome.State == StateTakenBack {
		return "all nodes serve the file that was there before; put right what failed and run the job again"
	}
	if e.Outcome.NoFile {
		return fmt.Sprintf("`ctlclient resume %s` finishes the job; `ctlclient resume %s --close` closes it as it is", e.Outcome.ID, e.Outcome.ID)
	}
	hint := fmt.Sprintf("`ctlclient resume %s` finishes the job, `ctlclient rollback %s` puts the former file back everywhere", e.Outcome.ID, e.Outcome.ID)
	notPassed := func(n NodeOutcome) bool { return n.Status != StatusPassed }
	if len(e.Outcome.Left) > 0 && !slices.ContainsFunc(e.Outcome.Nodes, notPassed) {
		hint += fmt.Sprintf("\nor do by hand what is left, and close the job: `ctlclient resume %s --close`", e.Outcome.ID)
	}
	return hint
}

// UnfinishedError: another job of this cluster has to be finished or taken back first.
type UnfinishedError struct {
	ID, Kind string
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("job %s (%s) of this cluster was left unfinished", e.ID, e.Kind)
}

func (e *UnfinishedError) Hint() string {
	return fmt.Sprintf("`ctlclient resume %s` finishes it, `ctlclient rollback %s` puts the former file back everywhere", e.ID, e.ID)
}

// MemoryError: a node holds another file than its TFTP service gives, so that it cannot be
// told what phones will get.
type MemoryError struct {
	Node, Name string

	waiting bool // its TFTP service was restarted: it reads its files anew
}

func (e *MemoryError) Error() string { return e.Say(message.Voice{}) }

// Say implements message.Speaker.
func (e *MemoryError) Say(v message.Voice) string {
	return v.Say(textMemory.With("node", e.Node, "file", e.Name))
}

// Hints say how it reads the file.
func (e *MemoryError) Hints() []message.Message {
	return []message.Message{hintMemory.With("node", e.Node, "service", reach.TFTP.CiscoName())}
}

var (
	textMemory = message.Define("cluster.memory", "{node} holds another {file} than its TFTP service gives to phones: the service has a former one in its memory")
	hintMemory = message.Define("cluster.memory.hint", "restart {service} on {node}, wait until it serves again, and then finish the job or take it back")
)

// StaysError: what a job did cannot be taken back by this program.
type StaysError struct {
	ID    string
	Steps []Step // that were done, or may have been
	Open  bool   // the job is unfinished
}

func (e *StaysError) Error() string { return e.Say(message.Voice{}) }

// Say implements message.Speaker.
func (e *StaysError) Say(v message.Voice) string {
	var what message.Parts
	for _, s := range e.Steps {
		what = append(what, staysText[s.Kind].With())
	}
	return v.Say(textStays.With("id", e.ID, "what", what))
}

// Hints say how it is taken back by hand, and how the job is closed.
func (e *StaysError) Hints() []message.Message {
	var hints []message.Message
	for _, s := range e.Steps {
		hints = append(hints, staysHint[s.Kind].With())
	}
	if e.Open {
		hints = append(hints, hintStaysOpen.With("resume", message.Action{Do: message.Resume, ID: e.ID}, "close", message.Action{Do: message.CloseJob, ID: e.ID}))
	}
	return hints
}

var (
	textStays = message.Define("cluster.stays", "the job {id} cannot be taken back: {what}")
	staysText = map[string]*message.Text{
		StepTrust:  message.Define("cluster.stays.trust", "this program takes no certificate out of Phone-SAST-trust"),
		StepAuthor: message.Define("cluster.stays.itl", "the ITL stays as the publisher signed it until TFTP makes it anew"),
	}
	staysHint = map[string]*message.Text{
		StepTrust:  message.Define("cluster.stays.trust.hint", "to take the certificate out: OS Administration > Security > Certificate Management, purpose Phone-SAST-trust"),
		StepAuthor: message.Define("cluster.stays.itl.hint", "restart TFTP on all nodes: it makes the ITL anew, signed by its usual key; then reset the phones"),
	}
	hintStaysOpen = message.Define("cluster.stays.open", "finish the job instead: {resume}; or close it as it is: {close}")
)

// NothingError: no job of the cluster is unfinished. It is journal.ErrNoJob.
type NothingError struct {
	Cluster, Dir string
}

func (e *NothingError) Error() string {
	return fmt.Sprintf("no job of %s was left unfinished (journals are in %s)", e.Cluster, e.Dir)
}

func (e *NothingError) Is(target error) bool { return target == journal.ErrNoJob }

func (e *NothingError) Hint() string {
	return "`ctlclient history` lists what was done; a job that is done is taken back by its ID"
}

// GoneError: a node of an unfinished job is no longer in the profile.
type GoneError struct {
	ID, Node string
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("job %s: node %s is no longer in the profile", e.ID, e.Node)
}

func (e *GoneError) Hint() string {
	return "put the node back into the profile, or leave it out with `--force`"
}

// oneLine is the error's text with joined errors on one line.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}
