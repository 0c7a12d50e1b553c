package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// answered tells an answer of the server from a fault of the connection.
func answered(err error) bool {
	var s *ctlp.StatusError
	var sorted *reach.Error
	return errors.As(err, &s) || errors.As(err, &sorted)
}

// strangerError: a server that proved who it is said nothing to the first request that a CTL
// Provider of this program would understand.
type strangerError struct{ err error }

// Error is Said in English.
func (e *strangerError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *strangerError) Said() error {
	return message.Errorf("what answers there is no CTL Provider of ctlclient, or it hangs: %w", e.err)
}
func (e *strangerError) Unwrap() error { return e.err }

var classes = map[ctlp.Status]reach.Class{
	ctlp.BadLogin: reach.Login, ctlp.LockedOut: reach.Login, ctlp.LoginFirst: reach.Refused,
	ctlp.NoSpace: reach.Refused, ctlp.Busy: reach.Refused, ctlp.Internal: reach.Refused,
	ctlp.Malformed: reach.Permanent, ctlp.BadList: reach.Permanent, ctlp.NotSupported: reach.Permanent,
	ctlp.ExportRefused: reach.Permanent,
}

// sorted gives an error the meaning that package reach promises.
func (n *node) sorted(ctx context.Context, err error) error {
	if err == nil || door.Own(ctx, err) {
		return err
	}
	if errors.As(err, new(tls.RecordHeaderError)) { // it speaks no TLS
		err = &strangerError{err}
	}
	sorted := &reach.Error{Class: reach.Unreachable, Server: n.profile.Name, Door: Door, Err: err}
	var s *ctlp.StatusError
	var digest *ctlp.DigestError
	if errors.As(err, new(*strangerError)) {
		sorted.Advice = message.Hint(`a CUCM as Cisco ships it is not asked on this port: publisher = "cucm" in the profile, or let it be found out what the server is: %s`, message.Action{Do: message.AddCluster})
	}
	switch {
	case errors.As(err, &digest):
		sorted.Class = reach.Permanent
	case !errors.As(err, &s):
	case s.Status == ctlp.NotFound:
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case s.Status == ctlp.Conflict:
		return fmt.Errorf("%w: %w", reach.ErrConflict, err)
	default:
		var known bool
		if sorted.Class, known = classes[s.Status]; !known {
			sorted.Class = reach.Refused
		}
		if s.Status == ctlp.ExportRefused {
			sorted.Advice = message.Hint("mixed mode needs a Smart Licensing account registered for export-controlled functionality: System > Licensing > License Management")
		}
	}
	return sorted
}
