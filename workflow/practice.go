package workflow

import (
	"ctlclient/certificate"
	"ctlclient/ctlbuild"
)

// notPractice holds that a practice token signs, and is SAST, in a practice cluster
// alone: its key is software and its PIN is public, so that whoever has read the manual
// could sign what every phone of a real cluster takes.
func (s *Session) notPractice(der []byte) error {
	if s.Cluster.Profile.Practice || !certificate.IsPractice(der) {
		return nil
	}
	return fail(WrongToken, []string{
		"use a token of your own; `ctlclient token list` shows what is plugged in",
		"rehearse on a practice cluster: its profile says practice = true",
	}, "%s is a practice token, whose PIN is public; it cannot sign for %s, nor be listed in its CTL", tokenCN(der), s.Cluster.Profile.Name)
}

// noPractice is notPractice for a list that is signed already. What the cluster's own
// list has is not refused: to take it out must be possible.
func (s *Session) noPractice(l *ctlbuild.List) error {
	for _, r := range l.SAST() {
		if der := r.Certificate(); der != nil && (s.Snapshot.Current == nil || !knows(s.Snapshot.Current, der)) {
			if err := s.notPractice(der); err != nil {
				return err
			}
		}
	}
	return nil
}
