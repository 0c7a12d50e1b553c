package ctlbuild

import (
	"crypto/sha1"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ctlclient/message"
)

// WriteText writes the differences for a person: a line for each record that
// was added (+), removed (-) or changed (~), what changed below it, and what
// became of the signature, in a voice. Numbers count from 1, as show ctl's do: of added
// records in the new list, of all others in the old one.
func (d Diff) WriteText(w io.Writer, v message.Voice) error {
	p := differ{voice: v}
	if d.Identical {
		p.say(message.Phrase("The files are the same, byte for byte."))
		return p.flush(w)
	}
	for _, c := range d.Changes {
		p.change(c)
	}
	p.unchanged(d)
	if d.Reordered {
		p.say(message.Phrase("The records stand in another order."))
	}
	if d.SignerChange {
		p.transition("", message.Phrase("Signer"), signerText(d.OldSigner, d.OldSerial), signerText(d.NewSigner, d.NewSerial))
	}
	if d.DigestChange {
		p.transition("", message.Phrase("Digest"), message.Plain(d.OldDigest.String()), message.Plain(d.NewDigest.String()))
	}
	// A list that is not there has no digest either.
	if d.OldVersion != d.NewVersion && d.OldDigest != 0 && d.NewDigest != 0 {
		p.transition("", message.Phrase("Signer version"), signerVersionText(d.OldVersion), signerVersionText(d.NewVersion))
	}
	switch {
	case d.Resigned && d.OldTime.Equal(d.NewTime):
		p.say(message.Phrase("Signed anew, with the same time: %s", timeText(d.OldTime)))
	case d.Resigned:
		p.transition("", message.Phrase("Signed anew"), timeText(d.OldTime), timeText(d.NewTime))
	}
	return p.flush(w)
}

// differ prints differences in a voice.
type differ struct {
	printer
	voice message.Voice
}

// say prints a line.
func (p *differ) say(m message.Message) { p.line("%s", p.voice.Say(m)) }

func signerVersionText(v [2]byte) message.Message {
	if v == [2]byte{} {
		return message.Phrase("none")
	}
	return message.Plain(versionText(v))
}

func (p *differ) unchanged(d Diff) {
	switch {
	case len(d.Changes) == 0:
		p.say(message.Phrase("The records are the same (%d).", d.Unchanged))
	case d.Unchanged == 1:
		p.say(message.Phrase("  1 record is unchanged."))
	case d.Unchanged > 1:
		p.say(message.Phrase("  %d records are unchanged.", d.Unchanged))
	}
}

// transition writes what was and what is, on one line where it fits.
func (p *differ) transition(indent string, what, old, new message.Message) {
	if line := p.voice.Say(message.Phrase("%s%s: %s -> %s", indent, what, old, new)); utf8.RuneCountInString(line) <= 100 {
		p.line("%s", line)
		return
	}
	p.say(message.Phrase("%s%s:", indent, what))
	p.say(message.Phrase("%s  old %s", indent, old))
	p.say(message.Phrase("%s  new %s", indent, new))
}

func signerText(name string, serial []byte) message.Message {
	if name == "" {
		return message.Phrase("no name, serial number %s", colonHex(serial))
	}
	return message.Phrase("%s, serial number %s", Printable(name), colonHex(serial))
}

func timeText(t time.Time) message.Message {
	if t.IsZero() {
		return message.Phrase("no time")
	}
	return message.Plain(t.UTC().Format("2006-01-02 15:04:05 UTC"))
}

func (p *differ) change(c Change) {
	switch c.Kind {
	case Added:
		p.say(message.Phrase("+ new record %d: %s", c.New+1, c.NewRec.summary()))
		p.certificateLine(c.NewRec)
	case Removed:
		p.say(message.Phrase("- old record %d: %s", c.Old+1, c.OldRec.summary()))
		p.certificateLine(c.OldRec)
	case Changed:
		p.changed(c)
	}
}

func (p *differ) changed(c Change) {
	number := message.Plain(strconv.Itoa(c.Old + 1))
	if c.Old != c.New {
		number = message.Phrase("%d (now %d)", c.Old+1, c.New+1)
	}
	named := c.NewRec
	if named.IsStub() {
		named = c.OldRec
	}
	p.say(message.Phrase("~ record %s: %s", number, named.summary()))
	switch {
	case c.NewRec.IsStub() && !c.OldRec.IsStub():
		p.say(message.Phrase("    stripped to a stub, as in non-secure mode"))
		return
	case c.OldRec.IsStub() && !c.NewRec.IsStub():
		p.say(message.Phrase("    the stub becomes a full record"))
		p.certificateLine(c.NewRec)
		return
	}
	for _, name := range c.Fields {
		if old, new := diffValue(c.OldRec, name), diffValue(c.NewRec, name); old.String() != new.String() {
			p.transition("    ", message.Plain(name), old, new)
		} else {
			p.say(message.Phrase("    %s: another, %s", name, new))
		}
	}
}

// certificateLine tells what certificate a record stands for.
func (p *differ) certificateLine(r *Record) {
	if der := r.Certificate(); der != nil {
		p.say(message.Phrase("    certificate: %s", certificateText(der)))
	}
}

// summary names a record for a person: function, where, who.
func (r *Record) summary() message.Message {
	parts := message.List{message.Phrase("no function")}
	if f := r.Function(); f != NoFunction {
		parts[0] = message.Plain(f.String())
	}
	if host := strings.TrimSpace(r.DNSName()); host != "" {
		parts = append(parts, message.Plain(Printable(host)))
	}
	if cn := r.CN(); cn != "" && !strings.EqualFold(cn, r.DNSName()) {
		parts = append(parts, message.Plain(Printable(cn)))
	}
	if ip, ok := r.IP(); ok && !ip.IsUnspecified() && ip.String() != r.DNSName() {
		parts = append(parts, message.Plain(ip.String()))
	}
	return message.Phrase("%s", parts)
}

// diffValue is one side of a field that changed.
func diffValue(r *Record, name string) message.Message {
	for _, f := range r.Fields {
		if fieldName(f.Tag) != name {
			continue
		}
		switch f.Tag {
		case tagCertificate:
			return certificateText(f.Value)
		case tagPublicKey, tagRecordSig:
			return byteCount(len(f.Value))
		case tagIPAddress:
			return message.Plain(addressText(f.Value))
		}
		if v := shownValue(f); v != "" {
			return message.Plain(v)
		}
		return message.Phrase("empty")
	}
	return message.Phrase("none")
}

// certificateText is a certificate in a line: key, validity, fingerprint.
func certificateText(der []byte) message.Message {
	c, err := ParseCertificate(der)
	switch {
	case err != nil:
		return message.Phrase("unreadable, %s", fingerprint(der))
	case c.NotAfter.IsZero():
		return message.Phrase("%s, %s", c.KeyText(), fingerprint(der))
	}
	return message.Phrase("%s, valid until %s, %s", c.KeyText(), c.NotAfter.Format(time.DateOnly), fingerprint(der))
}

// fingerprint is the SHA-1 with which show ctl identifies a certificate.
func fingerprint(b []byte) string {
	sum := sha1.Sum(b)
	return "SHA-1 " + joinHex(sum[:], " ")
}

func fieldName(tag uint8) string {
	if name, ok := recordTagNames[tag]; ok {
		return name
	}
	return "field " + strconv.Itoa(int(tag))
}
