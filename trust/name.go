package trust

import (
	"encoding/hex"
	"fmt"
	"strings"

	"ctlclient/ctlbuild"
)

// RecordName names a record the way a person finds it in show ctl: by its number,
// from 1, and by whom it is for: "record 5 (SAST-ADN008580ef)",
// "record 2 (CCM+TFTP cucm-1051-a-pub)". index counts from 0.
func RecordName(index int, r *ctlbuild.Record) string {
	return fmt.Sprintf("record %d (%s)", index+1, who(r))
}

// who is a record's function and name; a SAST record is known by its name alone.
func who(r *ctlbuild.Record) string {
	name := ctlbuild.Printable(r.CN())
	if name == "" {
		name = ctlbuild.Printable(r.DNSName())
	}
	if ip, ok := r.IP(); name == "" && ok {
		name = ip.String()
	}
	if name == "" {
		name = ctlbuild.Printable(r.SubjectName())
	}
	if r.Function() == ctlbuild.SAST {
		if name == "" {
			return "SAST without a name"
		}
		return name
	}
	return strings.TrimSpace(r.Function().String() + " " + name)
}

// RecordNames names several records of one list.
func RecordNames(l []ctlbuild.Record, indexes []int) []string {
	names := make([]string, len(indexes))
	for i, x := range indexes {
		names[i] = RecordName(x, &l[x])
	}
	return names
}

// serialText prints a serial number as show ctl does.
func serialText(b []byte) string {
	if len(b) == 0 {
		return "(empty)"
	}
	s := strings.ToUpper(hex.EncodeToString(b))
	var out strings.Builder
	for i := 0; i < len(s); i += 2 {
		if i > 0 {
			out.WriteByte(':')
		}
		out.WriteString(s[i : i+2])
	}
	return out.String()
}

// ListName is the word for a list's kind.
func ListName(k ctlbuild.Kind) string {
	switch k {
	case ctlbuild.KindITL:
		return "ITL"
	case ctlbuild.KindSigned:
		return "signed file"
	default:
		return "CTL"
	}
}

// CertificateName is a certificate's name for people.
func CertificateName(der []byte) string {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return "a certificate that cannot be read"
	}
	if c.CN != "" {
		return ctlbuild.Printable(c.CN)
	}
	return ctlbuild.Printable(c.Subject)
}
