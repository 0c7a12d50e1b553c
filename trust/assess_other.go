package trust

import (
	"slices"

	"ctlclient/ctlbuild"
)

// config follows a signed configuration file through the phone. Its header names
// the signer and brings no certificate, so the phone must hold it.
func (a *assessment) config(e *ctlbuild.Envelope) {
	p := a.v.Phone
	if e.Encrypted() {
		a.step(true, "Is the content readable?",
			"it is encrypted: signer and signature are judged here; whether the phone has the key to read it is not")
	}
	if p.Unknown != "" && p.CTL == nil && p.ITL == nil {
		a.step(false, "What does the phone hold?", "not known: "+p.Unknown)
		a.doubt()
		a.end(false, SourceRules, "What the phone holds is not known ("+p.Unknown+"), so whether it accepts cannot be told.")
		return
	}
	if p.CTL == nil && a.itl() == nil && p.Unknown == "" {
		a.blindConfig()
		return
	}
	if p.CTL != nil && p.CTL.NonSecure() && a.itl() == nil {
		a.step(true, "What does the phone hold?", "a CTL that lists the servers by address alone, as in non-secure mode, and no ITL")
		a.doubt()
		a.end(true, srcStubs, "The CTL held lists the servers by address alone: the phone takes them for non-secure ones and asks for the configuration without a signature.")
		return
	}
	a.stateStep("configuration")
	s := signer{name: ctlbuild.Printable(e.Header.SignerName), issuer: e.Header.CAName, serial: e.Header.SerialNumber}
	for _, held := range []struct {
		list  *ctlbuild.List
		where string
	}{{p.CTL, "CTL"}, {a.itl(), "ITL"}} {
		if held.list == nil {
			continue
		}
		if m := a.search(held.list, held.where, s, ctlbuild.CCMTFTP, ctlbuild.TFTP); m.index >= 0 {
			a.configByRecord(e, held.list, held.where, m)
			return
		}
	}
	a.configUnknown(s)
}

func (a *assessment) blindConfig() {
	if a.v.Phone.ITL != nil && a.sbd() {
		a.step(true, "What does the phone hold?", "no CTL, and an ITL emptied by \"Prepare Cluster for Rollback to Pre 8.0\"")
		a.end(true, srcOff, "With an emptied ITL the phone takes any configuration, whoever signed it.")
		return
	}
	a.step(true, "What does the phone hold?", "no CTL and no ITL")
	a.end(true, srcVerify+", first state", "The phone holds no list: it asks for the configuration without a signature and takes any.")
}

func (a *assessment) configByRecord(e *ctlbuild.Envelope, held *ctlbuild.List, where string, m match) {
	r := &held.Records[m.index]
	name := RecordName(m.index, r)
	a.decide(r, name+" of the "+where)
	what := "Does " + name + " of the " + where + " held verify the file?"
	if m.cert == nil {
		a.step(false, what, "not known: the record holds no certificate")
		a.doubt()
		a.end(false, srcVerify, "The signer is "+name+" of the "+where+" held, but that record has no certificate to verify with.")
		return
	}
	if v := e.VerifyWith(m.cert); !v.OK {
		a.step(false, what, "no: "+v.Reason)
		a.end(false, srcVerify, "The signature of the configuration does not verify with "+name+" of the "+where+" that the phone holds.")
		return
	}
	a.step(true, what, "yes")
	a.configSuccess()
	a.end(true, srcVerify, "The signer is "+name+" of the "+where+" that the phone holds.")
}

// configUnknown: the header brings no certificate, so TVS can only be queried by
// issuer and serial number. The bytes of that query are not documented; what is, is
// that the phone loads the new ITL first and verifies the configuration by it.
func (a *assessment) configUnknown(s signer) {
	lacks := "No list that the phone holds has the signer, " + s.name + ", as CCM+TFTP or TFTP, and "
	_, refusal, source, ok := a.reachTVS()
	if !ok {
		a.end(false, source, lacks+refusal+".")
		return
	}
	a.step(false, "TVS is queried about the signer.",
		"not asked: a configuration names its signer without the certificate, and how a query by issuer and serial number is written is not documented")
	a.doubt()
	a.end(false, `Security By Default, "Regenerating certificates", steps 4 to 6`,
		lacks+"TVS was not asked; a phone that accepts the new ITL first verifies the configuration by it.")
}

// https follows the certificate of an HTTPS server through the phone.
func (a *assessment) https(der []byte) {
	p := a.v.Phone
	name := CertificateName(der)
	if p.ITL != nil && a.sbd() && p.ITL.IsEmptyRollback() && p.CTL == nil {
		a.step(false, "What does the phone hold?", "an ITL emptied by \"Prepare Cluster for Rollback to Pre 8.0\"")
		a.end(false, srcOff, "With an emptied ITL the phone cannot verify HTTPS servers; the secured phone URLs must be set to HTTP.")
		return
	}
	if p.CTL == nil && a.itl() == nil {
		why := "no CTL and no ITL"
		if p.Unknown != "" {
			why = "not known: " + p.Unknown
		}
		a.step(false, "What does the phone hold?", why)
		a.doubt()
		a.end(false, srcUnknown, "The phone has no list in which to find the certificate of "+name+"; the documents do not say what it does then.")
		return
	}
	a.stateStep("certificate")
	a.print(lineServerCert, lineSearchCTL)
	if a.httpsKnown(p.CTL, "CTL", der, name) {
		return
	}
	a.print(lineSearchITL)
	if a.httpsKnown(a.itl(), "ITL", der, name) {
		return
	}
	a.print(lineHTTPSUnknown)
	lacks := "The certificate of " + name + " is in no list that the phone holds, and "
	records, refusal, source, ok := a.reachTVS()
	if !ok {
		a.end(false, source, lacks+refusal+".")
		return
	}
	a.print(lineTVSRequest)
	if _, ok := a.ask(der, records, lacks); !ok {
		return
	}
	a.print(lineHTTPSByTVS)
	a.decidedByTVS(records)
	a.end(true, srcUnknown, "The certificate of "+name+" is in no list that the phone holds, but TVS vouches for it.")
}

// httpsKnown looks for the certificate itself, not only its name, among the records
// made for HTTPS.
func (a *assessment) httpsKnown(l *ctlbuild.List, where string, der []byte, name string) bool {
	if l == nil {
		return false
	}
	what := "The certificate of " + name + " is looked for in the " + where + " held."
	fits := func(r ctlbuild.Record) bool {
		return r.Function() == ctlbuild.AppServer && r.MatchesCertificate(der)
	}
	if i := slices.IndexFunc(l.Records, fits); i >= 0 {
		r := &l.Records[i]
		a.decide(r, RecordName(i, r)+" of the "+where)
		a.step(true, what, "found: "+RecordName(i, r))
		a.end(true, srcUnknown, "The certificate is "+RecordName(i, r)+" of the "+where+" that the phone holds.")
		return true
	}
	out := "not found"
	if i := slices.IndexFunc(l.Records, func(r ctlbuild.Record) bool { return r.MatchesCertificate(der) }); i >= 0 {
		out += "; " + RecordName(i, &l.Records[i]) + " is the same certificate in another role"
	}
	a.step(false, what, out)
	return false
}
