package ctlbuild

import (
	"bytes"
	"encoding/binary"
	"time"

	"ctlclient/message"
)

// Tags of header fields, by the names that show ctl prints, misspellings
// included.
const (
	tagVersion            = 1
	tagHeaderLength       = 2
	tagSignerID           = 3 // container of 4, 5, 6
	tagSignerName         = 4
	tagSerialNumber       = 5
	tagCAName             = 6
	tagSignatureInfo      = 7 // container of 8, 9
	tagDigestAlgorithm    = 8
	tagSignatureAlgoInfo  = 9 // container of 10, 11
	tagSignatureAlgorithm = 10
	tagSignatureModulus   = 11
	tagSignature          = 12
	tagPadding            = 13 // a single byte without length
	tagFileName           = 14
	tagTimestamp          = 15
	tagSignerVersion      = 28
)

// headerTags says of each known header field its name, the container that it
// stands in (0: none) and its length (0: any).
var headerTags = [...]headerTag{
	tagVersion:            {"VERSION", 0, 2},
	tagHeaderLength:       {"HEADERLENGTH", 0, 2},
	tagSignerID:           {"SIGNERID", 0, 0},
	tagSignerName:         {"SIGNERNAME", tagSignerID, 0},
	tagSerialNumber:       {"SERIALNUMBER", tagSignerID, 0},
	tagCAName:             {"CANAME", tagSignerID, 0},
	tagSignatureInfo:      {"SIGNATUREINFO", 0, 0},
	tagDigestAlgorithm:    {"DIGESTALGORTITHM", tagSignatureInfo, 1},
	tagSignatureAlgoInfo:  {"SIGNATUREALGOINFO", tagSignatureInfo, 0},
	tagSignatureAlgorithm: {"SIGNATUREALGORTITHM", tagSignatureAlgoInfo, 1},
	tagSignatureModulus:   {"SIGNATUREMODULUS", tagSignatureAlgoInfo, 1},
	tagSignature:          {"SIGNATURE", 0, 0},
	tagFileName:           {"FILENAME", 0, 0},
	tagTimestamp:          {"TIMESTAMP", 0, 4},
	tagSignerVersion:      {"SIGNERVERSION", 0, 2},
}

type headerTag struct {
	name   string
	in     uint8
	length int
}

// tagOfHeader finds a known tag.
func tagOfHeader(tag uint8) (headerTag, bool) {
	if int(tag) >= len(headerTags) || headerTags[tag].name == "" {
		return headerTag{}, false
	}
	return headerTags[tag], true
}

// headerName is a tag's name, empty when it is not known.
func headerName(tag uint8) string {
	known, _ := tagOfHeader(tag)
	return known.name
}

// usualFields is how many fields the headers of Cisco's files have, and a few more.
const usualFields = 18

// modulusBytes is the length of the modulus for each SIGNATUREMODULUS: 512,
// 1024, 2048 and 4096 bits.
var modulusBytes = []int{64, 128, 256, 512}

// Header is a parsed header. Its fields are a view; the bytes that were read
// are kept beside them and are what is verified and written back.
type Header struct {
	Version       [2]byte // major, minor
	Length        int     // HEADERLENGTH: bytes up to the content, padding included
	SignerVersion [2]byte // zero when absent
	SignerName    string
	SerialNumber  []byte
	CAName        string
	Digest        Digest
	SignatureAlg  uint8 // 0: RSA PKCS#1 v1.5
	Modulus       uint8 // 0 512-bit, 1 1024, 2 2048, 3 4096
	Signature     []byte
	FileName      string
	Time          time.Time
	Unknown       []Field          // carried on re-signing
	UnknownInside []ContainedField // the same, inside containers

	raw       []byte
	fields    []headerField // in file order, containers before what is in them
	sigAt     int           // where the SIGNATURE field starts in raw
	sigEnd    int           // and where the next one does
	nameFirst bool          // CANAME stands before SERIALNUMBER
}

// ContainedField is an unknown field inside a container of the header: 3
// SIGNERID, 7 SIGNATUREINFO or 9 SIGNATUREALGOINFO.
type ContainedField struct {
	Container uint8
	Field
}

// headerField is one row of the header as show ctl prints it.
type headerField struct {
	Field
	in uint8
}

