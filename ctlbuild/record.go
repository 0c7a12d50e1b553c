package ctlbuild

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"

	"ctlclient/message"
)

// Tags of record fields, by the names that show ctl prints.
const (
	tagRecordLength = 1
	tagDNSName      = 2
	tagSubjectName  = 3
	tagFunction     = 4
	tagIssuerName   = 5
	tagRecordSerial = 6
	tagPublicKey    = 7
	tagRecordSig    = 8
	tagCertificate  = 9
	tagIPAddress    = 10
	tagCertHash     = 11
	tagHashAlg      = 12
)

var recordTagNames = map[uint8]string{
	tagRecordLength: "RECORDLENGTH",
	tagDNSName:      "DNSNAME",
	tagSubjectName:  "SUBJECTNAME",
	tagFunction:     "FUNCTION",
	tagIssuerName:   "ISSUERNAME",
	tagRecordSerial: "SERIALNUMBER",
	tagPublicKey:    "PUBLICKEY",
	tagRecordSig:    "SIGNATURE",
	tagCertificate:  "CERTIFICATE",
	tagIPAddress:    "IPADDRESS",
	tagCertHash:     "CERTHASH",
	tagHashAlg:      "HASH ALGORITHM",
}

// recordHead is the size of RECORDLENGTH, tag and length included.
const recordHead = tlvHead + 2

// maxRecord is what RECORDLENGTH can say.
const maxRecord = 0xFFFF

// Record is one record of a trust list. Fields hold the truth, in file order;
// the methods are views on them.
type Record struct {
	Fields []Field // RECORDLENGTH left out
}

// recordBounds reads the head of the record at pos: where its fields begin, and its end.
func recordBounds(data []byte, pos int) (body, end int, err *FormatError) {
	head, body, err := readField(data, pos, len(data))
	if err != nil {
		return 0, 0, err
	}
	if head.Tag != tagRecordLength || len(head.Value) != 2 {
		return 0, 0, malformed(pos, message.Errorf("a record begins with a RECORDLENGTH of 2 bytes, not with field %d of %d", head.Tag, len(head.Value)))
	}
	length := int(binary.BigEndian.Uint16(head.Value))
	end = pos + length
	if length < recordHead || end > len(data) {
		return 0, 0, malformed(pos+tlvHead, message.Errorf("RECORDLENGTH says %d, outside of %d to %d (the end of the file)", length, recordHead, len(data)-pos))
	}
	return body, end, nil
}

// parseRecord reads the record at pos and the position after it. Its fields are put into
// space as far as that reaches.
func parseRecord(data []byte, pos int, space []Field) (Record, int, *FormatError) {
	body, end, err := recordBounds(data, pos)
	if err != nil {
		return Record{}, 0, err
	}
	r := Record{Fields: space}
	var seen [tagHashAlg + 1]bool
	for at := body; at < end; {
		f, next, err := readField(data, at, end)
		if err != nil {
			return Record{}, 0, err
		}
		if f.Tag >= tagRecordLength && f.Tag <= tagHashAlg {
			if seen[f.Tag] || f.Tag == tagRecordLength {
				return Record{}, 0, malformed(at, message.Errorf("%s stands twice in the record", recordTagNames[f.Tag]))
			}
			seen[f.Tag] = true
			if f.Tag == tagFunction && len(f.Value) != 2 && len(f.Value) != 0 {
				return Record{}, 0, malformed(at, message.Errorf("%s is %s long, not %d", "FUNCTION", byteCount(len(f.Value)), 2))
			}
		}
		r.Fields = append(r.Fields, f)
		at = next
	}
	return r, end, nil
}

// value is the value of the first field with the tag, nil when there is none.
func (r *Record) value(tag uint8) []byte {
	for _, f := range r.Fields {
		if f.Tag == tag {
			if f.Value == nil {
				return []byte{}
			}
			return f.Value
		}
	}
	return nil
}

// set replaces a field's value or appends the field.
func (r *Record) set(tag uint8, value []byte) {
	for i := range r.Fields {
		if r.Fields[i].Tag == tag {
			r.Fields[i].Value = value
			return
		}
	}
	r.Fields = append(r.Fields, Field{tag, value})
}

// DNSName is the host name or address; empty in a token's record, a blank in
// an ITL.
func (r *Record) DNSName() string { return text(r.value(tagDNSName)) }

// SubjectName is the certificate's subject as the list writes it.
func (r *Record) SubjectName() string { return text(r.value(tagSubjectName)) }

