package cucm

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ctlclient/certificate"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/platform"
	"ctlclient/trust/release"
)

// The certificate stores that a trust list is made from, as Cisco spells them.
const (
	storeCallManager = "CallManager"
	storeCAPF        = "CAPF"
	storeRecovery    = "ITLRecovery"
)

// anchors is the release from which a CTL lists ITLRecovery and CallManager as SAST.
var anchors = release.Of(11, 5)

// Facts implements reach.FactSource. Each fact has its first door and the next; a password
// that was refused stops it, since the next door would hide that.
func (c *cluster) Facts(ctx context.Context) (reach.Facts, error) {
	f := reach.Facts{From: map[string]reach.Door{}}
	err := c.factsAXL(ctx, &f)
	if err == nil {
		return f, nil
	}
	if !shut(err) || reach.ClassOf(err) == reach.Login || c.shells.Missing(c.pub.Name) != nil {
		return f, err
	}
	f = reach.Facts{From: map[string]reach.Door{}, Warnings: []message.Message{
		message.Phrase("AXL of %s could not be asked (%v): mode and servers come from its CLI, certificates from the lists that it serves", c.pub.Name, err)}}
	if err := c.factsCLI(ctx, &f); err != nil {
		return f, err
	}
	c.credentialsOfLists(ctx, &f)
	return f, nil
}

// factsAXL asks AXL for everything.
func (c *cluster) factsAXL(ctx context.Context, f *reach.Facts) error {
	_, err := c.askAXL(ctx, func(a *axl.Client) (none struct{}, err error) {
		v, err := a.Version(ctx)
		if err != nil {
			return none, err
		}
		mixed, err := a.Mixed(ctx)
		if err != nil {
			return none, err
		}
		nodes, err := a.Nodes(ctx)
		if err != nil {
			return none, err
		}
		services, err := a.Services(ctx)
		if err != nil {
			return none, err
		}
		f.Mode = modeOf(mixed)
		f.Servers = c.servers(nodes, services)
		if f.Version, err = release.Parse(v.Full); err != nil {
			f.Warnings = append(f.Warnings, message.Phrase("the version %q is not understood", v.Full))
		}
		for _, what := range []string{"mode", "version", "servers", "credentials"} {
			f.From[what] = DoorAXL
		}
		certificates, err := a.Certificates(ctx, storeCallManager, storeCAPF, storeRecovery, reach.StorePhoneSAST)
		if err != nil {
			return none, err
		}
		f.Credentials = c.credentials(f, certificates)
		features, err := a.SecurityByDefault(ctx)
		if err != nil {
			// Which models have it is known besides; this table is read where it can be.
			f.Warnings = append(f.Warnings, message.Phrase("which models have Security By Default could not be asked: %w", err))
			return none, nil
		}
		for _, m := range features {
			f.SecurityByDefault = append(f.SecurityByDefault, m.Model)
		}
		return none, nil
	})
	return err
}

func modeOf(mixed bool) reach.Mode {
	if mixed {
		return reach.Mixed
	}
	return reach.NonSecure
}

// serviceNamed finds a service by Cisco's name.
func serviceNamed(name string) (reach.Service, bool) {
	for _, s := range []reach.Service{reach.CallManager, reach.TFTP, reach.CAPF, reach.CTLProvider, reach.TVS} {
		if s.CiscoName() == name {
			return s, true
		}
	}
	return 0, false
}

// servers are the cluster's, with the services that are activated on them. TVS is a network
// service, which runs on every one of them.
func (c *cluster) servers(nodes []axl.Node, services []axl.Service) []reach.Server {
	var out []reach.Server
	for _, n := range nodes {
		s := reach.Server{Name: n.Name, Address: c.address(n.Name), Publisher: n.Publisher, Services: []reach.Service{}}
		for _, sv := range services {
			known, ok := serviceNamed(sv.Name)
			if ok && sv.Active && ctlbuild.SameServer(sv.Node, n.Name) {
				s.Services = append(s.Services, known)
			}
		}
		if !slices.Contains(s.Services, reach.TVS) {
			s.Services = append(s.Services, reach.TVS)
		}
		out = append(out, s)
		c.learn(n.Name)
	}
	return out
}

