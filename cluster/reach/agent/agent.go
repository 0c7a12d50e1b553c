// Package agent reaches a cluster whose nodes run our CTL Provider, on port 2444, and
// the administration CLI of CUCM.
//
// The publisher's provider tells mode, servers and certificates and sets the mode; every
// node's provider takes the file. What the publisher writes by itself, and restarts of
// services, go over the CLI.
package agent

import (
	"context"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
	"ctlclient/trust/release"
)

// Door is the CTL Provider.
const Door reach.Door = "CTL Provider"

// publisher is the publisher's own part.
type publisher struct {
	*node
	shells *cli.Shells
}

// New is a cluster reached by its agents. Errors: the profile has no publisher.
func New(p *site.Profile, t reach.Tools) (*reach.Site, error) {
	shells := cli.New(p, t)
	s := &reach.Site{Way: "agent", Missing: map[reach.Ability]error{
		reach.AbilityTrust:  message.NewError("our CTL Provider cannot read or fill the trust store: upload the certificates in OS Administration (purpose Phone-SAST-trust)"),
		reach.AbilityPhones: message.NewError("our CTL Provider does not know the phones: name a file of them in the profile (fleet)"),
	}}
	var lead *node
	for i := range p.Nodes {
		if p.Nodes[i].Transport != site.TransportCTLP {
			continue
		}
		n := newNode(p, p.Nodes[i], t)
		s.Nodes = append(s.Nodes, n)
		s.Entrances = append(s.Entrances, n.entrance())
		if n.profile.Role == site.RolePublisher {
			lead = n
		}
	}
	if lead == nil {
		return nil, message.NewError("the profile has no publisher")
	}
	pub := &publisher{node: lead, shells: shells}
	s.Facts, s.Mode = pub, pub
	s.Entrances = append(s.Entrances, shells.Entrances()...)
	s.Services = shells
	if why := shells.Missing(lead.profile.Name); why != nil {
		s.Missing[reach.AbilityAuthor] = why
	} else {
		s.Author = shells.Author(lead.profile.Name)
	}
	return s, nil
}

var services = map[ctlp.Service]reach.Service{
	ctlp.CallManager: reach.CallManager, ctlp.TFTP: reach.TFTP, ctlp.CAPF: reach.CAPF,
	ctlp.CTLProvider: reach.CTLProvider, ctlp.TVS: reach.TVS,
}

// Facts implements reach.FactSource: one request for mode and servers, one for the
// certificates.
func (p *publisher) Facts(ctx context.Context) (reach.Facts, error) {
	f := reach.Facts{From: map[string]reach.Door{"mode": Door, "servers": Door, "credentials": Door}}
	err := p.use(ctx, true, func(conn *ctlp.Client) error {
		top, err := conn.Cluster(ctx)
		if err != nil {
			return err
		}
		creds, err := conn.Credentials(ctx)
		if err != nil {
			return err
		}
		f.Mode, f.Servers, f.Credentials = reach.NonSecure, nil, nil
		if top.Mixed {
			f.Mode = reach.Mixed
		}
		for _, n := range top.Nodes {
			f.Servers = append(f.Servers, server(n))
		}
		for _, c := range creds {
			f.Credentials = append(f.Credentials, reach.Credential{NodeName: c.NodeName, NodeAddress: c.NodeAddress,
				Function: ctlbuild.Function(c.Function), Certificate: c.Certificate})
		}
		return nil
	})
	return f, err
}

func server(n ctlp.Node) reach.Server {
	s := reach.Server{Name: n.Name, Address: n.Address, Publisher: n.Publisher}
	for _, service := range n.Services {
		if known, ok := services[service]; ok {
			s.Services = append(s.Services, known)
		}
	}
	return s
}

// Version implements reach.FactSource, over the CLI.
func (p *publisher) Version(ctx context.Context) (release.Version, reach.Door, error) {
	return p.shells.Version(ctx, p.profile.Name)
}

// SetMode implements reach.ModeSetter.
func (p *publisher) SetMode(ctx context.Context, m reach.Mode) (reach.Door, error) {
	mixed := m == reach.Mixed
	// Setting the same mode twice is harmless, so a lost answer is asked for again.
	err := p.use(ctx, true, func(conn *ctlp.Client) error {
		got, err := conn.SetMode(ctx, mixed)
		if err == nil && got != mixed {
			err = &reach.Error{Class: reach.Refused, Server: p.profile.Name, Door: Door,
				Err: message.Errorf("the publisher answered with the other mode")}
		}
		return err
	})
	return Door, err
}
