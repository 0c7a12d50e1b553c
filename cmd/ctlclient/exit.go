package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/cluster"
	"ctlclient/cluster/journal"
	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/lab/control"
	"ctlclient/message"
	"ctlclient/source"
	"ctlclient/token"
	"ctlclient/workflow"
)

// The exit codes, a contract with scripts.
const (
	exitDone        = 0
	exitBad         = 1   // the thing examined is bad
	exitUsage       = 2   // wrong usage, unreadable or malformed input
	exitUnreachable = 3   // a node or service could not be reached, or its identity changed
	exitToken       = 4   // none found, PIN wrong or locked, no key, removed
	exitPartial     = 5   // not all nodes hold the new file
	exitRefused     = 6   // the node refused: login, conflict, licence, no space
	exitInterrupted = 130 // by the person
)

var exitText = map[int]string{
	exitDone:        "done",
	exitBad:         "check failed: wrong signature, phones would refuse, or files differ",
	exitUsage:       "wrong usage, unreadable or malformed input",
	exitUnreachable: "a node or service could not be reached, or its identity changed",
	exitToken:       "the token: none found, PIN wrong or locked, no key, removed",
	exitPartial:     "not all nodes have the new file (taken back, or to be finished with resume)",
	exitRefused:     "the node refused: login, conflict, licence, no space",
	exitInterrupted: "interrupted",
}

// examined is the outcome of a command whose result, already printed, is "bad".
type examined struct{}

func (examined) Error() string { return exitText[exitBad] }

// errBad ends a command with exit 1 after it printed its result.
var errBad error = examined{}

// usageError is wrong usage, with what would be right.
type usageError struct {
	msg   message.Message
	hints []message.Message
}

func (e *usageError) Error() string              { return e.msg.String() }
func (e *usageError) Say(v message.Voice) string { return v.Say(e.msg) }
func (e *usageError) Hints() []message.Message   { return e.hints }

// usagef is a usageError; each line of hint is a sentence without values.
func usagef(hint, format string, args ...any) error {
	e := &usageError{msg: message.Phrase(format, args...)}
	for l := range strings.Lines(hint) {
		e.hints = append(e.hints, message.Words(strings.TrimSpace(l)))
	}
	return e
}

// usageOf is usagef with the form of a command as its hint.
func usageOf(cmd *cobra.Command, format string, args ...any) error {
	return usageWith(message.Phrase("usage: %s", cmd.UseLine()), format, args...)
}

// usageWith is usagef with a hint that has values.
func usageWith(hint message.Message, format string, args ...any) error {
	return &usageError{msg: message.Phrase(format, args...), hints: []message.Message{hint}}
}

// is reports whether the tree of err holds an error of type T.
func is[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// exitCode decides. The order matters: what says most about the state of the
// cluster comes first, the most general last: what is left is input that could not
// be used (profiles, files, selectors).
func exitCode(ctx context.Context, err error) int {
	var we *workflow.Error
	switch {
	case err == nil:
		return exitDone
	case is[*cluster.PartialError](err), is[*cluster.UnfinishedError](err),
		errors.As(err, &we) && we.Reason == workflow.NotEverywhere:
		return exitPartial
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return exitInterrupted
	case is[examined](err):
		return exitBad
	case is[*meet.IdentityError](err):
		return exitUnreachable // also where nobody could be asked about it
	case is[*usageError](err):
		return exitUsage
	case errors.As(err, &we):
		return workflowCode(we)
	case is[*token.Error](err):
		return exitToken
	case refused(err):
		return exitRefused
	case is[*source.FetchError](err) && errors.Is(err, fs.ErrNotExist): // the server has no such file
		return exitUsage
	case is[*source.FetchError](err), is[*cluster.NodeError](err), unreached(err):
		return exitUnreachable
	}
	return exitUsage
}

func workflowCode(e *workflow.Error) int {
	switch e.Reason {
	case workflow.PhonesLost, workflow.FilesBad:
		return exitBad
	case workflow.WrongToken:
		return exitToken
	case workflow.Unreachable:
		if e.Err != nil && refused(e.Err) {
			return exitRefused
		}
		return exitUnreachable
	case workflow.NotEverywhere:
		return exitPartial
	case workflow.Refused:
		return exitRefused
	case workflow.Declined:
		return exitInterrupted
	}
	return exitUsage
}

// unreached: nobody answered. System call errors are net.Errors too, so those of files
// must not be taken for it.
func unreached(err error) bool {
	return is[*net.OpError](err) || is[*net.DNSError](err) || is[*control.NotRunningError](err) || errors.Is(err, context.DeadlineExceeded)
}

// refused: the node was reached and said no.
func refused(err error) bool {
	class := reach.ClassOf(err)
	return class == reach.Login || class == reach.Refused || class == reach.Permanent ||
		errors.Is(err, reach.ErrConflict) || is[*journal.LockedError](err)
}

// hints are what the errors of a tree say to do next, a line each.
func (a *app) hints(err error) []string { return a.lines(message.Advice(err)) }

// lines of messages, in the person's language.
func (a *app) lines(ms []message.Message) []string {
	var lines []string
	for _, m := range ms {
		for l := range strings.Lines(a.voice().Say(m)) {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}
