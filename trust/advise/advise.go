// Package advise answers, before anything is touched: is this change safe now,
// what breaks for whom, and in which order is it to be done?
//
// It is about changes that begin outside the CTL: certificates regenerated, servers
// renamed, phones moved, tokens lost. Each rule is one function, looks at the lists
// that the cluster serves, and names its source and the records that it rests on.
// Package trust, whose rules it shares, judges the CTL that follows from the change.
//
// Sources are cited as in package trust. What the documents leave open is said to be
// open; a fleet that was not described is never taken for an empty one.
package advise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
	"ctlclient/trust/release"
)

// Kind of a planned change.
type Kind uint8

const (
	RegenerateCallManager Kind = iota
	RegenerateTVS
	RegenerateCAPF
	RegenerateITLRecovery
	RenameHost
	RenameDomain
	Readdress
	MovePhones
	CentralTFTP
	Restore
	LoseToken
	LoseAllTokens
	TurnOffSBD
)

var kindWords = [...]string{
	RegenerateCallManager: "regenerate-callmanager",
	RegenerateTVS:         "regenerate-tvs",
	RegenerateCAPF:        "regenerate-capf",
	RegenerateITLRecovery: "regenerate-itlrecovery",
	RenameHost:            "rename-host",
	RenameDomain:          "rename-domain",
	Readdress:             "readdress",
	MovePhones:            "move-phones",
	CentralTFTP:           "central-tftp",
	Restore:               "restore",
	LoseToken:             "lose-token",
	LoseAllTokens:         "lose-all-tokens",
	TurnOffSBD:            "turn-off-sbd",
}

// String is the word for a kind on a command line: "regenerate-callmanager".
func (k Kind) String() string {
	if int(k) < len(kindWords) {
		return kindWords[k]
	}
	return fmt.Sprintf("change %d", k)
}

// Kinds are the words for all kinds, in order.
func Kinds() []string { return slices.Clone(kindWords[:]) }

// ErrKind says that a word names no kind of change.
var ErrKind = errors.New("no such change")

// ParseChange reads a change as a command line writes it: a kind, and after an equals
// sign the node or token that it is about ("rename-host=cucm-pub",
// "lose-token=SAST-ADN008580ef"); "all" is all nodes at once. An error wraps ErrKind.
func ParseChange(s string) (PlannedChange, error) {
	word, about, _ := strings.Cut(strings.TrimSpace(s), "=")
	i := slices.Index(kindWords[:], strings.ToLower(word))
	if i < 0 {
		return PlannedChange{}, fmt.Errorf("%w: %q; there are %s", ErrKind, word, strings.Join(kindWords[:], ", "))
	}
	c := PlannedChange{Kind: Kind(i)}
	switch {
	case c.Kind == LoseToken:
		c.Token = about
	case strings.EqualFold(about, "all"):
		c.All = true
	default:
		c.Node = about
	}
	return c, nil
}

// PlannedChange is something that is going to be done, or has happened.
type PlannedChange struct {
	Kind  Kind
	Node  string // the node it is about, "" when it does not matter or is the publisher
	All   bool   // all nodes at the same time
	Token string // LoseToken: a selector, as ctlbuild.SelectToken reads it; "" when it is not said which
}

// Situation is a cluster as it is now. Zero values mean not known, and are said to be so.
type Situation struct {
	CTL, ITL *ctlbuild.List // served by the nodes; nil: none
	Mixed    bool
	Nodes    int // CUCM nodes
	TVS      int // TVS servers that a phone asks (its CallManager group); 0: counted in the ITL
	Version  release.Version
	Phones   []trust.Phone // nil: not described

	// DestinationCTL and DestinationITL are the other cluster's lists, for MovePhones.
	DestinationCTL, DestinationITL *ctlbuild.List
	// MixedVersions says that clusters before and after 8.0 share the TFTP server, for CentralTFTP.
	MixedVersions *bool
	// BackupComplete says that the backup is known to hold CallManager.pem, for Restore.
	BackupComplete *bool
}

// CheckTokens gives the error, a *[ctlbuild.SelectorError], of the first change whose token
// is not one token of the CTL. Where there is no CTL, nothing is wrong.
func (s Situation) CheckTokens(changes []PlannedChange) error {
	for _, c := range changes {
		if s.CTL == nil || c.Token == "" {
			continue
		}
		if _, err := ctlbuild.SelectToken(s.CTL.Records, c.Token); err != nil {
			return err
		}
	}
	return nil
}

