package ctlbuild

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"ctlclient/message"
)

// Envelope is any signed file: the header and what follows it.
type Envelope struct {
	Header  Header
	Content []byte

	raw []byte
}

// ParseEnvelope reads the header of a signed file of up to MaxEnvelope bytes
// and leaves the content alone. Every error is a *FormatError. The envelope
// keeps data, which must not be changed from then on.
func ParseEnvelope(data []byte) (*Envelope, error) {
	if len(data) > MaxEnvelope {
		return nil, malformed(MaxEnvelope, message.Errorf("the file is longer than %d bytes", MaxEnvelope))
	}
	data = slices.Clip(data)
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	return &Envelope{Header: *h, Content: data[h.Length:], raw: data}, nil
}

// Bytes is what was parsed, byte for byte. The caller must not change it.
func (e *Envelope) Bytes() []byte { return e.raw }

// Kind is told by the content; FILENAME may say anything. Content that begins as a record
// does is a trust list's where FILENAME names one, even a broken one's; under another name it
// must be records from end to end. Without content, FILENAME is all that there is.
func (e *Envelope) Kind() Kind {
	byName, named := kindByName(e.Header.FileName)
	switch {
	case len(e.Content) == 0 || named && beginsRecord(e.Content):
		return byName
	case !beginsRecord(e.Content):
		return KindSigned
	}
	records, err := parseRecords(e.raw, e.Header.Length)
	if err != nil {
		return KindSigned
	}
	return kindByRecords(records)
}

// List reads the content as a trust list's records, whatever Kind says. Every error is a
// *FormatError.
func (e *Envelope) List() (*List, error) {
	if len(e.raw) > MaxFile {
		return nil, malformed(MaxFile, message.Errorf("the file is longer than %d bytes", MaxFile))
	}
	records, err := parseRecords(e.raw, e.Header.Length)
	if err != nil {
		return nil, err
	}
	return &List{Header: e.Header, Records: records, raw: e.raw}, nil
}

// beginsRecord reports the head of a record: RECORDLENGTH, two bytes.
func beginsRecord(b []byte) bool {
	return len(b) >= recordHead && b[0] == tagRecordLength && b[1] == 0 && b[2] == 2
}

// Encrypted reports content that is no text, as that of a .enc.sgn file.
func (e *Envelope) Encrypted() bool {
	if e.Kind() != KindSigned || len(e.Content) == 0 {
		return false
	}
	sample := e.Content[:min(len(e.Content), 4096)]
	if hasControls(sample) {
		return true
	}
	// Markup says its own encoding, which need not be UTF-8.
	markup := bytes.HasPrefix(bytes.TrimLeft(sample, " \t\r\n"), []byte("<"))
	return !markup && !validText(sample, len(sample) < len(e.Content))
}

// hasControls reports a control character that text does not have.
func hasControls(b []byte) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' })
}

// validText reports UTF-8. A character cut off at the end of a sample is
// forgiven.
func validText(b []byte, cut bool) bool {
	if !cut {
		return utf8.Valid(b)
	}
	for n := range utf8.UTFMax {
		if n <= len(b) && utf8.Valid(b[:len(b)-n]) {
			return true
		}
	}
	return false
}

// VerifyWith checks the signature with the key of a certificate in DER.
func (e *Envelope) VerifyWith(certDER []byte) Verification {
	return verifyOutside(&e.Header, e.Content, certDER)
}

// VerifyFrom looks for the signer among a list's records of the given
// functions, of all when none is given, by the bytes of issuer and serial
// number. A phone's configuration is signed by CCM+TFTP or TFTP.
func (e *Envelope) VerifyFrom(l *List, functions ...Function) Verification {
	found := candidates(&e.Header, l.Records, wants(functions))
	if len(found) == 0 {
		who := whoAny.With()
		if len(functions) > 0 {
			names := make(message.Either, len(functions))
			for i, f := range functions {
				names[i] = f.String()
			}
			who = whoFunctions.With("functions", names)
		}
		return unsignedBy(&e.Header, who)
	}
	return verifyAmong(&e.Header, e.Content, l.Records, found)
}
