// Package files reaches a cluster of which nobody answers but the files on its nodes: an
// open-source call server with SSH and TFTP, or an alternate TFTP server alone. The
// profile says which servers there are and what certificates they have; the mode is read
// off the CTL that is served.
package files

import (
	"context"
	"errors"
	"io/fs"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust/release"
)

// The doors.
const (
	DoorProfile reach.Door = "profile"
	DoorCTL     reach.Door = "served CTL"
)

type facts struct {
	profile *site.Profile
	served  func(ctx context.Context) ([]byte, error)
}

// New is such a cluster. served fetches the CTL of the node that goes first;
// fs.ErrNotExist: it has none.
func New(p *site.Profile, served func(ctx context.Context) ([]byte, error)) *reach.Site {
	return &reach.Site{
		Way:   "files",
		Facts: &facts{p, served},
		Missing: map[reach.Ability]error{
			reach.AbilityMode:     message.NewError(`no publisher answers for this cluster (publisher = "none" in its profile): set the security mode on the call server itself`),
			reach.AbilityAuthor:   message.NewError(`no publisher answers for this cluster (publisher = "none" in its profile): nobody but a token can sign its CTL`),
			reach.AbilityServices: message.NewError(`no publisher answers for this cluster (publisher = "none" in its profile): restart its TFTP service and call server by hand`),
			reach.AbilityTrust:    message.NewError(`no publisher answers for this cluster (publisher = "none" in its profile): it has no trust store`),
			reach.AbilityPhones:   message.NewError(`no publisher answers for this cluster (publisher = "none" in its profile): name a file of the phones in the profile (fleet)`),
		},
	}
}

// Facts implements reach.FactSource.
func (f *facts) Facts(ctx context.Context) (reach.Facts, error) {
	out := reach.Facts{From: map[string]reach.Door{"mode": DoorCTL, "servers": DoorProfile, "credentials": DoorProfile}}
	if v, d, err := f.Version(ctx); err == nil {
		out.Version, out.From["version"] = v, d
	}
	for i := range f.profile.Nodes {
		n := &f.profile.Nodes[i]
		certificates, err := f.profile.ReadCertificates(n)
		if err != nil {
			return out, err
		}
		s := reach.Server{Name: n.Name, Address: n.Address, Publisher: i == f.profile.Lead()}
		for _, c := range certificates {
			out.Credentials = append(out.Credentials, reach.Credential{NodeName: n.Name, NodeAddress: n.Address,
				Function: c.Function, Certificate: c.DER})
		}
		s.Services = services(n, certificates)
		out.Servers = append(out.Servers, s)
	}
	data, err := f.served(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		out.Warnings = append(out.Warnings, message.Phrase("no CTL is served, so that the security mode is not known"))
	case err != nil:
		return out, err
	default:
		if out.Mode = modeOf(data); out.Mode == reach.ModeUnknown {
			out.Warnings = append(out.Warnings, message.Phrase("the served CTL does not tell the security mode"))
		}
	}
	return out, nil
}

// services are those that a node's profile tells of.
func services(n *site.Node, certificates []site.Certificate) []reach.Service {
	var out []reach.Service
	for _, c := range certificates {
		switch c.Function {
		case ctlbuild.CCM, ctlbuild.CCMTFTP:
			out = append(out, reach.CallManager)
		case ctlbuild.CAPF:
			out = append(out, reach.CAPF)
		}
	}
	if n.Port(site.PortTFTP) != 0 || n.Port(site.PortHTTP) != 0 {
		out = append(out, reach.TFTP)
	}
	if n.Port(site.PortTVS) != 0 {
		out = append(out, reach.TVS)
	}
	return out
}

// modeOf reads the mode off a CTL: one of mixed mode lists servers with their
// certificates, one of non-secure mode lists them without.
func modeOf(data []byte) reach.Mode {
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return reach.ModeUnknown
	}
	mode := reach.ModeUnknown
	for i := range l.Records {
		r := &l.Records[i]
		switch {
		case !r.Function().IsServer():
		case !r.IsStub():
			return reach.Mixed
		default:
			mode = reach.NonSecure
		}
	}
	return mode
}

// Version implements reach.FactSource: what the profile says.
func (f *facts) Version(context.Context) (release.Version, reach.Door, error) {
	v, err := release.Parse(f.profile.Version)
	return v, DoorProfile, err
}
