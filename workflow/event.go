package workflow

import (
	"context"
	"time"

	"ctlclient/cluster"
	"ctlclient/cluster/meet"
	"ctlclient/token"
	"ctlclient/trust/hazard"
)

// Kinds of [Event], as the field Type spells them.
const (
	EventStep     = "step"     // a step of the job starts, ends or fails
	EventNode     = "node"     // something happened at one node
	EventInfo     = "info"     // worth knowing
	EventWarning  = "warning"  // worth acting on
	EventHazard   = "hazard"   // a rule that the planned change touches
	EventVerdict  = "verdict"  // what one phone, or a class of phones, will make of the file
	EventTVS      = "tvs"      // what one node's TVS says about one certificate
	EventDiff     = "diff"     // one difference between the old and the new list
	EventOutput   = "output"   // a line that a node's administration CLI printed
	EventProgress = "progress" // Done of Total
)

// StepTFTP is the step in which the file is fetched from every node as a phone does;
// the other steps of nodes are those of package cluster, and restart.
const (
	StepTFTP    = "tftp"
	StepRestart = "restart"
)

// Event is one thing that a job reports. Type decides which of the other fields
// are set.
type Event struct {
	Type    string         `json:"type"`
	Time    time.Time      `json:"time"`
	Job     string         `json:"job,omitempty"`
	Step    string         `json:"step,omitempty"`  // connect snapshot ask-tvs edit assess sign stage commit read-back set-mode restart tftp
	State   string         `json:"state,omitempty"` // start done failed retry
	Node    string         `json:"node,omitempty"`
	Message string         `json:"message,omitempty"`
	Done    int            `json:"done,omitempty"`
	Total   int            `json:"total,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
}

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
	Title       string
	Text        string
	Danger      bool
	Undescribed bool
	Hazards     []hazard.Hazard
}

func (s *Session) emit(e Event) {
	e.Time = time.Now()
	if e.Job == "" {
		e.Job = s.job
	}
	s.ui.Event(e)
}

func (s *Session) info(msg string) { s.emit(Event{Type: EventInfo, Message: msg}) }

func (s *Session) warn(msg string) { s.emit(Event{Type: EventWarning, Message: msg}) }

// step reports the start of a step and returns what reports its end.
func (s *Session) step(name, msg string) func(*error) {
	s.emit(Event{Type: EventStep, Step: name, State: "start", Message: msg})
	return func(err *error) {
		if err != nil && *err != nil {
			s.emit(Event{Type: EventStep, Step: name, State: "failed", Message: (*err).Error()})
			return
		}
		s.emit(Event{Type: EventStep, Step: name, State: "done", Message: msg})
	}
}

// progress turns what the cluster reports into events.
func (s *Session) progress(p cluster.Progress) {
	e := Event{Type: EventNode, Step: p.Step, State: p.State, Node: p.Node}
	if p.Err != nil {
		e.Message = p.Err.Error()
	} else if p.Path != "" {
		e.Message = p.Path
	}
	if p.State == cluster.StateWarning {
		e.Type, e.Message = EventWarning, p.Node+": "+p.Message
	}
	s.emit(e)
}
