package ctlbuild

import (
	"crypto/sha1"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteText writes the differences for a person: a line for each record that
// was added (+), removed (-) or changed (~), what changed below it, and what
// became of the signature. Numbers count from 1, as show ctl's do: of added
// records in the new list, of all others in the old one.
func (d Diff) WriteText(w io.Writer) error {
	var p printer
	if d.Identical {
		p.line("The files are the same, byte for byte.")
		return p.flush(w)
	}
	for _, c := range d.Changes {
		p.change(c)
	}
	p.unchanged(d)
	if d.Reordered {
		p.line("The records stand in another order.")
	}
	if d.SignerChange {
		p.transition("", "Signer", signerText(d.OldSigner, d.OldSerial), signerText(d.NewSigner, d.NewSerial))
	}
	if d.DigestChange {
		p.transition("", "Digest", d.OldDigest.String(), d.NewDigest.String())
	}
	// A list that is not there has no digest either.
	if d.OldVersion != d.NewVersion && d.OldDigest != 0 && d.NewDigest != 0 {
		p.transition("", "Signer version", signerVersionText(d.OldVersion), signerVersionText(d.NewVersion))
	}
	switch {
	case d.Resigned && d.OldTime.Equal(d.NewTime):
		p.line("Signed anew, with the same time: %s", timeText(d.OldTime))
	case d.Resigned:
		p.transition("", "Signed anew", timeText(d.OldTime), timeText(d.NewTime))
	}
	return p.flush(w)
}

func signerVersionText(v [2]byte) string {
	if v == [2]byte{} {
		return "none"
	}
	return versionText(v)
}

func (p *printer) unchanged(d Diff) {
	switch {
	case len(d.Changes) == 0:
		p.line("The records are the same (%d).", d.Unchanged)
	case d.Unchanged == 1:
		p.line("  1 record is unchanged.")
	case d.Unchanged > 1:
		p.line("  %d records are unchanged.", d.Unchanged)
	}
}

// transition writes what was and what is, on one line where it fits.
func (p *printer) transition(indent, what, old, new string) {
	if line := fmt.Sprintf("%s%s: %s -> %s", indent, what, old, new); len(line) <= 100 {
		p.line("%s", line)
		return
	}
	p.line("%s%s:", indent, what)
	p.line("%s  old %s", indent, old)
	p.line("%s  new %s", indent, new)
}

func signerText(name string, serial []byte) string {
	if name == "" {
		name = "no name"
	}
	return Printable(name) + ", serial number " + colonHex(serial)
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "no time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func (p *printer) change(c Change) {
	switch c.Kind {
	case Added:
		p.line("+ new record %d: %s", c.New+1, c.NewRec.summary())
		p.certificateLine(c.NewRec)
	case Removed:
		p.line("- old record %d: %s", c.Old+1, c.OldRec.summary())
		p.certificateLine(c.OldRec)
	case Changed:
		p.changed(c)
	}
}

func (p *printer) changed(c Change) {
	number := strconv.Itoa(c.Old + 1)
	if c.Old != c.New {
		number += fmt.Sprintf(" (now %d)", c.New+1)
	}
	named := c.NewRec
	if named.IsStub() {
		named = c.OldRec
	}
	p.line("~ record %s: %s", number, named.summary())
	switch {
	case c.NewRec.IsStub() && !c.OldRec.IsStub():
		p.line("    stripped to a stub, as in non-secure mode")
		return
	case c.OldRec.IsStub() && !c.NewRec.IsStub():
		p.line("    the stub becomes a full record")
		p.certificateLine(c.NewRec)
		return
	}
	for _, name := range c.Fields {
		if old, new := diffValue(c.OldRec, name), diffValue(c.NewRec, name); old != new {
			p.transition("    ", name, old, new)
		} else {
			p.line("    %s: another, %s", name, new)
		}
	}
}

// certificateLine tells what certificate a record stands for.
func (p *printer) certificateLine(r *Record) {
	if der := r.Certificate(); der != nil {
		p.line("    certificate: %s", certificateText(der))
	}
}

// summary names a record for a person: function, where, who.
func (r *Record) summary() string {
	parts := []string{"no function"}
	if f := r.Function(); f != NoFunction {
		parts[0] = f.String()
	}
	if host := strings.TrimSpace(r.DNSName()); host != "" {
		parts = append(parts, Printable(host))
	}
	if cn := r.CN(); cn != "" && !strings.EqualFold(cn, r.DNSName()) {
		parts = append(parts, Printable(cn))
	}
	if ip, ok := r.IP(); ok && !ip.IsUnspecified() && ip.String() != r.DNSName() {
		parts = append(parts, ip.String())
	}
	return strings.Join(parts, ", ")
}

// diffValue is one side of a field that changed.
func diffValue(r *Record, name string) string {
	for _, f := range r.Fields {
		if fieldName(f.Tag) != name {
			continue
		}
		switch f.Tag {
		case tagCertificate:
			return certificateText(f.Value)
		case tagPublicKey, tagRecordSig:
			return fmt.Sprintf("%d bytes", len(f.Value))
		case tagIPAddress:
			return addressText(f.Value)
		}
		if v := shownValue(f); v != "" {
			return v
		}
		return "empty"
	}
	return "none"
}

// certificateText is a certificate in a line: key, validity, fingerprint.
func certificateText(der []byte) string {
	c, err := ParseCertificate(der)
	if err != nil {
		return "unreadable, " + fingerprint(der)
	}
	text := c.KeyText() + ", "
	if !c.NotAfter.IsZero() {
		text += "valid until " + c.NotAfter.Format(time.DateOnly) + ", "
	}
	return text + fingerprint(der)
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
