// Package ctlbuild reads, builds, edits, signs, verifies, shows and compares
// trust list files (stub: being written).
package ctlbuild

import (
	"context"
	"crypto"
	"io"
	"net/netip"
	"time"
)

// Function is the FUNCTION of a record.
type Function uint16

const (
	SAST      Function = 0
	CCM       Function = 1
	CCMTFTP   Function = 2
	TFTP      Function = 3
	CAPF      Function = 4
	AppServer Function = 7
	TVS       Function = 21
)

// String prints as show ctl does ("System Administrator Security Token", "CCM+TFTP", "42").
func (f Function) String() string { panic("stub") }

// Slug is the command line's word for it: sast ccm ccm+tftp tftp capf app-server tvs, or the number.
func (f Function) Slug() string { panic("stub") }

// ParseFunction is the reverse of Slug.
func ParseFunction(s string) (Function, error) { panic("stub") }

// Digest is the DIGESTALGORTITHM of a header and HASH ALGORITHM of a record.
type Digest uint8

const (
	SHA1   Digest = 1
	SHA256 Digest = 2
	SHA512 Digest = 3
)

func (d Digest) String() string            { panic("stub") } // "SHA-1"...
func (d Digest) Hash() (crypto.Hash, bool) { panic("stub") }
func ParseDigest(s string) (Digest, error) { panic("stub") } // sha1 sha256 sha512

// Kind says what an envelope holds; it follows from FILENAME (and content).
type Kind uint8

const (
	KindCTL Kind = iota
	KindITL
	KindSigned // a .sgn file: any content
)

// Field is one TLV as it stands in the file.
type Field struct {
	Tag   uint8
	Value []byte
}

// Header is a parsed header. It remembers its bytes; the fields are a view.
type Header struct {
	Version       [2]byte
	Length        int     // HEADERLENGTH
	SignerVersion [2]byte // zero when absent
	SignerName    string
	SerialNumber  []byte
	CAName        string
	Digest        Digest
	SignatureAlg  uint8
	Modulus       uint8
	Signature     []byte
	FileName      string
	Time          time.Time
	Unknown       []Field // carried on re-signing
	// unexported: raw bytes, offsets, order
}

// Record is one record of a trust list. Fields hold the truth, in file order;
// the methods are views on them.
type Record struct {
	Fields []Field // RECORDLENGTH left out
}

func (r *Record) DNSName() string      { panic("stub") }
func (r *Record) SubjectName() string  { panic("stub") }
func (r *Record) IssuerName() string   { panic("stub") }
func (r *Record) Function() Function   { panic("stub") }
func (r *Record) SerialNumber() []byte { panic("stub") }
func (r *Record) PublicKey() []byte    { panic("stub") }
func (r *Record) Signature() []byte    { panic("stub") }

// Certificate is the DER of field 9, nil when absent.
func (r *Record) Certificate() []byte                { panic("stub") }
func (r *Record) CertHash() ([]byte, Digest)         { panic("stub") }
func (r *Record) IP() (netip.Addr, bool)             { panic("stub") }
func (r *Record) Len() int                           { panic("stub") } // RECORDLENGTH
func (r *Record) Bytes() []byte                      { panic("stub") }
func (r *Record) IsStub() bool                       { panic("stub") } // non-secure server record: only DNSNAME, FUNCTION, IPADDRESS
func (r *Record) MatchesCertificate(der []byte) bool { panic("stub") } // by field 9, or by 11 over der
// CN is the common name out of SUBJECTNAME, quotes and padding blanks trimmed; "" when none.
func (r *Record) CN() string { panic("stub") }

// IsToken tells a hardware token's SAST record (no DNSNAME) from CallManager / ITLRecovery written as SAST.
func (r *Record) IsToken() bool { panic("stub") }

// List is a parsed CTL or ITL.
type List struct {
	Header  Header
	Records []Record
	// unexported raw
}

// FormatError is malformed input, with the byte position at which it shows.
type FormatError struct {
	Offset int
	Msg    string
}

