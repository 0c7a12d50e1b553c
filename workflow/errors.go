package workflow

import (
	"ctlclient/message"
	"ctlclient/trust/hazard"
)

// Messages that administrators know from Cisco's CTL Client, word for word.
const (
	MsgTokenNotInCTL = "The Security Token you have inserted does not exist in the CTL File"
	MsgNoCTLInSecure = "No CTL File exists on the server but the Call Manager Cluster Security Mode is in Secure Mode. " +
		"For the system to function, you must create the CTL File and set Call Manager Cluster the Secure Mode."
	MsgRestart = "Please Restart the TFTP and Cisco CallManager services on all nodes in the cluster that run these services"
)

// Reason says which kind of obstacle stopped a job.
type Reason uint8

const (
	// BadRequest: the request itself cannot be done (too few tokens, a selector
	// that names nothing, no CTL to edit).
	BadRequest Reason = iota + 1
	// PhonesLost: phones would refuse the new file, or nothing vouches for the signer.
	PhonesLost
	// WrongToken: the token is there, but may not sign this file.
	WrongToken
	// Unreachable: a node or service that must be asked did not answer.
	Unreachable
	// FilesBad: what the nodes serve, or the file given, is not right.
	FilesBad
	// Declined: the person said no.
	Declined
	// Refused: the cluster's software refused.
	Refused
	// NotEverywhere: the job was done, but not on every node.
	NotEverywhere
)

// Error stops a job before or after writing; Reason tells front ends how.
type Error struct {
	Reason  Reason
	Text    message.Message
	Advice  []message.Message // what to do next, in order
	Err     error             // the cause, or nil
	Hazards []hazard.Hazard
	// Unvouched are certificates (DER) of tokens that TVS does not vouch for: putting them
	// into Phone-SAST-trust is the next step.
	Unvouched [][]byte
}

// Error is the text in English, with the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Text.String() + ": " + e.Err.Error()
	}
	return e.Text.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Say is the text in a voice, with the cause.
func (e *Error) Say(v message.Voice) string {
	if e.Err != nil {
		return v.Say(e.Text) + ": " + v.Tell(e.Err)
	}
	return v.Say(e.Text)
}

// Hints are what to do next; a front end words the actions in them.
func (e *Error) Hints() []message.Message { return e.Advice }

func fail(r Reason, text message.Message, advice ...message.Message) *Error {
	return &Error{Reason: r, Text: text, Advice: advice}
}
