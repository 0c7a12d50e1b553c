package workflow

import (
	"context"

	"ctlclient/trust/release"
)

// version of the cluster: as the profile says, or as the cluster itself said.
func (s *sight) version() release.Version {
	if v, err := release.Parse(s.profile.Version); err == nil {
		return v
	}
	if s.Snapshot != nil && s.Snapshot.Version.Known() {
		return s.Snapshot.Version
	}
	return s.active
}

// learnVersion asks the publisher where neither the profile nor the facts say. One that
// does not answer leaves the version unknown.
func (s *Session) learnVersion(ctx context.Context) {
	if s.version().Known() {
		return
	}
	v, _, err := s.Cluster.Site.Facts.Version(ctx)
	s.active = v
	if err != nil && ctx.Err() == nil {
		s.warn(sayNoVersion.With("why", err))
	}
}
