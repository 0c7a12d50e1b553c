package workflow

import (
	"ctlclient/trust"
)

// keepServerSAST decides whether CallManager and ITLRecovery stay SAST beside tokens.
func (s *Session) keepServerSAST(policy ServerSAST) (keep bool, why string) {
	switch policy {
	case ServerSASTKeep:
		return true, "as asked"
	case ServerSASTDrop:
		return false, "as asked"
	}
	v, known := s.version()
	switch {
	case !known:
		return true, "the cluster's version is not known, and keeping them loses nothing"
	case v.atLeast(11, 5):
		return true, "CUCM " + v.String() + " lists them so (11.5 and later do)"
	}
	return false, "CUCM " + v.String() + " lists tokens alone (before 11.5)"
}

// fleet is the phones that verdicts are about: the profile's, or one of each kind.
func (s *Session) fleet() ([]trust.Phone, error) {
	var phones []trust.Phone
	for _, l := range s.heldLists() {
		phones = append(phones, trust.DefaultPhones(l, s.Snapshot.ITL, nil)...)
	}
	if len(phones) == 0 {
		phones = trust.DefaultPhones(nil, s.Snapshot.ITL, nil)
	}
	return phones, nil
}
