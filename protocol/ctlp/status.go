package ctlp

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"ctlclient/message"
)

// Status of a response.
type Status uint16

// The statuses, as STATUS counts them.
const (
	OK            Status = iota
	Malformed            // malformed request
	LoginFirst           // login first
	BadLogin             // wrong user name or password
	LockedOut            // too many wrong passwords from this address; RetryAfter
	NotFound             // no such file or stage
	Conflict             // the live file is not the expected one
	BadList              // not a valid trust list, or its signature does not verify
	NoSpace              // no space
	Busy                 // busy
	NotSupported         // not supported here
	Internal             // internal error
	ExportRefused        // the cluster is not registered for export-controlled functionality
)

var statusTexts = [...]error{
	OK:            message.NewError("done"),
	Malformed:     message.NewError("malformed request"),
	LoginFirst:    message.NewError("login first"),
	BadLogin:      message.NewError("wrong user name or password"),
	LockedOut:     message.NewError("locked out after too many wrong passwords"),
	NotFound:      message.NewError("no such file or stage"),
	Conflict:      message.NewError("the live file is not the expected one"),
	BadList:       message.NewError("the file is not a valid trust list, or its signature does not verify"),
	NoSpace:       message.NewError("no space left on the node"),
	Busy:          message.NewError("the node is busy"),
	NotSupported:  message.NewError("not supported by this node"),
	Internal:      message.NewError("internal error of the node"),
	ExportRefused: message.NewError("the cluster is not registered for export-controlled functionality"),
}

func (s Status) String() string { return s.said().Error() }

func (s Status) said() error {
	if int(s) < len(statusTexts) {
		return statusTexts[s]
	}
	return message.Errorf("status %d", uint16(s))
}

// maxMessage is how many characters of a MESSAGE are shown.
const maxMessage = 500

// StatusError is an answer other than OK. A Backend returns one to choose the
// status and the words that its client gets.
type StatusError struct {
	Status     Status
	Message    string        // the server's words, bounded and made printable
	RetryAfter time.Duration // with LockedOut, whole seconds
	Request    string        // LOGIN, STAGE...
}

// Error is Said in English.
func (e *StatusError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StatusError) Said() error {
	said := e.Status.said()
	if e.Status == LockedOut && e.RetryAfter > 0 {
		said = message.Errorf("%w, for another %v", said, e.RetryAfter)
	}
	if e.Message != "" && e.Message != e.Status.String() {
		said = message.Errorf("%w: %s", said, message.Words(e.Message))
	}
	if e.Request != "" {
		said = fmt.Errorf("%s: %w", e.Request, said)
	}
	return said
}

// Hints are what the person can do about it; none where only the caller knows.
func (e *StatusError) Hints() []message.Message {
	switch e.Status {
	case BadLogin:
		return message.Hint("check user name and password; after five wrong ones within ten minutes the node answers this address no more for a while")
	case LockedOut:
		if e.RetryAfter <= 0 {
			return message.Hint("wait an hour, then try again")
		}
		return message.Hint("try again in %v; each further wrong password doubles the wait, up to an hour", e.RetryAfter)
	case Conflict:
		return message.Hint("somebody changed the file since it was read: read it again, look at the difference, then repeat the job")
	case NoSpace:
		return message.Hint("free some space on the node, then repeat; its live file is as it was")
	case Busy:
		return message.Hint("wait a little and repeat")
	case ExportRefused:
		return message.Hint("register the cluster for export-controlled functionality, then repeat; mixed mode needs it")
	}
	return nil
}

// Is makes errors.Is(err, &StatusError{Status: s}) find an error of status s,
// whatever its words.
func (e *StatusError) Is(target error) bool {
	t, ok := target.(*StatusError)
	return ok && t.Status == e.Status && t.Message == "" && t.Request == "" && t.RetryAfter == 0
}

// StatusOf is the status of an answer in err's chain, OK when there is none.
func StatusOf(err error) Status {
	var se *StatusError
	if errors.As(err, &se) {
		return se.Status
	}
	return OK
}

func refuse(s Status, format string, args ...any) *StatusError {
	return &StatusError{Status: s, Message: fmt.Sprintf(format, args...)}
}

// printable makes words from the network safe for a terminal and a log: one
// line, at most maxMessage characters, nothing that moves a cursor or reverses
// text.
func printable(b []byte) string {
	var out strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(string(b[:min(len(b), 4*maxMessage)]), "\uFFFD") {
		if n == maxMessage {
			out.WriteString("…")
			break
		}
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r):
			r = '\uFFFD'
		}
		out.WriteRune(r)
		n++
	}
	return strings.TrimSpace(out.String())
}
