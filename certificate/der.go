package certificate

import (
	"ctlclient/message"
)

// A reader of BER that forgives what DER forbids: lengths longer than they need
// be, indefinite lengths, integers with superfluous leading bytes. It is what
// makes an old or careless certificate readable where encoding/asn1 and
// cryptobyte stop.

// Universal tags that certificates use.
const (
	derInteger         = 0x02
	derBitString       = 0x03
	derOctetString     = 0x04
	derOID             = 0x06
	derUTF8String      = 0x0C
	derT61String       = 0x14
	derUTCTime         = 0x17
	derGeneralizedTime = 0x18
	derUniversalString = 0x1C
	derBMPString       = 0x1E
	derSequence        = 0x30
	derSet             = 0x31
	derVersion         = 0xA0 // [0] of TBSCertificate
)

// maxDERDepth bounds how deep indefinite lengths may nest.
const maxDERDepth = 16

var errDERShort = message.NewError("ends too early")

// element is one tag, its content and the whole of it.
type element struct {
	tag     byte
	content []byte
	whole   []byte
}

// readElement reads the first element of b and what follows it.
func readElement(b []byte) (element, []byte, error) { return readElementDepth(b, 0) }

func readElementDepth(b []byte, depth int) (element, []byte, error) {
	if len(b) < 2 {
		return element{}, nil, errDERShort
	}
	if b[0]&0x1F == 0x1F {
		return element{}, nil, message.NewError("has a tag of several bytes")
	}
	head, length := 2, int(b[1])
	switch {
	case b[1] == 0x80:
		return readIndefinite(b, depth)
	case b[1] > 0x80:
		n := int(b[1] & 0x7F)
		if len(b) < 2+n {
			return element{}, nil, errDERShort
		}
		head, length = 2+n, 0
		for _, c := range b[2:head] {
			if length > 1<<22 {
				return element{}, nil, message.Errorf("has a length beyond %d bytes", 1<<22)
			}
			length = length<<8 | int(c)
		}
	}
	if length > len(b)-head {
		return element{}, nil, errDERShort
	}
	end := head + length
	return element{b[0], b[head:end:end], b[:end:end]}, b[end:], nil
}

// readIndefinite reads a constructed element that lasts until two zero bytes.
func readIndefinite(b []byte, depth int) (element, []byte, error) {
	if b[0]&0x20 == 0 || depth >= maxDERDepth {
		return element{}, nil, message.NewError("has an indefinite length where none can be")
	}
	rest := b[2:]
	for {
		if len(rest) >= 2 && rest[0] == 0 && rest[1] == 0 {
			end := len(b) - len(rest)
			return element{b[0], b[2:end:end], b[: end+2 : end+2]}, rest[2:], nil
		}
		var err error
		if _, rest, err = readElementDepth(rest, depth+1); err != nil {
			return element{}, nil, err
		}
	}
}

// derReader takes elements off the front of b and remembers the first failure.
type derReader struct {
	b   []byte
	err error
}

// next takes the next element, which must have the tag. what names it in the
// error.
func (r *derReader) next(tag byte, what string) element {
	if r.err != nil {
		return element{}
	}
	e, rest, err := readElement(r.b)
	switch {
	case err != nil:
		r.err = message.Errorf("%s %w", message.Words(what), err)
		return element{}
	case e.tag != tag:
		r.err = message.Errorf("%s has tag %#02x, not %#02x", message.Words(what), e.tag, tag)
		return element{}
	}
	r.b = rest
	return e
}

// peek is the tag of the next element, 0 at the end.
func (r *derReader) peek() byte {
	if r.err != nil || len(r.b) == 0 {
		return 0
	}
	return r.b[0]
}

// bits is the content of a BIT STRING without the count of unused bits.
func (e element) bits() []byte {
	if len(e.content) == 0 {
		return nil
	}
	return e.content[1:]
}

// magnitude is an INTEGER's content without leading zero bytes. A negative
// number's bytes stay as they are.
func magnitude(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}
