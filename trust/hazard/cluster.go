package hazard

import (
	"fmt"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/release"
)

// recoveryKeySize: an ITLRecovery left small fails when it is needed.
func recoveryKeySize(k *circumstances) []Hazard {
	var recovery []int
	largest := 0
	for i := range k.after.records {
		r := &k.after.records[i]
		c, err := ctlbuild.ParseCertificate(r.Certificate())
		if err != nil {
			continue
		}
		if r.IsRecovery() {
			if c.KeyBits <= 1024 {
				recovery = append(recovery, i)
			}
			continue
		}
		if !r.IsToken() {
			largest = max(largest, c.KeyBits)
		}
	}
	if len(recovery) == 0 || largest < 2048 {
		return nil
	}
	names := trust.RecordNames(k.after.records, recovery)
	return []Hazard{{
		Rule: "itlrecovery-1024", Severity: Warning, Source: "CUCM facts, rule 15", Records: names,
		Message: smallRecovery.With("records", names, "bits", largest),
		Hint:    hintRegenerate.With(),
	}}
}

// residue: a CTL that a former mixed mode left behind.
func residue(k *circumstances) []Hazard {
	if k.Old == nil || k.Mixed || k.mixed || hasStubs(k.Old.Records) || len(serverRecords(k.Old.Records)) == 0 {
		return nil
	}
	return []Hazard{{
		Rule: "ctl-residue", Severity: Warning,
		Message: leftOver.With(),
		Hint:    hintNonSecure.With(),
		Source:  `CUCM facts, rule 5; Tokenless CTL, "From non-secure mode to mixed mode", note`,
	}}
}

// stubsAndMode: stubs belong to non-secure mode, full records to mixed mode.
func stubsAndMode(k *circumstances) []Hazard {
	if !k.after.whole {
		return nil
	}
	const source = `trust-list, section 4: in non-secure mode server records are stripped`
	var stubs, full []int
	for _, i := range serverRecords(k.after.records) {
		if k.after.records[i].IsStub() {
			stubs = append(stubs, i)
		} else {
			full = append(full, i)
		}
	}
	if k.mixed && len(stubs) > 0 {
		names := trust.RecordNames(k.after.records, stubs)
		return []Hazard{{
			Rule: "stubs-in-mixed-mode", Severity: Danger, Source: source, Records: names,
			Consequence: ServersUnverified,
			Message:     stubsInMixed.With("records", names),
			Hint:        hintAddServers.With(),
		}}
	}
	if !k.mixed && len(full) > 0 && !k.unchanged() {
		names := trust.RecordNames(k.after.records, full)
		return []Hazard{{
			Rule: "full-records-in-non-secure-mode", Severity: Warning, Source: source, Records: names,
			Message: fullInNonSecure.With("records", names),
			Hint:    hintStrip.With(),
		}}
	}
	return nil
}

func hasStubs(records []ctlbuild.Record) bool {
	for i := range records {
		if records[i].IsStub() {
			return true
		}
	}
	return false
}

// serverRecords are those of CallManager and TFTP servers.
func serverRecords(records []ctlbuild.Record) []int {
	var found []int
	for i := range records {
		switch records[i].Function() {
		case ctlbuild.CCM, ctlbuild.CCMTFTP, ctlbuild.TFTP:
			found = append(found, i)
		}
	}
	return found
}

// serversMissing: what the cluster's services use now, and the new CTL does not have.
func serversMissing(k *circumstances) []Hazard {
	if !k.mixed || !k.after.whole {
		return nil
	}
	var missing []message.Message
	known, stays := false, false
	for _, c := range k.Credentials {
		in := listed(k.after.records, c)
		if !in {
			missing = append(missing, inUse.With("role", c.Function.String(), "node", c.Node, "name", trust.CertificateName(c.Certificate)))
		}
		if c.Function != ctlbuild.CAPF {
			known, stays = known || k.Old != nil && listed(k.Old.Records, c), stays || in
		}
	}
	if len(missing) == 0 {
		return nil
	}
	h := Hazard{
		Rule: "servers-missing", Severity: Warning,
		Message: notListed.With("services", missing),
		Hint:    hintCollect.With(),
		Source:  "CUCM facts, rule 4",
	}
	if known && !stays { // such as the file of another cluster that the same tokens sign
		h.Severity, h.Consequence, h.Hint = Danger, ServersUnverified, hintOwnCTL.With()
	}
	return []Hazard{h}
}

// listed: a CCM+TFTP record serves both of its halves.
func listed(records []ctlbuild.Record, c Credential) bool {
	for i := range records {
		r := &records[i]
		if r.Function() == ctlbuild.SAST || !r.MatchesCertificate(c.Certificate) {
			continue
		}
		if r.Function() == c.Function || r.Function() == ctlbuild.CCMTFTP && c.Function != ctlbuild.CAPF {
			return true
		}
	}
	return false
}

// tokenlessWithoutSBD: phones that the next regeneration of CallManager loses.
func tokenlessWithoutSBD(k *circumstances) []Hazard {
	if !k.after.whole || len(sastOf(k.after.records, true)) > 0 || k.unchanged() {
		return nil
	}
	var names []string
	n := 0
	var who any
	severity := Warning
	for _, p := range k.Phones {
		if can, _ := p.SBD(); can {
			continue
		}
		names = append(names, p.Name)
		if p.Supposed() {
			who = ifAny.With("who", p.Name)
		} else {
			n += p.N()
		}
	}
	switch {
	case n > 0:
		who = phonesCounted.With("n", n)
	case who == nil:
		return nil
	default:
		severity = Note
	}
	return []Hazard{{
		Rule: "tokenless-without-sbd", Severity: severity, Phones: names,
		Message: tokenlessStrands.With("who", who),
		Hint:    hintKeepTokens.With(),
		Source:  `Tokenless CTL, "Requirements", note`,
	}}
}

// toTokenlessPrecondition: from tokens to tokenless, phones must know the next signer first.
func toTokenlessPrecondition(k *circumstances) []Hazard {
	if k.Version.Before(release.Of(12, 0)) || k.Old == nil || k.Old.Tokenless() || !k.after.whole || len(sastOf(k.after.records, true)) > 0 {
		return nil
	}
	servers := 0
	for _, i := range sastOf(k.Old.Records, false) {
		if !k.Old.Records[i].IsToken() {
			servers++
		}
	}
	if servers > 0 {
		return nil
	}
	return []Hazard{{
		Rule: "to-tokenless-precondition", Severity: Warning,
		Message: onlyTokens.With(),
		Hint:    hintUpdateOnce.With(),
		Source:  `CUCM facts, rule 9`,
		Records: trust.RecordNames(k.Old.Records, sastOf(k.Old.Records, false)),
	}}
}

// fileName: a CTL that calls itself otherwise.
func fileName(k *circumstances) []Hazard {
	if !k.after.whole || k.after.name == "" || k.after.name == ctlbuild.CTLFileName {
		return nil
	}
	return []Hazard{{
		Rule: "file-name", Severity: Warning, Source: "trust-list, section 1, tag 14",
		Message: otherName.With("name", fmt.Sprintf("%q", k.after.name)),
		Hint:    hintName.With(),
	}}
}
