package advise

import (
	"fmt"

	"ctlclient/message"
	"ctlclient/trust/release"
)

const (
	restartAll = "Restart TFTP, then CallManager, on all nodes that run them, and reset the phones."
	waitPhones = "Wait until every phone holds the new lists: compare the checksum on the phones with that of every node."
)

// procedure is the order in which the changes are done, one after the other:
// CallManager before TVS, ITLRecovery last.
func procedure(k *outlook) []string {
	if len(k.changes) == 0 {
		return nil
	}
	steps := []string{"Compare what every node serves with what some phones hold, and keep copies of CTLFile.tlv and ITLFile.tlv."}
	for _, p := range []struct {
		kinds []Kind
		steps func() []string
	}{
		{[]Kind{LoseToken, LoseAllTokens}, k.tokenSteps},
		{[]Kind{Restore}, k.restoreSteps},
		{[]Kind{TurnOffSBD}, k.turnOffSteps},
		{[]Kind{RenameHost, RenameDomain}, k.renameSteps},
		{[]Kind{Readdress}, k.readdressSteps},
		{[]Kind{RegenerateCallManager}, k.callManagerSteps},
		{[]Kind{RegenerateTVS}, k.tvsSteps},
		{[]Kind{RegenerateCAPF}, k.capfSteps},
		{[]Kind{RegenerateITLRecovery}, k.recoverySteps},
		{[]Kind{CentralTFTP}, k.centralSteps},
		{[]Kind{MovePhones}, k.moveSteps},
	} {
		if k.has(p.kinds...) {
			steps = append(steps, p.steps()...)
		}
	}
	return steps
}

// updateCTL says how the CTL is updated in this cluster; nothing without a CTL.
func (k *outlook) updateCTL() []string {
	switch {
	case k.CTL == nil:
		return nil
	case len(k.tokens()) > 0:
		return []string{fmt.Sprintf("Update the CTL and sign it with %s.", message.Or(names(k.CTL, "", k.tokens())))}
	}
	return []string{"Update the CTL on the publisher: utils ctl update CTLFile."}
}

func (k *outlook) callManagerSteps() []string {
	steps := []string{"Regenerate CallManager on one node; leave TVS as it is."}
	steps = append(steps, k.updateCTL()...)
	return k.next(append(steps, "Restart TVS and TFTP on that node.", restartAll, waitPhones), "Do the same on the next node.")
}

func (k *outlook) tvsSteps() []string {
	steps := []string{"Regenerate TVS on one node; leave CallManager as it is.", "Restart TVS and TFTP, and reset the phones.", waitPhones}
	return k.next(steps, "Do the same on the next node.")
}

// next adds what is done on the node after, unless there is known to be none.
func (k *outlook) next(steps []string, step string) []string {
	if k.Nodes == 1 {
		return steps
	}
	return append(steps, step)
}

func (k *outlook) capfSteps() []string {
	return append(append([]string{"Regenerate CAPF."}, k.updateCTL()...), restartAll, waitPhones)
}

func (k *outlook) recoverySteps() []string {
	steps := []string{"Last, and only when every phone holds lists with the present CallManager: regenerate ITLRecovery."}
	return append(append(steps, k.updateCTL()...), restartAll, waitPhones)
}

func (k *outlook) renameSteps() []string {
	steps := []string{"Rename one node and let it restart; all its certificates are new now."}
	steps = append(steps, k.updateCTL()...)
	steps = append(steps, restartAll, waitPhones)
	if k.single() && k.CTL == nil {
		steps = append(steps, "Set \"Prepare Cluster for Rollback to Pre 8.0\" to false again, restart TVS and TFTP, and reset the phones.")
	}
	return k.next(steps, "Rename the next node.")
}

func (k *outlook) readdressSteps() []string {
	return append(append([]string{"Change the address of one node."}, k.updateCTL()...), restartAll, waitPhones)
}

func (k *outlook) tokenSteps() []string {
	gone, left, named := k.lost()
	if len(k.tokens()) == 0 {
		return nil
	}
	if k.has(LoseAllTokens) || !named && len(k.tokens()) == 1 || named && len(left) == 0 {
		return k.noTokenSteps()
	}
	remove := "the lost one"
	sign := "the token that is left"
	if named && len(gone) > 0 {
		remove, sign = message.And(names(k.CTL, "", gone)), message.Or(names(k.CTL, "", left))
	}
	return []string{
		fmt.Sprintf("In one update: add a new token, remove %s, sign with %s.", remove, sign),
		restartAll, waitPhones,
	}
}

func (k *outlook) noTokenSteps() []string {
	if modern, known := k.Version.AtLeast(release.Of(10, 0)); known && !modern {
		return []string{
			"Delete CTLFile.tlv on every node.", "Create a CTL with two new tokens.", restartAll,
			"Delete the CTL on every phone by hand.",
		}
	}
	return []string{
		"On 10.0 and later: make the CTL tokenless on the publisher, utils ctl update CTLFile.", restartAll, waitPhones,
		"To return to tokens: put the certificates of two new ones into Phone-SAST-trust, see that TVS on every node answers valid for them, then migrate to tokens.",
	}
}

func (k *outlook) restoreSteps() []string {
	return []string{
		"Restore the server.",
		"Look at its ITL: it must verify, and its signer must be the certificate noted before.",
		"If it does not, regenerate CallManager on that server alone, restart TVS and TFTP, and look again.",
		waitPhones,
	}
}

func (k *outlook) turnOffSteps() []string {
	return []string{
		"Set the secured phone URLs to HTTP.", "Set \"Prepare Cluster for Rollback to Pre 8.0\" to true.",
		"Restart TVS and TFTP on all nodes, and reset the phones.",
		"See that the phones have taken the emptied ITL.",
		"When the work is done, set the parameter to false again and restart TVS and TFTP.",
	}
}

func (k *outlook) centralSteps() []string {
	return []string{"Point the phones at the central TFTP server.", "See on some phones of each cluster that they took the ITL of their own cluster."}
}

func (k *outlook) moveSteps() []string {
	return []string{
		"Move one phone of each model, and see that it takes the destination's lists and configuration.",
		"Move the others.", "Take the destination's certificates out of Phone-SAST-trust when the last phone has moved.",
	}
}
