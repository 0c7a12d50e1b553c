package serviceability

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"ctlclient/message"
	"ctlclient/protocol/internal/soap"
)

const (
	stateStarted        = "Started"
	codeNotActivated    = -1068
	codeNone            = -1 // what a node says where nothing is wrong
	restartPoll         = 5 * time.Second
	restartPolls        = 120 // ten minutes: a large node's CallManager takes several
	restartPollFailures = 6   // in a row: half a minute
)

// opControl is the one operation that changes something.
const opControl = "soapDoControlServices"

// ErrNotActivated: the service is not activated on that node, found by errors.Is in a
// *ServiceError.
var ErrNotActivated = message.NewError("the service is not activated on this node")

// ServiceState is a service as its node sees it.
type ServiceState struct {
	Name    string
	State   string // "Started", "Stopped", "Starting", "Stopping", "Unknown"
	Code    int    // Cisco's ReasonCode; -1 and 0: nothing is wrong
	Words   string // what the node says to it
	Started string // since when, in the node's words; empty: not told
	Up      time.Duration
}

// Running says whether the service is started.
func (s ServiceState) Running() bool { return s.State == stateStarted }

// ServiceError is a service that a node does not start, stop or know.
type ServiceError struct {
	Service string
	Code    int    // Cisco's ReasonCode
	Words   string // Cisco's words
}

// Error is Said in English.
func (e *ServiceError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ServiceError) Said() error {
	words := e.Words
	if words == "" {
		words = "the node refused"
	}
	return message.Errorf("%s: %s (code %d)", e.Service, words, e.Code)
}

// Is finds ErrNotActivated.
func (e *ServiceError) Is(target error) bool {
	return target == ErrNotActivated && e.Code == codeNotActivated
}

// Hints name the next action.
func (e *ServiceError) Hints() []message.Message {
	if e.Is(ErrNotActivated) {
		return message.Hint("nothing is to be done where this node is not meant to run the service; else activate it (Cisco Unified Serviceability, Tools, Service Activation)")
	}
	return message.Hint("restart it on the node's CLI: utils service restart %s", e.Service)
}

// NotStartedError is a service that was told to restart and does not run yet.
type NotStartedError struct {
	State  ServiceState
	Waited time.Duration
}

// Error is Said in English.
func (e *NotStartedError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NotStartedError) Said() error {
	return message.Errorf("%s does not run %v after its restart: the node says %s", e.State.Name, e.Waited, e.State.State)
}

// Hints name the next action.
func (e *NotStartedError) Hints() []message.Message {
	return message.Hint("look at the service in Cisco Unified Serviceability, Tools, Control Center; it may only be slow")
}

type (
	statusRequest struct {
		Names []string `xml:"ns:ServiceStatus"`
	}
	controlRequest struct {
		Control controlService `xml:"ns:ControlServiceRequest"`
	}
	controlService struct {
		Node     string   `xml:"ns:NodeName"`
		Kind     string   `xml:"ns:ControlType"`
		Services []string `xml:"ns:ServiceList>ns:item"`
	}
	ccResult struct {
		Code     string   `xml:"ReturnCode"`
		Reason   string   `xml:"ReasonCode"`
		Words    string   `xml:"ReasonString"`
		Services []ccItem `xml:"ServiceInfoList>item"`
	}
	ccItem struct {
		Name    string `xml:"ServiceName"`
		State   string `xml:"ServiceStatus"`
		Code    string `xml:"ReasonCode"`
		Words   string `xml:"ReasonCodeString"`
		Started string `xml:"StartTime"`
		Up      string `xml:"UpTime"`
	}
)

// Services asks how services are doing; none named: all of the node.
func (c *Client) Services(ctx context.Context, names ...string) ([]ServiceState, error) {
	if len(names) == 0 {
		names = []string{""}
	}
	var answer struct {
		Result ccResult `xml:"soapGetServiceStatusReturn"`
	}
	if err := c.call(ctx, ccPath, "soapGetServiceStatus", statusRequest{names}, &answer); err != nil {
		return nil, err
	}
	return answer.Result.states(strings.Join(names, ", "))
}

