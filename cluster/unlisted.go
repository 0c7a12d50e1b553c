package cluster

import "slices"

// Unlisted are the nodes that the publisher names and the profile lacks. They would keep
// the old file while all others get the new one, so that no job may overlook them; what
// the profile leaves out on purpose (leave-out) is not named. Each is given as a profile
// would list it: CTLP, default ports.
func (s *Snapshot) Unlisted(p *Profile) []NodeProfile {
	var missing []NodeProfile
	for _, n := range s.Topology {
		listed := slices.ContainsFunc(p.Nodes, func(have NodeProfile) bool {
			return have.Name == n.Name || have.Address == n.Address ||
				// The publisher may be in the profile under a name or address that it does not use itself.
				n.Publisher && have.Role == "publisher"
		})
		if listed || slices.Contains(p.LeaveOut, n.Name) || slices.Contains(p.LeaveOut, n.Address) {
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
		missing = append(missing, NodeProfile{Name: n.Name, Role: role, Address: address, Transport: "ctlp"})
	}
	return missing
}
