package trust

import (
	"bytes"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// match is a held record that names the signer; index is -1 when there is none.
type match struct {
	index int
	cert  []byte // DER to verify with, nil when the record brings none
}

// FindSigner looks for the record that a phone would take for a signer: one of these
// functions, same issuer and same serial number, compared as bytes. -1 when there is none.
func FindSigner(l *ctlbuild.List, issuer string, serial []byte, functions ...ctlbuild.Function) int {
	return slices.IndexFunc(l.Records, func(r ctlbuild.Record) bool {
		return slices.Contains(functions, r.Function()) &&
			r.IssuerName() == issuer && len(serial) > 0 && bytes.Equal(r.SerialNumber(), serial)
	})
}

// search looks for the signer in a held list and says in a step what it found.
func (a *assessment) search(held *ctlbuild.List, where string, s signer, functions ...ctlbuild.Function) match {
	what := message.Phrase("The signer, %s, is looked for among the %s records of the %s held, by issuer and serial number.",
		s.name, roles(functions), where)
	i := FindSigner(held, s.issuer, s.serial, functions...)
	if i < 0 {
		a.step(false, what, nearMiss(held, s, functions))
		return match{index: -1}
	}
	r := &held.Records[i]
	a.step(true, what, message.Phrase("found: %s", RecordName(i, r)))
	m := match{index: i, cert: r.Certificate()}
	if m.cert == nil && s.cert != nil && r.MatchesCertificate(s.cert) {
		m.cert = s.cert
	}
	return m
}

// roles names functions as people know them.
func roles(functions []ctlbuild.Function) []string {
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = roleName(f)
	}
	return names
}

func roleName(f ctlbuild.Function) string {
	if f == ctlbuild.SAST {
		return "SAST"
	}
	return f.String()
}

// nearMiss explains a signer whose certificate is held, but not under the bytes or
// the role that a phone looks for.
func nearMiss(held *ctlbuild.List, s signer, functions []ctlbuild.Function) message.Message {
	none := message.Phrase("not found")
	if s.cert == nil {
		return none
	}
	for i := range held.Records {
		r := &held.Records[i]
		if !r.MatchesCertificate(s.cert) {
			continue
		}
		name := RecordName(i, r)
		if !slices.Contains(functions, r.Function()) {
			if r.IssuerName() == s.issuer && bytes.Equal(r.SerialNumber(), s.serial) {
				return message.Phrase("not found; %s is the same certificate, but as %s it does not vouch for a list", name, r.Function())
			}
			continue
		}
		return message.Phrase("not found; %s holds the same certificate, but %s: to a phone, another signer", name, WrittenOtherwise(r, s.issuer, s.serial))
	}
	return none
}

// WrittenOtherwise says how a record of the same certificate differs from what a header
// says of its issuer and serial number.
func WrittenOtherwise(r *ctlbuild.Record, issuer string, serial []byte) message.Message {
	if !bytes.Equal(r.SerialNumber(), serial) {
		how := message.Phrase("another serial number")
		if Reversed(r.SerialNumber(), serial) {
			how = message.Phrase("the serial number in the other byte order")
		}
		return message.Phrase("it is listed with %s (%s, the file says %s)", how, serialText(r.SerialNumber()), serialText(serial))
	}
	return message.Phrase("its issuer is written otherwise (%q, the file says %q)", r.IssuerName(), issuer)
}

// Reversed reports whether a is b back to front and not the same.
func Reversed(a, b []byte) bool {
	if len(a) != len(b) || bytes.Equal(a, b) {
		return false
	}
	for i := range a {
		if a[i] != b[len(b)-1-i] {
			return false
		}
	}
	return true
}