// learn keeps how the cluster names a node of the profile.
func (c *cluster) learn(name string) {
	if n := c.profileNode(name); n != nil {
		c.mu.Lock()
		c.names[n.Name] = name
		c.mu.Unlock()
	}
}

// address of a server that is listed by name: the profile's; "" where that lacks it.
func (c *cluster) address(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	if n := c.profileNode(name); n != nil {
		if _, err := netip.ParseAddr(n.Address); err == nil {
			return n.Address
		}
	}
	return ""
}

// credentials sorts certificates by the role that a trust list has them in, as the CTL
// Client collected them: every server's CallManager, the publisher's CAPF, and, from 11.5
// on, the anchors and what is in Phone-SAST-trust as SAST.
func (c *cluster) credentials(f *reach.Facts, certificates []axl.Certificate) []reach.Credential {
	var pub reach.Server
	for _, s := range f.Servers {
		if s.Publisher {
			pub = s
		}
	}
	var sast, own []reach.Credential
	add := func(to *[]reach.Credential, s reach.Server, role ctlbuild.Function, der []byte) {
		*to = append(*to, reach.Credential{NodeName: s.Name, NodeAddress: s.Address, Function: role, Certificate: der})
	}
	withAnchors := !f.Version.Before(anchors)
	for _, cert := range certificates {
		s := c.owner(f.Servers, cert, pub)
		switch {
		case cert.DER == nil:
			f.Warnings = append(f.Warnings, message.Phrase("the certificate %s of %s could not be read", cert.Store, s.Name))
		case cert.Store == storeCallManager:
			add(&own, s, roleOf(s), cert.DER)
			if withAnchors && ctlbuild.SameServer(s.Name, pub.Name) {
				add(&sast, pub, ctlbuild.SAST, cert.DER)
			}
		case cert.Store == storeCAPF && ctlbuild.SameServer(s.Name, pub.Name):
			add(&own, s, ctlbuild.CAPF, cert.DER)
		case cert.Store == storeRecovery && withAnchors && ctlbuild.SameServer(s.Name, pub.Name),
			cert.Store == reach.StorePhoneSAST && withAnchors:
			add(&sast, pub, ctlbuild.SAST, cert.DER)
		}
	}
	// ITLRecovery first, as the publisher lists them.
	slices.SortStableFunc(sast, func(a, b reach.Credential) int {
		return rank(b.Certificate) - rank(a.Certificate)
	})
	return append(sast, own...)
}

func rank(der []byte) int {
	if cert, err := certificate.Parse(der); err == nil && ctlbuild.IsRecoveryName(cert.CN) {
		return 1
	}
	return 0
}

// roleOf is the FUNCTION that a server's CallManager certificate is listed with.
func roleOf(s reach.Server) ctlbuild.Function {
	call, tftp := slices.Contains(s.Services, reach.CallManager), slices.Contains(s.Services, reach.TFTP)
	switch {
	case call && !tftp:
		return ctlbuild.CCM
	case tftp && !call:
		return ctlbuild.TFTP
	}
	return ctlbuild.CCMTFTP
}

// owner is the server that a certificate is of: as the database says, else by the common
// name, which CUCM makes from the host's. What bears no server's name, such as a
// multi-server certificate, is the publisher's.
func (c *cluster) owner(servers []reach.Server, cert axl.Certificate, pub reach.Server) reach.Server {
	if s := c.serverOf(servers, cert.Server, reach.Server{}); s.Name != "" {
		return s
	}
	parsed, err := certificate.Parse(cert.DER)
	if err != nil {
		return pub
	}
	name := strings.TrimPrefix(strings.TrimSpace(parsed.CN), "ITLRECOVERY_")
	return c.serverOf(servers, name, pub)
}

// serverOf finds a server by its name or address. The cluster may list by address what is
// named elsewhere: the profile has both.
func (c *cluster) serverOf(servers []reach.Server, name string, fallback reach.Server) reach.Server {
	names := []string{name}
	if n := c.profileNode(name); n != nil {
		names = append(names, n.Name, n.Address)
	}
	for _, s := range servers {
		for _, name := range names {
			if ctlbuild.SameServer(s.Name, name) || ctlbuild.SameHost(s.Address, name) {
				return s
			}
		}
	}
	return fallback
}

