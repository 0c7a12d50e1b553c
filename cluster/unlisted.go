package cluster

import (
	"slices"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
)

// Unlisted are the nodes that the publisher names and the profile lacks. They would keep
// the old file while all others get the new one, so that no job may overlook them; what
// the profile leaves out on purpose (leave-out) is not named. Each is given as a profile
// would list it: CTLP, default ports.
func (s *Snapshot) Unlisted(p *site.Profile) []site.Node {
	var missing []site.Node
	for _, n := range s.Servers {
		listed := slices.ContainsFunc(p.Nodes, func(have site.Node) bool {
			return ctlbuild.SameServer(have.Name, n.Name) || ctlbuild.SameHost(have.Address, n.Address) ||
				// The publisher may be in the profile under a name or address that it does not use itself.
				n.Publisher && have.Role == "publisher"
		})
		if listed || slices.ContainsFunc(p.LeaveOut, func(out string) bool {
			return ctlbuild.SameServer(out, n.Name) || ctlbuild.SameHost(out, n.Address)
		}) {
			continue
		}
		role := "subscriber"
		if n.Publisher {
			role = "publisher"
		}
		address := n.Address
		if address == "" {
			address = n.Name
		}
		missing = append(missing, site.Node{Name: n.Name, Role: role, Address: address, Transport: "ctlp"})
	}
	return missing
}