// states reads an answer; one that is refused whole is a *ServiceError.
func (r *ccResult) states(what string) ([]ServiceState, error) {
	if code := reason(r.Code); code != 0 && len(r.Services) == 0 {
		if inner := reason(r.Reason); inner != 0 && inner != codeNone {
			code = inner
		}
		return nil, &ServiceError{Service: what, Code: code, Words: soap.Clean(r.Words)}
	}
	var states []ServiceState
	for _, s := range r.Services {
		state := ServiceState{Name: soap.Clean(s.Name), State: "Unknown", Code: reason(s.Code), Words: soap.Clean(s.Words), Started: soap.Clean(s.Started)}
		switch text := strings.TrimSpace(s.State); text {
		case stateStarted, "Stopped", "Starting", "Stopping":
			state.State = text
		}
		state.Up = time.Duration(number(s.Up)) * time.Second
		states = append(states, state)
	}
	return states, nil
}

// reason is a code of Cisco's, mostly a negative one; what is none is 0.
func reason(s string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

func (c *Client) state(ctx context.Context, name string) (ServiceState, error) {
	states, err := c.Services(ctx, name)
	if err != nil {
		return ServiceState{}, err
	}
	for _, s := range states {
		if s.Name == name {
			return s, nil
		}
	}
	return ServiceState{}, message.Errorf("%s soapGetServiceStatus: %w: nothing about %s", service, ErrMalformed, name)
}

// Restart restarts one service of the node and waits until it runs again, ten minutes at
// most. node is the node's own name: a node controls itself alone. progress is told each
// state that the node reports; it may be nil. A node that refuses is a *ServiceError, a
// service that does not come back a *NotStartedError.
func (c *Client) Restart(ctx context.Context, node, name string, progress func(ServiceState)) error {
	before, err := c.state(ctx, name)
	if err != nil {
		return err
	}
	if before.Code == codeNotActivated {
		return &ServiceError{Service: name, Code: before.Code, Words: before.Words}
	}
	request := controlRequest{controlService{Node: node, Kind: "Restart", Services: []string{name}}}
	var answer struct {
		Result ccResult `xml:"soapDoControlServicesReturn"`
	}
	if err := c.call(ctx, ccPath, opControl, request, &answer); err != nil {
		return err
	}
	states, err := answer.Result.states(name)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Name == name && s.Code != 0 && s.Code != codeNone {
			return &ServiceError{Service: name, Code: s.Code, Words: s.Words}
		}
	}
	return c.untilStarted(ctx, before, progress)
}

// untilStarted asks until the service that runs is another than before. The node answers
// long before a restart is over, and may first show the old one still running.
func (c *Client) untilStarted(ctx context.Context, before ServiceState, progress func(ServiceState)) error {
	last := ServiceState{Name: before.Name, State: "Unknown"}
	away := false // it was seen not running
	for poll, failures := 1, 0; poll <= restartPolls; poll++ {
		if err := c.Pause(ctx, restartPoll); err != nil {
			return err
		}
		s, err := c.state(ctx, before.Name)
		if err != nil {
			failures++
			if ctx.Err() != nil || failures == restartPollFailures || errors.Is(err, ErrLogin) || errors.Is(err, ErrForbidden) {
				return err
			}
			continue
		}
		last, failures = s, 0
		if progress != nil {
			progress(s)
		}
		away = away || !s.Running()
		if s.Running() && (away || another(before, s)) {
			return nil
		}
	}
	return &NotStartedError{State: last, Waited: restartPolls * restartPoll}
}

// another says whether a running service was started after before was seen. A node that
// tells neither since when nor how long is believed.
func another(before, now ServiceState) bool {
	switch {
	case !before.Running():
		return true
	case before.Started != "" || now.Started != "":
		return before.Started != now.Started
	case before.Up != 0 || now.Up != 0:
		return now.Up < before.Up
	}
	return true
}
