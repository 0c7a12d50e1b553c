package cucm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/message"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/osadmin"
	"ctlclient/protocol/serviceability"
)

// answers are errors by which a server said no, and may say yes another time.
func answered(err error) bool {
	var axlFault *axl.Fault
	var fault *serviceability.Fault
	var service *serviceability.ServiceError
	var slow *serviceability.NotStartedError
	var status *axl.StatusError
	var refused *certapi.RefusedError
	var page *osadmin.PageError
	var form *osadmin.RefusedError
	for _, target := range []any{&axlFault, &fault, &service, &slow, &status, &refused, &page, &form} {
		if errors.As(err, target) {
			return true
		}
	}
	return errors.Is(err, axl.ErrBusy) || errors.Is(err, axl.ErrMalformed) || errors.Is(err, axl.ErrTooLarge) ||
		errors.Is(err, certapi.ErrMalformed)
}

// sorted gives an error of a door one of the classes.
func sorted(ctx context.Context, server string, d reach.Door, err error) error {
	if err == nil || door.Own(ctx, err) {
		return err
	}
	e := &reach.Error{Class: reach.Unreachable, Server: server, Door: d, Err: fmt.Errorf("%s: %w", d, err)}
	var advisor message.Advisor
	if errors.As(err, &advisor) {
		e.Advice = advisor.Hints()
	}
	var store *certapi.StoreError
	switch {
	case errors.Is(err, axl.ErrLogin):
		e.Class = reach.Login
	case errors.Is(err, axl.ErrForbidden), errors.Is(err, certapi.ErrTooOld), errors.Is(err, serviceability.ErrNotActivated),
		errors.As(err, &store):
		e.Class = reach.Permanent
	case errors.Is(err, fs.ErrNotExist):
		// Not a file that the node does not serve: the interface is not there.
		e.Class, e.Err = reach.Permanent, fmt.Errorf("%s: %v", d, err)
	case answered(err):
		e.Class = reach.Refused
	}
	return e
}

// shut reports an error after which the next door is worth a try: this one is not there,
// is not for this account, or does not answer.
func shut(err error) bool {
	c := reach.ClassOf(err)
	return c == reach.Permanent || c == reach.Unreachable || c == reach.Login
}