func (e *FormatError) Error() string { panic("stub") }

// Limits: a file is at most 1 MiB, header 65535, at most 1024 records.
const MaxFile = 1 << 20

// Parse reads a trust list. Every error is a *FormatError.
func Parse(data []byte) (*List, error) { panic("stub") }

// Bytes is what was parsed, byte for byte.
func (l *List) Bytes() []byte { panic("stub") }
func (l *List) Kind() Kind    { panic("stub") }
func (l *List) MD5() string   { panic("stub") } // hex lower case
func (l *List) SHA1() string  { panic("stub") }

// IsEmptyRollback reports the ITL left by "Prepare Cluster for Rollback to Pre 8.0": signed, its role entries blank.
func (l *List) IsEmptyRollback() bool { panic("stub") }

// Tokenless reports that no SAST record is a hardware token's.
func (l *List) Tokenless() bool { panic("stub") }

// Signer finds the SAST record that the header names, by issuer and serial number bytes; index from 0, -1 when none.
func (l *List) Signer() (*Record, int) { panic("stub") }

// SAST lists the SAST records.
func (l *List) SAST() []*Record { panic("stub") }

// Verification is the outcome of checking a signature.
type Verification struct {
	OK     bool
	Signer int    // record index, -1 when none was found or the key came from outside
	Reason string // why not, in a sentence; empty when OK
}

// Verify checks the list against its own SAST records.
func (l *List) Verify() Verification { panic("stub") }

// VerifyWith checks against one certificate (DER), whatever the list says.
func (l *List) VerifyWith(certDER []byte) Verification { panic("stub") }

// Envelope is any signed file: the header and what follows it.
type Envelope struct {
	Header  Header
	Content []byte
}

func ParseEnvelope(data []byte) (*Envelope, error)         { panic("stub") }
func (e *Envelope) Bytes() []byte                          { panic("stub") }
func (e *Envelope) Kind() Kind                             { panic("stub") }
func (e *Envelope) Encrypted() bool                        { panic("stub") } // content of a .enc.sgn: not text
func (e *Envelope) VerifyWith(certDER []byte) Verification { panic("stub") }

// VerifyFrom looks for the signer among a list's records of the given functions (by issuer+serial bytes).
func (e *Envelope) VerifyFrom(l *List, functions ...Function) Verification { panic("stub") }

// Dialect is how records of a new file are written (trust-list.md section 4).
type Dialect uint8

const (
	DialectCTLClient Dialect = iota // no SIGNATURE (8) in server records, DNSNAME as the administrator's list shows
	DialectTokenless                // SIGNATURE present
)

// SerialOrder of a token's serial number in a new token record.
type SerialOrder uint8

const (
	LittleEndian SerialOrder = iota // CryptoAPI's, the eToken default
	BigEndian
)

// Entry describes a record to be made from a certificate.
type Entry struct {
	Function    Function
	Certificate []byte // DER
	Host        string // DNSNAME
	IP          netip.Addr
	Token       bool // eToken form of names and serial number
	SerialOrder SerialOrder
	Dialect     Dialect
	Hash        Digest // when not 0: CERTHASH instead of CERTIFICATE (ITL)
	NoIP        bool   // ITL records carry none
}

// NewRecord makes a record.
func NewRecord(e Entry) (Record, error) { panic("stub") }

// Draft is a list being edited; nothing of it is signed yet.
type Draft struct {
	FileName      string // default CTLFile.tlv
	Digest        Digest // default: as the edited list, else SHA-1
	Time          time.Time
	SignerVersion [2]byte
	NameFirst     bool        // inside SIGNERID: false = 4 5 6 (Cisco), true = 4 6 5 (as some builders)
	SerialOrder   SerialOrder // for new token records
	Records       []Record
	Unknown       []Field
}

// NewDraft starts from nothing.
func NewDraft() *Draft { panic("stub") }

// Edit starts from a list; records are kept byte for byte.
func Edit(l *List) *Draft { panic("stub") }

