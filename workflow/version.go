package workflow

import (
	"context"

	"ctlclient/protocol/platform"
	"ctlclient/trust/release"
)

// version of the cluster: as the profile says, or as its administration CLI said.
func (s *Session) version() release.Version {
	if v, err := release.Parse(s.Cluster.Profile.Version); err == nil {
		return v
	}
	v, err := release.Parse(s.active)
	if err != nil {
		return release.Version{}
	}
	return v
}

// learnVersion asks the publisher's administration CLI where the profile does not
// say. A publisher that does not answer there leaves the version unknown.
func (s *Session) learnVersion(ctx context.Context) {
	if s.version().Known() {
		return
	}
	err := s.onPublisher(ctx, func(c *platform.Client) (err error) {
		if s.active, err = c.Version(ctx); err == nil {
			_, err = release.Parse(s.active)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.warn("the cluster's version is not known: " + err.Error())
	}
}
