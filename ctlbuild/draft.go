package ctlbuild

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"ctlclient/message"
)

// Draft is a list being edited; nothing of it is signed yet.
type Draft struct {
	FileName      string    // NewDraft: CTLFile.tlv
	Digest        Digest    // as the edited list; NewDraft: SHA-1, which every phone reads
	Time          time.Time // zero: the moment of signing
	SignerVersion [2]byte
	NameFirst     bool        // inside SIGNERID: false = name, serial number, issuer (Cisco), true = name, issuer, serial number
	SerialOrder   SerialOrder // for new token records
	Dialect       Dialect     // for new server records
	Records       []Record
	Unknown       []Field          // of the header
	UnknownInside []ContainedField // of the header's containers

	version [2]byte
	origin  []Record // of the list that is edited: what numbers and written names refer to
}

// NewDraft starts from nothing.
func NewDraft() *Draft {
	return &Draft{FileName: CTLFileName, Digest: SHA1, version: [2]byte{1, 2}}
}

// Edit starts from a list. Records are kept byte for byte, also those that are
// not understood, and so are unknown fields of the header. The list does not
// change with the draft.
func Edit(l *List) *Draft {
	h := &l.Header
	d := &Draft{
		FileName:      h.FileName,
		Digest:        h.Digest,
		SignerVersion: h.SignerVersion,
		NameFirst:     h.nameFirst,
		Unknown:       slices.Clone(h.Unknown),
		UnknownInside: slices.Clone(h.UnknownInside),
		version:       h.Version,
	}
	if d.FileName == "" {
		d.FileName = NewDraft().FileName
	}
	if _, known := d.Digest.Hash(); !known {
		d.Digest = SHA1
	}
	for i := range l.Records {
		r := &l.Records[i]
		d.Records = append(d.Records, r.clone())
		d.origin = append(d.origin, r.clone())
		if r.Function().IsServer() && r.Signature() != nil {
			d.Dialect = DialectTokenless
		}
	}
	return d
}

// Add appends a record for e. When a record of the same function holds the
// certificate already, it is kept as it is and added is false. A certificate
// that has a record of another function, or had one in the list that is
// edited, keeps the names and serial number written there. The record takes the
// place of a stub of the same function and server.
func (d *Draft) Add(e Entry) (added bool, err error) {
	c, err := ParseCertificate(e.Certificate)
	if err != nil {
		return false, err
	}
	r, err := e.record(c)
	if err != nil {
		return false, err
	}
	for i := range d.Records {
		if o := &d.Records[i]; o.Function() == e.Function && o.MatchesCertificate(c.DER) {
			return false, nil
		}
	}
	if o := d.written(c.DER); o != nil {
		for _, tag := range []uint8{tagSubjectName, tagIssuerName, tagRecordSerial} {
			if v := o.value(tag); v != nil {
				r.set(tag, bytes.Clone(v))
			}
		}
	}
	if i := d.stubOf(&r); i >= 0 {
		d.Records[i] = r
		return true, nil
	}
	if len(d.Records) >= MaxRecords {
		return false, message.Errorf("the list has %d records already, the most that it can", len(d.Records))
	}
	d.Records = append(d.Records, r)
	return true, nil
}

// written finds a record that holds the certificate, in the draft or in the
// list that it came from.
func (d *Draft) written(der []byte) *Record {
	for _, records := range [][]Record{d.Records, d.origin} {
		for i := range records {
			if records[i].MatchesCertificate(der) {
				return &records[i]
			}
		}
	}
	return nil
}

// stubOf finds the stub of r's server, -1 when there is none.
func (d *Draft) stubOf(r *Record) int {
	return slices.IndexFunc(d.Records, func(o Record) bool {
		return o.IsStub() && o.Function() == r.Function() && (SameHost(o.DNSName(), r.DNSName()) || sameAddress(&o, r))
	})
}

func sameAddress(a, b *Record) bool {
	x, ok1 := a.IP()
	y, ok2 := b.IP()
	return ok1 && ok2 && x == y && !x.IsUnspecified()
}

// AddToken adds a token's certificate as SAST, written as the CTL Client writes
// it.
func (d *Draft) AddToken(certDER []byte) (bool, error) {
	return d.Add(Entry{Function: SAST, Certificate: certDER, Token: true, SerialOrder: d.SerialOrder})
}

// AddTFTP adds an alternate TFTP server.
func (d *Draft) AddTFTP(certDER []byte, host string, ip netip.Addr) (bool, error) {
	return d.Add(Entry{Function: TFTP, Certificate: certDER, Host: host, IP: ip, Dialect: d.Dialect})
}

// AddFirewall adds a firewall, which is listed as CCM.
func (d *Draft) AddFirewall(certDER []byte, host string, ip netip.Addr) (bool, error) {
	return d.Add(Entry{Function: CCM, Certificate: certDER, Host: host, IP: ip, Dialect: d.Dialect})
}

// Remove takes out the records that a selector names, as [Select] reads it; numbers are
// those shown for the list that is edited, and do not change while records are removed. A
// server's CCM+TFTP and CAPF, which have one host, go together. What was removed is
// returned.
func (d *Draft) Remove(selector string) ([]Record, error) {
	found, err := d.selection().find(selector)
	if err != nil {
		return nil, err
	}
	var removed []Record
	kept := d.Records[:0:0]
	for i, r := range d.Records {
		if slices.Contains(found, i) {
			removed = append(removed, r)
		} else {
			kept = append(kept, r)
		}
	}
	d.Records = kept
	return removed, nil
}

// selection is the draft's records under the numbers of the list that is edited.
func (d *Draft) selection() selection {
	if d.origin == nil {
		return selection{records: d.Records, shown: len(d.Records)}
	}
	s := selection{records: d.Records, numbers: make([]int, len(d.Records)), shown: len(d.origin)}
	for n := range d.origin {
		want := d.origin[n].Bytes()
		for i := range d.Records {
			if s.numbers[i] == 0 && bytes.Equal(d.Records[i].Bytes(), want) {
				s.numbers[i] = n + 1
				break
			}
		}
	}
	return s
}

// RemoveAt takes out the record at an index of Records.
func (d *Draft) RemoveAt(i int) (Record, error) {
	if i < 0 || i >= len(d.Records) {
		return Record{}, &SelectorError{Selector: strconv.Itoa(i + 1), Records: len(d.Records)}
	}
	r := d.Records[i]
	d.Records = slices.Delete(d.Records, i, i+1)
	return r, nil
}

// NonSecure strips every server record (CCM, CCM+TFTP, TFTP) to its DNSNAME,
// FUNCTION and IPADDRESS, 33 bytes for a name of 12 characters. SAST and CAPF
// records stay as they are.
func (d *Draft) NonSecure() {
	for i := range d.Records {
		r := &d.Records[i]
		if !r.Function().IsServer() {
			continue
		}
		kept := r.Fields[:0:0]
		for _, f := range r.Fields {
			if f.Tag == tagDNSName || f.Tag == tagFunction || f.Tag == tagIPAddress {
				kept = append(kept, f)
			}
		}
		r.Fields = kept
	}
}
