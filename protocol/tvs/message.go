package tvs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"time"
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

var deviceName = regexp.MustCompile(`^CP-[0-9]{4}-SEP[0-9A-Fa-f]{12}$`)

// ErrDeviceName is a device name of another form than CP-7975-SEP001122334455.
var ErrDeviceName = errors.New("a device name is CP-, four digits, -SEP, twelve hexadecimal digits")

// Request is a question as a server sees it.
type Request struct {
	DeviceName  string
	Certificate []byte // DER, not yet parsed by anybody
}

// Answer is what the service says of a certificate.
type Answer struct {
	Valid bool
	Roles []uint8       // FUNCTION numbers of a trust list; only when Valid
	TTL   time.Duration // how long the answer may be kept, whole seconds; only when Valid
}

func (r Request) encode() ([]byte, error) {
	if !deviceName.MatchString(r.DeviceName) {
		return nil, fmt.Errorf("%q: %w", r.DeviceName, ErrDeviceName)
	}
	if n := len(r.Certificate); n == 0 || n > MaxCertificate {
		return nil, fmt.Errorf("a certificate of %d bytes does not fit into a TVS request (1 to %d)", n, MaxCertificate)
	}
	b := appendElement(nil, tagDeviceName, append([]byte{namePrefix}, r.DeviceName...))
	return appendElement(b, tagCertificate, r.Certificate), nil
}

func decodeRequest(body []byte) (Request, error) {
	es, err := parseElements(body)
	if err != nil {
		return Request{}, err
	}
	name, ok := find(es, tagDeviceName)
	if !ok || len(name) == 0 || name[0] != namePrefix || !deviceName.Match(name[1:]) {
		return Request{}, malformed("%v missing or of another form", tagDeviceName)
	}
	cert, ok := find(es, tagCertificate)
	if !ok || len(cert) == 0 {
		return Request{}, malformed("%v missing or empty", tagCertificate)
	}
	return Request{DeviceName: string(name[1:]), Certificate: cert}, nil
}

func (a Answer) encode() []byte {
	if !a.Valid {
		return appendElement(nil, tagStatus, []byte{statusInvalid})
	}
	// A byte a role: a list of more than 255 would name one twice.
	roles := a.Roles[:min(len(a.Roles), 255)]
	seconds := uint32(min(max(a.TTL/time.Second, 0), 1<<32-1))
	b := appendElement(nil, tagStatus, []byte{statusValid})
	b = appendElement(b, tagRoles, roles)
	return appendElement(b, tagTTL, binary.BigEndian.AppendUint32(nil, seconds))
}

func decodeAnswer(body []byte) (Answer, error) {
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
	roles, ok := find(es, tagRoles)
	if !ok {
		return Answer{}, malformed("valid, but %v missing", tagRoles)
	}
	ttl, ok := find(es, tagTTL)
	if !ok || len(ttl) != 4 {
		return Answer{}, malformed("valid, but %v missing or not four bytes", tagTTL)
	}
	return Answer{
		Valid: true,
		Roles: append([]uint8(nil), roles...),
		TTL:   time.Duration(binary.BigEndian.Uint32(ttl)) * time.Second,
	}, nil
}
