package ctlbuild

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// Show prints a list as `show ctl` and `show itl` do: checksums, length, time,
// header, records, and the verdict of Verify. loc is for the time; nil is the
// local zone. Text out of the file goes through [Printable]. Tags and functions
// that are not known are shown by number.
func Show(w io.Writer, l *List, loc *time.Location) error {
	return ShowWith(w, l, ShowOptions{Location: loc})
}

// ShowEnvelope prints the header of a .sgn file in the same manner, its name,
// and what the content is. There is no verdict, as the file does not hold its signer.
func ShowEnvelope(w io.Writer, e *Envelope, loc *time.Location) error {
	p := printer{kind: e.Kind().String()}
	p.preamble(e.raw, &e.Header, loc)
	what := "text"
	if e.Encrypted() {
		what = "not text, as in an encrypted file"
	}
	p.line("")
	p.line("FileName:\t%s", Printable(e.Header.FileName))
	p.line("Content:\t%d (BYTES), %s", len(e.Content), what)
	return p.flush(w)
}

// printer collects the output; writing cannot fail half way.
type printer struct {
	b    bytes.Buffer
	kind string // CTL, ITL
}

func (p *printer) flush(w io.Writer) error {
	_, err := w.Write(p.b.Bytes())
	return err
}

func (p *printer) line(format string, args ...any) {
	fmt.Fprintf(&p.b, format+"\n", args...)
}

// row is one line of a table. A short name is followed by two tabs.
func (p *printer) row(tag uint8, name string, length int, value string) {
	tabs := "\t"
	if len(name) < 8 {
		tabs = "\t\t"
	}
	if value != "" {
		value = "\t" + value
	}
	p.line("%d\t%s%s%d%s", tag, name, tabs, length, value)
}

func (p *printer) tableHead() {
	p.line("BYTEPOS\tTAG\t\tLENGTH\tVALUE")
	p.line("-------\t---\t\t------\t-----")
}

// timeLayout is date(1)'s, with which show ctl gives the time.
const timeLayout = "Mon Jan 02 15:04:05 MST 2006"

func (p *printer) preamble(raw []byte, h *Header, loc *time.Location) {
	if loc == nil {
		loc = time.Local
	}
	md5sum, sha1sum := md5.Sum(raw), sha1.Sum(raw)
	p.line("The checksum value of the %s file:", p.kind)
	p.line("%s(MD5)", hex.EncodeToString(md5sum[:]))
	p.line("%s(SHA1)", hex.EncodeToString(sha1sum[:]))
	p.line("")
	p.line("Length of %s file: %d", p.kind, len(raw))
	if !h.Time.IsZero() {
		p.line("The %s File was last modified on %s", p.kind, h.Time.In(loc).Format(timeLayout))
	}
	p.line("")
	p.line("Parse %s File", p.kind)
	p.line("----------------")
	p.line("")
	p.line("Version:\t%s", versionText(h.Version))
	p.line("HeaderLength:\t%d (BYTES)", h.Length)
	p.line("")
	p.tableHead()
	for _, f := range h.fields {
		p.headerRow(f)
	}
}

func versionText(v [2]byte) string { return fmt.Sprintf("%d.%d", v[0], v[1]) }

func (p *printer) headerRow(f headerField) {
	known, ok := tagOfHeader(f.Tag)
	if !ok {
		p.row(f.Tag, "UNKNOWN", len(f.Value), joinHex(f.Value, " "))
		return
	}
	n := len(f.Value)
	switch f.Tag {
	case tagVersion, tagHeaderLength: // stand above the table
	case tagSignerID, tagSignatureInfo, tagSignatureAlgoInfo:
		p.row(f.Tag, known.name, 2, fmt.Sprint(n)) // the length is shown as a value of two bytes
	case tagSignerName, tagCAName:
		p.row(f.Tag, known.name, n, Printable(text(f.Value)))
	case tagSerialNumber:
		p.row(f.Tag, known.name, n, colonHex(f.Value))
	case tagSignerVersion:
		p.row(f.Tag, known.name, n, versionText([2]byte(f.Value)))
	case tagSignature:
		p.row(f.Tag, known.name, n, "")
		p.signature(f.Value)
	default:
		p.row(f.Tag, known.name, n, "")
	}
}

// signature prints eight bytes a row, with one digit where one is enough.
func (p *printer) signature(b []byte) {
	for len(b) > 0 {
		n := min(8, len(b))
		digits := make([]string, n)
		for i, c := range b[:n] {
			digits[i] = fmt.Sprintf("%x", c)
		}
		p.line("%s", strings.Join(digits, "  "))
		b = b[n:]
	}
}

func (p *printer) record(i int, r *Record, signed bool) {
	p.line("")
	p.line("\t%s Record #:%d", p.kind, i+1)
	p.line("\t  \t----")
	p.tableHead()
	p.row(tagRecordLength, recordTagNames[tagRecordLength], 2, fmt.Sprint(r.Len()))
	for _, f := range r.Fields {
		p.recordRow(f)
	}
	if r.Function() != SAST {
		return
	}
	not := "not "
	if signed {
		not = ""
	}
	p.line("This etoken was %sused to sign the %s file.", not, p.kind)
}

func (p *printer) recordRow(f Field) {
	name, ok := recordTagNames[f.Tag]
	if !ok {
		name = "UNKNOWN"
	}
	p.row(f.Tag, name, len(f.Value), shownValue(f))
}

// shownValue is what show ctl prints of a record's field; of keys, signatures
// and addresses it prints the length alone.
func shownValue(f Field) string {
	switch f.Tag {
	case tagDNSName, tagSubjectName, tagIssuerName:
		return Printable(text(f.Value))
	case tagFunction:
		if len(f.Value) == 2 {
			return (&Record{Fields: []Field{f}}).Function().String()
		}
	case tagRecordSerial:
		return colonHex(f.Value)
	case tagCertificate:
		sum := sha1.Sum(f.Value)
		return joinHex(sum[:], " ") + " (SHA1 Hash HEX)"
	case tagHashAlg:
		if len(f.Value) == 1 {
			return Digest(f.Value[0]).String()
		}
		return joinHex(f.Value, " ")
	case tagPublicKey, tagRecordSig, tagIPAddress:
		return ""
	}
	return joinHex(f.Value, " ")
}

func (p *printer) verdict(ok bool) {
	p.line("")
	if ok {
		p.line("The %s file was verified successfully.", p.kind)
		return
	}
	p.line("Verification of the %s file failed.", p.kind)
	if p.kind == KindITL.String() {
		p.line("Error parsing the %s File!!", p.kind)
	} else {
		p.line("Error parsing the %s File.", p.kind)
	}
}

// addressText writes an IPADDRESS, of any length, for a person.
func addressText(v []byte) string {
	if ip, ok := netip.AddrFromSlice(v); ok {
		return ip.String()
	}
	return joinHex(v, " ")
}
