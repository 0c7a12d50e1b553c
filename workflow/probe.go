package workflow

import (
	"context"

	"ctlclient/cluster/reach"
)

// Probe finds out what each door of the cluster does, and changes nothing but what its
// options allow. What cannot be answered is a finding.
func (s *Session) Probe(ctx context.Context, o reach.ProbeOptions, each func(reach.Finding)) error {
	if s.Cluster.Site.Probe == nil {
		return fail(BadRequest, textNoProbe.With("way", s.Cluster.Profile.Publisher))
	}
	return s.Cluster.Site.Probe(ctx, o, each)
}
