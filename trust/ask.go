package trust

import (
	"context"
	"errors"
	"slices"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// tvsRecords are the records by which the phone authenticates a TVS server: the CTL
// is searched first, then the ITL, where they stand.
func (a *assessment) tvsRecords() []tvsRecord {
	var found []tvsRecord
	add := func(l *ctlbuild.List, where string) {
		if l == nil {
			return
		}
		for i := range l.Records {
			if l.Records[i].Function() == ctlbuild.TVS {
				found = append(found, tvsRecord{where, i, &l.Records[i]})
			}
		}
	}
	add(a.v.Phone.CTL, "CTL")
	add(a.itl(), "ITL")
	return found
}

// reachTVS says whether the phone can ask TVS at all. When it cannot, a step says
// why and refusal is the end of the sentence that explains it.
func (a *assessment) reachTVS() (records []tvsRecord, refusal *message.Text, source string, ok bool) {
	p := a.v.Phone
	what := message.Phrase("Can the phone ask TVS?")
	can, known, why := p.canAsk()
	if !can {
		a.step(false, what, message.Phrase("no: it has no Security By Default (%s)", why))
		return nil, butNoSBD, srcNoSBD, false
	}
	if !known {
		a.step(true, what, message.Phrase("not known for model %q (%s); taken as yes", p.Model, why))
		a.perhaps(doubtModel.With("model", p.Model))
	}
	records = a.tvsRecords()
	if len(records) == 0 {
		if p.Unknown != "" {
			a.step(false, what, message.Phrase("not known: the lists that are known hold no TVS record, and the rest is not known (%s)", p.WhyUnknown()))
			a.doubt()
		} else {
			a.step(false, what, message.Phrase("no: no list that it holds has a TVS record by which to authenticate a TVS server"))
		}
		return nil, butNoRecord, srcUnknown, false
	}
	if known {
		names := make([]string, len(records))
		for i, r := range records {
			names[i] = r.String()
		}
		a.step(true, what, message.Phrase("yes: it authenticates TVS servers by %s", names))
	}
	return records, nil, "", true
}

// askAbout puts the signer of a list to TVS: the last place where a phone looks.
func (a *assessment) askAbout(o offered) {
	lacks := lacking{whyLacksList, o.signer.name}
	records, refusal, source, ok := a.reachTVS()
	if !ok {
		a.reject(source, lacks.and(refusal))
		return
	}
	answer, ok := a.ask(o.signer.question(), o.signer.name, records, lacks, lineTVSProxy)
	if !ok {
		a.printFailed()
		return
	}
	if !a.verifiedByAnswer(answer, o.verify, o.label) {
		a.printFailed()
		return
	}
	if !a.rolesFit(answer, o.label, o.signer.name) {
		return
	}
	a.print(lineTVSFlush, lineTVSFlushed)
	a.success(o)
	a.decidedByTVS(records)
	a.end(true, srcRegen+"; "+SourceRules+", item 5", whyListVouched.With("signer", o.signer.name))
}

// ask asks once. When the answer is no answer, or no, the verdict is ended. lines are
// what the console shows before a question that reaches a server.
func (a *assessment) ask(q Question, name string, records []tvsRecord, lacks lacking, lines ...string) (Answer, bool) {
	what := message.Phrase("TVS is asked about %s.", name)
	if q.ByName() {
		what = message.Phrase("TVS is asked about %s, by issuer and serial number.", name)
	}
	if a.tvs == nil {
		a.step(false, what, message.Phrase("not asked"))
		a.doubt()
		a.end(false, srcUnknown, lacks.and(butNotAsked))
		return Answer{}, false
	}
	answer, err := a.tvs.Ask(a.ctx, a.v.Phone, q)
	if err != nil {
		a.noAnswer(what, lacks, err)
		return Answer{}, false
	}
	a.print(lines...)
	a.printTVSServer(records)
	a.print(lineTVSSent)
	a.printStatus(answer)
	a.v.ByTVS = true
	if !answer.Valid {
		a.step(false, what, message.Phrase("status 1: TVS does not know the certificate"))
		a.end(false, srcUnknown, lacks.and(butNotVouched))
		return answer, false
	}
	out := message.List{message.Phrase("status 0: valid")}
	if len(answer.Roles) > 0 {
		out = append(out, message.Phrase("as %s", roleNames(answer.Roles)))
	}
	if answer.TTL > 0 {
		out = append(out, answerTTL.With("n", int64(answer.TTL.Seconds())))
	}
	a.step(true, what, message.Phrase("%s", out))
	return answer, true
}

// verifiedByAnswer: a question by names is answered with the certificate, whose key the
// phone verifies the file with. verify is nil for a list that is not signed yet.
func (a *assessment) verifiedByAnswer(answer Answer, verify func([]byte) ctlbuild.Verification, what string) bool {
	if verify == nil {
		return true
	}
	if answer.Certificate == nil {
		if what != "configuration" {
			return true // the list brought the certificate that was asked about, and verifies with it
		}
		a.step(false, message.Phrase("Does the certificate that TVS gave verify the file?"), message.Phrase("not known: the answer holds none"))
		a.doubt()
		a.end(false, srcQuery, whyNoAnswerCert.With("file", FileText(what)))
		return false
	}
	v := verify(answer.Certificate)
	outcome := yes
	if !v.OK {
		outcome = message.Phrase("no: %s", v.Why)
	}
	a.step(v.OK, message.Phrase("Does the certificate that TVS gave verify the file?"), outcome)
	if !v.OK {
		a.end(false, srcQuery, whyAnswerKey.With("file", FileText(what)))
	}
	return v.OK
}

// noAnswer: the question could not be put. For the phone that is a refusal; for us
// it is one only when it was the servers, and not we, that gave up.
func (a *assessment) noAnswer(what message.Message, lacks lacking, err error) {
	if a.ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		a.step(false, what, message.Phrase("not asked to the end: %w", err))
		a.doubt()
		a.end(false, srcUnknown, lacks.and(butBrokenOff))
		return
	}
	a.step(false, what, message.Phrase("no answer: %w", err))
	reason := butOutOfReach
	if _, bad := errors.AsType[*TVSCertificateError](err); bad {
		a.print(lineServerCert, lineTVSInCTL, lineTVSInITL)
		reason = butStranger
	}
	a.end(false, srcUnknown, lacks.and(reason))
}

