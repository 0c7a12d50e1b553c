package axl

import (
	"io/fs"
	"strconv"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/soap"
)

// Fault is what AXL answers instead of a result.
type Fault struct {
	Operation string // "listPhone"
	Code      int    // Cisco's number; 0: none came
	Words     string // Cisco's words
}

// Error is Said in English.
func (e *Fault) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Fault) Said() error {
	if e.Code != 0 {
		return message.Errorf("AXL %s: %s (code %d)", e.Operation, e.Words, e.Code)
	}
	return message.Errorf("AXL %s: %s", e.Operation, e.Words)
}

// Codes of AXL that name a thing which is not there.
const (
	codeNotFound       = 5007
	codeNotFoundUpdate = 5003
)

// Is finds what a caller decides by.
func (e *Fault) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Code == codeNotFound || e.Code == codeNotFoundUpdate
	case ErrBusy:
		return strings.Contains(e.Words, "Memory Allocation Consumed")
	case ErrForbidden:
		return rightsWords.MatchString(e.Words)
	}
	return false
}

var rightsWords = lazyregexp.New(`(?i)permission|not authori[sz]ed|access denied|read.?only`)

// Hints name the next action.
func (e *Fault) Hints() []message.Message {
	switch {
	case e.Is(ErrBusy):
		return message.Hint("the node has given all memory it has for AXL; wait until other programs that read from it are done, then try again")
	case e.Is(ErrForbidden):
		return []message.Message{roles}
	}
	return nil
}

// TooLargeError: AXL answers with at most 8 MB. It is dealt with inside: phones and
// rows are asked for in pages.
type TooLargeError struct {
	Operation string
	Total     int // rows in all
	Fetch     int // fewer than this fit in one answer
	Words     string
}

// Error is Said in English.
func (e *TooLargeError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *TooLargeError) Said() error { return message.Errorf("AXL %s: %s", e.Operation, e.Words) }

// tooLarge reads both spellings of what releases say.
var tooLarge = lazyregexp.New(`(?i)query request too large\.\s*total rows matched: ([0-9]{1,9})(?: rows)?\.\s*suggest\w* row fetch: less than ([0-9]{1,9})`)

func newFault(operation string, f *soap.Fault) error {
	for _, words := range []string{f.Message, f.String} {
		if m := tooLarge.FindStringSubmatch(words); m != nil {
			e := &TooLargeError{Operation: operation, Words: words}
			e.Total, _ = strconv.Atoi(m[1]) // nine digits at most
			e.Fetch, _ = strconv.Atoi(m[2])
			return e
		}
	}
	return &Fault{Operation: operation, Code: f.AXL, Words: f.Words()}
}
