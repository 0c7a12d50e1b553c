package ctlbuild

import (
	"encoding/pem"
	"fmt"
	"strings"
)

// PEMFile is one certificate of a list, to be kept as a file.
type PEMFile struct {
	Name   string // NN-FUNCTION-HOST.pem: safe as a file name everywhere
	Record int    // index in the list, from 0
	Data   []byte // PEM
}

// ExportPEM gives each certificate of a list a file of its own. Records without a
// certificate (stubs, CERTHASH) give none. HOST is the record's DNSNAME, or the common
// name where that is empty or blank, as in a token's record or an ITL; numbers are as
// shown, from 01.
func ExportPEM(l *List) []PEMFile {
	var files []PEMFile
	for i := range l.Records {
		r := &l.Records[i]
		der := r.Certificate()
		if der == nil {
			continue
		}
		host := strings.TrimSpace(r.DNSName())
		if host == "" {
			host = commonName(r)
		}
		files = append(files, PEMFile{
			Name:   fmt.Sprintf("%02d-%s-%s.pem", i+1, FileNamePart(r.Function().Slug()), FileNamePart(host)),
			Record: i,
			Data:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		})
	}
	return files
}

// commonName is that of the record's SUBJECTNAME, or, where none is found there, of its
// certificate.
func commonName(r *Record) string {
	if cn := r.CN(); cn != "" {
		return cn
	}
	if c, err := ParseCertificate(r.Certificate()); err == nil {
		return c.CN
	}
	return ""
}

// FileNamePart makes a name out of a file fit to be part of a file's name: it keeps ASCII
// letters, digits, dots, hyphens, underscores and plus signs, at most 80 of them, and leads
// out of no folder.
func FileNamePart(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_+.", r):
			return r
		}
		return '-'
	}, strings.TrimSpace(s))
	s = strings.Trim(s, ".-")
	if s = s[:min(len(s), 80)]; s == "" {
		return "unnamed"
	}
	return s
}
