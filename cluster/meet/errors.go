package meet

import (
	"ctlclient/message"
)

// IdentityError: a server is not who it was, or nobody confirmed who it is. It
// arises before a password has left. Exit 3.
type IdentityError struct {
	Node string // name in the profile
	Kind string // "TLS certificate" or "SSH host key"
	Want string // fingerprint expected; "" when the server was never met and not confirmed
	Got  string // fingerprint presented
	// Source says where Want comes from: "the profile", "kept at the first meeting",
	// or the known_hosts file.
	Source string
}

// Error is Said in English.
func (e *IdentityError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *IdentityError) Said() error {
	if e.Want == "" {
		return message.Errorf("%s: the %s %s was not confirmed; no password was sent", e.Node, Text(e.Kind), e.Got)
	}
	return message.Errorf("%s: the %s changed: expected %s (%s), got %s; no password was sent", e.Node, Text(e.Kind), e.Want, Text(e.Source), e.Got)
}

// Hints say how a legitimate identity is accepted.
func (e *IdentityError) Hints() []message.Message {
	if e.Want == "" {
		return message.Hint("compare the fingerprint with the one that the server's administrator reads on its console, then confirm it: %s", message.Action{Do: message.MeetServers, Node: e.Node})
	}
	hints := message.Hint("if nobody regenerated it, somebody may stand between you and the server: do not go on")
	if e.Source == FromProfile {
		return append(hints, message.Phrase("if it was regenerated, replace the fingerprint of %s in the profile", e.Node))
	}
	return append(hints, message.Phrase("if it was regenerated, compare the new fingerprint on the server's console and confirm it: %s", message.Action{Do: message.MeetServers, Node: e.Node}))
}

// PasswordError: a password could not be had, from a person or from its source. Nothing
// was sent.
type PasswordError struct {
	User, Node string
	Err        error
}

// Error is Said in English.
func (e *PasswordError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *PasswordError) Said() error {
	return message.Errorf("password of %s at %s: %v", e.User, e.Node, e.Err)
}
func (e *PasswordError) Unwrap() error { return e.Err }
