package ctlbuild

import (
	"crypto"
	"strconv"
	"strings"

	// The digests that a header can name must be linked in.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"ctlclient/message"
)

// Limits on what is read. The format's own limits are wider: a record's length
// is a u16 and a file has none.
const (
	MaxFile     = 1 << 20  // bytes of a trust list
	MaxEnvelope = 64 << 20 // bytes of a .sgn file; firmware is signed so too
	MaxRecords  = 1024     // records of a trust list
)

// Function is the FUNCTION of a record: what the certificate's owner may do.
type Function uint16

// The functions that are known. Others appear in files and are kept.
const (
	SAST      Function = 0  // signs the list: a token, CallManager or ITLRecovery
	CCM       Function = 1  // CallManager alone, or a firewall
	CCMTFTP   Function = 2  // CallManager and TFTP on one server
	TFTP      Function = 3  // an alternate TFTP server
	CAPF      Function = 4  // certificate authority proxy
	AppServer Function = 7  // HTTPS phone services
	TVS       Function = 21 // trust verification service

	// NoFunction is what a record without a FUNCTION field reports. It names
	// no role, and above all not SAST, whose number is zero.
	NoFunction Function = 0xFFFF
)

var functionNames = []struct {
	f           Function
	shown, slug string
}{
	{SAST, "System Administrator Security Token", "sast"},
	{CCM, "CCM", "ccm"},
	{CCMTFTP, "CCM+TFTP", "ccm+tftp"},
	{TFTP, "TFTP", "tftp"},
	{CAPF, "CAPF", "capf"},
	{AppServer, "APP-SERVER", "app-server"},
	{TVS, "TVS", "tvs"},
}

// String prints as show ctl does: "System Administrator Security Token",
// "CCM+TFTP", or the number.
func (f Function) String() string {
	for _, n := range functionNames {
		if n.f == f {
			return n.shown
		}
	}
	return strconv.Itoa(int(f))
}

// Slug is the command line's word: sast ccm ccm+tftp tftp capf app-server tvs,
// or the number.
func (f Function) Slug() string {
	for _, n := range functionNames {
		if n.f == f {
			return n.slug
		}
	}
	return strconv.Itoa(int(f))
}

// IsServer reports a role of a call processing, TFTP or firewall server (CCM, CCM+TFTP,
// TFTP): the records that non-secure mode strips to stubs.
func (f Function) IsServer() bool { return f == CCM || f == CCMTFTP || f == TFTP }

// ParseFunction is the reverse of Slug. It takes numbers too.
func ParseFunction(s string) (Function, error) {
	for _, n := range functionNames {
		if strings.EqualFold(s, n.slug) {
			return n.f, nil
		}
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil && Function(n) != NoFunction {
		return Function(n), nil
	}
	slugs := make([]string, len(functionNames))
	for i, n := range functionNames {
		slugs[i] = n.slug
	}
	return 0, message.Errorf("unknown function %q; known are %s, and numbers", s, strings.Join(slugs, " "))
}

// Digest is the DIGESTALGORTITHM of a header and the HASH ALGORITHM of a
// record.
type Digest uint8

// The digests that the format knows.
const (
	SHA1   Digest = 1
	SHA256 Digest = 2
	SHA512 Digest = 3
)

// String prints as show itl does: "SHA-1". Of an unknown digest it prints the
// number.
func (d Digest) String() string {
	switch d {
	case SHA1:
		return "SHA-1"
	case SHA256:
		return "SHA-256"
	case SHA512:
		return "SHA-512"
	}
	return strconv.Itoa(int(d))
}

// Hash is the digest as the standard library knows it; false when unknown.
func (d Digest) Hash() (crypto.Hash, bool) {
	switch d {
	case SHA1:
		return crypto.SHA1, true
	case SHA256:
		return crypto.SHA256, true
	case SHA512:
		return crypto.SHA512, true
	}
	return 0, false
}

// ParseDigest reads sha1, sha256 and sha512, with or without a hyphen.
func ParseDigest(s string) (Digest, error) {
	switch strings.ReplaceAll(strings.ToLower(s), "-", "") {
	case "sha1":
		return SHA1, nil
	case "sha256":
		return SHA256, nil
	case "sha512":
		return SHA512, nil
	}
	return 0, message.Errorf("unknown digest %q; known are sha1 sha256 sha512", s)
}

// Kind says what an envelope holds.
type Kind uint8

// The kinds of envelope.
const (
	KindCTL    Kind = iota // certificate trust list
	KindITL                // identity trust list
	KindSigned             // a .sgn file: any content
)

// Names of the lists that nodes serve to phones. A phone's own copy (CTLSEP<MAC>.tlv) still
// has the first of them in its header.
const (
	CTLFileName = "CTLFile.tlv"
	ITLFileName = "ITLFile.tlv"
)

// FileName is the name under which nodes serve a list of the kind; empty for a signed file,
// which has one of its own.
func (k Kind) FileName() string {
	switch k {
	case KindCTL:
		return CTLFileName
	case KindITL:
		return ITLFileName
	}
	return ""
}

// String is "CTL" or "ITL", the words that show ctl and show itl use, or
// "signed".
func (k Kind) String() string {
	switch k {
	case KindCTL:
		return "CTL"
	case KindITL:
		return "ITL"
	}
	return "signed"
}

// kindByName reads a FILENAME: CTLFile.tlv, CTLSEP<MAC>.tlv, ITLFile.tlv; ok is
// false when it is none of a trust list.
func kindByName(fileName string) (k Kind, ok bool) {
	n := strings.ToLower(fileName)
	switch {
	case !strings.HasSuffix(n, ".tlv"):
		return KindSigned, false
	case strings.HasPrefix(n, "itl"):
		return KindITL, true
	case strings.HasPrefix(n, "ctl"):
		return KindCTL, true
	}
	return KindSigned, false
}

// FormatError is malformed input, with the byte position at which it shows.
type FormatError struct {
	Offset int   // from the start of the input
	Why    error // what is wrong there
	Empty  bool  // the input has no bytes at all
}

// Error is Said in English.
func (e *FormatError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *FormatError) Said() error {
	if e.Empty {
		return e.Why
	}
	return message.Errorf("malformed at byte %d: %w", e.Offset, e.Why)
}

// Hints say what a phone does with an empty file.
func (e *FormatError) Hints() []message.Message {
	if e.Empty {
		return message.Hint("a phone takes nothing from an empty file and keeps what it has")
	}
	return nil
}

var byteText = message.Define("list.bytes", "{n|# byte|# bytes}")

// byteCount is a length in bytes.
func byteCount(n int) message.Message { return byteText.With("n", n) }

func malformed(offset int, why error) *FormatError { return &FormatError{Offset: offset, Why: why} }