// Unfound lists the nodes that changes name and that are in no record of the lists and none
// of the other names either: a misspelt node would make every rule pass it by. Where
// there is no list to look in, nothing is unfound.
func (s Situation) Unfound(changes []PlannedChange, others ...string) []string {
	var out []string
	if s.CTL == nil && s.ITL == nil {
		return nil
	}
	for _, c := range changes {
		name := c.Node
		if name == "" || slices.ContainsFunc(others, func(o string) bool { return strings.EqualFold(o, name) }) {
			continue
		}
		if !mentions(s.CTL, name) && !mentions(s.ITL, name) {
			out = append(out, name)
		}
	}
	return out
}

// mentions reports whether a record of the list is about the host or holder of that name.
func mentions(l *ctlbuild.List, name string) bool {
	return l != nil && slices.ContainsFunc(l.Records, func(r ctlbuild.Record) bool { return about(&r, name) })
}

// about reports whether a record is about the host, or the holder, of that name.
func about(r *ctlbuild.Record, name string) bool {
	ip, ok := r.IP()
	return strings.EqualFold(name, r.DNSName()) || ok && name == ip.String() ||
		strings.Contains(strings.ToLower(r.CN()), strings.ToLower(name))
}

// Finding is what one rule has to say.
type Finding struct {
	Rule     string
	Severity hazard.Severity
	Who      string // "12 phones without Security By Default"
	Phones   int    // how many, 0 when not known
	Message  string
	First    []string // what to do before the change
	Recover  string   // what to do where it has already happened
	Records  []string // that it rests on, as shown
	Source   string
}

// Advice on planned changes.
type Advice struct {
	Safe     bool      // nothing is known by which phones would be lost
	Summary  string    // one sentence
	Breaks   []Finding // phones lost: severity danger
	Cautions []Finding // warnings and notes, most severe first
	First    []string  // to do before anything else
	Steps    []string  // then, in this order
	Records  []string  // all records that the advice rests on
}

// Advise looks at changes that are planned together. Done one after the other, with
// every phone on the new lists in between, each should be asked about alone.
//
// An ended ctx ends the work early; the advice then is not Safe.
func Advise(ctx context.Context, s Situation, changes []PlannedChange) Advice {
	k := look(ctx, s, changes)
	var found []Finding
	for _, rule := range rules {
		if err := ctx.Err(); err != nil {
			return Advice{Summary: "Broken off before every rule was looked at."}
		}
		found = append(found, rule(k)...)
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	a := Advice{Steps: procedure(k)}
	for _, f := range found {
		if f.Severity == hazard.Danger {
			a.Breaks = append(a.Breaks, f)
		} else {
			a.Cautions = append(a.Cautions, f)
		}
		a.First = appendNew(a.First, f.First...)
		a.Records = appendNew(a.Records, f.Records...)
	}
	a.Safe = len(a.Breaks) == 0 && len(changes) > 0
	a.Summary = k.summary(a)
	return a
}

func (k *outlook) summary(a Advice) string {
	switch {
	case len(k.changes) == 0:
		return "No change was named."
	case !a.Safe && len(a.First) > 0:
		return "Not safe as things are: " + lowerFirst(a.Breaks[0].Message) + " Do first what is listed first."
	case !a.Safe:
		return "Not safe as things are: " + lowerFirst(a.Breaks[0].Message)
	case slices.ContainsFunc(a.Cautions, func(f Finding) bool { return f.Severity == hazard.Warning }):
		return "Safe in the order below, with the cautions given."
	}
	return "Safe in the order below."
}

func lowerFirst(s string) string {
	// Names (ITL, CallManager) keep their capitals.
	first, _, _ := strings.Cut(s, " ")
	if len(first) > 1 && strings.ToLower(first[1:]) != first[1:] {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// rules of Advise. Each looks at one thing, and stands alone.
var rules = []func(*outlook) []Finding{
	listsVerify,
	callManagerWithTVS,
	recoveryWithOthers,
	signerOfCTLChanges,
	tvsAlone,
	callManagerRecords,
	capfRecords,
	recoverySize,
	renamedAllAtOnce,
	renamedTwoAnchors,
	readdressed,
	moved,
	centralTFTP,
	restored,
	tokenLost,
	tokensLost,
	turnedOff,
	modeWithoutCTL,
	residue,
	manyAtOnce,
	unseenPhones,
	unityConnection,
}
