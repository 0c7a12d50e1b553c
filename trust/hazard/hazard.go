// Package hazard says beforehand what is dangerous in a planned change of a cluster's CTL.
//
// Each rule is one function, looks at one thing, and names its source and the records it
// rests on. What phones make of the new list is asked of package trust.
package hazard

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/release"
)

// Severity of a hazard.
type Severity uint8

const (
	Note Severity = iota
	Warning
	Danger // phones would be lost: a job stops unless told to go on
)

// String is note, warning or danger.
func (s Severity) String() string {
	switch s {
	case Danger:
		return "danger"
	case Warning:
		return "warning"
	default:
		return "note"
	}
}

// Hazard of a planned change, with the rule it rests on.
type Hazard struct {
	Rule     string // "continuity-of-signer"...
	Severity Severity
	Message  message.Message
	Hint     message.Message // what to do first
	// Consequence is what a Danger leads to, so that whoever stops for it can say so.
	Consequence Consequence
	Source      string   // where the rule stands
	Records     []string // records it rests on, as shown
	Phones      []string // names of phones or classes concerned
}

// Consequence is what comes of a danger that is not heeded.
type Consequence uint8

// The consequences.
const (
	NoConsequence     Consequence = iota // of a warning or a note
	PhonesLost                           // phones refuse the new file
	FileRefused                          // every phone that holds a list does
	SignerMistaken                       // phones take another certificate for the signer
	OneTokenAlone                        // nothing to sign the next list with, should it be lost
	ServersUnverified                    // phones cannot verify their servers
)

var consequences = [...]*message.Text{
	NoConsequence:     message.Define("hazard.consequence.none", "nothing is lost"),
	PhonesLost:        message.Define("hazard.consequence.phones-lost", "phones would refuse the new file and be lost"),
	FileRefused:       message.Define("hazard.consequence.file-refused", "every phone that holds a list would refuse the new file"),
	SignerMistaken:    message.Define("hazard.consequence.signer-mistaken", "phones would take another certificate for the signer of the new file"),
	OneTokenAlone:     message.Define("hazard.consequence.one-token-alone", "all later lists would hang on a single token"),
	ServersUnverified: message.Define("hazard.consequence.servers-unverified", "phones could not verify their servers"),
}

// Message says it in a clause: "phones would refuse the new file and be lost".
func (c Consequence) Message() message.Message { return consequences[c].With() }

// LosesPhones reports a consequence that has phones cleared by hand afterwards.
func (c Consequence) LosesPhones() bool { return c == PhonesLost || c == FileRefused }

// Change is a planned change of the CTL of a cluster.
type Change struct {
	Old    *ctlbuild.List // what the nodes serve and phones hold; nil: none
	New    *ctlbuild.List // signed list, or nil while only a draft exists
	Draft  *ctlbuild.Draft
	Signer []byte // DER of the certificate that will sign
	Mixed  bool   // cluster mode now
	Mode   *bool  // cluster mode after, when it changes
	Phones []trust.Phone

	// What follows makes more rules speak; each may be left out.

	ITL         *ctlbuild.List   // served by the cluster
	Nodes       []trust.NodeList // what each node serves
	Credentials []Credential     // certificates that the cluster's services use
	Vouched     map[string]Vouch // node name -> what its TVS says of Signer
	Version     release.Version  // of the cluster
	Now         time.Time        // zero: now
}

// Credential is a certificate that a service of the cluster uses.
type Credential struct {
	Node        string
	Function    ctlbuild.Function // CCM, CCM+TFTP, TFTP or CAPF
	Certificate []byte            // DER
}

// Vouch is what one node's TVS said of the signer.
type Vouch struct {
	Answer trust.Answer
	Err    error
}

// after is the CTL as it will be, signed or not.
type after struct {
	records []ctlbuild.Record
	digest  ctlbuild.Digest
	signer  int // record that signs, -1 when none does
	cert    []byte
	name    string // file name in the header
	whole   bool   // there is a list or a draft at all
}

