package reach

import (
	"context"
	"fmt"
	"time"

	"ctlclient/cluster/meet"
	"ctlclient/message"
	"ctlclient/trust/release"
)

// Door is the interface through which something was asked or told, as a person is told
// it: "CTL Provider", "AXL", "CLI", "Control Center", "OS Administration", "SFTP"...
type Door string

// Ability is the name of one of the abilities of a Site.
type Ability string

// The abilities.
const (
	AbilityFacts    Ability = "facts"
	AbilityMode     Ability = "mode"
	AbilityAuthor   Ability = "author"
	AbilityServices Ability = "services"
	AbilityTrust    Ability = "trust"
	AbilityPhones   Ability = "phones"
)

// Site is one cluster reached in one way. Any ability may be nil; Missing says why.
type Site struct {
	Way string // "agent", "cucm" or "files", to show

	Facts    FactSource
	Mode     ModeSetter
	Author   Author
	Services Services
	Trust    TrustStore
	Phones   Phones
	Nodes    []Node // those that this way brings; cluster adds the others, and sorts

	// Probe finds out what each door of this cluster does, and changes nothing; nil: there
	// is nothing to find out.
	Probe func(ctx context.Context, o ProbeOptions, each func(Finding)) error

	// Missing has, for every ability that is nil, the reason in words: what would have to
	// be there, and what a person can do instead.
	Missing map[Ability]error

	// Entrances are the servers that this way talks to, in the order in which they are
	// logged in to: the publisher's first.
	Entrances []Entrance
	// Close ends the connections that belong to no node; nil: there are none.
	Close func() error
}

// FactSource tells what is true of the cluster.
type FactSource interface {
	// Facts asks anew each time. An error means that the publisher did not answer at
	// all; what else could not be found out is in Facts.Warnings.
	Facts(ctx context.Context) (Facts, error)
	// Version asks for the version alone. Where Facts has it not, that is because it
	// costs a login of its own, and only some plans need it.
	Version(ctx context.Context) (release.Version, Door, error)
}

// ModeSetter sets the security mode without touching the CTL file.
type ModeSetter interface {
	SetMode(ctx context.Context, m Mode) (Door, error)
}

// AuthorJob is what the publisher can be told to write by itself.
type AuthorJob uint8

// The jobs of a publisher that writes its own, tokenless, files.
const (
	WriteCTL          AuthorJob = iota + 1 // utils ctl update CTLFile
	WriteMixed                             // utils ctl set-cluster mixed-mode: CTL and mode
	WriteNonSecure                         // utils ctl set-cluster non-secure-mode: CTL and mode
	ResetCTLLocalKey                       // utils ctl reset localkey: the CTL signed with the other key
	ResetITLLocalKey                       // utils itl reset localkey
	ResetITLRemoteKey                      // utils itl reset remotekey
)

// Command is what an administrator types for the job.
func (a AuthorJob) Command() string {
	switch a {
	case WriteCTL:
		return "utils ctl update CTLFile"
	case WriteMixed:
		return "utils ctl set-cluster mixed-mode"
	case WriteNonSecure:
		return "utils ctl set-cluster non-secure-mode"
	case ResetCTLLocalKey:
		return "utils ctl reset localkey"
	case ResetITLLocalKey:
		return "utils itl reset localkey"
	case ResetITLRemoteKey:
		return "utils itl reset remotekey"
	}
	return fmt.Sprintf("job %d", uint8(a))
}

// Author has the publisher write its own files. After an error the publisher may have
// written, or not: only looking at what it serves tells.
type Author interface {
	Write(ctx context.Context, job AuthorJob) (Door, error)
}

// Services looks at the services of one node and restarts them. node is a name in the
// profile.
type Services interface {
	// Status of the given services; one that is not in the map could not be told.
	Status(ctx context.Context, node string, services []Service) (map[Service]ServiceState, Door, error)
	// Restart returns when the service runs again. One that is not activated on the node
	// is an *Error of class Permanent.
	Restart(ctx context.Context, node string, s Service) (Door, error)
}

// TrustStore lists and fills a certificate store of the cluster, which copies it to all
// nodes by itself within minutes. store is StorePhoneSAST.
type TrustStore interface {
	List(ctx context.Context, store string) ([]StoredCertificate, Door, error)
	// Add puts a certificate (DER) in. One that is there already is no error.
	Add(ctx context.Context, store string, certificate []byte, description string) (Door, error)
}

// Phones knows the phones of the cluster. However many there are, an adapter holds one
// page of them.
type Phones interface {
	// List calls each for every phone, page by page, with the fields of its configuration;
	// an error of each ends it and is returned.
	List(ctx context.Context, each func(Phone) error) (Door, error)
	// Live calls each with what the named phones do now; a phone of which the cluster
	// knows nothing is Unregistered. It keeps the cluster's limits by waiting.
	Live(ctx context.Context, names []string, each func(Phone) error) (Door, error)
	// Reset restarts the phones named (a hard reset: they fetch their files anew). It
	// calls done for each, in order; err tells one that could not be reset, which does
	// not end it.
	Reset(ctx context.Context, names []string, done func(name string, err error)) (Door, error)
}

