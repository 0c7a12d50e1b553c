package advise

import (
	"fmt"

	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

const srcMove = `CUCM facts, rule 10; Security By Default, "Moving phones between clusters"`

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
	f.Message = fmt.Sprintf("The destination's lists are accepted by %s only where TVS of this cluster vouches for their signers.", f.Who)
	f.Records = append(signerRecord(k.DestinationCTL, "destination's CTL"), signerRecord(k.DestinationITL, "destination's ITL")...)
	f.First = []string{
		"Put the destination's CallManager and ITLRecovery certificates into Phone-SAST-trust of this cluster, and see that TVS on every node answers valid for them.",
		"Leave this cluster's TVS running until the last phone has moved.",
	}
	switch {
	case k.CTL != nil && k.ITL == nil:
		f.Message = "The cluster serves a CTL and no ITL: phones cannot ask TVS about the destination's lists."
	case k.CTL != nil:
		f.Message += " The rollback parameter does not help: it empties the ITL, and the phones keep their CTL."
	default:
		f.First = append(f.First, "Or, as there is no CTL: set \"Prepare Cluster for Rollback to Pre 8.0\" here and let the phones take the emptied ITL before they move.")
	}
	return append(found, f)
}

// movedWithCTL: phones that cannot ask must know the destination's signer already.
func (k *outlook) movedWithCTL() []Finding {
	f := k.withoutSBD().finding("moved-without-sbd", srcMove)
	if f.Severity == hazard.Note {
		return nil
	}
	if k.DestinationCTL != nil {
		v := trust.Assess(k.ctx, trust.Phone{CTL: k.CTL, NoSBD: true}, trust.Offer{CTL: k.DestinationCTL}, nil)
		if v.Accept {
			return []Finding{{Rule: f.Rule, Severity: hazard.Note, Who: f.Who, Source: f.Source,
				Message: "Phones without Security By Default accept the destination's CTL: " + v.Reason,
				Records: signerRecord(k.DestinationCTL, "destination's CTL")}}
		}
	}
	f.Records = names(k.CTL, "CTL", indexes(k.CTL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.SAST }))
	f.Message = fmt.Sprintf("Only a CTL whose signer is held as SAST (%s) is accepted by %s.", message.And(f.Records), f.Who)
	f.First = []string{"Put the destination's signer into this cluster's CTL as SAST, and let these phones take it, before they move; with tokens, let both clusters' CTLs have one token in common."}
	f.Recover = "delete the CTL on each of these phones by hand"
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
		f.Severity = hazard.Warning
		f.Message = "It is not said whether all clusters behind the central TFTP server are 8.0 or later, or all older: a mixture makes phones of the older ones take the central ITLFile.tlv and then refuse their own cluster's files."
		f.First = []string{"Find out the version of every cluster that uses the central TFTP server."}
	case *k.MixedVersions:
		f.Who = "every phone of the clusters before 8.0"
		f.Phones = 0
		f.Message = "Clusters before and after 8.0 share the TFTP server: phones of the older ones are given the central ITLFile.tlv and then trust no file of their own cluster."
		f.First = []string{"Set \"Prepare Cluster for Rollback to Pre 8.0\" on the clusters of 8.0 and later (CSCto87262) and the secured phone URLs to HTTP, or upgrade the older clusters first."}
	default:
		f.Severity = hazard.Note
		f.Message = "All clusters are of one kind: each phone is given its own ITLSEP<MAC>.tlv from its own cluster."
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
		f.Severity = hazard.Warning
		f.Message = "Backups of versions with CSCtn50405 lack the CallManager certificate; a server restored from one makes lists that phones refuse. Whether this backup has it is not known."
		f.First = []string{
			"Before the restore, note the serial number of the CallManager certificate (it is that of the ITL's signer).",
			"Restore while another TFTP server of the cluster still serves sound lists.",
		}
	case *k.BackupComplete:
		f.Severity = hazard.Note
		f.Message = "The backup brings the CallManager key back: phones go on trusting what it signs."
	default:
		f.Message = "The backup lacks the CallManager certificate (CSCtn50405): the restored server makes lists that say \"was not used to sign\" or fail to verify."
		f.First = []string{"Keep another TFTP server that was not restored in service; regenerate CallManager on the restored one at once, with TVS left as it is."}
		f.Recover = "without another TFTP server, delete the ITL on each phone by hand"
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
		f.Message = "Security By Default can be turned off only while it works: the emptied ITL is signed, and phones have to verify it. The ITL served now does not verify."
		f.First = []string{"Mend the ITL first."}
		return []Finding{f}
	}
	f.Severity = hazard.Warning
	f.Records = signerRecord(k.ITL, "ITL")
	f.Message = fmt.Sprintf("While it is off, any configuration is taken by %s, whoever signed it; authenticated and encrypted configurations and HTTPS services do not work. Do not leave the cluster so.", f.Who)
	f.First = []string{"See that phones accept the ITL served now: compare its checksum with that on some phones, and its TVS record with the certificate that TVS presents."}
	found := []Finding{f}
	if k.CTL != nil {
		found = append(found, Finding{
			Rule: "turned-off-with-ctl", Severity: hazard.Warning, Who: f.Who, Source: source + "; CUCM facts, rule 10",
			Message: "Only the ITL is emptied. Phones keep their CTL and go on checking what it covers, so this does not free them to trust another signer.",
			Records: names(k.CTL, "CTL", indexes(k.CTL, func(r *ctlbuild.Record) bool { return r.Function() == ctlbuild.SAST })),
		})
	}
	return found
}
