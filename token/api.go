// Package token finds PKCS#11 modules and tokens, reads certificates and signs (stub: being written).
package token

import (
	"context"
	"crypto"
	"io"
	"time"
)

// URI is an RFC 7512 PKCS#11 URI, the attributes in use.
type URI struct {
	Token, Manufacturer, Serial, Model string
	SlotID                             *uint
	Object                             string
	ID                                 []byte
	Type                               string
	ModulePath, ModuleName             string
	PINSource                          string
}

// ParseURI refuses pin-value with a hint; a bare token label or serial number is not a URI.
func ParseURI(s string) (URI, error) { panic("stub") }
func (u URI) String() string         { panic("stub") }

// Certificate is one certificate object of a token.
type Certificate struct {
	Label     string
	ID        []byte
	DER       []byte
	Subject   string
	Issuer    string
	Serial    []byte
	NotBefore time.Time
	NotAfter  time.Time
	KeyBits   int
	HasKey    bool // a private key with this id is visible (only known after login on many tokens)
}

// Flags of a token that matter to a person.
type Flags struct {
	LoginRequired, Initialized, PINInitialized, ProtectedAuthPath, WriteProtected bool
	PINCountLow, PINFinalTry, PINLocked                                           bool
}

// Info is one token.
type Info struct {
	Module       string
	Slot         uint
	Label        string
	Serial       string
	Model        string
	Manufacturer string
	Flags        Flags
	Certificates []Certificate
}

// URI names the token (and, with a certificate, the object).
func (i Info) URI() URI { panic("stub") }

// Module found on this machine.
type Module struct {
	Path         string
	Description  string
	Manufacturer string
	Version      string
	Err          error // found but not loadable
}

// Modules finds modules: the named ones, or when none is named p11-kit's configuration, PKCS11_MODULE and the usual places.
func Modules(named []string) []Module { panic("stub") }

// List lists the tokens present in the modules (no PIN). Errors of single modules are joined and returned beside what was found.
func List(ctx context.Context, named []string) ([]Info, error) { panic("stub") }

// Find returns the one token a URI names; *NotFoundError / *AmbiguousError otherwise.
func Find(ctx context.Context, named []string, u URI) (Info, error) { panic("stub") }

// Certificates of the token a URI names that the URI's object attributes fit (no PIN).
func CertificateOf(ctx context.Context, named []string, u URI) (Info, Certificate, error) {
	panic("stub")
}

// Errors, each with a Hint() string. Returned wrapped; test with errors.As / errors.Is.
type Error struct {
	Kind  Kind
	Token string // label
	Err   error  // underlying PKCS#11 error, never a PIN
}

type Kind uint8

const (
	NoModule Kind = iota + 1
	NotFound
	Ambiguous
	NoCertificate
	NoKey
	PINWrong
	PINLocked
	PINFinalTry // refused: only one try left and AllowFinalTry not set; no attempt was made
	PINRequired // no way to ask
	Removed
	Mismatch // another token (or key) than expected
	Failed
)

func (e *Error) Error() string { panic("stub") }
func (e *Error) Unwrap() error { panic("stub") }
func (e *Error) Hint() string  { panic("stub") }

// PINRequest tells the person what they are about to unlock.
type PINRequest struct {
	Token, Serial string
	CountLow      bool
	FinalTry      bool
	Context       bool // context-specific login: the token wants the PIN again for this signature
}

// PINFunc asks for the PIN. Called once for one attempt; the slice is wiped after use.
type PINFunc func(ctx context.Context, r PINRequest) ([]byte, error)

// Options of opening a signer.
type Options struct {
	Modules       []string
	PIN           PINFunc
	AllowFinalTry bool
	// ExpectCertificate, when set, is the DER that the token must hold: a token with the same label but another key is a Mismatch.
	ExpectCertificate []byte
}

// Signer signs through a token. It implements ctlbuild.Signer.
type Signer struct {
	// unexported
}

func Open(ctx context.Context, u URI, o Options) (*Signer, error) { panic("stub") }
func (s *Signer) Public() crypto.PublicKey                        { panic("stub") }
func (s *Signer) Certificate() []byte                             { panic("stub") }
func (s *Signer) Info() Info                                      { panic("stub") }
func (s *Signer) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	panic("stub")
}
func (s *Signer) Close() error { panic("stub") }

// ChangePIN changes the user PIN: one attempt.
func ChangePIN(ctx context.Context, u URI, o Options, newPIN PINFunc) error { panic("stub") }

// Event of Watch.
type Event struct {
	Inserted bool
	Token    Info
}

// Watch reports tokens present at the start, then insertions and removals within two seconds, until ctx ends.
func Watch(ctx context.Context, named []string, f func(Event)) error { panic("stub") }