// IssuerName is the certificate's issuer as the list writes it.
func (r *Record) IssuerName() string { return text(r.value(tagIssuerName)) }

// Function is the role, NoFunction when the record has none.
func (r *Record) Function() Function {
	if v := r.value(tagFunction); len(v) == 2 {
		return Function(binary.BigEndian.Uint16(v))
	}
	return NoFunction
}

// SerialNumber is the certificate's serial number as the list writes it: least
// significant byte first in a token's record.
func (r *Record) SerialNumber() []byte { return r.value(tagRecordSerial) }

// PublicKey is a PKCS#1 RSAPublicKey in DER, or an uncompressed curve point.
func (r *Record) PublicKey() []byte { return r.value(tagPublicKey) }

// Signature is the issuer's signature on the certificate, nil when absent.
func (r *Record) Signature() []byte { return r.value(tagRecordSig) }

// Certificate is the DER of the certificate, nil when absent.
func (r *Record) Certificate() []byte { return r.value(tagCertificate) }

// CertHash is the digest that an ITL has in place of a certificate, nil when
// absent.
func (r *Record) CertHash() ([]byte, Digest) {
	hash := r.value(tagCertHash)
	if alg := r.value(tagHashAlg); hash != nil && len(alg) == 1 {
		return hash, Digest(alg[0])
	}
	return hash, 0
}

// IP is the address; false when the record has none, as in an ITL.
func (r *Record) IP() (netip.Addr, bool) { return netip.AddrFromSlice(r.value(tagIPAddress)) }

// Len is RECORDLENGTH: the size of the whole record in bytes.
func (r *Record) Len() int {
	n := recordHead
	for _, f := range r.Fields {
		n += tlvHead + len(f.Value)
	}
	return n
}

// Bytes is the record as it stands in a file.
func (r *Record) Bytes() []byte { return r.appendTo(make([]byte, 0, r.Len())) }

func (r *Record) appendTo(b []byte) []byte {
	b = appendField(b, tagRecordLength, binary.BigEndian.AppendUint16(nil, uint16(r.Len())))
	for _, f := range r.Fields {
		b = appendField(b, f.Tag, f.Value)
	}
	return b
}

// IsStub reports the stub of a non-secure cluster's server: nothing but
// DNSNAME, FUNCTION and IPADDRESS.
func (r *Record) IsStub() bool {
	for _, f := range r.Fields {
		if f.Tag != tagDNSName && f.Tag != tagFunction && f.Tag != tagIPAddress {
			return false
		}
	}
	return r.Function().IsServer()
}

// IsToken tells a hardware token's SAST record, which has no DNSNAME, from
// CallManager or ITLRecovery written as SAST. The blank DNSNAME of an ITL is no
// token's.
func (r *Record) IsToken() bool {
	return r.Function() == SAST && len(r.value(tagDNSName)) <= 1 && r.DNSName() == ""
}

// IsRecovery tells an ITLRecovery record by its common name.
func (r *Record) IsRecovery() bool { return IsRecoveryName(r.CN()) }

// IsRecoveryName tells ITLRecovery's certificate by the common name that CUCM gives it,
// ITLRECOVERY_<host>.
func IsRecoveryName(cn string) bool {
	return strings.HasPrefix(strings.ToUpper(cn), "ITLRECOVERY")
}

// isBlank reports an entry without key, certificate or hash.
func (r *Record) isBlank() bool {
	return len(r.PublicKey()) == 0 && len(r.Certificate()) == 0 && len(r.value(tagCertHash)) == 0
}

// MatchesCertificate reports whether the record stands for the certificate: by
// its CERTIFICATE, or by its CERTHASH over der.
func (r *Record) MatchesCertificate(der []byte) bool {
	if len(der) == 0 {
		return false
	}
	if own := r.Certificate(); own != nil {
		return bytes.Equal(own, der)
	}
	want, digest := r.CertHash()
	hash, ok := digest.Hash()
	if !ok || len(want) != hash.Size() {
		return false
	}
	h := hash.New()
	h.Write(der)
	return bytes.Equal(h.Sum(nil), want)
}

// CN is the common name in SUBJECTNAME without quotes and padding blanks;
// empty when there is none.
func (r *Record) CN() string { return CommonName(r.SubjectName()) }

// clone copies the record so deeply that a change of one does not show in the
// other.
func (r *Record) clone() Record {
	c := Record{Fields: make([]Field, len(r.Fields))}
	for i, f := range r.Fields {
		c.Fields[i] = Field{f.Tag, bytes.Clone(f.Value)}
	}
	return c
}
