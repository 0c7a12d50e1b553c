// Package axl is Cisco's Administrative XML of a Unified Communications Manager: SOAP
// over HTTPS on port 8443 of the publisher. It says which servers and services there are,
// which mode the cluster is in, which certificates its stores hold and which phones it
// knows; it resets phones. The format is Cisco's published schema (AXLSoap.xsd, 11.5 to
// 15.0); the server of this package answers in the practice cluster.
//
// What always holds:
//
//   - The server's certificate is judged by Options.VerifyPeer before anything is sent,
//     and the password is asked for after that; one that is refused is not sent again.
//   - What Cisco calls too large is asked for in pages, what it calls busy is asked for
//     again later; both are bounded.
//   - Nothing is changed but by Reset. doEnterpriseParametersReset, which restores the
//     defaults of a cluster, is not in this package.
//
// A Client may be used by several goroutines.
package axl

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
	"ctlclient/protocol/internal/pinned"
	"ctlclient/protocol/internal/soap"
)

const (
	// Port of AXL.
	Port = 8443

	path      = "/axl/" // the slash counts
	namespace = "http://www.cisco.com/AXL/API/"

	// discovery is the namespace in which every release tells its version.
	discovery = namespace + "1.0"

	// A busy server is asked this many times, with this long between, where it does not
	// say how long.
	busyTries = 5
	busyPause = 20 * time.Second
)

// What is shared with the other interfaces on port 8443.
type (
	Options     = pinned.Options
	StatusError = pinned.StatusError
	Patience    = pinned.Patience // fields Sleep and Waiting
)

// What a caller decides by, found by errors.Is. A phone or another thing that is not
// there is fs.ErrNotExist.
var (
	ErrLogin     = pinned.ErrLogin     // the account was refused
	ErrForbidden = pinned.ErrForbidden // the account lacks a role
	ErrBusy      = pinned.ErrBusy      // throttled, and still after some waiting
	ErrMalformed = soap.ErrMalformed   // an answer that is not understood
	ErrTooLarge  = pinned.ErrTooLarge  // an answer beyond our own limit
)

// roles is what an account needs.
var roles = message.Phrase("the account must be an application user in an access control group with the role Standard AXL API Access; for reading alone, with Standard AXL API Users and Standard AXL Read Only API Access")

var hints = map[int]message.Message{
	http.StatusUnauthorized:       message.Phrase("check the user name and the password; %s. The password is not sent again, because further attempts may lock the account", roles),
	http.StatusForbidden:          roles,
	http.StatusNotFound:           message.Phrase("activate the Cisco AXL Web Service on this node (Cisco Unified Serviceability, Tools, Service Activation), or give the publisher's address"),
	http.StatusServiceUnavailable: message.Phrase("AXL limits how much it answers a minute; try again in a minute"),
}

// Client asks one node.
type Client struct {
	Patience

	http *pinned.Client

	mu      sync.Mutex
	version Version
}

// Version of a Unified Communications Manager.
type Version struct {
	Full   string // "14.0.1.13900-155", as the server says it
	Schema string // its first two numbers: "14.0"
}

// New makes a client of the node at addr (host:port). Nothing is sent yet.
func New(addr string, o Options) (*Client, error) {
	c, err := pinned.New("AXL", addr, o)
	if err != nil {
		return nil, err
	}
	c.Hints = hints
	return &Client{http: c}, nil
}

// Close ends the connections and wipes the password.
func (c *Client) Close() error { return c.http.Close() }

// Version asks once which release the server is.
func (c *Client) Version(ctx context.Context) (Version, error) {
	c.mu.Lock()
	v := c.version
	c.mu.Unlock()
	if v.Full != "" {
		return v, nil
	}
	request := struct {
		Node string `xml:"processNodeName"`
	}{}
	var answer struct {
		Version string `xml:"return>componentVersion>version"`
	}
	if err := c.callIn(ctx, discovery, "", "getCCMVersion", request, &answer); err != nil {
		return v, err
	}
	v = Version{Full: soap.Clean(answer.Version), Schema: schemaOf(answer.Version)}
	if v.Schema == "" {
		return v, message.Errorf("AXL getCCMVersion: %w: %q is no version", ErrMalformed, v.Full)
	}
	c.mu.Lock()
	c.version = v
	c.mu.Unlock()
	return v, nil
}

var versionNumbers = lazyregexp.New(`^\s*([0-9]{1,3}\.[0-9]{1,3})(?:[^0-9]|$)`)

// schemaOf takes the first two numbers of a version; empty where there are none.
func schemaOf(version string) string {
	m := versionNumbers.FindStringSubmatch(version)
	if m == nil {
		return ""
	}
	return m[1]
}

// call asks in the namespace of the server's own release.
func (c *Client) call(ctx context.Context, operation string, request, answer any) error {
	v, err := c.Version(ctx)
	if err != nil {
		return err
	}
	return c.callIn(ctx, namespace+v.Schema, "CUCM:DB ver="+v.Schema+" "+operation, operation, request, answer)
}

// callIn asks, and asks again after a while where the server is busy.
func (c *Client) callIn(ctx context.Context, space, action, operation string, request, answer any) error {
	body, err := soap.Element(space, operation, request)
	if err != nil {
		return err
	}
	return c.Ask(ctx, busyTries, busyPause, func() error { return c.once(ctx, action, body, operation, answer) })
}

func (c *Client) once(ctx context.Context, action string, body []byte, operation string, answer any) error {
	err := soap.Call(ctx, c.http, path, action, body, operation != opReset, operation+"Response", answer)
	var (
		fault  *soap.Fault
		status *StatusError
	)
	switch {
	case errors.As(err, &fault):
		return newFault(operation, fault)
	case errors.As(err, &status), err == nil, ctx.Err() != nil, strings.HasPrefix(err.Error(), "AXL"):
		return err
	}
	return message.Errorf("AXL %s at %s: %w", operation, c.http.Addr(), err)
}