// parseHeader reads the header at the start of data. The content begins at
// Length.
func parseHeader(data []byte) (*Header, *FormatError) {
	if len(data) == 0 {
		return nil, &FormatError{Why: message.NewError("the file is empty"), Empty: true}
	}
	if len(data) < tlvHead || data[0] != tagVersion {
		return nil, malformed(0, message.NewError("a signed file begins with a VERSION field; this is none"))
	}
	p := headerParser{data: data, h: &Header{fields: make([]headerField, 0, usualFields)}}
	if err := p.top(); err != nil {
		return nil, err
	}
	p.h.raw = data[:p.h.Length:p.h.Length]
	return p.h, nil
}

// value is the value of a known field, nil when there is none.
func (h *Header) value(tag uint8) []byte {
	for i := range h.fields {
		if f := &h.fields[i]; f.Tag == tag {
			if f.Value == nil {
				return []byte{}
			}
			return f.Value
		}
	}
	return nil
}

type headerParser struct {
	data []byte
	h    *Header
}

// top walks the fields outside containers. The end is known once HEADERLENGTH
// has been read.
func (p *headerParser) top() *FormatError {
	end := len(p.data)
	for pos := 0; pos < end; {
		if p.data[pos] == tagPadding {
			pos++
			continue
		}
		f, next, err := readField(p.data, pos, end)
		if err != nil {
			return err
		}
		if err := p.field(f, 0, pos); err != nil {
			return err
		}
		switch f.Tag {
		case tagHeaderLength:
			end = int(binary.BigEndian.Uint16(f.Value))
			if end < next || end > len(p.data) {
				return malformed(pos+tlvHead, message.Errorf("HEADERLENGTH says %d, outside of %d to %d (the end of the file)", end, next, len(p.data)))
			}
			p.h.Length = end
		case tagSignature:
			p.h.sigAt, p.h.sigEnd = pos, next
		}
		pos = next
	}
	if p.h.value(tagHeaderLength) == nil {
		return malformed(len(p.data), message.NewError("the file ends without a HEADERLENGTH field"))
	}
	return nil
}

// container walks the fields inside one.
func (p *headerParser) container(tag uint8, from, end int) *FormatError {
	for pos := from; pos < end; {
		if p.data[pos] == tagPadding {
			pos++
			continue
		}
		f, next, err := readField(p.data, pos, end)
		if err != nil {
			return err
		}
		if err := p.field(f, tag, pos); err != nil {
			return err
		}
		pos = next
	}
	return nil
}

// field takes in one field that stands at pos inside the container in.
func (p *headerParser) field(f Field, in uint8, pos int) *FormatError {
	h := p.h
	known, ok := tagOfHeader(f.Tag)
	twice := ok && h.value(f.Tag) != nil
	h.fields = append(h.fields, headerField{f, in})
	if !ok {
		if in == 0 {
			h.Unknown = append(h.Unknown, f)
		} else {
			h.UnknownInside = append(h.UnknownInside, ContainedField{in, f})
		}
		return nil
	}
	if known.in != in {
		return malformed(pos, message.Errorf("%s stands in the wrong place", known.name))
	}
	if twice {
		return malformed(pos, message.Errorf("%s stands twice in the header", known.name))
	}
	if known.length != 0 && len(f.Value) != known.length {
		return malformed(pos, message.Errorf("%s is %s long, not %d", known.name, byteCount(len(f.Value)), known.length))
	}
	h.set(f)
	switch f.Tag {
	case tagSignerID, tagSignatureInfo, tagSignatureAlgoInfo:
		return p.container(f.Tag, pos+tlvHead, pos+tlvHead+len(f.Value))
	}
	return nil
}

