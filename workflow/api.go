// Package workflow holds the jobs an administrator names (stub: being written).
package workflow

import (
	"context"
	"time"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/token"
	"ctlclient/trust"
)

// Event of a job: typed, for three printers (text, JSON, GUI).
type Event struct {
	Type    string         `json:"type"` // step, progress, node, info, warning, hazard, verdict, diff, question, result
	Time    time.Time      `json:"time"`
	Job     string         `json:"job,omitempty"`
	Step    string         `json:"step,omitempty"`  // connect snapshot edit assess sign stage commit read-back restart ...
	State   string         `json:"state,omitempty"` // start done failed retry
	Node    string         `json:"node,omitempty"`
	Message string         `json:"message,omitempty"`
	Done    int            `json:"done,omitempty"`
	Total   int            `json:"total,omitempty"`
	Data    map[string]any `json:"data,omitempty"`
}

// UI is the one interface that each front end implements.
type UI interface {
	cluster.Prompter
	Event(Event)
	// PIN asks once for one attempt.
	PIN(ctx context.Context, r token.PINRequest) ([]byte, error)
	// Confirm asks whether to go on.
	Confirm(ctx context.Context, c Confirmation) (bool, error)
}

// Confirmation of something that --yes may answer, unless Danger.
type Confirmation struct {
	Title   string
	Text    string
	Danger  bool // phones would be lost: only an explicit choice (--accept-loss) goes on
	Hazards []trust.Hazard
}

// Session is a connected cluster with its snapshot and what was decided about it.
type Session struct {
	Cluster  *cluster.Cluster
	Snapshot *cluster.Snapshot
	Fleet    []trust.Phone
	// unexported: ui, options
}

// Options of a session.
type Options struct {
	Modules       []string
	StateDir      string
	AllowFinalTry bool
	AcceptLoss    bool // go on though phones would be lost
	Timeout       time.Duration
}

func Connect(ctx context.Context, p *cluster.Profile, ui UI, o Options) (*Session, error) {
	panic("stub")
}
func (s *Session) Refresh(ctx context.Context) error { panic("stub") }
func (s *Session) Close() error                      { panic("stub") }

// Status of the cluster in sentences: what is wrong stands first, with the job that mends it.
type Finding struct {
	Severity trust.Severity
	Message  string
	Mend     string // a command line, e.g. "ctlclient update ..."
	Job      string // update, to-tokens, mode, distribute, resume, ""
}

func (s *Session) Findings(ctx context.Context) []Finding { panic("stub") }

// Server is a TFTP server or firewall to add.
type Server struct {
	Certificate []byte
	Host, IP    string
}

// UpdateRequest edits the CTL.
type UpdateRequest struct {
	SignWith      string   // token URI
	AddTokens     []string // token URIs
	AddTokenCerts [][]byte // DER, for tokens not plugged in
	AddTFTP       []Server
	AddFirewall   []Server
	Remove        []string
	Digest        ctlbuild.Digest // 0: keep
	SerialOrder   ctlbuild.SerialOrder
}

// Plan is everything known before anything is written.
type Plan struct {
	Job      string
	Old      *ctlbuild.List
	Draft    *ctlbuild.Draft
	Diff     ctlbuild.Diff
	Signer   token.Certificate
	SignWith token.URI
	Verdicts []trust.Verdict
	Hazards  []trust.Hazard
	Mode     *bool                                   // the security mode to set after, nil: unchanged
	Restart  []string                                // what to restart after, in order
	TVS      map[string]map[string]cluster.TVSResult // token CN -> node -> answer
}

// Dangerous reports whether phones would be lost.
func (p *Plan) Dangerous() bool { panic("stub") }

func (s *Session) PlanUpdate(ctx context.Context, r UpdateRequest) (*Plan, error) { panic("stub") }

// MigrateRequest: to-tokens.
type MigrateRequest struct {
	Tokens      []string
	SignWith    string
	Digest      ctlbuild.Digest
	SerialOrder ctlbuild.SerialOrder
}

func (s *Session) PlanMigrateToTokens(ctx context.Context, r MigrateRequest) (*Plan, error) {
	panic("stub")
}

// ModeRequest: mixed or non-secure. AddTokens for the first creation, which needs two.
type ModeRequest struct {
	Mixed     bool
	SignWith  string
	AddTokens []string
	Digest    ctlbuild.Digest
}

func (s *Session) PlanMode(ctx context.Context, r ModeRequest) (*Plan, error) { panic("stub") }

// PlanDistribute takes an already signed file.
func (s *Session) PlanDistribute(ctx context.Context, file []byte) (*Plan, *ctlbuild.List, error) {
	panic("stub")
}

// Sign asks the PIN once, signs, and verifies from the bytes.
func (s *Session) Sign(ctx context.Context, p *Plan) (*ctlbuild.List, error) { panic("stub") }

// Result of a job.
type Result struct {
	Plan    *Plan
	List    *ctlbuild.List
	Outcome cluster.Outcome
	Restart []string // lines to show
}

// Execute distributes a signed plan, sets the mode where the plan says so, and verifies what nodes serve.
func (s *Session) Execute(ctx context.Context, p *Plan, signed *ctlbuild.List, o ExecuteOptions) (*Result, error) {
	panic("stub")
}

type ExecuteOptions struct {
	KeepGoing bool
	Restart   bool // restart services through the administration CLI
}

// Resume and Rollback of a job by id ("" the newest).
func (s *Session) Resume(ctx context.Context, id string) (*Result, error)   { panic("stub") }
func (s *Session) Rollback(ctx context.Context, id string) (*Result, error) { panic("stub") }
