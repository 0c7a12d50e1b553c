package workflow

import (
	"ctlclient/certificate"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// notPractice holds that a practice token signs, and is SAST, in a practice cluster
// alone: its key is software and its PIN is public, so that whoever has read the manual
// could sign what every phone of a real cluster takes.
func (s *sight) notPractice(der []byte) error {
	if s.profile.Practice || !certificate.IsPractice(der) {
		return nil
	}
	return fail(WrongToken, textPractice.With("token", tokenCN(der), "cluster", s.profile.Name),
		hintOwnToken.With("do", message.Action{Do: message.ListTokens}), hintRehearse.With())
}

// noPractice is notPractice for a list that is signed already. What the cluster's own
// list has is not refused: to take it out must be possible.
func (s *sight) noPractice(l *ctlbuild.List) error {
	for _, r := range l.SAST() {
		if der := r.Certificate(); der != nil && (s.Snapshot.Current == nil || !knows(s.Snapshot.Current, der)) {
			if err := s.notPractice(der); err != nil {
				return err
			}
		}
	}
	return nil
}
