package host

import (
	"encoding/binary"
	"io"

	"ctlclient/message"
)

const (
	protocolVersion = 1
	maxFrame        = 1 << 20 // bytes of one message
	maxFields       = 4096    // numbers, or byte strings, of one message
)

// failed is the code of an answer that is no CK_RV: its one byte string is a text.
const failed = 1 << 63

// packet is a request or an answer.
type packet struct {
	code  uint64
	nums  []uint64
	blobs [][]byte
}

var errMessage = message.NewError("not a message of the module host")

// append writes the message as the standard fields: code (8 bytes), number of
// numbers (2), numbers (8 each), number of byte strings (2), each with its length (4).
func (m packet) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, m.code)
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.nums)))
	for _, n := range m.nums {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.blobs)))
	for _, s := range m.blobs {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// size of the message in bytes.
func (m packet) size() int {
	n := 8 + 2 + 8*len(m.nums) + 2
	for _, s := range m.blobs {
		n += 4 + len(s)
	}
	return n
}

// parseMessage reads a message; its byte strings lie in b.
func parseMessage(b []byte) (packet, error) {
	r := reader{b: b}
	m := packet{code: r.number(8)}
	for range r.count() {
		m.nums = append(m.nums, r.number(8))
	}
	for range r.count() {
		m.blobs = append(m.blobs, r.take(r.number(4)))
	}
	if r.bad || len(r.b) > 0 {
		return packet{}, errMessage
	}
	return m, nil
}

// reader takes fields off the front of b; once bad it stays so.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

func (r *reader) number(size uint64) (n uint64) {
	for _, c := range r.take(size) {
		n = n<<8 | uint64(c)
	}
	return n
}

func (r *reader) count() uint64 {
	n := r.number(2)
	if n > maxFields {
		r.bad = true
	}
	if r.bad {
		return 0
	}
	return n
}

// writeMessage writes one frame with one Write, and wipes what it wrote.
func writeMessage(w io.Writer, m packet) error {
	n := m.size()
	if n > maxFrame || len(m.nums) > maxFields || len(m.blobs) > maxFields {
		return message.Errorf("a message of %d bytes, %d numbers, %d texts is too long", n, len(m.nums), len(m.blobs))
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+n), uint32(n))
	frame = m.append(frame)
	defer clear(frame)
	_, err := w.Write(frame)
	return err
}

// readMessage reads one frame. The message lies in frame, which the caller wipes.
// io.EOF says that the other side has closed between messages.
func readMessage(r io.Reader) (m packet, frame []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return packet{}, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return packet{}, nil, errMessage
	}
	frame = make([]byte, n)
	if _, err := io.ReadFull(r, frame); err != nil {
		clear(frame)
		return packet{}, nil, err
	}
	m, err = parseMessage(frame)
	return m, frame, err
}