// signs says in which roles a signer may be vouched for, by what it signed.
var signs = map[string][]ctlbuild.Function{
	"CTL":           {ctlbuild.SAST},
	"ITL":           {ctlbuild.SAST, ctlbuild.CCMTFTP},
	"configuration": {ctlbuild.CCMTFTP, ctlbuild.TFTP},
}

// fitting: an answer without roles is for all of them.
func fitting(answer Answer, what string) bool {
	return len(answer.Roles) == 0 || slices.ContainsFunc(signs[what], func(f ctlbuild.Function) bool { return slices.Contains(answer.Roles, uint8(f)) })
}

// rolesFit: TVS names the roles in which it vouches. A list must be signed by a SAST,
// an ITL may be by CCM+TFTP, a configuration is by a TFTP server.
func (a *assessment) rolesFit(answer Answer, what, name string) bool {
	if fitting(answer, what) {
		return true
	}
	want := roleName(signs[what][0])
	a.step(false, message.Phrase("Does TVS vouch for the signer of a %s?", FileText(what)),
		message.Phrase("not as %s, but as %s; the documents do not say that a phone is content with that", want, roleNames(answer.Roles)))
	a.doubt()
	why := whyNotAs.With("signer", name, "role", want)
	if want == "SAST" {
		why = whyNotSAST.With("signer", name, "file", FileText(what))
	}
	a.reject(srcRegen, why)
	return false
}

// decidedByTVS names the record that let the phone believe TVS, where there is but one.
func (a *assessment) decidedByTVS(records []tvsRecord) {
	if len(records) == 1 {
		a.decide(records[0].record, records[0].String())
	}
}

func roleNames(list []uint8) []string {
	names := make([]string, len(list))
	for i, r := range list {
		names[i] = roleName(ctlbuild.Function(r))
	}
	return names
}

var answerTTL = message.Define("phone.answer-for", "{n|for # second|for # seconds}")
