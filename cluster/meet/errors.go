package meet

import "fmt"

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

func (e *IdentityError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("%s: the %s %s was not confirmed; no password was sent", e.Node, e.Kind, e.Got)
	}
	return fmt.Sprintf("%s: the %s changed: expected %s (%s), got %s; no password was sent", e.Node, e.Kind, e.Want, e.Source, e.Got)
}

// Hint says how a legitimate identity is accepted.
func (e *IdentityError) Hint() string {
	if e.Want == "" {
		return "compare the fingerprint with the one that the server's administrator reads on its console, then run `ctlclient cluster pin`, or put it into the profile"
	}
	hint := "if nobody regenerated it, somebody may stand between you and the server: do not go on\n"
	if e.Source == FromProfile {
		return hint + fmt.Sprintf("if it was regenerated, replace the fingerprint of %s in the profile", e.Node)
	}
	return hint + "if it was regenerated, compare the new fingerprint on the server's console and run `ctlclient cluster pin`"
}

// PasswordError: a password could not be had, from a person or from its source. Nothing
// was sent.
type PasswordError struct {
	User, Node string
	Err        error
}

func (e *PasswordError) Error() string {
	return fmt.Sprintf("password of %s at %s: %v", e.User, e.Node, e.Err)
}
func (e *PasswordError) Unwrap() error { return e.Err }
