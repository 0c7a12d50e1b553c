package ctlp

import (
	"fmt"
	"io"

	"ctlclient/message"
	"ctlclient/protocol/internal/frame"
)

// format of CTLP: protocol id 86, version 1, lengths of 32 bits.
var format = &frame.Format{
	Protocol: 86, Version: 1, Wide: true,
	Err: ErrProtocol,
	Tag: func(t uint8) string { return tag(t).String() },
}

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
var ErrProtocol = message.NewError("not CTLP as expected")

func protocolError(words string, args ...any) error { return format.Malformed(words, args...) }

// wireMessage is one request or response.
type wireMessage struct {
	typ   messageType
	flags uint8
	id    uint32
	body  []byte
}

// readMessage reads one message whose body has at most limit bytes. The end of the
// connection between two messages is io.EOF, within one io.ErrUnexpectedEOF.
func readMessage(r io.Reader, limit uint32) (wireMessage, error) {
	f, err := format.Read(r, limit)
	return fromFrame(f), err
}

func fromFrame(f frame.Frame) wireMessage {
	return wireMessage{messageType(f.Type), f.Flags, f.ID, f.Body}
}

// bytes is the message as it stands on the wire.
func (m wireMessage) bytes() []byte {
	return format.Bytes(frame.Frame{Type: uint8(m.typ), Flags: m.flags, ID: m.id, Body: m.body})
}
