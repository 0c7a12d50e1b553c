package ctlbuild

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"ctlclient/message"
)

// Finding is something odd about a list that does not keep it from being read: what a person
// should know before relying on it.
type Finding struct {
	Record int // number as shown, from 1; 0: the header
	message.Message
}

var (
	foundName = message.Define("list.finding.name",
		"The header gives the file the name {name}; nodes serve it as {usual}. Phones go by the content.")
	foundNoName      = message.Define("list.finding.no-name", "The header gives the file no name; nodes serve it as {usual}.")
	foundAddress     = message.Define("list.finding.address", "IPADDRESS is {length} {length|byte|bytes} long, not 4 or 16: {value}.")
	foundCertificate = message.Define("list.finding.certificate", "The certificate cannot be read: {why}.")
	foundKey         = message.Define("list.finding.key", "PUBLICKEY is not the key of the certificate.")
	foundSerial      = message.Define("list.finding.serial",
		"SERIALNUMBER, {written}, is not that of the certificate, {serial}, in either byte order.")
	foundHash       = message.Define("list.finding.hash", "CERTHASH is {length} {length|byte|bytes} long, which no digest {algorithm} is.")
	foundNoFunction = message.Define("list.finding.no-function", "The record has no FUNCTION, so it is of no use to a phone.")
	foundNothing    = message.Define("list.finding.empty", "The file has no records: a phone takes nothing from it and keeps what it has.")
)

// Findings tells what is odd about the list, in the order of the file. Whether it verifies,
// and what its signer and its dates are good for, is told elsewhere.
func (l *List) Findings() []Finding {
	var found []Finding
	if usual, name := l.Kind().FileName(), l.Header.FileName; name == "" {
		found = append(found, Finding{Message: foundNoName.With("usual", usual)})
	} else if _, known := kindByName(name); !known {
		found = append(found, Finding{Message: foundName.With("name", Printable(name), "usual", usual)})
	}
	if len(l.Records) == 0 {
		found = append(found, Finding{Message: foundNothing.With()})
	}
	for i := range l.Records {
		for _, m := range l.Records[i].findings() {
			found = append(found, Finding{Record: i + 1, Message: m})
		}
	}
	return found
}

func (r *Record) findings() []message.Message {
	var found []message.Message
	if r.Function() == NoFunction {
		found = append(found, foundNoFunction.With())
	}
	if v := r.value(tagIPAddress); v != nil && len(v) != 4 && len(v) != 16 {
		found = append(found, foundAddress.With("length", len(v), "value", emptyOr(joinHex(v, " "))))
	}
	if hash, digest := r.CertHash(); hash != nil {
		if h, ok := digest.Hash(); !ok || h.Size() != len(hash) {
			found = append(found, foundHash.With("length", len(hash), "algorithm", digest.String()))
		}
	}
	if der := r.Certificate(); der != nil {
		found = append(found, r.certificateFindings(der)...)
	}
	return found
}

func (r *Record) certificateFindings(der []byte) []message.Message {
	c, err := ParseCertificate(der)
	if err != nil {
		return []message.Message{foundCertificate.With("why", whyUnreadable(err))}
	}
	var found []message.Message
	if key := r.PublicKey(); len(key) > 0 && !bytes.Equal(key, c.RawPublicKey) {
		found = append(found, foundKey.With())
	}
	if serial := r.SerialNumber(); serial != nil {
		reversed := slices.Clone(serial)
		slices.Reverse(reversed)
		if !bytes.Equal(unpadded(serial), c.Serial) && !bytes.Equal(unpadded(reversed), c.Serial) {
			found = append(found, foundSerial.With("written", emptyOr(colonHex(serial)), "serial", colonHex(c.Serial)))
		}
	}
	return found
}

// whyUnreadable is why a certificate cannot be read, without the word certificate before it.
func whyUnreadable(err error) error {
	if cause := errors.Unwrap(errors.Unwrap(err)); cause != nil { // of the phrase, of what fmt made of it
		return cause
	}
	return err
}

// unpadded is a serial number without leading zero bytes; zero itself is one.
func unpadded(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func emptyOr(s string) string {
	if s == "" {
		return "(empty)"
	}
	return s
}

// Find gives the indexes of all records that have a host, an address or a whole common name.
func (l *List) Find(name string) []int {
	name = strings.TrimSpace(name)
	s := selection{records: l.Records, shown: len(l.Records)}
	return s.all(func(r *Record) bool {
		return name != "" && (atHost(r, name) || strings.EqualFold(r.CN(), name))
	})
}
