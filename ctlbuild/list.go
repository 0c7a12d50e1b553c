package ctlbuild

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"slices"

	"ctlclient/message"
)

// List is a parsed CTL or ITL. Header and Records are to be read; to change a
// list, [Edit] it and [Sign] the draft.
type List struct {
	Header  Header
	Records []Record

	raw []byte
}

// Parse reads a trust list. Every error is a *FormatError. The list keeps data,
// which must not be changed from then on.
func Parse(data []byte) (*List, error) {
	if len(data) > MaxFile {
		return nil, malformed(MaxFile, message.Errorf("the file is longer than %d bytes", MaxFile))
	}
	data = slices.Clip(data)
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	return (&Envelope{Header: *h, raw: data}).List()
}

// parseRecords reads the records from pos to the end of data.
func parseRecords(data []byte, pos int) ([]Record, *FormatError) {
	count, fields := countRecords(data, pos)
	records, space := make([]Record, 0, count), make([]Field, 0, fields)
	for pos < len(data) {
		if len(records) == MaxRecords {
			return nil, malformed(pos, message.Errorf("the file has more than %d records", MaxRecords))
		}
		r, next, err := parseRecord(data, pos, space[len(space):])
		if err != nil {
			return nil, err
		}
		space = space[:len(space)+len(r.Fields)]
		r.Fields = slices.Clip(r.Fields) // what is appended to a record must not reach the next
		records = append(records, r)
		pos = next
	}
	return records, nil
}

// countRecords gives how many records and fields there are from pos on, as far as their
// lengths hold, so that space for all of them is made at once.
func countRecords(data []byte, pos int) (records, fields int) {
	for pos < len(data) && records < MaxRecords {
		body, end, err := recordBounds(data, pos)
		if err != nil {
			break
		}
		for body < end {
			_, next, err := readField(data, body, end)
			if err != nil {
				return records, fields
			}
			body = next
			fields++
		}
		records++
		pos = end
	}
	return records, fields
}

// Bytes is what was parsed, byte for byte. The caller must not change it.
func (l *List) Bytes() []byte { return l.raw }

// Kind is KindCTL or KindITL. Both are records of one form: FILENAME tells them apart, and
// where it is another's (builders for open-source call servers write any), the list is an
// ITL when it holds what a CTL of Cisco's never does, TVS records or hashes in place of
// certificates.
func (l *List) Kind() Kind {
	if k, ok := kindByName(l.Header.FileName); ok {
		return k
	}
	return kindByRecords(l.Records)
}

func kindByRecords(records []Record) Kind {
	for i := range records {
		if r := &records[i]; r.Function() == TVS || r.value(tagCertHash) != nil {
			return KindITL
		}
	}
	return KindCTL
}

// MD5 is the checksum of the file that phones and show ctl display, in lower
// case hex.
func (l *List) MD5() string {
	sum := md5.Sum(l.raw)
	return hex.EncodeToString(sum[:])
}

// SHA1 is the other checksum that phones and show ctl display.
func (l *List) SHA1() string {
	sum := sha1.Sum(l.raw)
	return hex.EncodeToString(sum[:])
}

// IsEmptyRollback reports the ITL that "Prepare Cluster for Rollback to Pre
// 8.0" leaves: signed, with the entries of all roles but SAST blank or gone.
func (l *List) IsEmptyRollback() bool {
	if l.Kind() != KindITL {
		return false
	}
	for i := range l.Records {
		if r := &l.Records[i]; r.Function() != SAST && !r.isBlank() {
			return false
		}
	}
	return true
}

// NonSecure reports a list of a non-secure cluster: it has servers, and every one is a
// stub. A phone that holds it takes its servers for non-secure ones.
func (l *List) NonSecure() bool {
	servers := 0
	for i := range l.Records {
		if r := &l.Records[i]; r.Function().IsServer() {
			if !r.IsStub() {
				return false
			}
			servers++
		}
	}
	return servers > 0
}

// IsCallManager tells CallManager written as SAST: neither a token nor ITLRecovery, and its
// certificate is a server's as well.
func (l *List) IsCallManager(r *Record) bool {
	der := r.Certificate()
	return len(der) > 0 && !r.IsRecovery() && !r.IsToken() && slices.ContainsFunc(l.Records, func(o Record) bool {
		return o.Function().IsServer() && bytes.Equal(o.Certificate(), der)
	})
}

// Tokenless reports that no SAST record is a hardware token's.
func (l *List) Tokenless() bool {
	for _, r := range l.SAST() {
		if r.IsToken() {
			return false
		}
	}
	return true
}

// SAST lists the SAST records.
func (l *List) SAST() []*Record {
	var rs []*Record
	for i := range l.Records {
		if l.Records[i].Function() == SAST {
			rs = append(rs, &l.Records[i])
		}
	}
	return rs
}

// Signer finds the SAST record that the header names, by the bytes of issuer
// and serial number. The index counts from 0 and is -1 when there is none.
// Where several records answer to the names, it is the one whose key made the
// signature, or else the first.
func (l *List) Signer() (*Record, int) {
	candidates := l.signerCandidates(func(f Function) bool { return f == SAST })
	switch len(candidates) {
	case 0:
		return nil, -1
	case 1:
		return &l.Records[candidates[0]], candidates[0]
	}
	best := candidates[0]
	if v := l.Verify(); v.OK {
		best = v.Signer
	}
	return &l.Records[best], best
}

// signerCandidates are the records of the wanted functions that the header
// names.
func (l *List) signerCandidates(want func(Function) bool) []int {
	return candidates(&l.Header, l.Records, want)
}

func candidates(h *Header, records []Record, want func(Function) bool) []int {
	var found []int
	for i := range records {
		if r := &records[i]; want(r.Function()) && h.names(r) {
			found = append(found, i)
		}
	}
	return found
}
