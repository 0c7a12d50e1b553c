package journal

import "ctlclient/message"

// DamagedError: a journal that cannot be read whole.
type DamagedError struct {
	ID, Dir string
	Err     error
}

// Error is Said in English.
func (e *DamagedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *DamagedError) Said() error   { return message.Errorf("journal %s: %v", e.ID, e.Err) }
func (e *DamagedError) Unwrap() error { return e.Err }

// Hints say how work goes on without it.
func (e *DamagedError) Hints() []message.Message {
	return message.Hint("see that all nodes serve the same file, then move %s away: %s", e.Dir, message.Action{Do: message.SeeStatus})
}

// WriteError: the state folder takes no journal, so that no job can be kept.
type WriteError struct{ Err error }

// Error is Said in English.
func (e *WriteError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *WriteError) Said() error   { return message.Errorf("cannot write journal: %w", e.Err) }
func (e *WriteError) Unwrap() error { return e.Err }

// Hints say what the folder needs.
func (e *WriteError) Hints() []message.Message {
	return message.Hint("free some space in the state folder, or let this user write there, then run the job again")
}
