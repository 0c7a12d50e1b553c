package trust

import (
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Stuck is a phone that seems to need its ITL deleted by hand.
type Stuck struct {
	HeldChecksum Checksum       // of the ITL, off the phone's screen
	Held         *ctlbuild.List // the same ITL where it is at hand; nil: not at hand
	Served       *ctlbuild.List // the ITL that the cluster serves now
	TVS          []byte         // DER of the certificate that TVS presents; nil: not looked at
	Fails        bool           // the phone says that verification failed
	KeyBackup    bool           // the former CallManager key can be restored
}

// MustClear says whether the phone's ITL really has to be deleted by hand: only when
// four things come together (Security By Default, "Manually verify that the phone ITL
// matches the CUCM ITL"). A condition that is not known counts as met, and its step
// says that it is not known; a step is OK where there is another way than deleting.
func (s Stuck) MustClear() (bool, []Step) {
	must := true
	var steps []Step
	add := func(saved bool, what, outcome message.Message) {
		steps = append(steps, Step{What: what, Outcome: outcome, OK: saved})
		must = must && !saved
	}
	same := message.Phrase("Is the ITL on the phone the one that is served?")
	switch {
	case s.Served == nil || s.HeldChecksum == "":
		add(false, same, notKnown)
	case s.HeldChecksum.Matches(s.Served):
		add(true, same, message.Phrase("yes (%s %s): there is nothing to delete", s.HeldChecksum.Kind(), string(s.HeldChecksum)))
	default:
		add(false, same, no)
	}
	known := message.Phrase("Does the ITL on the phone know the certificate that TVS presents?")
	held := s.Held
	if held == nil && s.HeldChecksum.Matches(s.Served) {
		held = s.Served
	}
	if held == nil || s.TVS == nil {
		add(false, known, notKnown)
	} else if i, err := CheckTVSCertificate(held, s.TVS); err != nil {
		add(false, known, message.Phrase("no: %w", err))
	} else {
		add(true, known, message.Phrase("yes, by %s: the phone can ask TVS about the new signer", RecordName(i, &held.Records[i])))
	}
	says := message.Phrase("Does the phone say that verification failed?")
	if s.Fails {
		add(false, says, yes)
	} else {
		add(true, says, message.Phrase("no: it refuses nothing"))
	}
	backup := message.Phrase("Can the former CallManager key be restored from a backup?")
	if s.KeyBackup {
		add(true, backup, message.Phrase("yes: restore it, and the phones accept what it signs"))
	} else {
		add(false, backup, no)
	}
	return must, steps
}