// circumstances are a change, looked at once for all rules.
type circumstances struct {
	Change
	ctx   context.Context
	tvs   trust.Asker
	after after
	mixed bool // the mode once the change is done
	now   time.Time
}

// rules of Find. Each looks at one thing, and stands alone.
var rules = []func(*circumstances) []Hazard{
	newListVerifies,
	continuityOfSigner,
	tvsOnEveryNode,
	signerKnownToCTL,
	twoTokensAtCreation,
	lastTokenLeft,
	nodesDiffer,
	anchorsRemoved,
	sharedIdentity,
	sastKey,
	ecForHTTPS,
	serialOrder,
	duplicateRecords,
	sastCount,
	sha512,
	digestWeaker,
	signerValidity,
	recordValidity,
	recoveryKeySize,
	residue,
	stubsAndMode,
	serversMissing,
	tokenlessWithoutSBD,
	toTokenlessPrecondition,
	fileName,
}

// Find holds a change against the rules of CUCM facts and the documents; most severe
// first, within a severity the rule that weighs most first. None is not a promise:
// what was not given (phones, nodes, credentials) was not looked at.
func Find(ctx context.Context, c Change, tvs trust.Asker) []Hazard {
	k := &circumstances{Change: c, ctx: ctx, tvs: tvs, after: lookAhead(c), mixed: c.Mixed, now: c.Now}
	if c.Mode != nil {
		k.mixed = *c.Mode
	}
	if k.now.IsZero() {
		k.now = time.Now()
	}
	if k.Phones == nil {
		k.Phones = trust.DefaultPhones(c.Old, c.ITL, nil)
	}
	return k.findWith(rules)
}

func (k *circumstances) findWith(rules []func(*circumstances) []Hazard) []Hazard {
	var found []Hazard
	for _, rule := range rules {
		found = append(found, rule(k)...)
	}
	slices.SortStableFunc(found, func(a, b Hazard) int { return cmp.Compare(b.Severity, a.Severity) })
	return found
}

func lookAhead(c Change) after {
	switch {
	case c.New != nil:
		r, i := c.New.Signer()
		a := after{records: c.New.Records, digest: c.New.Header.Digest, signer: i, name: c.New.Header.FileName, whole: true}
		if r != nil {
			a.cert = r.Certificate()
		}
		return a
	case c.Draft != nil:
		a := after{records: c.Draft.Records, digest: c.Draft.Digest, signer: -1, cert: c.Signer, name: c.Draft.FileName, whole: true}
		if a.digest == 0 && c.Old != nil {
			a.digest = c.Old.Header.Digest
		}
		if c.Signer != nil {
			a.signer = slices.IndexFunc(a.records, func(r ctlbuild.Record) bool {
				return r.Function() == ctlbuild.SAST && r.MatchesCertificate(c.Signer)
			})
		}
		return a
	}
	return after{signer: -1}
}

// signerName names the record that signs the new list.
func (k *circumstances) signerName() string {
	if k.after.signer >= 0 {
		return trust.RecordName(k.after.signer, &k.after.records[k.after.signer])
	}
	if k.after.cert != nil {
		return trust.CertificateName(k.after.cert)
	}
	return "an unknown signer"
}

// unchanged reports that the new list is, byte for byte, the old one.
func (k *circumstances) unchanged() bool {
	return k.Old != nil && k.New != nil && k.Old.MD5() == k.New.MD5() && k.Old.SHA1() == k.New.SHA1()
}

// assessAll is the verdicts of all phones on the change.
func (k *circumstances) assessAll() []trust.Verdict {
	if k.New != nil {
		return trust.AssessAll(k.ctx, k.Phones, trust.Offer{CTL: k.New}, k.tvs)
	}
	return trust.AssessDraftAll(k.ctx, k.Phones, k.Draft, k.after.cert, k.tvs)
}

// sastOf lists the indexes of the SAST records; tokens alone when so asked.
func sastOf(records []ctlbuild.Record, tokensOnly bool) []int {
	var found []int
	for i := range records {
		if records[i].Function() == ctlbuild.SAST && (!tokensOnly || records[i].IsToken()) {
			found = append(found, i)
		}
	}
	return found
}
