package ctlbuild

import (
	"bytes"
	"encoding/binary"

	"ctlclient/message"
)

// Field is one TLV as it stands in the file: tag u8, length u16, value.
type Field struct {
	Tag   uint8
	Value []byte
}

// tlvHead is the size of a field's tag and length.
const tlvHead = 3

// appendField writes one TLV. The caller has bounded the value to 65535 bytes.
func appendField(b []byte, tag uint8, value []byte) []byte {
	b = append(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// readField reads the TLV at pos of data[:end] and the position after it.
func readField(data []byte, pos, end int) (Field, int, *FormatError) {
	if end-pos < tlvHead {
		return Field{}, 0, malformed(pos, message.Errorf("only %s left, too few for a field's tag and length", byteCount(end-pos)))
	}
	length := int(binary.BigEndian.Uint16(data[pos+1:]))
	next := pos + tlvHead + length
	if next > end {
		return Field{}, 0, malformed(pos, message.Errorf("field %d is %s long, but only %d are left", data[pos], byteCount(length), end-pos-tlvHead))
	}
	return Field{Tag: data[pos], Value: data[pos+tlvHead : next : next]}, next, nil
}

// text reads a NUL-terminated value. A missing NUL is forgiven, as the length
// says where the text ends.
func text(value []byte) string {
	if i := bytes.IndexByte(value, 0); i >= 0 {
		value = value[:i]
	}
	return string(value)
}

// textValue is the reverse of text. What follows a NUL inside s is cut off: a
// reader would not see it.
func textValue(s string) []byte {
	return append([]byte(text([]byte(s))), 0)
}
