package tvs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// DefaultDeviceName is what a client calls itself when nothing is given: the
// service wants a phone's name and takes any.
const DefaultDeviceName = "CP-7975-SEP000000000000"

// namePrefix stands before the text of DEVICE_NAME.
const namePrefix = 0x01

// statusValid is the STATUS of a certificate that the service vouches for; 1 and
// everything else is not that.
const (
	statusValid   = 0
	statusInvalid = 1
)

// overhead of a request beside the certificate: two elements' heads, the prefix
// byte and the name.
const overhead = 3 + 1 + len(DefaultDeviceName) + 3

// MaxCertificate is the longest certificate, in bytes, that a question holds.
const MaxCertificate = maxBody - overhead

// maxAnswered is the longest certificate that an answer holds beside all roles there are.
const maxAnswered = maxBody - (3 + 1) - 3 - (3 + 255) - (3 + 4)

var deviceName = lazyregexp.New(`^CP-[0-9]{4}-SEP[0-9A-Fa-f]{12}$`)

// ErrDeviceName is a device name of another form than CP-7975-SEP001122334455.
var ErrDeviceName = message.NewError("a device name is CP-, four digits, -SEP, twelve hexadecimal digits")

// Names name a certificate as the header of a trust list or of a signed file does. They
// are compared as text and bytes: for an eToken, the form and the byte order of the list.
type Names struct {
	Subject, Issuer string
	Serial          []byte
}

// Request is a question as a server sees it: about a certificate, or about the one that
// has these names.
type Request struct {
	DeviceName  string
	Certificate []byte // DER, not yet parsed by anybody; nil in a question by names
	Names       Names
}

// ByName tells a question by names (a query) from one about a certificate.
func (r Request) ByName() bool { return r.Certificate == nil }

// Answer is what the service says of a certificate.
type Answer struct {
	Valid       bool
	Certificate []byte        // DER, not yet parsed by anybody; only in a valid answer to a question by names
	Roles       []uint8       // FUNCTION numbers of a trust list; only when Valid
	TTL         time.Duration // how long the answer may be kept, whole seconds; only when Valid
}

// ErrNames are names that no question holds.
var ErrNames = message.NewError("a question by names has a subject, an issuer and a serial number, no NUL in the names, 64 KiB together at most")

func (r Request) encode() (command, []byte, error) {
	if !deviceName.MatchString(r.DeviceName) {
		return 0, nil, fmt.Errorf("%q: %w", r.DeviceName, ErrDeviceName)
	}
	b := appendElement(nil, tagDeviceName, append([]byte{namePrefix}, r.DeviceName...))
	if !r.ByName() {
		if n := len(r.Certificate); n == 0 || n > MaxCertificate {
			return 0, nil, message.Errorf("a certificate of %d bytes does not fit into a TVS request (1 to %d)", n, MaxCertificate)
		}
		return verifyRequest, appendElement(b, tagCertificate, r.Certificate), nil
	}
	n := r.Names
	size := len(b) + 3 + len(n.Subject) + 1 + 3 + len(n.Issuer) + 1 + 3 + len(n.Serial)
	if n.Subject == "" || n.Issuer == "" || len(n.Serial) == 0 || strings.ContainsRune(n.Subject+n.Issuer, 0) || size > maxBody {
		return 0, nil, ErrNames
	}
	b = appendElement(b, tagSubject, append([]byte(n.Subject), 0))
	b = appendElement(b, tagIssuer, append([]byte(n.Issuer), 0))
	return queryRequest, appendElement(b, tagSerial, n.Serial), nil
}

func decodeRequest(c command, body []byte) (Request, error) {
	es, err := parseElements(body)
	if err != nil {
		return Request{}, err
	}
	name, ok := find(es, tagDeviceName)
	if !ok || len(name) == 0 || name[0] != namePrefix || !deviceName.Match(name[1:]) {
		return Request{}, malformed("%v missing or of another form", tagDeviceName)
	}
	r := Request{DeviceName: string(name[1:])}
	switch c {
	case verifyRequest:
		if r.Certificate, ok = find(es, tagCertificate); !ok || len(r.Certificate) == 0 {
			return Request{}, malformed("%v missing or empty", tagCertificate)
		}
	case queryRequest:
		if r.Names.Subject, err = text(es, tagSubject); err != nil {
			return Request{}, err
		}
		if r.Names.Issuer, err = text(es, tagIssuer); err != nil {
			return Request{}, err
		}
		if r.Names.Serial, ok = find(es, tagSerial); !ok || len(r.Names.Serial) == 0 {
			return Request{}, malformed("%v missing or empty", tagSerial)
		}
	default:
		return Request{}, malformed("a %v is no question", c)
	}
	return r, nil
}

// text is the value of an element that ends with its only NUL.
func text(es []element, t tag) (string, error) {
	v, ok := find(es, t)
	if n := len(v); !ok || n < 2 || bytes.IndexByte(v, 0) != n-1 {
		return "", malformed("%v missing, empty, or not ended by its only NUL", t)
	}
	return string(v[:len(v)-1]), nil
}

func (a Answer) encode() []byte {
	if !a.Valid {
		return appendElement(nil, tagStatus, []byte{statusInvalid})
	}
	// A byte a role: a list of more than 255 would name one twice.
	roles := a.Roles[:min(len(a.Roles), 255)]
	seconds := uint32(min(max(a.TTL/time.Second, 0), 1<<32-1))
	b := appendElement(nil, tagStatus, []byte{statusValid})
	if a.Certificate != nil {
		b = appendElement(b, tagCertificate, a.Certificate)
	}
	b = appendElement(b, tagRoles, roles)
	return appendElement(b, tagTTL, binary.BigEndian.AppendUint32(nil, seconds))
}

// decodeAnswer reads the answer to a question by names, or about a certificate.
func decodeAnswer(body []byte, byName bool) (Answer, error) {
	es, err := parseElements(body)
	if err != nil {
		return Answer{}, err
	}
	status, ok := find(es, tagStatus)
	if !ok || len(status) != 1 {
		return Answer{}, malformed("%v missing or not one byte", tagStatus)
	}
	if status[0] != statusValid {
		return Answer{}, nil
	}
	cert, ok := find(es, tagCertificate)
	switch {
	case !byName:
		cert = nil
	case !ok || len(cert) == 0:
		return Answer{}, malformed("valid, but %v missing or empty", tagCertificate)
	}
	roles, ok := find(es, tagRoles)
	if !ok {
		return Answer{}, malformed("valid, but %v missing", tagRoles)
	}
	ttl, ok := find(es, tagTTL)
	if !ok || len(ttl) != 4 {
		return Answer{}, malformed("valid, but %v missing or not four bytes", tagTTL)
	}
	return Answer{
		Valid:       true,
		Certificate: bytes.Clone(cert),
		Roles:       append([]uint8(nil), roles...),
		TTL:         time.Duration(binary.BigEndian.Uint32(ttl)) * time.Second,
	}, nil
}
