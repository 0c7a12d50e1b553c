package workflow

import (
	"strings"

	"ctlclient/message"
	"ctlclient/trust/hazard"
)

// needListed stops a job when the publisher names nodes that the profile lacks.
func (s *sight) needListed() error {
	names := s.unlisted()
	if len(names) == 0 {
		return nil
	}
	return fail(BadRequest, textUnlisted.With("nodes", names), hintAddMissing.With("do", message.Action{Do: message.AddMissing}),
		hintLeaveOut.With("names", `"`+strings.Join(names, `", "`)+`"`))
}

// unlisted names these nodes.
func (s *sight) unlisted() []string {
	var names []string
	for _, n := range s.Snapshot.Unlisted(s.profile) {
		names = append(names, n.Name)
	}
	return names
}

func (s *sight) findUnlisted(add addFinding) {
	if names := s.unlisted(); len(names) > 0 {
		add(hazard.Danger, "", do(message.Action{Do: message.AddMissing}), findUnlistedNodes.With("nodes", names))
	}
}
