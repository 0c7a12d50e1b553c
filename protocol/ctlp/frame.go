package ctlp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The frame: 12 bytes, big-endian, then the body.
//
//	protocol id u8 (86), version u8 (1), message type u8, flags u8 (0),
//	request id u32, length of the body u32
const (
	protocolID = 86
	version    = 1
	headerSize = 12
)

// Limits of a body, in bytes.
const (
	limitBeforeLogin = 4 << 10
	limitAfterLogin  = 1 << 20
)

// MaxFile is the longest file, in bytes, that fits into a message with all the
// elements that stand beside it.
const MaxFile = limitAfterLogin - 1024

// messageType of a frame; a response is its request + 1.
type messageType uint8

const (
	typeLogin       messageType = 1
	typeCluster     messageType = 3
	typeCredentials messageType = 5
	typeGet         messageType = 7
	typeStage       messageType = 9
	typeCommit      messageType = 11
	typeAbort       messageType = 13
	typeDelete      messageType = 15
	typeSetMode     messageType = 17
	typeLogout      messageType = 19
)

var typeNames = map[messageType]string{
	typeLogin:       "LOGIN",
	typeCluster:     "CLUSTER",
	typeCredentials: "CREDENTIALS",
	typeGet:         "GET",
	typeStage:       "STAGE",
	typeCommit:      "COMMIT",
	typeAbort:       "ABORT",
	typeDelete:      "DELETE",
	typeSetMode:     "SET_MODE",
	typeLogout:      "LOGOUT",
}

func (t messageType) String() string {
	if s, ok := typeNames[t]; ok {
		return s
	}
	if s, ok := typeNames[t-1]; ok {
		return s + " response"
	}
	return fmt.Sprintf("message type %d", uint8(t))
}

// response is the type that answers t.
func (t messageType) response() messageType { return t + 1 }

// ErrProtocol is a peer that does not follow the format: the connection is of no
// further use.
var ErrProtocol = errors.New("not CTLP as expected")

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

type frame struct {
	typ   messageType
	flags uint8
	id    uint32
	body  []byte
}

// readFrame reads one frame whose body has at most limit bytes. The end of the
// connection between two frames is io.EOF, within one io.ErrUnexpectedEOF.
func readFrame(r io.Reader, limit uint32) (frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return frame{}, err
	}
	if h[0] != protocolID || h[1] != version {
		return frame{}, protocolError("protocol id %d, version %d instead of %d, %d", h[0], h[1], protocolID, version)
	}
	n := binary.BigEndian.Uint32(h[8:])
	if n > limit {
		return frame{}, protocolError("a body of %d bytes, at most %d are allowed", n, limit)
	}
	f := frame{
		typ:   messageType(h[2]),
		flags: h[3],
		id:    binary.BigEndian.Uint32(h[4:]),
		body:  make([]byte, n),
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
	b = append(b, protocolID, version, byte(f.typ), f.flags)
	b = binary.BigEndian.AppendUint32(b, f.id)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.body)))
	return append(b, f.body...)
}
