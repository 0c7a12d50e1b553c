package workflow

import (
	"context"

	"ctlclient/trust/advise"
)

// Situation is the cluster as it was seen last, for [advise.Advise]: what it serves, the
// certificates in use, its version and its phones. What could not be read is not known there.
func (s *Session) Situation(ctx context.Context) advise.Situation {
	s.learnVersion(ctx)
	snap := s.Snapshot
	out := advise.Situation{
		CTL: snap.Current, ITL: snap.ITL, NoCTL: s.first().Missing, NoITL: snap.NoITL,
		Mixed: snap.Mixed(), Nodes: len(snap.Servers), Version: s.version(),
	}
	if s.Cluster.Profile.Fleet != "" {
		out.Phones = s.Fleet
	}
	for _, c := range snap.Credentials {
		out.Present = append(out.Present, c.Certificate)
	}
	for _, n := range snap.Nodes {
		out.NodeList = append(out.NodeList, n.Node.Name, n.Node.Address)
	}
	return out
}
