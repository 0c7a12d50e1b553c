package ctlp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ctlclient/protocol/internal/frame"
)

// tag of an element: tag u8, length u32, value.
type tag uint8

const (
	tagStatus       tag = 1  // u16; first in every response
	tagMessage      tag = 2  // text for a person
	tagUserName     tag = 3  // text
	tagPassword     tag = 4  // text
	tagClient       tag = 5  // text, name and version
	tagServer       tag = 6  // text, name and version
	tagSecurityMode tag = 7  // u8: 0 non-secure, 1 mixed
	tagNode         tag = 8  // container
	tagNodeName     tag = 9  // text, host name
	tagNodeAddress  tag = 10 // text, IP address
	tagNodeRole     tag = 11 // u8: 0 publisher, 1 subscriber
	tagService      tag = 12 // u8, repeated
	tagCredential   tag = 13 // container
	tagFunction     tag = 14 // u16
	tagCertificate  tag = 15 // DER
	tagFileName     tag = 16 // text: a base name
	tagFileData     tag = 17 // bytes
	tagFileSHA256   tag = 18 // 32 bytes
	tagFilePath     tag = 19 // text, to show
	tagFileTime     tag = 20 // u64: seconds since 1970
	tagStage        tag = 21 // 16 bytes
	tagRetryAfter   tag = 22 // u32 seconds
	tagExpectSHA256 tag = 23 // 32 bytes; all zero: expect no such file
)

var tagNames = map[tag]string{
	tagStatus:       "STATUS",
	tagMessage:      "MESSAGE",
	tagUserName:     "USERNAME",
	tagPassword:     "PASSWORD",
	tagClient:       "CLIENT",
	tagServer:       "SERVER",
	tagSecurityMode: "SECURITY_MODE",
	tagNode:         "NODE",
	tagNodeName:     "NODE_NAME",
	tagNodeAddress:  "NODE_ADDRESS",
	tagNodeRole:     "NODE_ROLE",
	tagService:      "SERVICE",
	tagCredential:   "CREDENTIAL",
	tagFunction:     "FUNCTION",
	tagCertificate:  "CERTIFICATE",
	tagFileName:     "FILE_NAME",
	tagFileData:     "FILE_DATA",
	tagFileSHA256:   "FILE_SHA256",
	tagFilePath:     "FILE_PATH",
	tagFileTime:     "FILE_TIME",
	tagStage:        "STAGE",
	tagRetryAfter:   "RETRY_AFTER",
	tagExpectSHA256: "EXPECT_SHA256",
}

func (t tag) String() string {
	if s, ok := tagNames[t]; ok {
		return s
	}
	return fmt.Sprintf("element %d", uint8(t))
}

// maxTime is the last second of the year 9999, what a time is shown as at most.
const maxTime = 253402300799

// elements are the elements of one container in their order. The getters take
// the first element of a tag and skip all others; the first that is missing or
// of the wrong length is kept in err, and what is read after it is zero: read
// straight down, check err once.
type elements struct {
	list []frame.Element
	err  error
}

// parse splits a container. An element that runs past it is ErrProtocol: nothing
// after it can be believed.
func parse(b []byte) (*elements, error) {
	list, err := format.Split(b)
	if err != nil {
		return nil, err
	}
	return &elements{list: list}, nil
}

func (es *elements) fail(words string, args ...any) {
	if es.err == nil {
		es.err = fmt.Errorf(words, args...)
	}
}

func (es *elements) find(t tag) ([]byte, bool) {
	if es.err != nil {
		return nil, false
	}
	for _, e := range es.list {
		if tag(e.Tag) == t {
			return e.Value, true
		}
	}
	return nil, false
}

// bytes is the value of a required element.
func (es *elements) bytes(t tag) []byte {
	v, ok := es.find(t)
	if !ok {
		es.fail("%v is missing", t)
	}
	return v
}

// fixed is the value of a required element of n bytes; always n bytes long.
func (es *elements) fixed(t tag, n int) []byte {
	v := es.bytes(t)
	if len(v) == n {
		return v
	}
	es.fail("%v has %d bytes instead of %d", t, len(v), n)
	return make([]byte, n)
}

func (es *elements) u8(t tag) uint8   { return es.fixed(t, 1)[0] }
func (es *elements) u16(t tag) uint16 { return binary.BigEndian.Uint16(es.fixed(t, 2)) }

func (es *elements) digest(t tag) [32]byte { return [32]byte(es.fixed(t, 32)) }

func (es *elements) time(t tag) time.Time {
	n := binary.BigEndian.Uint64(es.fixed(t, 8))
	if n > maxTime {
		es.fail("%v is after the year 9999", t)
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// name is text that people read and lists repeat: what a terminal would obey, and
// what looks like a line of its own, is refused.
func (es *elements) name(t tag) string {
	s := es.text(t)
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		es.fail("%v has a character that cannot be printed", t)
		return ""
	}
	return s
}

// text is a required text: UTF-8 without NUL.
func (es *elements) text(t tag) string {
	v := es.bytes(t)
	if !isText(v) {
		es.fail("%v is not text", t)
		return ""
	}
	return string(v)
}

// optionalText is "" where the element is missing.
func (es *elements) optionalText(t tag) string {
	if _, ok := es.find(t); !ok {
		return ""
	}
	return es.text(t)
}

// flag is a u8 that is 0 or 1.
func (es *elements) flag(t tag) bool {
	v := es.u8(t)
	if v > 1 {
		es.fail("%v is %d instead of 0 or 1", t, v)
	}
	return v == 1
}

func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

// builder writes elements one after the other.
type builder []byte

func (b *builder) bytes(t tag, v []byte) {
	*b = format.AppendElement(*b, uint8(t), v)
}

// text writes what may come from outside as text: invalid bytes become U+FFFD, a
// NUL is left out.
func (b *builder) text(t tag, s string) {
	b.bytes(t, []byte(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")))
}

func (b *builder) u8(t tag, v uint8)   { b.bytes(t, []byte{v}) }
func (b *builder) u16(t tag, v uint16) { b.bytes(t, binary.BigEndian.AppendUint16(nil, v)) }
func (b *builder) u32(t tag, v uint32) { b.bytes(t, binary.BigEndian.AppendUint32(nil, v)) }
func (b *builder) u64(t tag, v uint64) { b.bytes(t, binary.BigEndian.AppendUint64(nil, v)) }

func (b *builder) flag(t tag, v bool) {
	if v {
		b.u8(t, 1)
	} else {
		b.u8(t, 0)
	}
}

// expect writes EXPECT_SHA256; nil is "no such file".
func (b *builder) expect(sum *[32]byte) {
	if sum == nil {
		sum = new([32]byte)
	}
	b.bytes(tagExpectSHA256, sum[:])
}
