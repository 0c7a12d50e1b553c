package hazard

import (
	"bytes"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// nodesDiffer: all nodes serve the same bytes, or phones hold whatever they met last.
func nodesDiffer(k *circumstances) []Hazard {
	var without, unknown []string
	groups := map[string][]string{}
	var order []string
	for _, n := range k.Nodes {
		switch {
		case n.Err != nil:
			unknown = append(unknown, n.Node)
		case n.List == nil:
			without = append(without, n.Node)
		default:
			sum := n.List.MD5()
			if groups[sum] == nil {
				order = append(order, sum)
			}
			groups[sum] = append(groups[sum], n.Node)
		}
	}
	const source = "CUCM facts, rule 6"
	var found []Hazard
	if len(order) > 1 || (len(order) == 1 && len(without) > 0) {
		var parts message.Parts
		for _, sum := range order {
			parts = append(parts, servesSum.With("nodes", groups[sum], "md5", sum))
		}
		if len(without) > 0 {
			parts = append(parts, servesNone.With("nodes", without))
		}
		found = append(found, Hazard{
			Rule: "nodes-differ", Severity: Warning, Source: source,
			Message: nodesDifferent.With("what", parts),
			Hint:    hintDistribute.With(),
		})
	}
	if len(unknown) > 0 {
		found = append(found, Hazard{
			Rule: "nodes-differ", Severity: Warning, Source: source,
			Message: nodesUnknown.With("nodes", unknown),
			Hint:    hintReachAll.With(),
		})
	}
	return found
}

// sharedIdentity: two SAST certificates under one issuer and serial number.
func sharedIdentity(k *circumstances) []Hazard {
	var found []Hazard
	sast := sastOf(k.after.records, false)
	for n, i := range sast {
		for _, j := range sast[n+1:] {
			a, b := &k.after.records[i], &k.after.records[j]
			if a.IssuerName() != b.IssuerName() || !bytes.Equal(a.SerialNumber(), b.SerialNumber()) ||
				bytes.Equal(a.Certificate(), b.Certificate()) {
				continue
			}
			names := trust.RecordNames(k.after.records, []int{i, j})
			found = append(found, Hazard{
				Rule: "shared-identity", Severity: Danger, Records: names, Source: trust.SourceSigner,
				Consequence: SignerMistaken,
				Message:     sameIdentity.With("records", names),
				Hint:        hintRemoveOne.With(),
			})
		}
	}
	return found
}

// serialOrder: one certificate, one way of writing it. A phone compares bytes.
func serialOrder(k *circumstances) []Hazard {
	const source = "trust-list, section 3"
	var found []Hazard
	if k.Old != nil {
		for _, i := range sastOf(k.after.records, false) {
			n := &k.after.records[i]
			for j := range k.Old.Records {
				o := &k.Old.Records[j]
				if o.Function() != ctlbuild.SAST || n.Certificate() == nil || !o.MatchesCertificate(n.Certificate()) ||
					(o.IssuerName() == n.IssuerName() && bytes.Equal(o.SerialNumber(), n.SerialNumber())) {
					continue
				}
				found = append(found, Hazard{
					Rule: "record-form", Severity: Warning, Source: source,
					Message: writtenOtherwise.With("new", trust.RecordName(i, n), "old", trust.RecordName(j, o),
						"how", trust.WrittenOtherwise(o, n.IssuerName(), n.SerialNumber())),
					Hint:    hintKeepRecord.With(),
					Records: []string{trust.RecordName(i, n), trust.RecordName(j, o)},
				})
			}
		}
	}
	return append(found, mixedSerialOrder(k, source)...)
}

// mixedSerialOrder: tokens written both ways in one list point to a mistaken choice.
func mixedSerialOrder(k *circumstances, source string) []Hazard {
	var little, big []int
	for _, i := range sastOf(k.after.records, true) {
		r := &k.after.records[i]
		c, err := ctlbuild.ParseCertificate(r.Certificate())
		if err != nil {
			continue
		}
		switch {
		case palindrome(c.Serial): // the same in either order
		case trust.Reversed(r.SerialNumber(), c.Serial):
			little = append(little, i)
		case bytes.Equal(r.SerialNumber(), c.Serial):
			big = append(big, i)
		}
	}
	if len(little) == 0 || len(big) == 0 {
		return nil
	}
	names := trust.RecordNames(k.after.records, append(little, big...))
	return []Hazard{{
		Rule: "serial-order", Severity: Warning, Source: source, Records: names,
		Message: mixedOrder.With("little", trust.RecordNames(k.after.records, little), "big", trust.RecordNames(k.after.records, big)),
		Hint:    hintSameOrder.With(),
	}}
}

func palindrome(b []byte) bool {
	for i := range b {
		if b[i] != b[len(b)-1-i] {
			return false
		}
	}
	return true
}

// duplicateRecords: the same certificate twice in one role for one server.
func duplicateRecords(k *circumstances) []Hazard {
	var found []Hazard
	for i := range k.after.records {
		for j := i + 1; j < len(k.after.records); j++ {
			a, b := &k.after.records[i], &k.after.records[j]
			if a.Function() != b.Function() || a.Certificate() == nil || !bytes.Equal(a.Certificate(), b.Certificate()) || a.DNSName() != b.DNSName() {
				continue
			}
			names := trust.RecordNames(k.after.records, []int{i, j})
			found = append(found, Hazard{
				Rule: "duplicate-records", Severity: Warning, Records: names, Source: `CUCM facts, "The CTL Client's wizard": a certificate appears once`,
				Message: twice.With("records", names),
				Hint:    hintRemoveSecond.With(),
			})
		}
	}
	return found
}

// sastCount: phones may remember two.
func sastCount(k *circumstances) []Hazard {
	sast := sastOf(k.after.records, false)
	if len(sast) <= 2 || k.unchanged() {
		return nil
	}
	names := trust.RecordNames(k.after.records, sast)
	h := Hazard{
		Rule: "sast-count", Severity: Warning, Records: names, Source: trust.SourceRules + ", item 7",
		Message: manySAST.With("n", len(sast), "records", names),
		Hint:    hintRemoveLost.With(),
	}
	if k.Old != nil && len(sastOf(k.Old.Records, false)) >= len(sast) {
		h.Severity = Note
	}
	return []Hazard{h}
}

// sha512: refused by phones without support for it.
func sha512(k *circumstances) []Hazard {
	if k.after.digest != ctlbuild.SHA512 || k.unchanged() {
		return nil
	}
	h := Hazard{
		Rule: "sha-512", Severity: Warning, Source: trust.SourceSHA512,
		Message: bySHA512.With(),
		Hint:    hintOtherDigest.With(),
	}
	if k.Old != nil && k.Old.Header.Digest == ctlbuild.SHA512 {
		h.Severity = Note
	}
	return []Hazard{h}
}

// digestWeaker: a list signed with a weaker digest than the one before.
func digestWeaker(k *circumstances) []Hazard {
	if k.Old == nil || !k.after.whole || k.after.digest == 0 || k.after.digest >= k.Old.Header.Digest {
		return nil
	}
	return []Hazard{{
		Rule: "digest-weaker", Severity: Warning, Source: "trust-list, section 1, tag 8",
		Message: weaker.With("old", k.Old.Header.Digest.String(), "new", k.after.digest.String()),
		Hint:    hintKeepDigest.With("digest", k.Old.Header.Digest.String()),
	}}
}

const srcExpiry = `Tokenless CTL, "Certificate regeneration": a certificate is renewed as it nears its end; the documents do not say that phones look at the dates`

// signerValidity: a signer whose certificate is not valid today.
func signerValidity(k *circumstances) []Hazard {
	if k.after.cert == nil || k.unchanged() {
		return nil
	}
	state := validity(k.after.cert, k.now)
	if state.IsZero() {
		return nil
	}
	return []Hazard{{
		Rule: "signer-validity", Severity: Warning, Source: srcExpiry, Records: []string{k.signerName()},
		Message: signerDates.With("signer", trust.CertificateName(k.after.cert), "state", state),
		Hint:    hintClock.With(),
	}}
}

// recordValidity: the other certificates of the list, in one hazard.
func recordValidity(k *circumstances) []Hazard {
	var states message.Parts
	var names []string
	for i := range k.after.records {
		r := &k.after.records[i]
		if i == k.after.signer || r.Certificate() == nil {
			continue
		}
		if s := validity(r.Certificate(), k.now); !s.IsZero() {
			name := trust.RecordName(i, r)
			names = append(names, name)
			states = append(states, recordDates.With("record", name, "state", s))
		}
	}
	if len(names) == 0 || k.unchanged() {
		return nil
	}
	return []Hazard{{
		Rule: "certificate-validity", Severity: Note, Source: srcExpiry, Records: names,
		Message: otherDates.With("what", states),
		Hint:    hintRenew.With(),
	}}
}

// soon is how long before its end a certificate is mentioned.
const soon = 60 * 24 * time.Hour

// validity says what is wrong with a certificate's dates at a time; empty when nothing is.
func validity(der []byte, now time.Time) (state message.Message) {
	c, err := ctlbuild.ParseCertificate(der)
	if err != nil {
		return state
	}
	const day = "2006-01-02"
	switch {
	case now.After(c.NotAfter):
		return expired.With("day", c.NotAfter.UTC().Format(day))
	case now.Before(c.NotBefore):
		return notYet.With("day", c.NotBefore.UTC().Format(day))
	case now.Add(soon).After(c.NotAfter):
		return expires.With("day", c.NotAfter.UTC().Format(day))
	}
	return state
}
