package workflow

import (
	"fmt"
	"strings"

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
	Message string
	Hints   []string
	Err     error // the cause, or nil
	Hazards []hazard.Hazard
	// Unvouched are certificates (DER) of tokens that TVS does not vouch for: putting them
	// into Phone-SAST-trust is the next step.
	Unvouched [][]byte
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Hint is what to do next, one line each.
func (e *Error) Hint() string { return strings.Join(e.Hints, "\n") }

func fail(r Reason, hints []string, format string, args ...any) *Error {
	return &Error{Reason: r, Message: fmt.Sprintf(format, args...), Hints: hints}
}