// Add appends a record for e; when a record of the same function already holds the certificate it is kept as it is and added is false.
func (d *Draft) Add(e Entry) (added bool, err error)                                  { panic("stub") }
func (d *Draft) AddToken(certDER []byte) (bool, error)                                { panic("stub") }
func (d *Draft) AddTFTP(certDER []byte, host string, ip netip.Addr) (bool, error)     { panic("stub") }
func (d *Draft) AddFirewall(certDER []byte, host string, ip netip.Addr) (bool, error) { panic("stub") } // listed as CCM

// SelectorError says that a selector names no record, or several.
type SelectorError struct {
	Selector string
	Matches  []int
}

func (e *SelectorError) Error() string { panic("stub") }

// Remove takes out the record(s) that a selector names: a number as shown (from 1), a host, an IP address or a CN.
// A host or CN may name several records (a server's CCM+TFTP and CAPF): all are removed and returned.
func (d *Draft) Remove(selector string) ([]Record, error) { panic("stub") }

// NonSecure strips every server record (CCM, CCM+TFTP, TFTP) to its 33-byte kind of stub; SAST and CAPF stay.
func (d *Draft) NonSecure() { panic("stub") }

// Signer signs with a key whose certificate it knows. Sign is given a digest and crypto.SHA1/256/512 as opts (PKCS#1 v1.5).
type Signer interface {
	crypto.Signer
	Certificate() []byte // DER
}

// Sign writes, signs, and verifies again from the bytes. The signer's certificate must be among the SAST records.
func Sign(ctx context.Context, d *Draft, s Signer) (*List, error) { panic("stub") }

// SignEnvelope makes a .sgn file.
func SignEnvelope(ctx context.Context, fileName string, content []byte, digest Digest, t time.Time, s Signer) (*Envelope, error) {
	panic("stub")
}

// Show prints as show ctl / show itl does. loc is for "last modified"; verdict line included.
func Show(w io.Writer, l *List, loc *time.Location) error { panic("stub") }

// ShowEnvelope prints the header of a .sgn file.
func ShowEnvelope(w io.Writer, e *Envelope, loc *time.Location) error { panic("stub") }

// ChangeKind of a comparison.
type ChangeKind uint8

const (
	Added ChangeKind = iota
	Removed
	Changed // same certificate or same server, other fields
)

// Change is one difference. Old/New are record indexes, -1 when absent.
type Change struct {
	Kind     ChangeKind
	Old, New int
	OldRec   *Record
	NewRec   *Record
	Fields   []string // names of the fields that differ, for Changed
}

// Diff compares two lists.
type Diff struct {
	Changes      []Change
	Reordered    bool
	SignerChange bool   // another certificate signs
	OldSigner    string // subject names
	NewSigner    string
	DigestChange bool
	Resigned     bool // signature or time differ
	Identical    bool // same bytes
}

func Compare(old, new *List) Diff           { panic("stub") }
func CompareDraft(old *List, d *Draft) Diff { panic("stub") }
func (d Diff) WriteText(w io.Writer) error  { panic("stub") }

// Certificate is what a list needs of a certificate, read leniently: negative serial numbers,
// odd encodings, SHA-1, 1024 bits and broken extensions do not stop it.
type Certificate struct {
	DER          []byte
	Version      int
	Subject      string // server form: CN=..;OU=..;O=..
	Issuer       string
	TokenSubject string // eToken form: cn="..";ou=..
	TokenIssuer  string
	CN, IssuerCN string
	Serial       []byte // most significant byte first, as magnitude, no sign byte
	NotBefore    time.Time
	NotAfter     time.Time
	PublicKey    crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey, or nil when not understood
	RawPublicKey []byte           // field 7's bytes
	KeyBits      int
	Signature    []byte
	SigAlg       string
}

// ParseCertificate accepts DER or PEM.
func ParseCertificate(data []byte) (*Certificate, error) { panic("stub") }
