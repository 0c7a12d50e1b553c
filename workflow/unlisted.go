package workflow

import (
	"strings"

	"ctlclient/trust/hazard"
)

// needListed stops a job when the publisher names nodes that the profile lacks.
func (s *Session) needListed() error {
	names := s.unlisted()
	if len(names) == 0 {
		return nil
	}
	return fail(BadRequest, []string{
		"add them to the profile: ctlclient --profile " + s.Cluster.Profile.Name + " cluster add --missing",
		`or say in the profile that they get no CTL: leave-out = ["` + strings.Join(names, `", "`) + `"]`,
	}, "the publisher names nodes that the profile lacks, and that would go on serving the old CTL: %s", strings.Join(names, ", "))
}

// unlisted names these nodes.
func (s *Session) unlisted() []string {
	var names []string
	for _, n := range s.Snapshot.Unlisted(s.Cluster.Profile) {
		names = append(names, n.Name)
	}
	return names
}

func (s *Session) findUnlisted(add addFinding) {
	if names := s.unlisted(); len(names) > 0 {
		add(hazard.Danger, "", "ctlclient cluster add --missing",
			"the publisher names nodes that the profile lacks, so that no job reaches them: %s", strings.Join(names, ", "))
	}
}
