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

// Error is Said in English.
func (e *NodeError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NodeError) Said() error {
	return message.Errorf("%s: %s: %w", e.Node, StepText(e.Step), e.Err)
}
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
	hints  []message.Message
}

// Error is Said in English.
func (e *ConflictError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ConflictError) Said() error {
	said := message.Errorf("%s: the live %s is not the one expected", e.Node, e.Name)
	switch {
	case e.Found == nil:
		said = message.Errorf("%s: the live %s is gone", e.Node, e.Name)
	case e.Expected == nil:
		said = message.Errorf("%s: the live %s is there, and another one or none was expected", e.Node, e.Name)
	}
	for _, o := range e.Others {
		said = fmt.Errorf("%w; %w", said, o)
	}
	return said
}

func (e *ConflictError) Hints() []message.Message {
	if e.hints != nil {
		return e.hints
	}
	return message.Hint("somebody else changed the file since it was read: look at the difference, then run the job again")
}

func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// UnchangedError: a job stopped before its first commit. No node's live file changed.
type UnchangedError struct {
	Outcome Outcome
	Err     error // *NodeError, *ConflictError, several joined, or a cause on this machine
}

// Error is Said in English.
func (e *UnchangedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *UnchangedError) Said() error {
	return message.Errorf("nothing was changed on any node: %w", asOne{e.Err})
}
func (e *UnchangedError) Unwrap() error { return e.Err }

// PartialError: not all nodes hold the new file. Exit 5.
type PartialError struct {
	Outcome Outcome
	Err     error // what started it
}

// Error is the text in English.
func (e *PartialError) Error() string { return e.Say(message.Voice{}) }

// Say implements [message.Speaker].
func (e *PartialError) Say(v message.Voice) string {
	var failed []string
	for _, n := range e.Outcome.Nodes {
		if n.Err != nil {
			failed = append(failed, oneLine(v.Tell(n.Err))) // it names the node
		}
	}
	if len(failed) == 0 && e.Err != nil {
		failed = append(failed, oneLine(v.Tell(e.Err)))
	}
	why := strings.Join(failed, "; ")
	left := message.Parts(e.Outcome.Left)
	switch {
	case e.Outcome.NoFile:
		return v.Say(message.Phrase("the job is not done: left to do: %s: %s", left, why))
	case e.Outcome.State == StateTakenBack:
		return v.Say(message.Phrase("the new file was taken back on all nodes: %s", why))
	case e.Outcome.Unseen && !e.Outcome.Back:
		return v.Say(message.Phrase("the publisher was asked to write its file, and was not seen to have done it: %s", why))
	}
	good := []string{StatusPassed}
	if e.Outcome.Back {
		good = []string{StatusTakenBack, StatusUnchanged}
	}
	var not []string
	for _, n := range e.Outcome.Nodes {
		if !slices.Contains(good, n.Status) {
			not = append(not, fmt.Sprintf("%s (%s)", n.Node, strings.ToLower(v.Say(StatusText(n.Status)))))
		}
	}
	switch {
	case len(not) == 0 && e.Outcome.Back:
		return v.Say(message.Phrase("all nodes hold the former file, but the job is not taken back: %s", why))
	case len(not) == 0 && len(e.Outcome.Left) > 0:
		return v.Say(message.Phrase("all nodes hold the new file, but the job is not done: left to do: %s: %s", left, why))
	case len(not) == 0:
		return v.Say(message.Phrase("all nodes hold the new file, but the job is not done: %s", why))
	case e.Outcome.Back:
		return v.Say(message.Phrase("not all nodes hold the former file: %s: %s", strings.Join(not, ", "), why))
	}
	return v.Say(message.Phrase("not all nodes hold the new file: %s: %s", strings.Join(not, ", "), why))
}

func (e *PartialError) Unwrap() error { return e.Err }

// Hints say how the job is finished, taken back or closed.
func (e *PartialError) Hints() []message.Message {
	finish := message.Action{Do: message.Resume, ID: e.Outcome.ID}
	shut := message.Action{Do: message.CloseJob, ID: e.Outcome.ID}
	switch {
	case e.Outcome.State == StateTakenBack:
		return message.Hint("all nodes serve the file that was there before; put right what failed and run the job again")
	case e.Outcome.NoFile:
		return []message.Message{finishJob(finish), message.Phrase("to close the job as it is: %s", shut)}
	}
	hints := finishOrBack(e.Outcome.ID)
	if e.Outcome.Back { // what the person was about comes first
		slices.Reverse(hints)
	}
	notPassed := func(n NodeOutcome) bool { return n.Status != StatusPassed }
	if len(e.Outcome.Left) > 0 && !slices.ContainsFunc(e.Outcome.Nodes, notPassed) {
		hints = append(hints, message.Phrase("or do by hand what is left, and close the job: %s", shut))
	}
	return hints
}

func finishJob(do message.Action) message.Message {
	return message.Phrase("to finish the job: %s", do)
}

// finishOrBack are the two ways out of a job that is not done.
func finishOrBack(id string) []message.Message {
	return []message.Message{
		finishJob(message.Action{Do: message.Resume, ID: id}),
		message.Phrase("to put the former file back everywhere: %s", message.Action{Do: message.TakeBack, ID: id}),
	}
}

// UnfinishedError: another job of this cluster has to be finished or taken back first.
type UnfinishedError struct {
	ID, Kind string
}

// Error is Said in English.
func (e *UnfinishedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *UnfinishedError) Said() error {
	return message.Errorf("job %s (%s) of this cluster was left unfinished", e.ID, e.Kind)
}

func (e *UnfinishedError) Hints() []message.Message {
	return finishOrBack(e.ID)
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

// Error is Said in English.
func (e *NothingError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NothingError) Said() error {
	return message.Errorf("no job of %s was left unfinished (journals are in %s)", e.Cluster, e.Dir)
}

func (e *NothingError) Is(target error) bool { return target == journal.ErrNoJob }

func (e *NothingError) Hints() []message.Message {
	return message.Hint("see what was done: %s; a job that is done is taken back from there", message.Action{Do: message.SeeHistory})
}

// GoneError: a node of an unfinished job is no longer in the profile.
type GoneError struct {
	ID, Node string
}

// Error is Said in English.
func (e *GoneError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *GoneError) Said() error {
	return message.Errorf("job %s: node %s is no longer in the profile", e.ID, e.Node)
}

func (e *GoneError) Hints() []message.Message {
	return message.Hint("put the node back into the profile, or leave it out: %s", message.Action{Do: message.LeaveOut, Node: e.Node})
}

// oneLine is a text with its lines on one: joined errors.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

// errText is an error's text on one line.
func errText(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}

// asOne is an error that is said on one line.
type asOne struct{ error }

func (e asOne) Error() string { return errText(e.error) }
func (e asOne) Unwrap() error { return e.error }

// Say implements [message.Speaker].
func (e asOne) Say(v message.Voice) string { return oneLine(v.Tell(e.error)) }
