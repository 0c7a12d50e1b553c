package platform

import (
	"strconv"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// ListInfo is what show ctl / show itl prints, parsed.
type ListInfo struct {
	Kind     string // CTL or ITL, as far as the output says
	Missing  bool   // there is no such file on the node
	MD5      string // of the file, lower-case hexadecimal; empty on old versions
	SHA1     string // likewise
	Length   int    // of the file, bytes
	Modified string // in the node's words: "Fri Mar 06 21:56:07 CET 2015"
	Records  []RecordInfo
	Signer   int    // record that was used to sign, from 0, -1 none
	Verified bool   // the node says that it verified the list
	Verdict  string // in the node's words; empty: it said nothing
	Raw      string // all of it
}

// RecordInfo is one record of a list. Names are as the node prints them.
type RecordInfo struct {
	Function, DNSName, SubjectName, IssuerName string
	SerialNumber                               string // as printed: 70:CA:F6:...
	CertificateSHA1                            string // lower-case hexadecimal; empty where only a hash is listed
	CertificateHash                            string // of a record that has a hash in place of a certificate, likewise
	HashAlgorithm                              string // of CertificateHash: SHA-1
	UsedToSign                                 bool
}

// maxShow bounds the text, in bytes.
const maxShow = maxOutput

var (
	showMD5      = lazyregexp.New(`^([0-9A-Fa-f]{32})\s*\(MD5\)$`)
	showSHA1     = lazyregexp.New(`^([0-9A-Fa-f]{40})\s*\(SHA1\)$`)
	showLength   = lazyregexp.New(`^Length of (CTL|ITL) file:\s*(\d{1,9})$`)
	showModified = lazyregexp.New(`^The (?:CTL|ITL) File was last modified on\s+(\S.*)$`)
	showMissing  = lazyregexp.New(`^(?:CTL|ITL) File not found\b`)
	showRecord   = lazyregexp.New(`^(CTL|ITL) Record #:\s*(\d+)$`)
	showSigned   = lazyregexp.New(`^This etoken was (not )?used to sign the (?:CTL|ITL) file\.?$`)
	showVerdict  = lazyregexp.New(`^(?:The (?:CTL|ITL) file was (verified) successfully|Verification of the (?:CTL|ITL) file failed|Error parsing the (?:CTL|ITL) File)[.!]*$`)
	// A tag is at least four letters, so that a wrapped row of a hash ("20 AB
	// 12 ...") is not taken for one.
	showField = lazyregexp.New(`^\d+\s+([A-Z]{4,}(?: ALGORITHM)?)(?:\s+(\d{1,9}))?(?:\s+(\S.*))?$`)
	// Lines that are only there to be looked at.
	showLayout = lazyregexp.New(`^(?:The checksum value of the|Parse (?:CTL|ITL) File|BYTEPOS\b|Version:|HeaderLength:|[-_ \t]+$)`)
	// A digest and what follows it, blanks taken out.
	showHash = lazyregexp.New(`(?i)^((?:[0-9a-f]{2})+)(?:\(SHA1HashHEX\))?$`)
)

// ParseShow reads the output of show ctl / show itl. White space does not
// matter, nor do values that a terminal or a document broke over several lines.
// Output that has no length in it, or a length but neither records nor the
// node's word that it cannot parse the file, is an error: it is not such output,
// or not all of it.
func ParseShow(out string) (*ListInfo, error) {
	if len(out) > maxShow {
		return nil, message.Errorf("more than %d bytes of output", maxShow)
	}
	p := showParser{info: &ListInfo{Signer: -1, Raw: out}}
	for line := range strings.Lines(out) {
		if err := p.line(strings.Trim(line, " \t\r\n")); err != nil {
			return nil, err
		}
	}
	p.closeField()
	info := p.info
	switch {
	case !p.length && !info.Missing:
		return nil, message.NewError("no length of a CTL or ITL file in it")
	case info.Length == 0:
		info.Missing = true
	case len(info.Records) == 0 && info.Verdict == "":
		return nil, message.NewError("a file length, but no records")
	}
	for i, record := range info.Records {
		if record.UsedToSign {
			info.Signer = i
			break
		}
	}
	return info, nil
}

// showParser goes from line to line; a field stays open until the next thing
// begins, because its value may go on.
type showParser struct {
	info   *ListInfo
	length bool // the line with the length was seen
	tag    string
	size   int // of the open field, bytes
	value  string
}

func (p *showParser) line(text string) error {
	if text == "" {
		return nil
	}
	if m := showField.FindStringSubmatch(text); m != nil {
		p.closeField()
		p.tag, p.value = m[1], m[3]
		p.size, _ = strconv.Atoi(m[2]) // at most nine digits
		return nil
	}
	known, err := p.phrase(text)
	if known || err != nil {
		return err
	}
	if p.incomplete() {
		p.value += p.glue(text)
	}
	return nil
}

// phrase handles the lines that are sentences.
func (p *showParser) phrase(text string) (known bool, err error) {
	info := p.info
	if m := showRecord.FindStringSubmatch(text); m != nil {
		p.closeField()
		info.Kind = m[1]
		if want := strconv.Itoa(len(info.Records) + 1); m[2] != want {
			return true, message.Errorf("record %s where record %s should be", m[2], want)
		}
		info.Records = append(info.Records, RecordInfo{})
		return true, nil
	}
	if m := showSigned.FindStringSubmatch(text); m != nil {
		p.closeField()
		if n := len(info.Records); n > 0 {
			info.Records[n-1].UsedToSign = m[1] == ""
		}
		return true, nil
	}
	if m := showVerdict.FindStringSubmatch(text); m != nil {
		p.closeField()
		if info.Verdict == "" { // a failed one is followed by "Error parsing"
			info.Verdict, info.Verified = text, m[1] != ""
		}
		return true, nil
	}
	if m := showLength.FindStringSubmatch(text); m != nil {
		p.closeField()
		p.length, info.Kind = true, m[1]
		info.Length, _ = strconv.Atoi(m[2]) // at most nine digits
		return true, nil
	}
	if m := showModified.FindStringSubmatch(text); m != nil {
		info.Modified = m[1]
		return true, nil
	}
	if m := showMD5.FindStringSubmatch(text); m != nil {
		info.MD5 = strings.ToLower(m[1])
		return true, nil
	}
	if m := showSHA1.FindStringSubmatch(text); m != nil {
		info.SHA1 = strings.ToLower(m[1])
		return true, nil
	}
	if showMissing.MatchString(text) {
		info.Missing, info.Kind = true, text[:3]
		return true, nil
	}
	if showLayout.MatchString(text) {
		p.closeField()
		return true, nil
	}
	return false, nil
}

// incomplete tells from its length whether the open field's value goes on.
func (p *showParser) incomplete() bool {
	switch p.tag {
	case "DNSNAME", "SUBJECTNAME", "ISSUERNAME", "ISSUENAME":
		return len(p.value) < p.size-1 // the length counts a NUL
	case "SERIALNUMBER":
		return len(p.value) < 3*p.size-1
	case "CERTIFICATE":
		return !strings.HasSuffix(p.value, ")")
	case "CERTHASH":
		return len(strings.Join(strings.Fields(p.value), "")) < 2*p.size
	}
	return false
}

// glue joins a wrapped value: hexadecimal rows with a blank, names without one.
func (p *showParser) glue(text string) string {
	switch p.tag {
	case "CERTIFICATE", "CERTHASH":
		return " " + text
	}
	return text
}

// closeField puts the open field's value where it belongs. Fields of the header
// and fields that are not known say nothing that is asked for here.
func (p *showParser) closeField() {
	tag, value := p.tag, p.value
	p.tag, p.value = "", ""
	if tag == "" || len(p.info.Records) == 0 {
		return
	}
	record := &p.info.Records[len(p.info.Records)-1]
	switch tag {
	case "DNSNAME":
		record.DNSName = value
	case "SUBJECTNAME":
		record.SubjectName = value
	case "ISSUERNAME", "ISSUENAME": // older versions leave out a letter
		record.IssuerName = value
	case "FUNCTION":
		record.Function = value
	case "SERIALNUMBER":
		record.SerialNumber = value
	case "CERTIFICATE":
		record.CertificateSHA1 = hexDigest(value)
	case "CERTHASH":
		record.CertificateHash = hexDigest(value)
	case "HASH ALGORITHM":
		record.HashAlgorithm = value
	}
}

// hexDigest turns "E9 D4 ... 9C (SHA1 Hash HEX)" into e9d4...9c; empty if it is
// something else.
func hexDigest(value string) string {
	m := showHash.FindStringSubmatch(strings.Join(strings.Fields(value), ""))
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}