// factsCLI asks the publisher's CLI for mode, version and servers.
func (c *cluster) factsCLI(ctx context.Context, f *reach.Facts) error {
	return c.onCLI(ctx, c.pub.Name, func(shell *platform.Client) error {
		nodes, err := shell.NetworkCluster(ctx)
		if err != nil {
			return err
		}
		mixed, err := shell.ClusterMixed(ctx)
		if err != nil {
			return err
		}
		f.Mode = modeOf(mixed)
		if text, err := shell.Version(ctx); err != nil {
			f.Warnings = append(f.Warnings, message.Phrase("the version could not be asked: %w", err))
		} else if f.Version, err = release.Parse(text); err != nil {
			f.Warnings = append(f.Warnings, message.Phrase("the version %q is not understood", text))
		}
		for _, n := range nodes {
			if n.Product != "" && n.Product != "callmanager" {
				continue
			}
			// Which services run is not told here: nil, and the profile's ports decide.
			f.Servers = append(f.Servers, reach.Server{Name: n.Host, Address: n.Address, Publisher: n.Publisher})
			c.learn(n.Host)
		}
		for _, what := range []string{"mode", "version", "servers"} {
			f.From[what] = cli.Door
		}
		return nil
	})
}

// credentialsOfLists takes the certificates from the ITL of every node and the CTL of the
// publisher: what the cluster itself signed is what it presents.
func (c *cluster) credentialsOfLists(ctx context.Context, f *reach.Facts) {
	f.From["credentials"] = DoorLists
	seen := map[string]bool{}
	for i := range c.profile.Nodes {
		n := &c.profile.Nodes[i]
		if !n.IsCUCM() {
			continue
		}
		data, _, err := serve.Fetch(ctx, *n, ctlbuild.ITLFileName, c.tools.Timeout)
		var l *ctlbuild.List
		if err == nil {
			l, err = ctlbuild.Parse(data)
		}
		if err != nil {
			f.Warnings = append(f.Warnings, message.Phrase("the ITL of %s, which has its certificates, could not be read: %v", n.Name, err))
			continue
		}
		c.takeRecords(f, n, l, seen)
	}
}

// takeRecords takes what an ITL lists of the node itself; of another one as well when it
// is CAPF or an anchor, which every node's ITL has.
func (c *cluster) takeRecords(f *reach.Facts, n *site.Node, l *ctlbuild.List, seen map[string]bool) {
	for i := range l.Records {
		r := &l.Records[i]
		der, role := r.Certificate(), r.Function()
		key := fmt.Sprint(role, string(der))
		if der == nil || seen[key] || role == ctlbuild.TVS {
			continue
		}
		seen[key] = true
		host := r.DNSName()
		s := c.serverOf(f.Servers, host, c.serverOf(f.Servers, n.Name, reach.Server{Name: n.Name, Address: n.Address}))
		f.Credentials = append(f.Credentials, reach.Credential{NodeName: s.Name, NodeAddress: s.Address, Function: role, Certificate: der})
	}
}

// Version implements reach.FactSource.
func (c *cluster) Version(ctx context.Context) (v release.Version, d reach.Door, err error) {
	var text string
	_, err = c.askAXL(ctx, func(a *axl.Client) (none struct{}, err error) {
		got, err := a.Version(ctx)
		text = got.Full
		return none, err
	})
	if err != nil && shut(err) && reach.ClassOf(err) != reach.Login && c.shells.Missing(c.pub.Name) == nil {
		err = c.platform.use(func() error {
			v, d, err = c.shells.Version(ctx, c.pub.Name)
			return err
		})
		return v, d, err
	}
	if err != nil {
		return v, DoorAXL, err
	}
	if v, err = release.Parse(text); err != nil {
		err = &reach.Error{Class: reach.Refused, Server: c.pub.Name, Door: DoorAXL, Err: err}
	}
	return v, DoorAXL, err
}
