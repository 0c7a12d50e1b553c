package workflow

import (
	"context"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/message"
	"ctlclient/token"
	"ctlclient/trust/hazard"
)

// EventType is the kind of an [Event].
type EventType string

// Kinds of [Event].
const (
	EventStep     EventType = "step"     // a step of the job starts, ends or fails
	EventNode     EventType = "node"     // something happened at one node
	EventInfo     EventType = "info"     // worth knowing
	EventWarning  EventType = "warning"  // worth acting on
	EventTVS      EventType = "tvs"      // what one node's TVS says about one certificate: see Event.TVS
	EventOutput   EventType = "output"   // a line that a node's administration CLI printed
	EventProgress EventType = "progress" // Done of Total; a Total of 0 is not known
	EventErrand   EventType = "errand"   // something that only a person can do: see Event.Errand
)

// Steps of a job; those of a node are package cluster's, and StepTFTP and StepRestart.
const (
	StepConnect    = "connect"
	StepSnapshot   = "snapshot"
	StepAskTVS     = "ask-tvs"
	StepAssess     = "assess"
	StepSign       = "sign"
	StepPublisher  = "publisher" // the publisher writes its own CTL
	StepDistribute = "distribute"
	StepSetMode    = "set-mode"
	StepRestart    = "restart"
	StepTFTP       = "tftp" // the file is fetched from every node as a phone does
	StepFetch      = "fetch"
	StepTrust      = "trust-store" // certificates are uploaded to Phone-SAST-trust
	StepPhones     = "phones"      // the cluster is asked for its phones
	StepReset      = "reset"       // phones restart
	StepPages      = "phone-pages" // phones' web pages are read
)

// States of a step.
const (
	StateStart   = "start"
	StateDone    = "done"
	StateFailed  = "failed"
	StateStale   = "stale"   // TFTP still serves another file
	StateKeypad  = "keypad"  // the PIN is entered at the token itself
	StateWaiting = "waiting" // a token may have to be touched
	StateValid   = "valid"   // TVS vouches
	StateInvalid = "invalid" // TVS does not vouch
)

// Event is one thing that a job reports. Type decides which of the other fields are set.
type Event struct {
	Type    EventType
	Time    time.Time
	Job     string
	Step    string
	State   string
	Node    string
	Text    message.Message // what is said; where it has no key, Message is all there is
	Message string          // Text or Err in English
	Err     error           // what went wrong
	Done    int             // EventProgress: of Total
	Total   int
	TVS     *TVSAnswer // EventTVS
	Sums    *Checksums // EventNode of StepTFTP that is done
	Errand  *Errand    // EventErrand
}

// Errand is work that only a person can do; the job waits, and looks whether it is done.
type Errand = reach.Errand

// TVSAnswer is what TVS of one node said about a token's certificate.
type TVSAnswer struct {
	Token string // common name
	Valid bool
	TTL   time.Duration
}

// Checksums of a CTL file, as phones show them.
type Checksums struct{ MD5, SHA1 string }

// UI is the one interface that each front end implements. Event may be called from
// several goroutines at once; the questions come one at a time.
type UI interface {
	meet.Prompter
	Event(Event)
	// PIN asks once for one attempt.
	PIN(ctx context.Context, r token.PINRequest) ([]byte, error)
	// Confirm asks whether to go on.
	Confirm(ctx context.Context, c Confirmation) (bool, error)
}

// Confirmation of a job. Neither a Danger nor an Undescribed one is answered by a
// general "yes" given beforehand: the first means that phones would be lost, the
// second that phones which nobody described would be, if there are any. Text says so.
type Confirmation struct {
	Title       message.Message
	Text        message.Message
	Purpose     Purpose
	Plan        *Plan
	Danger      bool
	Undescribed bool
	Hazards     []hazard.Hazard
}

// speaker tells the front end of a job what happens in it.
type speaker struct {
	ui  UI
	job string // the job being worked on
}

func (s *speaker) emit(e Event) {
	e.Time = time.Now()
	switch {
	case e.Err != nil:
		e.Message = e.Err.Error()
	case !e.Text.IsZero():
		e.Message = e.Text.String()
	}
	if e.Job == "" {
		e.Job = s.job
	}
	s.ui.Event(e)
}

// Said is what happened, in a voice.
func (e Event) Said(v message.Voice) string {
	if e.Err != nil {
		return v.Tell(e.Err)
	}
	if e.Text.IsZero() {
		return e.Message
	}
	return v.Say(e.Text)
}

func (s *speaker) info(m message.Message) { s.emit(Event{Type: EventInfo, Text: m}) }

func (s *speaker) warn(m message.Message) { s.emit(Event{Type: EventWarning, Text: m}) }

// step reports the start of a step and returns what reports its end.
func (s *speaker) step(name string, m message.Message) func(*error) {
	s.emit(Event{Type: EventStep, Step: name, State: StateStart, Text: m})
	return func(err *error) {
		if err != nil && *err != nil {
			s.emit(Event{Type: EventStep, Step: name, State: StateFailed, Err: *err})
			return
		}
		s.emit(Event{Type: EventStep, Step: name, State: StateDone, Text: m})
	}
}

// progress turns what the cluster reports into events.
func (s *speaker) progress(p cluster.Progress) {
	e := Event{Type: EventNode, Step: p.Step, State: p.State, Node: p.Node, Err: p.Err, Message: p.Path}
	if p.Step == StepRestart && p.Err == nil {
		e.Message = p.Service
		if p.State == StateDone {
			e.Text = sayRestarted.With("service", p.Service)
		}
	}
	if p.State == cluster.StateRetry {
		e.Text, e.Err = sayAgain.With("wait", p.Wait, "try", p.Try, "tries", p.Tries, "why", p.Err), nil
	}
	if p.State == cluster.StateWarning {
		e.Type, e.Text = EventWarning, p.Text
		if p.Node != "" {
			e.Text = message.Phrase("%s: %s", p.Node, p.Text)
		}
	}
	s.emit(e)
}
