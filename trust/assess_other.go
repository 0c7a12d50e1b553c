package trust

import (
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// signedFile is a configuration file, as far as its signature goes.
type signedFile struct {
	signer    signer
	encrypted bool
	verify    func(certDER []byte) ctlbuild.Verification
}

func signedConfig(e *ctlbuild.Envelope) signedFile {
	return signedFile{signer: headerSigner(&e.Header), encrypted: e.Encrypted(), verify: e.VerifyWith}
}

// config follows a signed configuration file through the phone. Its header names
// the signer and brings no certificate, so the phone must hold it, or be given it by TVS.
func (a *assessment) config(e signedFile) {
	p := a.v.Phone
	if e.encrypted {
		a.step(true, message.Phrase("Is the content readable?"),
			message.Phrase("it is encrypted: signer and signature are judged here; whether the phone has the key to read it is not"))
	}
	if p.Unknown != "" && p.CTL == nil && p.ITL == nil {
		a.step(false, message.Phrase("What does the phone hold?"), message.Phrase("not known: %s", p.WhyUnknown()))
		a.doubt()
		a.end(false, SourceRules, whyUnknown.With("unknown", p.WhyUnknown()))
		return
	}
	if p.CTL == nil && a.itl() == nil && p.Unknown == "" {
		a.blindConfig()
		return
	}
	if p.CTL != nil && p.CTL.NonSecure() && a.itl() == nil {
		a.step(true, message.Phrase("What does the phone hold?"), message.Phrase("a CTL that lists the servers by address alone, as in non-secure mode, and no ITL"))
		a.doubt()
		a.end(true, srcStubs, whyStubs.With())
		return
	}
	a.stateStep("configuration")
	s := e.signer
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
	a.configUnknown(e)
}

func (a *assessment) blindConfig() {
	if a.v.Phone.ITL != nil && a.sbd() {
		a.step(true, message.Phrase("What does the phone hold?"), message.Phrase("no CTL, and an ITL emptied by \"Prepare Cluster for Rollback to Pre 8.0\""))
		a.end(true, srcOff, whyEmptied.With())
		return
	}
	a.step(true, message.Phrase("What does the phone hold?"), message.Phrase("no CTL and no ITL"))
	a.end(true, srcVerify+", first state", whyUnsigned.With())
}

func (a *assessment) configByRecord(e signedFile, held *ctlbuild.List, where string, m match) {
	r := &held.Records[m.index]
	name := RecordName(m.index, r)
	a.decide(r, name+" of the "+where)
	what := verifiesText(name, where)
	if m.cert == nil {
		a.step(false, what, message.Phrase("not known: the record holds no certificate"))
		a.doubt()
		a.end(false, srcVerify, whyNoCertificate.With("record", name, "list", where))
		return
	}
	if v := e.verify(m.cert); !v.OK {
		a.step(false, what, message.Phrase("no: %s", v.Why))
		a.end(false, srcVerify, whyConfigKey.With("record", name, "list", where))
		return
	}
	a.step(true, what, yes)
	a.configSuccess()
	a.end(true, srcVerify, whyConfigKnown.With("record", name, "list", where))
}

// configUnknown: TVS is asked by the names in the header, and the certificate in its
// answer verifies the file.
func (a *assessment) configUnknown(e signedFile) {
	lacks := lacking{whyLacksConfig, e.signer.name}
	records, refusal, source, ok := a.reachTVS()
	if !ok {
		a.end(false, source, lacks.and(refusal))
		return
	}
	answer, ok := a.ask(e.signer.question(), e.signer.name, records, lacks, lineTVSProxy)
	if !ok || !a.rolesFit(answer, "configuration", e.signer.name) || !a.verifiedByAnswer(answer, e.verify, "configuration") {
		return
	}
	a.configSuccess()
	a.decidedByTVS(records)
	a.end(true, srcQuery, whyConfigVouched.With("signer", e.signer.name))
}

// https follows the certificate of an HTTPS server through the phone.
func (a *assessment) https(der []byte) {
	p := a.v.Phone
	name := CertificateName(der)
	if p.ITL != nil && a.sbd() && p.ITL.IsEmptyRollback() && p.CTL == nil {
		a.step(false, message.Phrase("What does the phone hold?"), message.Phrase("an ITL emptied by \"Prepare Cluster for Rollback to Pre 8.0\""))
		a.end(false, srcOff, whyEmptiedHTTPS.With())
		return
	}
	if p.CTL == nil && a.itl() == nil {
		why := message.Phrase("no CTL and no ITL")
		if p.Unknown != "" {
			why = message.Phrase("not known: %s", p.WhyUnknown())
		}
		a.step(false, message.Phrase("What does the phone hold?"), why)
		a.doubt()
		a.end(false, srcUnknown, whyNoListHTTPS.With("name", name))
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
	lacks := lacking{whyLacksHTTPS, name}
	records, refusal, source, ok := a.reachTVS()
	if !ok {
		a.end(false, source, lacks.and(refusal))
		return
	}
	a.print(lineTVSRequest)
	if _, ok := a.ask(Question{Certificate: der}, name, records, lacks); !ok {
		return
	}
	a.print(lineHTTPSByTVS)
	a.decidedByTVS(records)
	a.end(true, srcUnknown, whyHTTPSVouched.With("name", name))
}

// httpsKnown looks for the certificate itself, not only its name, among the records
// made for HTTPS.
func (a *assessment) httpsKnown(l *ctlbuild.List, where string, der []byte, name string) bool {
	if l == nil {
		return false
	}
	what := message.Phrase("The certificate of %s is looked for in the %s held.", name, where)
	fits := func(r ctlbuild.Record) bool {
		return r.Function() == ctlbuild.AppServer && r.MatchesCertificate(der)
	}
	if i := slices.IndexFunc(l.Records, fits); i >= 0 {
		r := &l.Records[i]
		a.decide(r, RecordName(i, r)+" of the "+where)
		a.step(true, what, message.Phrase("found: %s", RecordName(i, r)))
		a.end(true, srcUnknown, whyHTTPSKnown.With("record", RecordName(i, r), "list", where))
		return true
	}
	out := message.Phrase("not found")
	if i := slices.IndexFunc(l.Records, func(r ctlbuild.Record) bool { return r.MatchesCertificate(der) }); i >= 0 {
		out = message.Phrase("not found; %s is the same certificate in another role", RecordName(i, &l.Records[i]))
	}
	a.step(false, what, out)
	return false
}
