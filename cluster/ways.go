package cluster

import (
	"context"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/agent"
	"ctlclient/cluster/reach/byhand"
	"ctlclient/cluster/reach/cucm"
	"ctlclient/cluster/reach/files"
	"ctlclient/cluster/reach/sftp"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// compose makes the site that a profile describes: its publisher's kind decides who is
// asked, each node's transport how its file is reached. It is the one place that knows
// the ways.
func compose(p *site.Profile, t reach.Tools) (*reach.Site, error) {
	var s *reach.Site
	var err error
	switch p.Publisher {
	case site.PublisherCTLP:
		s, err = agent.New(p, t)
	case site.PublisherNone:
		s = files.New(p, func(ctx context.Context) ([]byte, error) {
			return s.Nodes[p.Lead()].Fetch(ctx, ctlbuild.CTLFileName)
		})
	case site.PublisherCUCM:
		s, err = cucm.New(p, t)
	default:
		err = message.Errorf("publisher = %q is no way to a cluster", p.Publisher)
	}
	if err != nil {
		return nil, err
	}
	own := map[string]reach.Node{}
	for _, n := range s.Nodes {
		own[n.Name()] = n
	}
	s.Nodes = nil
	for _, n := range p.Nodes {
		node := own[n.Name]
		switch n.Transport {
		case site.TransportSFTP:
			var e reach.Entrance
			node, e = sftp.New(p, n, t)
			s.Entrances = append(s.Entrances, e)
		case site.TransportByHand:
			node = byhand.New(n, t)
		}
		if node == nil {
			return nil, message.Errorf("node %s: nothing carries the file there over %s", n.Name, n.Transport)
		}
		s.Nodes = append(s.Nodes, node)
	}
	return s, nil
}
