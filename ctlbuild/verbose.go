package ctlbuild

import (
	"crypto/sha1"
	"crypto/sha256"
	"io"
	"strings"
	"time"
)

// ShowOptions say how much [ShowWith] prints.
type ShowOptions struct {
	Location *time.Location // for times; nil: the local zone
	Verbose  bool           // after each record: host, address, key, validity, fingerprints, findings
	Only     []int          // indexes of the only records to print, with nothing around them; nil: the whole list
}

// ShowWith prints a list as [Show] does, more of it or less.
func ShowWith(w io.Writer, l *List, o ShowOptions) error {
	p := printer{kind: l.Kind().String()}
	_, signer := l.Signer()
	one := func(i int) {
		p.record(i, &l.Records[i], i == signer)
		if o.Verbose {
			p.details(&l.Records[i])
		}
	}
	if o.Only != nil {
		for _, i := range o.Only {
			one(i)
		}
		return p.flush(w)
	}
	p.preamble(l.raw, &l.Header, o.Location)
	for i := range l.Records {
		one(i)
	}
	p.verdict(l.Verify().OK)
	return p.flush(w)
}

// details tells what the rows of a record, of which show ctl prints the length alone, hold.
func (p *printer) details(r *Record) {
	p.line("")
	p.detail("Host", emptyOr(strings.TrimSpace(Printable(r.DNSName()))))
	if v := r.value(tagIPAddress); v != nil {
		p.detail("Address", emptyOr(addressText(v)))
	} else {
		p.detail("Address", "(none)")
	}
	if cn := r.CN(); cn != "" {
		p.detail("Name", Printable(cn))
	}
	if der := r.Certificate(); der != nil {
		p.certificateDetails(der)
	}
	for _, f := range r.findings() {
		p.detail("Finding", f.String())
	}
}

func (p *printer) certificateDetails(der []byte) {
	if c, err := ParseCertificate(der); err == nil {
		p.detail("Subject", Printable(c.SubjectName.String()))
		p.detail("Issuer", Printable(c.IssuerName.String()))
		p.detail("Serial", colonHex(c.Serial))
		p.detail("Key", c.KeyText().String())
		p.detail("Signature", Printable(c.SigAlg))
		if !c.NotAfter.IsZero() {
			p.detail("Valid", c.NotBefore.UTC().Format(time.DateOnly)+" to "+c.NotAfter.UTC().Format(time.DateOnly))
		}
	}
	sum1, sum256 := sha1.Sum(der), sha256.Sum256(der)
	p.detail("SHA-1", colonHex(sum1[:]))
	p.detail("SHA-256", colonHex(sum256[:]))
}

func (p *printer) detail(what, value string) { p.line("  %-11s%s", what+":", value) }
