package advise

import (
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

const srcMove = `CUCM facts, rule 10; Security By Default, "Moving phones between clusters"`

var (
	moveNoLists  = message.Define("advise.moved.no-lists", "The destination's lists were not given: whether they are accepted by {who} is not known.")
	moveNoListDo = message.Define("advise.moved.no-lists.do", "Give the CTL and the ITL that the destination serves.")
	moveTVS      = message.Define("advise.moved", "The destination's lists are accepted by {who} only where TVS of this cluster vouches for their signers.")
	moveTVSCTL   = message.Define("advise.moved.ctl", "The destination's lists are accepted by {who} only where TVS of this cluster vouches for their signers. The rollback parameter does not help: it empties the ITL, and the phones keep their CTL.")
	moveNoITL    = message.Define("advise.moved.no-itl", "The cluster serves a CTL and no ITL: phones cannot ask TVS about the destination's lists.")
	moveKeepTVS  = message.Define("advise.moved.keep-tvs", "Leave this cluster's TVS running until the last phone has moved.")
	moveEmpty    = message.Define("advise.moved.empty", "Or, as there is no CTL: set \"Prepare Cluster for Rollback to Pre 8.0\" here and let the phones take the emptied ITL before they move.")
	moveKnown    = message.Define("advise.moved-without-sbd.known", "The destination's CTL is accepted by phones without Security By Default: {reason}")
	moveOnly     = message.Define("advise.moved-without-sbd", "Only a CTL whose signer is held as SAST ({records}) is accepted by {who}.")
	moveOnlyDo   = message.Define("advise.moved-without-sbd.do", "Put the destination's signer into this cluster's CTL as SAST, and let these phones take it, before they move; with tokens, let both clusters' CTLs have one token in common.")

	centralUnknown   = message.Define("advise.central-tftp.not-said", "It is not said whether all clusters behind the central TFTP server are 8.0 or later, or all older: a mixture makes phones of the older ones take the central ITLFile.tlv and then refuse their own cluster's files.")
	centralUnknownDo = message.Define("advise.central-tftp.not-said.do", "Find out the version of every cluster that uses the central TFTP server.")
	centralMixed     = message.Define("advise.central-tftp.mixed", "Clusters before and after 8.0 share the TFTP server: phones of the older ones are given the central ITLFile.tlv and then trust no file of their own cluster.")
	centralMixedDo   = message.Define("advise.central-tftp.mixed.do", "Set \"Prepare Cluster for Rollback to Pre 8.0\" on the clusters of 8.0 and later (CSCto87262) and the secured phone URLs to HTTP, or upgrade the older clusters first.")
	centralSame      = message.Define("advise.central-tftp.same", "All clusters are of one kind: each phone is given its own ITLSEP<MAC>.tlv from its own cluster.")

	backupUnknown = message.Define("advise.restored.not-said", "Backups of versions with CSCtn50405 lack the CallManager certificate; a server restored from one makes lists that phones refuse. Whether this backup has it is not known.")
	backupNoteDo  = message.Define("advise.restored.note.do", "Before the restore, note the serial number of the CallManager certificate (it is that of the ITL's signer).")
	backupOtherDo = message.Define("advise.restored.other.do", "Restore while another TFTP server of the cluster still serves sound lists.")
	backupWhole   = message.Define("advise.restored.complete", "The backup brings the CallManager key back: phones go on trusting what it signs.")
	backupLacks   = message.Define("advise.restored.lacks", "The backup lacks the CallManager certificate (CSCtn50405): the restored server makes lists that say \"was not used to sign\" or fail to verify.")
	backupLacksDo = message.Define("advise.restored.lacks.do", "Keep another TFTP server that was not restored in service; regenerate CallManager on the restored one at once, with TVS left as it is.")
	backupClear   = message.Define("advise.restored.clear", "without another TFTP server, delete the ITL on each phone by hand")

	offBroken    = message.Define("advise.turned-off.broken", "Security By Default can be turned off only while it works: the emptied ITL is signed, and phones have to verify it. The ITL served now does not verify.")
	offBrokenDo  = message.Define("advise.turned-off.broken.do", "Mend the ITL first.")
	offMeantime  = message.Define("advise.turned-off", "While it is off, any configuration is taken by {who}, whoever signed it; authenticated and encrypted configurations and HTTPS services do not work. Do not leave the cluster so.")
	offCompareDo = message.Define("advise.turned-off.do", "See that phones accept the ITL served now: compare its checksum with that on some phones, and its TVS record with the certificate that TVS presents.")
	offWithCTL   = message.Define("advise.turned-off-with-ctl", "Only the ITL is emptied. Phones keep their CTL and go on checking what it covers, so this does not free them to trust another signer.")
)

// moved: phones that hold lists of one cluster meet those of another.
func moved(k *outlook) []Finding {
	if !k.has(MovePhones) {
		return nil
	}
	var found []Finding
	if k.CTL != nil {
		found = append(found, k.movedWithCTL()...)
	}
	f := k.withSBD().finding("moved", srcMove)
	if f.Severity == hazard.Note || (k.CTL == nil && k.ITL == nil) {
		return found
	}
	f.Records = append(signerRecord(k.DestinationCTL, "destination's CTL"), signerRecord(k.DestinationITL, "destination's ITL")...)
	f.First = do(stepTrustDestination.With(), moveKeepTVS.With())
	switch {
	case k.CTL != nil && k.ITL == nil && k.NoITL:
		f.Message = moveNoITL.With()
	case k.DestinationCTL == nil && k.DestinationITL == nil:
		f.Severity, f.unsure = hazard.Warning, true
		f.Message = moveNoLists.With("who", f.Who)
		f.First = append(do(moveNoListDo.With()), f.First...)
	case k.CTL != nil:
		f.Message = moveTVSCTL.With("who", f.Who)
	default:
		f.Message = moveTVS.With("who", f.Who)
	}
	if k.CTL == nil && k.NoCTL {
		f.First = append(f.First, moveEmpty.With())
	}
	return append([]Finding{f}, found...)
}

// movedWithCTL: phones that cannot ask must know the destination's signer already.
func (k *outlook) movedWithCTL() []Finding {
	f := k.withoutSBD().finding("moved-without-sbd", srcMove)
	if f.Severity == hazard.Note {
		return nil
	}
	if k.DestinationCTL == nil {
		f.Severity, f.unsure = hazard.Warning, true
	} else if v := trust.Assess(k.ctx, trust.Phone{CTL: k.CTL, NoSBD: true}, trust.Offer{CTL: k.DestinationCTL}, nil); v.Accept {
		return []Finding{{Rule: f.Rule, Severity: hazard.Note, Who: f.Who, Source: f.Source,
			Message: moveKnown.With("reason", v.Why), Records: signerRecord(k.DestinationCTL, "destination's CTL")}}
	}
	f.Records = names(k.CTL, "CTL", indexes(k.CTL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.SAST }))
	f.Message = moveOnly.With("records", f.Records, "who", f.Who)
	f.First, f.Recover = do(moveOnlyDo.With()), clearCTL.With()
	return []Finding{f}
}

