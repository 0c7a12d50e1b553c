// Package serviceability is what Cisco Unified Serviceability answers over SOAP on port
// 8443: RisPort70, which phones are registered where, with which firmware and address,
// and Control Center, which services of a node run, and their restart. The format is
// Cisco's published WSDL; the servers of this package answer in the practice cluster.
//
// What always holds:
//
//   - The server's certificate is judged before anything is sent (see Options), and a
//     password that is refused is not sent again.
//   - RisPort70 answers with at most 1000 phones and cuts the rest silently: phones are
//     asked for by name, and an answer that was cut is asked for again in halves.
//   - A restart is done when the service says Started and is not the one from before.
//
// A Client may be used by several goroutines.
package serviceability

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/pinned"
	"ctlclient/protocol/internal/soap"
)

const (
	// Port of both services.
	Port = 8443

	service   = "Serviceability"
	namespace = "http://schemas.cisco.com/ast/soap"
	risPath   = "/realtimeservice2/services/RISService70"
	ccPath    = "/controlcenterservice2/services/ControlCenterServices"

	// A node answers 15 questions a minute. One that has had enough is asked again after
	// ratePause, rateTries times in all.
	ratePause = 30 * time.Second
	rateTries = 6
)

// What is shared with the other interfaces on port 8443.
type (
	Options     = pinned.Options
	StatusError = pinned.StatusError
	Patience    = pinned.Patience // fields Sleep and Waiting
)

// What a caller decides by, found by errors.Is.
var (
	ErrLogin     = pinned.ErrLogin     // the account was refused
	ErrForbidden = pinned.ErrForbidden // the account lacks a role
	ErrBusy      = pinned.ErrBusy      // too many questions, and still after some waiting
	ErrMalformed = soap.ErrMalformed   // an answer that is not understood
	ErrTooLarge  = pinned.ErrTooLarge  // an answer beyond our own limit
)

// group is what an account needs.
var group = message.Phrase("the account must be an application user in the access control group Standard CCM Server Monitoring; to restart services it needs more, which Standard CCM Super Users has")

var hints = map[int]message.Message{
	http.StatusUnauthorized:       message.Phrase("check the user name and the password; %s. The password is not sent again, because further attempts may lock the account", group),
	http.StatusForbidden:          group,
	http.StatusNotFound:           message.Phrase("see that the Cisco Tomcat service of this node runs and that the node runs Unified Communications Manager"),
	http.StatusServiceUnavailable: message.Phrase("the node answers 15 of these questions a minute, whoever asks; try again in a minute"),
}

// Client asks one node.
type Client struct {
	Patience

	http *pinned.Client
}

// New makes a client of the node at addr (host:port). Nothing is sent yet.
func New(addr string, o Options) (*Client, error) {
	c, err := pinned.New(service, addr, o)
	if err != nil {
		return nil, err
	}
	c.Hints = hints
	return &Client{http: c}, nil
}

// Close ends the connections and wipes the password.
func (c *Client) Close() error { return c.http.Close() }

// Fault is what a node answers instead of a result.
type Fault struct {
	Operation string // "selectCmDevice"
	Words     string // Cisco's words
}

// Error is Said in English.
func (e *Fault) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Fault) Said() error { return message.Errorf("%s %s: %s", service, e.Operation, e.Words) }

// Is finds ErrBusy in the words that releases have for it; the spelling is theirs.
func (e *Fault) Is(target error) bool {
	return target == ErrBusy && strings.Contains(e.Words, "Exceeded allowed rate")
}

// Hints name the next action.
func (e *Fault) Hints() []message.Message {
	if e.Is(ErrBusy) {
		return []message.Message{hints[http.StatusServiceUnavailable]}
	}
	return nil
}

// call asks, and asks again later where the node has had enough.
func (c *Client) call(ctx context.Context, path, operation string, request, answer any) error {
	body, err := soap.Element(namespace, operation, request)
	if err != nil {
		return err
	}
	return c.Ask(ctx, rateTries, ratePause, func() error {
		err := soap.Call(ctx, c.http, path, operation, body, operation != opControl, operation+"Response", answer)
		if fault, ok := errors.AsType[*soap.Fault](err); ok {
			return &Fault{Operation: operation, Words: fault.Words()}
		}
		if errors.Is(err, ErrMalformed) {
			return message.Errorf("%s %s at %s: %w", service, operation, c.http.Addr(), err)
		}
		return err
	})
}