// set puts a field whose length is right into the view.
func (h *Header) set(f Field) {
	switch f.Tag {
	case tagVersion:
		h.Version = [2]byte(f.Value)
	case tagSignerVersion:
		h.SignerVersion = [2]byte(f.Value)
	case tagSignerName:
		h.SignerName = text(f.Value)
	case tagSerialNumber:
		h.SerialNumber = f.Value
		h.nameFirst = h.value(tagCAName) != nil
	case tagCAName:
		h.CAName = text(f.Value)
	case tagDigestAlgorithm:
		h.Digest = Digest(f.Value[0])
	case tagSignatureAlgorithm:
		h.SignatureAlg = f.Value[0]
	case tagSignatureModulus:
		h.Modulus = f.Value[0]
	case tagSignature:
		h.Signature = f.Value
	case tagFileName:
		h.FileName = text(f.Value)
	case tagTimestamp:
		h.Time = time.Unix(int64(binary.BigEndian.Uint32(f.Value)), 0).UTC()
	}
}

// names reports whether the header names r as its signer: issuer and serial
// number byte for byte, as phones compare them.
func (h *Header) names(r *Record) bool {
	issuer, serial := h.value(tagCAName), h.value(tagSerialNumber)
	return issuer != nil && serial != nil &&
		bytes.Equal(issuer, r.value(tagIssuerName)) &&
		bytes.Equal(serial, r.value(tagRecordSerial))
}

// headerSpec is what a new header is made of.
type headerSpec struct {
	version       [2]byte
	signerVersion [2]byte
	signerName    []byte // values, NUL included
	serial        []byte
	caName        []byte
	nameFirst     bool
	digest        Digest
	modulus       uint8
	fileName      string
	time          time.Time
	unknown       []Field
	unknownInside []ContainedField
}

// build lays the header out without its SIGNATURE field, which belongs at
// sigAt; HEADERLENGTH and padding reckon with it.
func (s headerSpec) build() (header []byte, sigAt int) {
	id := appendField(nil, tagSignerName, s.signerName)
	if s.nameFirst {
		id = appendField(id, tagCAName, s.caName)
		id = appendField(id, tagSerialNumber, s.serial)
	} else {
		id = appendField(id, tagSerialNumber, s.serial)
		id = appendField(id, tagCAName, s.caName)
	}
	id = s.appendInside(id, tagSignerID)

	algo := appendField(nil, tagSignatureAlgorithm, []byte{0})
	algo = appendField(algo, tagSignatureModulus, []byte{s.modulus})
	algo = s.appendInside(algo, tagSignatureAlgoInfo)
	info := appendField(nil, tagDigestAlgorithm, []byte{byte(s.digest)})
	info = appendField(info, tagSignatureAlgoInfo, algo)
	info = s.appendInside(info, tagSignatureInfo)

	b := appendField(nil, tagVersion, s.version[:])
	lengthAt := len(b) + tlvHead
	b = appendField(b, tagHeaderLength, []byte{0, 0})
	if s.signerVersion != [2]byte{} {
		b = appendField(b, tagSignerVersion, s.signerVersion[:])
	}
	b = appendField(b, tagSignerID, id)
	b = appendField(b, tagSignatureInfo, info)
	sigAt = len(b)
	b = appendField(b, tagFileName, textValue(s.fileName))
	b = appendField(b, tagTimestamp, binary.BigEndian.AppendUint32(nil, uint32(s.time.Unix())))
	for _, f := range s.unknown {
		b = appendField(b, f.Tag, f.Value)
	}
	signature := tlvHead + modulusBytes[s.modulus]
	for (len(b)+signature)%4 != 0 {
		b = append(b, tagPadding)
	}
	binary.BigEndian.PutUint16(b[lengthAt:], uint16(len(b)+signature))
	return b, sigAt
}

func (s headerSpec) appendInside(b []byte, container uint8) []byte {
	for _, f := range s.unknownInside {
		if f.Container == container {
			b = appendField(b, f.Tag, f.Value)
		}
	}
	return b
}

// length is the length of the built header with the signature in, reckoned
// without the limits of its u16 fields.
func (s headerSpec) length() int {
	n := 5 + 5 + tlvHead*4 + len(s.signerName) + len(s.serial) + len(s.caName) +
		tlvHead + 15 + tlvHead + modulusBytes[s.modulus] + tlvHead + len(s.fileName) + 1 + tlvHead + 4
	if s.signerVersion != [2]byte{} {
		n += 5
	}
	for _, f := range s.unknown {
		n += tlvHead + len(f.Value)
	}
	for _, f := range s.unknownInside {
		n += tlvHead + len(f.Value)
	}
	return (n + 3) &^ 3
}
