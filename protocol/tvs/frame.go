package tvs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The frame: 10 bytes, big-endian, then the elements.
//
//	protocol id u8 (87), version u8 (1), command u8, 0 u8,
//	session id u32, length of the elements u16
const (
	protocolID = 87
	version    = 1
	headerSize = 10
	maxBody    = 1<<16 - 1
)

// command of a frame.
type command uint8

const (
	verifyRequest  command = 1
	verifyResponse command = 2
	queryRequest   command = 3
	queryResponse  command = 4
)

func (c command) String() string {
	switch c {
	case verifyRequest:
		return "verify request"
	case verifyResponse:
		return "verify response"
	case queryRequest:
		return "query request"
	case queryResponse:
		return "query response"
	}
	return fmt.Sprintf("command %d", uint8(c))
}

// tag of an element: tag u8, length u16, value.
type tag uint8

const (
	tagDeviceName  tag = 1 // 0x01, then CP-<4 digits>-SEP<12 hex>
	tagCertificate tag = 2 // DER
	tagStatus      tag = 7 // u8
	tagRoles       tag = 8 // a byte for each FUNCTION number
	tagTTL         tag = 9 // u32 seconds
)

func (t tag) String() string {
	switch t {
	case tagDeviceName:
		return "DEVICE_NAME"
	case tagCertificate:
		return "CERTIFICATE"
	case tagStatus:
		return "STATUS"
	case tagRoles:
		return "ROLES"
	case tagTTL:
		return "TTL"
	}
	return fmt.Sprintf("element %d", uint8(t))
}

// ErrMalformed is a frame or an element that does not follow the format.
var ErrMalformed = errors.New("malformed TVS message")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

type frame struct {
	command  command
	reserved uint8
	session  uint32
	body     []byte
}

// readFrame reads one frame; its body is at most 65,535 bytes by the format.
func readFrame(r io.Reader) (frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return frame{}, err
	}
	if h[0] != protocolID || h[1] != version {
		return frame{}, malformed("protocol id %d, version %d instead of %d, %d", h[0], h[1], protocolID, version)
	}
	f := frame{
		command:  command(h[2]),
		reserved: h[3],
		session:  binary.BigEndian.Uint32(h[4:]),
		body:     make([]byte, binary.BigEndian.Uint16(h[8:])),
	}
	if _, err := io.ReadFull(r, f.body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return frame{}, err
	}
	return f, nil
}

// bytes is the frame as it stands on the wire.
func (f frame) bytes() []byte {
	b := make([]byte, 0, headerSize+len(f.body))
	b = append(b, protocolID, version, byte(f.command), f.reserved)
	b = binary.BigEndian.AppendUint32(b, f.session)
	b = binary.BigEndian.AppendUint16(b, uint16(len(f.body)))
	return append(b, f.body...)
}

type element struct {
	tag   tag
	value []byte
}

// parseElements splits a body. Unknown elements are kept; their reader skips them.
func parseElements(b []byte) ([]element, error) {
	var es []element
	for len(b) > 0 {
		if len(b) < 3 {
			return nil, malformed("%d bytes left where an element should begin", len(b))
		}
		t, n := tag(b[0]), int(binary.BigEndian.Uint16(b[1:]))
		if n > len(b)-3 {
			return nil, malformed("%v of %d bytes where %d are left", t, n, len(b)-3)
		}
		es = append(es, element{t, b[3 : 3+n]})
		b = b[3+n:]
	}
	return es, nil
}

func appendElement(b []byte, t tag, value []byte) []byte {
	b = append(b, byte(t))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// find returns the value of the first element t.
func find(es []element, t tag) ([]byte, bool) {
	for _, e := range es {
		if e.tag == t {
			return e.value, true
		}
	}
	return nil, false
}