func signerRecord(l *ctlbuild.List, where string) []string {
	if l == nil {
		return nil
	}
	if r, i := l.Signer(); r != nil {
		return []string{trust.RecordName(i, r) + " of the " + where}
	}
	return nil
}

// centralTFTP: works among clusters of one kind.
func centralTFTP(k *outlook) []Finding {
	const source = `Security By Default, "Centralised TFTP"; CUCM facts, rule 12`
	if !k.has(CentralTFTP) {
		return nil
	}
	f := k.everyone().outside("central-tftp", source)
	f.Records = signerRecord(k.ITL, "ITL")
	switch {
	case k.MixedVersions == nil:
		f.Severity, f.unsure = hazard.Warning, true
		f.Message, f.First = centralUnknown.With(), do(centralUnknownDo.With())
	case *k.MixedVersions:
		f.Who, f.Phones = whoOlder.With(), 0
		f.Message, f.First = centralMixed.With(), do(centralMixedDo.With())
	default:
		f.Severity = hazard.Note
		f.Message = centralSame.With()
	}
	return []Finding{f}
}

// restored: a backup may lack the one key that matters.
func restored(k *outlook) []Finding {
	if !k.has(Restore) {
		return nil
	}
	const source = `Security By Default, "Backup and restore"; CUCM facts, rule 13`
	f := k.everyone().outside("restored", source)
	f.Records = signerRecord(k.ITL, "ITL")
	switch {
	case k.BackupComplete == nil:
		f.Severity, f.unsure = hazard.Warning, true
		f.Message, f.First = backupUnknown.With(), do(backupNoteDo.With(), backupOtherDo.With())
	case *k.BackupComplete:
		f.Severity = hazard.Note
		f.Message = backupWhole.With()
	default:
		f.Message, f.First, f.Recover = backupLacks.With(), do(backupLacksDo.With()), backupClear.With()
	}
	return []Finding{f}
}

// turnedOff: the emptied ITL is a list like another, and must be accepted first.
func turnedOff(k *outlook) []Finding {
	if !k.has(TurnOffSBD) {
		return nil
	}
	const source = `Security By Default, "Can I turn off SBD?"`
	f := k.withSBD().finding("turned-off", source)
	if f.Severity == hazard.Note {
		return nil
	}
	if k.ITL != nil && !k.ITL.Verify().OK {
		f.Message, f.First = offBroken.With(), do(offBrokenDo.With())
		return []Finding{f}
	}
	f.Severity = hazard.Warning
	f.Records = signerRecord(k.ITL, "ITL")
	f.Message, f.First = offMeantime.With("who", f.Who), do(offCompareDo.With())
	found := []Finding{f}
	if k.CTL != nil {
		found = append(found, Finding{
			Rule: "turned-off-with-ctl", Severity: hazard.Warning, Who: f.Who, Source: source + "; CUCM facts, rule 10",
			Message: offWithCTL.With(),
			Records: names(k.CTL, "CTL", indexes(k.CTL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.SAST })),
		})
	}
	return found
}