// Entrance is one server that a way talks to. All of a site's are met side by side before
// a password is typed for any; then they are logged in to, one node's at a time until the
// first password was taken. Meeting and logging in are of the same server: what Hello has
// opened may be kept for Login.
type Entrance struct {
	Node    string      // name in the profile
	Service string      // "ctlp", "sftp", "ssh", "https"; as `cluster pin` shows it
	Server  meet.Server // whom it has to be
	Address string      // host:port, to show
	// Hello connects as far as to see who answers, and calls check before anything is
	// sent that is secret. Nothing is kept of it.
	Hello func(ctx context.Context, check meet.Check, algorithms []string) error
	// Meet is Hello by the kept identities, and may keep the connection for Login. nil:
	// Hello serves.
	Meet func(ctx context.Context) error
	// Login uses the account; nil: it is not needed before a job.
	Login func(ctx context.Context) error
	// Later: it is met when it is used, not at the beginning (an administration CLI that
	// most jobs do not need). `cluster pin` shows it all the same.
	Later bool
}

// Tools are what every adapter is given.
type Tools struct {
	Identities *meet.Identities
	Secrets    *meet.Secrets
	Timeout    time.Duration                                    // of one request
	Now        func() time.Time                                 // the clock
	Sleep      func(ctx context.Context, d time.Duration) error // waits, until ctx ends
	Dir        string                                           // of this cluster in the state folder, for files that outlive the program
	// Said is told each line that a node prints while it works; nil: nobody listens.
	Said func(node, line string)
	// Warn is told what a person should know, such as that old ciphers are in use.
	Warn func(node string, what message.Message)
	// Presented is told the certificate that a server shows while it is met; nil: nobody listens.
	Presented func(s meet.Server, der []byte)
	// Errand is told what a person has to do at a node, and when it is seen to be done.
	Errand func(Errand)
	// Busy is told that a server was asked too often, in its own words, and is asked again
	// after a while; nil: nobody listens.
	Busy func(node string, after time.Duration, why error)
}

// Waiting is Busy for one node; nil where nobody listens.
func (t Tools) Waiting(node string) func(after time.Duration, why error) {
	if t.Busy == nil {
		return nil
	}
	return func(after time.Duration, why error) { t.Busy(node, after, why) }
}

// Show tells Presented.
func (t Tools) Show(s meet.Server, der []byte) {
	if t.Presented != nil {
		t.Presented(s, der)
	}
}

// Errand is work at one node that only a person can do: the program waits and looks.
type Errand struct {
	Node  string
	File  string            // the signed file to be put there, on this machine; "": the file is to be removed
	Name  string            // its name on the node
	Page  string            // address of the page where it is done; "" where there is none
	Steps []message.Message // in order
	Why   error             // why a person is needed where the program was to do it; nil elsewhere
	Done  bool              // the node serves the very file
}

// ProbeOptions of Site.Probe.
type ProbeOptions struct {
	// Upload tries the way of a file with one of its own: an empty file under a name of
	// this program's, on the first node, read back and deleted again. It is the one thing
	// that writes.
	Upload bool
}

// Finding is one question that a probe put, and its answer. It holds no secret: no password,
// no certificate, no name of a phone.
type Finding struct {
	Node     string
	Door     Door
	Question message.Message
	Answer   message.Message
	Err      error // it could not be answered
}

// Lacks is the error of an ability that a site does not have.
type Lacks struct {
	Ability Ability
	Why     error
}

func (e *Lacks) Error() string { return e.Why.Error() }
func (e *Lacks) Unwrap() error { return e.Why }

// Need is nil where the site has an ability, else a *Lacks with the reason.
func (s *Site) Need(a Ability) error {
	has := map[Ability]bool{
		AbilityFacts: s.Facts != nil, AbilityMode: s.Mode != nil, AbilityAuthor: s.Author != nil,
		AbilityServices: s.Services != nil, AbilityTrust: s.Trust != nil, AbilityPhones: s.Phones != nil,
	}
	if has[a] {
		return nil
	}
	why := s.Missing[a]
	if why == nil {
		why = message.Errorf("a cluster reached by %s does not offer this (%s)", s.Way, a)
	}
	return &Lacks{Ability: a, Why: why}
}

// ErrConflict: the live file is not the one expected.
var ErrConflict = message.NewError("the live file is not the expected one")

// WarnLegacy says, each time, that a connection is allowed to be of the old kind.
func (t Tools) WarnLegacy(node string) {
	if t.Warn != nil {
		t.Warn(node, message.Phrase("legacy = true: old TLS versions, key exchanges and SHA-1 host keys are accepted from this node"))
	}
}

// Tell reports an errand, where somebody listens.
func (t Tools) Tell(e Errand) {
	if t.Errand != nil {
		t.Errand(e)
	}
}
