package host

import (
	"path/filepath"
	"time"

	"ctlclient/message"
)

var errNoPipes = message.NewError("its standard streams are no pipes")

// EndedError says that the module host ended in the middle of a call, or before it.
type EndedError struct {
	Module string          // path
	Call   string          // C_Sign
	Reason message.Message // "crashed (segmentation fault)", "ended its process (exit 0)", "had its process killed"
	Said   string          // the last line that the module printed; empty when there was none
}

func (e *EndedError) Error() string { return e.Say(message.Voice{}) }

// Say implements [message.Speaker].
func (e *EndedError) Say(v message.Voice) string {
	said := message.Phrase("the module %s %s", filepath.Base(e.Module), e.Reason)
	if e.Call != "" {
		said = message.Phrase("the module %s %s in %s", filepath.Base(e.Module), e.Reason, e.Call)
	}
	if e.Said != "" {
		said = message.Phrase("%s; it printed: %s", said, e.Said)
	}
	return v.Say(said)
}

// TimeoutError says that a call did not come back in time; the module host was ended.
type TimeoutError struct {
	Module string
	Call   string
	After  time.Duration
}

// Error is Said in English.
func (e *TimeoutError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *TimeoutError) Said() error {
	return message.Errorf("the module %s did not answer within %v in %s", filepath.Base(e.Module), e.After, e.Call)
}

// Timeout makes it known as one.
func (e *TimeoutError) Timeout() bool { return true }

// LoadError says why a module cannot be loaded, in the words of the system.
type LoadError struct {
	Module string
	Reason string
}

func (e *LoadError) Error() string { return e.Reason }

// StartError says that no module host could be started at all.
type StartError struct {
	Module string
	Err    error
}

// Error is Said in English.
func (e *StartError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *StartError) Said() error {
	return message.Errorf("a process for the module cannot be started: %w", e.Err)
}
func (e *StartError) Unwrap() error { return e.Err }
