package reach

import (
	"errors"

	"ctlclient/message"
)

// Class sorts errors by what helps against them.
type Class uint8

const (
	// Unclassified is an error that is none of a server: of this machine, or of ctx.
	Unclassified Class = iota
	// Unreachable: no answer, or a connection that broke. Patience may help; what became
	// of the request is not known.
	Unreachable
	// Login: the account was refused or is locked. It is never tried again by itself.
	Login
	// Refused: the server answered, and said no: it is busy or full, has an error of its
	// own, or answered what is not understood. Patience may help.
	Refused
	// Permanent: the server answered, and will say no again: not supported there, not
	// allowed to this account, not licensed, not a valid file.
	Permanent
)

func (c Class) String() string {
	switch c {
	case Unreachable:
		return "unreachable"
	case Login:
		return "login"
	case Refused:
		return "refused"
	case Permanent:
		return "permanent"
	}
	return "unclassified"
}

// Error is what went wrong at a server. Adapters make it, and nothing else does.
type Error struct {
	Class  Class
	Server string // name in the profile
	Door   Door
	Err    error             // in words for a person; the protocol's own error is in its chain
	Advice []message.Message // what to do next, one action each; none where the caller knows better
}

// Error is the cause's text: callers name the server, as they know what it is about.
func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Hints are what to do next.
func (e *Error) Hints() []message.Message { return e.Advice }

// ClassOf is the class of the first *Error in err's chain.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Unclassified
}

// Final tells errors that patience does not help: the request must not be repeated by
// itself.
func Final(err error) bool {
	c := ClassOf(err)
	return c == Login || c == Permanent
}
