// Package trust says what a phone makes of a file (stub: being written).
package trust

import (
	"context"
	"time"

	"ctlclient/ctlbuild"
)

// Phone is what is known of one phone, or of a class of Count phones.
type Phone struct {
	Name  string // SEP0011215A1AE3, or a class's name
	Model string // "7975", "7940", "8861", "Jabber"...
	Count int    // 0 counts as 1
	// NoSBD: cannot ask TVS (no Security By Default). See CanAskTVS for models.
	NoSBD bool
	CTL   *ctlbuild.List // held; nil: none
	ITL   *ctlbuild.List // held; nil: none
	TVS   []string       // host:port of the TVS servers that its configuration names, in order
	// Unknown says that what the phone holds is not known (never seen, checksum of no known list).
	Unknown string
}

// CanAskTVS looks a model up in the table of models; known is false for a model that the table does not have.
func CanAskTVS(model string) (can, known bool, source string) { panic("stub") }

// Offer is one file or certificate put before a phone. Exactly one field is set.
type Offer struct {
	CTL    *ctlbuild.List
	ITL    *ctlbuild.List
	Config *ctlbuild.Envelope // .cnf.xml.sgn or .enc.sgn
	HTTPS  []byte             // DER of a server's certificate
}

// Answer of TVS.
type Answer struct {
	Valid bool
	Roles []uint8
	TTL   time.Duration
}

// Asker asks TVS as the phone would: servers in the phone's order, each server's certificate
// authenticated by the TVS records of the phone's ITL. A nil Asker means no TVS can be reached.
type Asker interface {
	Ask(ctx context.Context, p Phone, certDER []byte) (Answer, error)
}

// CheckTVSCertificate authenticates a TVS server's certificate by the TVS records of a list
// (full certificate or CERTHASH); it returns the record's index.
func CheckTVSCertificate(l *ctlbuild.List, certDER []byte) (int, error) { panic("stub") }

// Step of the reasoning, in order.
type Step struct {
	What    string // "The signer is looked for among the SAST records of the CTL held."
	Outcome string // "found: record 5, SAST-ADN008580ef"
	OK      bool
}

// Verdict on one offer to one phone.
type Verdict struct {
	Phone   Phone
	Accept  bool
	Certain bool   // false when it rests on something not known (TVS not asked, unknown contents)
	Reason  string // one sentence
	Steps   []Step
	Decider *ctlbuild.Record // the record that decided, nil when none
	ByTVS   bool
	Console []string // lines that a phone would print
}

// Assess says what phone p makes of o.
func Assess(ctx context.Context, p Phone, o Offer, tvs Asker) Verdict { panic("stub") }

// Severity of a hazard.
type Severity uint8

const (
	Note Severity = iota
	Warning
	Danger // phones would be lost: a job stops unless told to go on
)

func (s Severity) String() string { panic("stub") } // note, warning, danger

// Hazard of a planned change, with the rule it rests on.
type Hazard struct {
	Rule     string // "continuity-of-signer"...
	Severity Severity
	Message  string
	Hint     string   // what to do first
	Source   string   // where the rule stands
	Records  []string // records it rests on, as shown
	Phones   []string
}

// Change is a planned change of the CTL of a cluster.
type Change struct {
	Old    *ctlbuild.List // what the nodes serve and phones hold; nil: none
	New    *ctlbuild.List // signed list, or nil while only a draft exists
	Draft  *ctlbuild.Draft
	Signer []byte // DER of the certificate that will sign
	Mixed  bool   // cluster mode now
	Mode   *bool  // cluster mode after, when it changes
	Phones []Phone
}

// Hazards of a change, by the rules of cucm-facts.md; most severe first.
func Hazards(ctx context.Context, c Change, tvs Asker) []Hazard { panic("stub") }

// DefaultPhones stands in when no fleet is described: a phone that holds old and can ask TVS,
// one that holds old and cannot (7940/7960, Jabber...), one that holds nothing.
func DefaultPhones(old, itl *ctlbuild.List, tvs []string) []Phone { panic("stub") }
