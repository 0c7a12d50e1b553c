// Package frame reads and writes the messages of the protocols that a cluster's
// node speaks on neighbouring ports: CTLP (protocol id 86) and TVS (87). Both put a
// head before a body of elements and differ only in the width of their lengths.
//
//	head:    protocol id u8, version u8, type u8, flags u8, id u32, length of the body
//	element: tag u8, length of the value, value
//
// Everything is big-endian; a length is u32 in a wide format, else u16.
//
// What always holds: a length is compared with its limit, and with what is left,
// before anything is allocated or cut; what was read is written back byte for byte.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Format is one protocol of the family.
type Format struct {
	Protocol, Version uint8
	Wide              bool               // lengths are u32 instead of u16
	Err               error              // what everything that breaks the format wraps
	Tag               func(uint8) string // what an element is called in errors
}

// Frame is one message.
type Frame struct {
	Type, Flags uint8
	ID          uint32
	Body        []byte
}

// Element is one value with its tag; the value is part of the body it was cut from.
type Element struct {
	Tag   uint8
	Value []byte
}

// Malformed is Err with the words of what breaks the format.
func (f *Format) Malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", f.Err, fmt.Sprintf(format, args...))
}

// width of a length, in bytes.
func (f *Format) width() int {
	if f.Wide {
		return 4
	}
	return 2
}

// HeadSize is the length of a head, in bytes.
func (f *Format) HeadSize() int { return 8 + f.width() }

func (f *Format) length(b []byte) uint32 {
	if f.Wide {
		return binary.BigEndian.Uint32(b)
	}
	return uint32(binary.BigEndian.Uint16(b))
}

// appendLength panics where the format cannot say n: the caller has bounded it.
func (f *Format) appendLength(b []byte, n int) []byte {
	switch {
	case f.Wide && uint64(n) <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(b, uint32(n))
	case !f.Wide && n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(b, uint16(n))
	}
	panic(fmt.Sprintf("frame: %d bytes do not fit", n))
}

// Head is a message whose body has not been read yet.
type Head struct {
	Frame
	Length uint32 // of the body, at most the limit
}

// ReadHead reads the head of a message whose body has at most limit bytes. The end
// of the connection before its first byte is io.EOF, after it io.ErrUnexpectedEOF.
func (f *Format) ReadHead(r io.Reader, limit uint32) (Head, error) {
	var room [12]byte
	b := room[:f.HeadSize()]
	if _, err := io.ReadFull(r, b); err != nil {
		return Head{}, err
	}
	if b[0] != f.Protocol || b[1] != f.Version {
		return Head{}, f.Malformed("protocol id %d, version %d instead of %d, %d", b[0], b[1], f.Protocol, f.Version)
	}
	h := Head{
		Frame:  Frame{Type: b[2], Flags: b[3], ID: binary.BigEndian.Uint32(b[4:])},
		Length: f.length(b[8:]),
	}
	if h.Length > limit {
		return Head{}, f.Malformed("a body of %d bytes, at most %d are allowed", h.Length, limit)
	}
	return h, nil
}

// ReadBody reads what follows a head.
func (h Head) ReadBody(r io.Reader) (Frame, error) {
	m := h.Frame
	m.Body = make([]byte, h.Length)
	if _, err := io.ReadFull(r, m.Body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return m, nil
}

// Read reads a message whose body has at most limit bytes.
func (f *Format) Read(r io.Reader, limit uint32) (Frame, error) {
	h, err := f.ReadHead(r, limit)
	if err != nil {
		return Frame{}, err
	}
	return h.ReadBody(r)
}

// Bytes is a message as it stands on the wire.
func (f *Format) Bytes(m Frame) []byte {
	b := make([]byte, 0, f.HeadSize()+len(m.Body))
	b = append(b, f.Protocol, f.Version, m.Type, m.Flags)
	b = binary.BigEndian.AppendUint32(b, m.ID)
	b = f.appendLength(b, len(m.Body))
	return append(b, m.Body...)
}

// Split cuts a container into its elements. One that runs past it breaks the
// format: nothing after it can be believed.
func (f *Format) Split(b []byte) ([]Element, error) {
	var es []Element
	head := 1 + f.width()
	for len(b) > 0 {
		if len(b) < head {
			return nil, f.Malformed("%d bytes left where an element should begin", len(b))
		}
		tag, n := b[0], f.length(b[1:])
		b = b[head:]
		if uint64(n) > uint64(len(b)) {
			return nil, f.Malformed("%s of %d bytes runs past its container (%d left)", f.Tag(tag), n, len(b))
		}
		es = append(es, Element{tag, b[:n:n]})
		b = b[n:]
	}
	return es, nil
}

// AppendElement writes an element behind b.
func (f *Format) AppendElement(b []byte, tag uint8, value []byte) []byte {
	b = f.appendLength(append(b, tag), len(value))
	return append(b, value...)
}
