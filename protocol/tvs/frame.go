package tvs

import (
	"fmt"
	"io"

	framing "ctlclient/protocol/internal/frame"

	"ctlclient/message"
)

// maxBody is what a length of 16 bits can say.
const maxBody = 1<<16 - 1

// format of TVS: protocol id 87, version 1, lengths of 16 bits.
var format = &framing.Format{
	Protocol: 87, Version: 1,
	Err: ErrMalformed,
	Tag: func(t uint8) string { return tag(t).String() },
}

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
	tagSubject     tag = 3 // text, NUL-terminated
	tagIssuer      tag = 4 // text, NUL-terminated; the number is inferred
	tagSerial      tag = 5 // bytes; the number is inferred
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
	case tagSubject:
		return "SUBJECTNAME"
	case tagIssuer:
		return "ISSUERNAME"
	case tagSerial:
		return "SERIALNUMBER"
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
var ErrMalformed = message.NewError("malformed TVS message")

func malformed(words string, args ...any) error { return format.Malformed(words, args...) }

type frame struct {
	command  command
	reserved uint8
	session  uint32
	body     []byte
}

// readFrame reads one frame; its body is at most 65,535 bytes by the format.
func readFrame(r io.Reader) (frame, error) {
	f, err := format.Read(r, maxBody)
	return frame{command(f.Type), f.Flags, f.ID, f.Body}, err
}

// bytes is the frame as it stands on the wire.
func (f frame) bytes() []byte {
	return format.Bytes(framing.Frame{Type: uint8(f.command), Flags: f.reserved, ID: f.session, Body: f.body})
}

type element struct {
	tag   tag
	value []byte
}

// parseElements splits a body. Unknown elements are kept; their reader skips them.
func parseElements(b []byte) ([]element, error) {
	list, err := format.Split(b)
	if err != nil {
		return nil, err
	}
	es := make([]element, len(list))
	for i, e := range list {
		es[i] = element{tag(e.Tag), e.Value}
	}
	return es, nil
}

func appendElement(b []byte, t tag, value []byte) []byte {
	return format.AppendElement(b, uint8(t), value)
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
