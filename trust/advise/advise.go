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
	"fmt"
	"slices"
	"strings"

	"ctlclient/ctlbuild"
	"ctlclient/message"
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
var ErrKind = message.NewError("no such change")

// ParseChange reads a change as a command line writes it: a kind, and after an equals
// sign the node or token that it is about ("rename-host=cucm-pub",
// "lose-token=SAST-ADN008580ef"); "all" is all nodes at once. An error wraps ErrKind.
func ParseChange(s string) (PlannedChange, error) {
	word, about, _ := strings.Cut(strings.TrimSpace(s), "=")
	i := slices.Index(kindWords[:], strings.ToLower(word))
	if i < 0 {
		return PlannedChange{}, message.Errorf("%w: %q; there are %s", ErrKind, word, strings.Join(kindWords[:], ", "))
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

// PlannedChange is something that is going to be done, or has happened. Node and Token
// are selectors of ctlbuild.Select: a record's number as shown, a host, an address, or a
// whole common name.
type PlannedChange struct {
	Kind  Kind
	Node  string // the node it is about, "" when it does not matter or is the publisher
	All   bool   // all nodes at the same time
	Token string // LoseToken: which; "" when it is not said
}

// Situation is a cluster as it is now. What is not given is not known, and is said to be so.
type Situation struct {
	CTL, ITL *ctlbuild.List // served by the nodes; nil: none, or not known
	// NoCTL and NoITL say of a list that is nil that there is none.
	NoCTL, NoITL bool
	// Present are certificates (DER) that the cluster is known to use now, from its
	// certificate store: what they and the ITL lack is no anchor any more.
	Present  [][]byte
	Mixed    bool
	Nodes    int      // CUCM nodes; 0: as many as the lists have
	NodeList []string // names and addresses of nodes that may be in no list
	TVS      int      // TVS servers that a phone asks (its CallManager group); 0: not known
	Version  release.Version
	Phones   []trust.Phone // nil: not described

	// DestinationCTL and DestinationITL are the other cluster's lists, for MovePhones.
	DestinationCTL, DestinationITL *ctlbuild.List
	// MixedVersions says that clusters before and after 8.0 share the TFTP server, for CentralTFTP.
	MixedVersions *bool
	// BackupComplete says that the backup is known to hold CallManager.pem, for Restore.
	BackupComplete *bool
}

// Finding is what one rule has to say.
type Finding struct {
	Rule     string
	Severity hazard.Severity
	Who      message.Message // "12 phones without Security By Default"
	Phones   int             // how many, 0 when not known
	Message  message.Message
	First    []message.Message // what to do before the change
	Recover  message.Message   // what to do where it has already happened
	Records  []string          // that it rests on, as shown
	Source   string

	beyond bool // about what the phone model does not play
	unsure bool // it says that something is not known on which the answer rests
}

// Advice on planned changes. The order of Steps was played on the phone model; what that
// said decides Safe, and the findings explain it.
type Advice struct {
	Safe bool // no phone is lost, for certain, whenever the work rests between two steps
	// Certain: what is said of phones rests on nothing that is not known.
	Certain  bool
	Summary  message.Message
	Lost     []Loss            // phones that would be lost
	Unsure   []Loss            // phones of which it is not certain
	Breaks   []Finding         // why phones are lost
	Cautions []Finding         // warnings and notes, most severe first
	First    []message.Message // to do before anything else
	Steps    []Step            // then, in this order
	Records  []string          // all records that the advice rests on

	clean  bool // in the order of Steps no phone is lost, for certain
	waits  bool // there are steps at which one must not stop
	beyond bool // something breaks that the phone model does not play
}

// Advise looks at changes that are planned together. Done one after the other, with
// every phone on the new lists in between, each should be asked about alone.
//
// An error says that a selector names nothing or too much (a *ctlbuild.SelectorError), that
// a list is of the other kind (a *WrongListError), or is ctx's.
func Advise(ctx context.Context, s Situation, changes []PlannedChange) (Advice, error) {
	if err := s.kinds(); err != nil {
		return Advice{}, err
	}
	k, err := look(ctx, s, changes)
	if err != nil {
		return Advice{}, err
	}
	a := k.play()
	var found []Finding
	for _, rule := range rules {
		if err := ctx.Err(); err != nil {
			return Advice{}, err
		}
		found = append(found, rule(k)...)
	}
	k.explain(&a, found)
	return a, nil
}

// explain puts what the rules found beside what the phones do. A danger that no phone of
// the model meets is a warning; a loss that no rule explains stands for itself.
func (k *outlook) explain(a *Advice, found []Finding) {
	danger := false
	for i, f := range found {
		if f.Severity != hazard.Danger {
			continue
		}
		if f.beyond || k.mayLose {
			danger = true
		} else {
			found[i].Severity = hazard.Warning
		}
		if f.beyond {
			a.Safe, a.beyond = false, true
		}
	}
	if len(a.Lost) > 0 && !danger {
		for _, l := range a.Lost {
			found = append(found, l.finding())
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	for _, f := range found {
		if f.Severity == hazard.Danger {
			a.Breaks = append(a.Breaks, f)
		} else {
			a.Cautions = append(a.Cautions, f)
		}
		for _, m := range f.First {
			if !slices.ContainsFunc(a.First, func(have message.Message) bool { return have.String() == m.String() }) {
				a.First = append(a.First, m)
			}
		}
		a.Records = appendNew(a.Records, f.Records...)
		a.Certain = a.Certain && !f.unsure
	}
	a.Safe = a.Safe && a.Certain
	a.Summary = k.summary(a)
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
	unknownLists,
	contradictions,
	listsVerify,
	anchorReplaced,
	oneForAll,
	tokensUnsupported,
	refuseAlready,
	knownModels,
	offMeanwhile,
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
