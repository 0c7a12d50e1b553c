package host

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

var errNoPipes = errors.New("its standard streams are no pipes")

// EndedError says that the module host ended in the middle of a call, or before it.
type EndedError struct {
	Module string // path
	Call   string // C_Sign
	Reason string // "crashed (segmentation fault)", "called exit(0)", "was killed"
	Said   string // the last line that the module printed; empty when there was none
}

func (e *EndedError) Error() string {
	s := fmt.Sprintf("the module %s %s", filepath.Base(e.Module), e.Reason)
	if e.Call != "" {
		s += " in " + e.Call
	}
	if e.Said != "" {
		s += "; it printed: " + e.Said
	}
	return s
}

// TimeoutError says that a call did not come back in time; the module host was ended.
type TimeoutError struct {
	Module string
	Call   string
	After  time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("the module %s did not answer within %v in %s", filepath.Base(e.Module), e.After, e.Call)
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

func (e *StartError) Error() string {
	return "a process for the module cannot be started: " + e.Err.Error()
}
func (e *StartError) Unwrap() error { return e.Err }
