package trust

import (
	"bytes"
	"context"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Sources of the rules that Assess follows.
const (
	srcVerify    = `Security By Default, "The phone verifies the ITL and configuration file"`
	srcUnknown   = `Security By Default, "Phone contacts TVS for unknown certificate"`
	SourceSigner = `trust-list, section 1, "The signer"`
	SourceRules  = `trust-list, section 6`
	srcOff       = `Security By Default, "Can I turn off SBD?"`
	srcNoSBD     = `Tokenless CTL, "Requirements", note; trust-list, section 6, item 6`
	srcRegen     = `Tokenless CTL, "Certificate regeneration for the tokenless CTL solution"`
	srcLimits    = `CUCM facts, rule 25`
	srcQuery     = `trust-list, section 6, item 9; Cisco technote 213407`
	srcStubs     = `trust-list, section 4, non-secure mode`
	SourceSHA512 = `CUCM facts, rule 14`
)

// Assess says what phone p makes of o. It asks tvs at most once, and only where the
// phone would.
//
// An ended ctx counts as TVS not asked: the verdict is then not certain.
func Assess(ctx context.Context, p Phone, o Offer, tvs Asker) Verdict {
	a := &assessment{ctx: ctx, tvs: tvs, v: Verdict{Phone: p, Certain: true}}
	switch {
	case o.CTL != nil:
		a.list(signedList("CTL", o.CTL))
	case o.ITL != nil:
		a.list(signedList("ITL", o.ITL))
	case o.Config != nil:
		a.config(signedConfig(o.Config))
	case o.HTTPS != nil:
		a.https(o.HTTPS)
	case o.Empty:
		a.end(false, "CUCM facts, rule 27", whyEmpty.With())
	default:
		a.doubt()
		a.end(false, SourceRules, whyNothing.With())
	}
	return a.v
}

// AssessDraft says what phone p will make of the CTL that d becomes when the
// certificate signer (DER) signs it. The names and the serial number in the header
// will be those of the draft's SAST record of that certificate, byte for byte.
func AssessDraft(ctx context.Context, p Phone, d *ctlbuild.Draft, signer []byte, tvs Asker) Verdict {
	a := &assessment{ctx: ctx, tvs: tvs, v: Verdict{Phone: p, Certain: true}}
	a.list(plannedList("CTL", d.Records, d.Digest, signer))
	return a.v
}

// AssessPlanned says what phone p will make of a list once the certificate signer (DER)
// has signed it. Only l's records, digest and file name count; a phone that is said to
// hold l itself has it already.
func AssessPlanned(ctx context.Context, p Phone, l *ctlbuild.List, signer []byte, tvs Asker) Verdict {
	a := &assessment{ctx: ctx, tvs: tvs, v: Verdict{Phone: p, Certain: true}}
	o := plannedList(ListName(l.Kind()), l.Records, l.Header.Digest, signer)
	o.list = l
	a.list(o)
	return a.v
}

// AssessSigner says what phone p makes of a configuration file that the key of a
// server's certificate (DER) signs.
func AssessSigner(ctx context.Context, p Phone, certDER []byte, tvs Asker) Verdict {
	a := &assessment{ctx: ctx, tvs: tvs, v: Verdict{Phone: p, Certain: true}}
	c, err := ctlbuild.ParseCertificate(certDER)
	if err != nil {
		a.doubt()
		a.end(false, SourceRules, whyUnreadable.With())
		return a.v
	}
	a.config(signedFile{
		signer: signer{name: CertificateName(certDER), subject: c.Subject, issuer: c.Issuer, serial: c.Serial, cert: certDER},
		verify: func(der []byte) ctlbuild.Verification {
			return ctlbuild.Verification{OK: bytes.Equal(der, certDER), Reason: "the key is another", Why: message.Phrase("the key is another")}
		},
	})
	return a.v
}

// offered is a trust list put before a phone, signed or about to be.
type offered struct {
	label  string // CTL, ITL
	signer signer
	digest ctlbuild.Digest
	header int             // header length, 0 when not signed yet
	fault  message.Message // why the file itself fails, nothing when it is intact
	how    message.Message // outcome of the first step when it is intact
	bytes  []byte          // nil when not signed yet
	list   *ctlbuild.List
	// verify checks the file with a key; nil when not signed yet.
	verify func(certDER []byte) ctlbuild.Verification
}

// signer is who a header names, and the certificate where the file brings it.
type signer struct {
	name    string // for people
	subject string
	issuer  string
	serial  []byte
	cert    []byte // DER; nil when the file does not hold it
}

// question is how a phone asks TVS about the signer of a file.
func (s signer) question() Question {
	return Question{Certificate: s.cert, Subject: s.subject, Issuer: s.issuer, Serial: s.serial}
}

func signedList(label string, l *ctlbuild.List) offered {
	o := offered{
		label:  label,
		signer: headerSigner(&l.Header),
		digest: l.Header.Digest,
		header: l.Header.Length,
		bytes:  l.Bytes(),
		list:   l,
		verify: l.VerifyWith,
	}
	if r, i := l.Signer(); r != nil {
		o.signer.name, o.signer.cert = who(r), r.Certificate()
		o.how = message.Phrase("intact: its signature verifies with %s", RecordName(i, r))
	}
	if v := l.Verify(); !v.OK {
		o.fault = v.Why
		if o.fault.IsZero() {
			o.fault = message.Phrase("its signature does not verify")
		}
	}
	return o
}

// headerSigner is whom a header names.
func headerSigner(h *ctlbuild.Header) signer {
	name := ctlbuild.CommonName(h.SignerName)
	if name == "" {
		name = h.SignerName
	}
	return signer{name: ctlbuild.Printable(name), subject: h.SignerName, issuer: h.CAName, serial: h.SerialNumber}
}

// plannedList is a list before it is signed by the certificate's key.
func plannedList(label string, records []ctlbuild.Record, digest ctlbuild.Digest, certDER []byte) offered {
	o := offered{
		label:  label,
		signer: signer{name: CertificateName(certDER), cert: certDER},
		digest: digest,
	}
	i := slices.IndexFunc(records, func(r ctlbuild.Record) bool {
		return r.Function() == ctlbuild.SAST && r.MatchesCertificate(certDER)
	})
	if i < 0 {
		o.fault = message.Phrase("the certificate that will sign it, %s, is not among its SAST records", o.signer.name)
		return o
	}
	r := &records[i]
	o.signer = signer{name: who(r), subject: r.SubjectName(), issuer: r.IssuerName(), serial: r.SerialNumber(), cert: certDER}
	o.how = message.Phrase("not signed yet; %s will sign it", RecordName(i, r))
	return o
}

// assessment is one verdict in the making.
type assessment struct {
	ctx context.Context
	tvs Asker
	v   Verdict

	// unsure: the phone may lack what an acceptance takes (SHA-512, asking TVS). A
	// refusal is one either way.
	unsure bool
}

func (a *assessment) step(ok bool, what, outcome message.Message) {
	a.v.Steps = append(a.v.Steps, Step{What: what, Outcome: outcome, OK: ok})
}

// decide keeps the record that decides.
func (a *assessment) decide(r *ctlbuild.Record, name string) { a.v.Decider, a.v.DeciderName = r, name }

// perhaps says why an acceptance is not certain.
func (a *assessment) perhaps(why message.Message) {
	a.unsure = true
	if a.v.Doubt.IsZero() {
		a.v.Doubt = why
	}
}

// doubt says that the verdict rests on something not known.
func (a *assessment) doubt() { a.v.Certain = false }

// end fixes the verdict.
func (a *assessment) end(accept bool, source string, why message.Message) {
	switch {
	case accept && a.unsure:
		a.doubt()
		if !a.v.Doubt.IsZero() {
			why = whyDoubted.With("why", why, "doubt", a.v.Doubt)
		}
	default:
		a.v.Doubt = message.Message{}
	}
	a.v.Accept, a.v.Source, a.v.Why, a.v.Reason = accept, source, why, why.String()
}

// reject ends a trust list's verdict with what the phone displays, if that is known.
func (a *assessment) reject(source string, why message.Message) {
	a.printFailed()
	a.end(false, source, why)
}

// sbd reports whether the phone has Security By Default; an unknown model is taken to.
func (a *assessment) sbd() bool {
	can, _, _ := a.v.Phone.canAsk()
	return can
}

// itl is the ITL that counts: none for a phone without Security By Default, none
// when it was emptied for the rollback.
func (a *assessment) itl() *ctlbuild.List {
	l := a.v.Phone.ITL
	if l == nil || !a.sbd() || l.IsEmptyRollback() {
		return nil
	}
	return l
}

// list follows an offered CTL or ITL through the phone.
func (a *assessment) list(o offered) {
	p := a.v.Phone
	a.printRequest(o.label)
	if !a.intact(o) {
		return
	}
	if o.label == "ITL" && !a.sbd() {
		_, _, why := p.canAsk()
		a.step(true, message.Phrase("Does the phone use an ITL?"), message.Phrase("no: it has no Security By Default (%s)", why))
		a.unsure = false
		a.end(true, srcNoSBD, whyNoITL.With())
		return
	}
	if a.alreadyHeld(o) {
		return
	}
	if p.Unknown != "" && p.CTL == nil && p.ITL == nil {
		a.step(false, message.Phrase("What does the phone hold?"), message.Phrase("not known: %s", p.WhyUnknown()))
		a.doubt()
		a.end(false, SourceRules, whyUnknown.With("unknown", p.WhyUnknown()))
		return
	}
	if p.CTL == nil && a.itl() == nil && p.Unknown == "" {
		a.blind(o)
		return
	}
	a.stateStep(o.label)
	if a.v.Phone.CTL != nil && a.itl() == nil && a.sbd() && o.label == "ITL" && p.Unknown == "" {
		a.itlByCTLAlone(o)
		return
	}
	if a.knownSigner(o, a.v.Phone.CTL, "CTL") || a.knownSigner(o, a.itl(), "ITL") {
		return
	}
	a.askAbout(o)
}

// intact: whatever the phone holds, a file that its own signer does not verify is nothing.
func (a *assessment) intact(o offered) bool {
	what := message.Phrase("Is the offered %s intact?", FileText(o.label))
	if !o.fault.IsZero() {
		a.step(false, what, message.Phrase("no: %s", o.fault))
		a.reject(SourceSigner, whyUnsound.With("file", FileText(o.label), "fault", o.fault))
		return false
	}
	a.step(true, what, o.how)
	if o.digest == ctlbuild.SHA512 && a.verified512() {
		a.step(true, message.Phrase("Can the phone verify the list's digest?"), message.Phrase("yes: it is SHA-512, as that of a list which the phone holds"))
	} else if o.digest == ctlbuild.SHA512 {
		a.step(false, message.Phrase("Can the phone verify the list's digest?"),
			message.Phrase("not known: it is SHA-512, which phones without support for it refuse; the documents do not say which models have it"))
		a.perhaps(doubtSHA512.With())
	}
	return true
}

// verified512: a phone that holds a list signed with SHA-512 has verified one. Which models
// can is in no document.
func (a *assessment) verified512() bool {
	p := a.v.Phone
	return p.CTL != nil && p.CTL.Header.Digest == ctlbuild.SHA512 || a.itl() != nil && a.itl().Header.Digest == ctlbuild.SHA512
}

// alreadyHeld: the same bytes need no verdict.
func (a *assessment) alreadyHeld(o offered) bool {
	held := a.v.Phone.CTL
	if o.label == "ITL" {
		held = a.v.Phone.ITL
	}
	if held == nil || held != o.list && (o.bytes == nil || !bytes.Equal(held.Bytes(), o.bytes)) {
		return false
	}
	a.step(true, message.Phrase("Does the phone hold this very file?"), message.Phrase("yes, byte for byte (MD5 %s)", held.MD5()))
	a.unsure = false
	a.success(o)
	a.end(true, SourceRules, whySame.With("file", FileText(o.label)))
	return true
}

// blind: nothing held, nothing to check against.
func (a *assessment) blind(o offered) {
	if p := a.v.Phone; p.ITL != nil && a.sbd() {
		a.step(true, message.Phrase("What does the phone hold?"), message.Phrase("no CTL, and an ITL emptied by \"Prepare Cluster for Rollback to Pre 8.0\""))
	} else {
		a.step(true, message.Phrase("What does the phone hold?"), message.Phrase("no CTL and no ITL"))
	}
	a.success(o)
	a.end(true, srcVerify+", first state", whyBlind.With())
}

// stateStep says which of the documents' states the phone is in.
func (a *assessment) stateStep(label string) {
	p := a.v.Phone
	ctl, itl := message.Phrase("no CTL"), message.Phrase("no ITL")
	if p.CTL != nil {
		ctl = message.Phrase("a CTL (MD5 %s)", p.CTL.MD5())
	}
	switch {
	case !a.sbd():
		itl = message.Phrase("no ITL, having no Security By Default")
	case p.ITL != nil && p.ITL.IsEmptyRollback():
		itl = message.Phrase("an ITL emptied for the rollback, which counts as none")
	case p.ITL != nil:
		itl = message.Phrase("an ITL (MD5 %s)", p.ITL.MD5())
	}
	out := message.Phrase("%s", []message.Message{ctl, itl})
	if p.Unknown != "" {
		out = message.Phrase("%s; the rest is not known: %s", out, p.WhyUnknown())
	}
	a.step(true, message.Phrase("What does the phone hold?"), out)
}

// itlByCTLAlone: a CTL but no ITL. A CCM+TFTP record of the CTL vouches, and where the ITL
// is signed by ITLRecovery, as from 12.0 on, the SAST record that both lists hold.
func (a *assessment) itlByCTLAlone(o offered) {
	ctl := a.v.Phone.CTL
	m := a.search(ctl, "CTL", o.signer, ctlbuild.CCMTFTP)
	if m.index < 0 {
		if i := FindSigner(ctl, o.signer.issuer, o.signer.serial, ctlbuild.SAST); i >= 0 && ctl.Records[i].IsRecovery() {
			m = a.search(ctl, "CTL", o.signer, ctlbuild.SAST)
		}
	}
	if m.index >= 0 {
		a.byRecord(o, ctl, "CTL", m)
		return
	}
	if other := FindSigner(ctl, o.signer.issuer, o.signer.serial, ctlbuild.SAST, ctlbuild.TFTP); other >= 0 {
		a.step(false, message.Phrase("Is the signer in the CTL in another role?"),
			message.Phrase("yes, %s; the document names CCM+TFTP alone and says nothing of this", RecordName(other, &ctl.Records[other])))
		a.doubt()
	}
	a.reject(srcVerify+", second state", whyCTLAlone.With("signer", o.signer.name))
}

// knownSigner decides by a record of a held list, when one names the signer.
func (a *assessment) knownSigner(o offered, held *ctlbuild.List, where string) bool {
	if held == nil {
		return false
	}
	functions := []ctlbuild.Function{ctlbuild.SAST}
	if o.label == "ITL" {
		functions = append(functions, ctlbuild.CCMTFTP)
	}
	m := a.search(held, where, o.signer, functions...)
	if m.index < 0 {
		return false
	}
	a.byRecord(o, held, where, m)
	return true
}

// byRecord checks the file with the key of the held record that names its signer.
func (a *assessment) byRecord(o offered, held *ctlbuild.List, where string, m match) {
	r := &held.Records[m.index]
	name := RecordName(m.index, r)
	a.decide(r, name+" of the "+where)
	a.limits(o, held, where, m.index)
	what := verifiesText(name, where)
	if m.cert == nil {
		a.step(false, what, message.Phrase("not known: the record holds a hash, and it is not that of the signer's certificate"))
		a.doubt()
		a.reject(srcVerify, whyNoCertificate.With("record", name, "list", where))
		return
	}
	verdict := ctlbuild.Verification{OK: true}
	if o.verify != nil {
		verdict = o.verify(m.cert)
	} else if o.signer.cert != nil && !bytes.Equal(o.signer.cert, m.cert) {
		verdict = ctlbuild.Verification{Why: message.Phrase("the record holds another certificate with the same issuer and serial number")}
	}
	if !verdict.OK {
		a.step(false, what, message.Phrase("no: %s", verdict.Why))
		a.reject(srcVerify, whyOtherKey.With("record", name, "list", where))
		return
	}
	a.step(true, what, yes)
	a.success(o)
	a.end(true, acceptSource(o.label), whyKnown.With("signer", o.signer.name, "record", name, "list", where))
}

// limits of what phones are known to remember and to verify: beyond them an acceptance
// is likely, and no more. A phone that does not remember the record takes the other ways
// there are.
func (a *assessment) limits(o offered, held *ctlbuild.List, where string, index int) {
	r := &held.Records[index]
	if nth := nthSAST(held, index); r.Function() == ctlbuild.SAST && nth > 2 && !a.remembered(r, o.label) && !a.vouchedAnyway(o) {
		a.step(false, message.Phrase("Does the phone remember %s?", RecordName(index, r)),
			message.Phrase("not certain: it is SAST number %d of the %s, and some phones remember only two (%s)", nth, where, srcLimits))
		a.perhaps(doubtSAST.With("nth", nth, "list", where))
	}
	if c, err := ctlbuild.ParseCertificate(r.Certificate()); err == nil && c.KeyBits > 2048 && r.Certificate() != nil {
		a.step(false, message.Phrase("Can the phone verify with a key of this size?"),
			message.Phrase("not certain: it has %d bits, and phones are known to verify lists with up to 2048 (%s)", c.KeyBits, srcLimits))
		a.perhaps(doubtBits.With("bits", c.KeyBits))
	}
}

// vouchedAnyway: a phone that does not remember the signer asks TVS, and is told that it is valid.
func (a *assessment) vouchedAnyway(o offered) bool {
	can, known, _ := a.v.Phone.canAsk()
	if !can || !known || a.tvs == nil || len(a.tvsRecords()) == 0 {
		return false
	}
	answer, err := a.tvs.Ask(a.ctx, a.v.Phone, o.signer.question())
	if err != nil || !answer.Valid || !fitting(answer, o.label) || o.verify != nil && answer.Certificate != nil && !o.verify(answer.Certificate).OK {
		return false
	}
	a.step(true, message.Phrase("TVS is asked about %s by a phone that does not remember it.", o.signer.name), message.Phrase("status 0: valid"))
	return true
}

// nthSAST counts the SAST records of a list up to one.
func nthSAST(l *ctlbuild.List, index int) int {
	nth := 0
	for i := range index + 1 {
		if l.Records[i].Function() == ctlbuild.SAST {
			nth++
		}
	}
	return nth
}

// remembered reports a certificate that a list held has as one of its first two SAST, or in
// another role that is enough for the file.
func (a *assessment) remembered(r *ctlbuild.Record, label string) bool {
	for _, l := range []*ctlbuild.List{a.v.Phone.CTL, a.itl()} {
		if l == nil {
			continue
		}
		if i := FindSigner(l, r.IssuerName(), r.SerialNumber(), ctlbuild.SAST); i >= 0 && nthSAST(l, i) <= 2 && l.Records[i].MatchesCertificate(r.Certificate()) {
			return true
		}
		if i := FindSigner(l, r.IssuerName(), r.SerialNumber(), ctlbuild.CCMTFTP); label == "ITL" && i >= 0 && l.Records[i].MatchesCertificate(r.Certificate()) {
			return true
		}
	}
	return false
}

func acceptSource(label string) string {
	if label == "CTL" {
		return SourceRules + ", item 5; " + srcVerify
	}
	return srcVerify + ", third state"
}
