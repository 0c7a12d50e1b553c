package hazard

import (
	"slices"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// listRules look at a list alone: they hold for one that no cluster is known of.
var listRules = []func(*circumstances) []Hazard{
	sharedIdentity,
	oneSAST,
	sastKey,
	ecForHTTPS,
	serialOrder,
	duplicateRecords,
	sastCount,
	sha512,
	signerValidity,
	recordValidity,
	recoveryKeySize,
}

// FindInDraft holds a draft that is made from nothing, to be signed with the key of a
// certificate (DER; nil: not known yet), against the rules that need no cluster. The order
// is that of [Find]. A zero now is the present.
func FindInDraft(d *ctlbuild.Draft, signer []byte, now time.Time) []Hazard {
	c := Change{Draft: d, Signer: signer, Now: now}
	k := &circumstances{Change: c, after: lookAhead(c), now: now}
	if k.now.IsZero() {
		k.now = time.Now()
	}
	return k.findWith(listRules)
}

// oneSAST: a list whose only signer may be lost.
func oneSAST(k *circumstances) []Hazard {
	sast := sastOf(k.after.records, false)
	if k.Old != nil || len(sast) != 1 {
		return nil
	}
	name := trust.RecordName(sast[0], &k.after.records[sast[0]])
	return []Hazard{{
		Rule: "one-sast", Severity: Warning, Records: []string{name},
		Message: oneSigner.With("record", name),
		Hint:    hintSecondSAST.With("do", message.Action{Do: message.SecondSAST}),
		Source:  `CUCM facts, "The CTL Client's wizard": the first creation needs two tokens`,
	}}
}

// sastKey: lists are signed with RSA; another key as SAST anchors nothing, and whether phones
// verify with a larger one than they are known to is not certain.
func sastKey(k *circumstances) (found []Hazard) {
	var odd, large []int
	for _, i := range sastOf(k.after.records, false) {
		r := &k.after.records[i]
		c, err := ctlbuild.ParseCertificate(r.Certificate())
		switch {
		case err != nil:
		case c.RSA == nil:
			odd = append(odd, i)
		case c.KeyBits > 2048 && (k.Old == nil || !slices.ContainsFunc(k.Old.SAST(), func(o *ctlbuild.Record) bool { return o.MatchesCertificate(c.DER) })):
			large = append(large, i)
		}
	}
	if k.unchanged() {
		return nil
	}
	if names := trust.RecordNames(k.after.records, odd); len(odd) > 0 {
		found = append(found, Hazard{
			Rule: "sast-key", Severity: Warning, Records: names, Source: "trust-list, section 1, tag 10",
			Message: noRSA.With("records", names, "key", keyText(&k.after.records[odd[0]])),
			Hint:    hintRSA.With(),
		})
	}
	if names := trust.RecordNames(k.after.records, large); len(large) > 0 {
		found = append(found, Hazard{
			Rule: "sast-size", Severity: Warning, Records: names, Source: "CUCM facts, rule 25",
			Message: largeRSA.With("records", names, "n", len(names), "key", keyText(&k.after.records[large[0]])),
			Hint:    hintRSA.With(),
		})
	}
	return found
}

func keyText(r *ctlbuild.Record) message.Message {
	c, err := ctlbuild.ParseCertificate(r.Certificate())
	if err != nil {
		return message.Phrase("unreadable")
	}
	return c.KeyText()
}

// ecForHTTPS: builders for open-source call servers list an EC certificate that phones are
// to trust for HTTPS as TFTP, in a file of SIGNERVERSION 1.1.
func ecForHTTPS(k *circumstances) []Hazard {
	var app, other []int
	for i := range k.after.records {
		r := &k.after.records[i]
		c, err := ctlbuild.ParseCertificate(r.Certificate())
		if err != nil || c.KeyType() != "ECDSA" {
			continue
		}
		switch r.Function() {
		case ctlbuild.AppServer:
			app = append(app, i)
		case ctlbuild.TFTP:
			other = append(other, i)
		}
	}
	const source = "CUCM facts, rule 26"
	var found []Hazard
	if len(app) > 0 && !k.unchanged() {
		names := trust.RecordNames(k.after.records, app)
		found = append(found, Hazard{
			Rule: "ec-for-https", Severity: Warning, Records: names, Source: source,
			Message: ecAsApp.With("records", names),
			Hint:    hintRecordHTTPS.With("do", message.Action{Do: message.ListHTTPS}),
		})
	}
	if d := k.Draft; len(other) > 0 && d != nil && d.SignerVersion != [2]byte{1, 1} {
		names := trust.RecordNames(k.after.records, other)
		found = append(found, Hazard{
			Rule: "ec-for-https", Severity: Warning, Records: names, Source: source,
			Message: ecNeeds11.With("records", names),
			Hint:    hintVersion11.With("do", message.Action{Do: message.SignerVersion}),
		})
	}
	return slices.Clip(found)
}
