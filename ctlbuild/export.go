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
// name where that is empty, as in a token's record; numbers are as shown, from 01.
func ExportPEM(l *List) []PEMFile {
	var files []PEMFile
	for i := range l.Records {
		r := &l.Records[i]
		der := r.Certificate()
		if der == nil {
			continue
		}
		host := r.DNSName()
		if host == "" {
			host = r.CN()
		}
		files = append(files, PEMFile{
			Name:   fmt.Sprintf("%02d-%s-%s.pem", i+1, fileNamePart(r.Function().Slug()), fileNamePart(host)),
			Record: i,
			Data:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		})
	}
	return files
}

// fileNamePart keeps letters, digits, dots, hyphens, underscores and plus signs; a name out
// of a file must not leave the folder that it is written to.
func fileNamePart(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_+.", r):
			return r
		}
		return '_'
	}, s)
	if s = strings.TrimLeft(s, "."); s == "" {
		return "unnamed"
	}
	return s[:min(len(s), 100)]
}
