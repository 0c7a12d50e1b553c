package cucm

import (
	"context"
	"crypto/x509"
	"errors"
	"sync"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/certapi"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/serviceability"
)

// The doors; that of the CLI is cli.Door.
const (
	DoorAXL     reach.Door = "AXL"
	DoorRIS     reach.Door = "RisPort70"
	DoorControl reach.Door = "Control Center"
	DoorREST    reach.Door = "certificate API"
	DoorOSAdmin reach.Door = "OS Administration"
	DoorLists   reach.Door = "served lists"
)

// service is the name under which port 8443 of a node is shown, and the application
// user's password is asked for.
const service = "https"

// cluster is a CUCM. Clients are made when they are first used, and kept.
type cluster struct {
	profile  *site.Profile
	tools    reach.Tools
	pub      *site.Node
	app      *account
	platform *account
	shells   *cli.Shells

	mu      sync.Mutex
	axl     *axl.Client
	control map[string]*serviceability.Client // by node of the profile
	rest    *certapi.Client
	names   map[string]string // node of the profile -> its name in the cluster
}

// New is a cluster as Cisco ships it. Errors: the profile has no publisher.
func New(p *site.Profile, t reach.Tools) (*reach.Site, error) {
	pub := p.Node(p.LeadNode().Name)
	if pub == nil || pub.Role != site.RolePublisher {
		return nil, message.NewError("the profile has no publisher")
	}
	c := &cluster{
		profile: p, tools: t, pub: pub, shells: cli.New(p, t),
		app: &account{name: "application user", user: p.User, source: p.PasswordSource, service: service, tools: t},
		// The CLI asks for the same password under this name, so that a person is asked once.
		platform: &account{name: "platform user", user: p.PlatformUser, source: p.PlatformPasswordSource, service: "ssh", tools: t},
		control:  map[string]*serviceability.Client{}, names: map[string]string{},
	}
	s := &reach.Site{
		Way: "cucm", Facts: c, Services: c, Trust: store{c}, Phones: phones{c}, Probe: c.probe, Close: c.close,
		Missing: map[reach.Ability]error{
			reach.AbilityMode: message.NewError("CUCM sets its security mode by `utils ctl set-cluster` alone, which writes a tokenless CTL as well"),
		},
	}
	if why := c.shells.Missing(pub.Name); why != nil {
		s.Missing[reach.AbilityAuthor] = why
	} else {
		s.Author = c
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if n.IsCUCM() && n.Port(site.PortHTTPS) != 0 {
			s.Entrances = append(s.Entrances, c.entrance(n))
		}
		if n.Transport == site.TransportOSAdmin {
			s.Nodes = append(s.Nodes, newNode(c, n))
		}
	}
	s.Entrances = append(s.Entrances, c.shells.Entrances()...)
	return s, nil
}

// server is port 8443 of a node, and who it has to be.
func server(n *site.Node) meet.Server {
	return meet.Server{Node: n.Name, Kind: meet.KindTLS, Pinned: n.Fingerprint, Host: n.Address, Port: n.Port(site.PortHTTPS)}
}

// entrance is port 8443 of a node. The application user is proved at the publisher's.
func (c *cluster) entrance(n *site.Node) reach.Entrance {
	e := reach.Entrance{
		Node: n.Name, Service: service, Server: server(n), Address: n.Addr(site.PortHTTPS),
		Hello: func(ctx context.Context, check meet.Check, _ []string) error { return c.hello(ctx, n, check) },
	}
	if n == c.pub {
		e.Login = c.login
	}
	return e
}

// errMet ends a connection whose server has proved its identity, before anything is sent.
var errMet = errors.New("met")

// hello opens TLS, and no more.
func (c *cluster) hello(ctx context.Context, n *site.Node, check meet.Check) error {
	met := false
	client, err := axl.New(n.Addr(site.PortHTTPS), axl.Options{Legacy: n.Legacy, Timeout: c.tools.Timeout,
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			c.tools.Show(server(n), raw)
			if err := check(ctlp.Fingerprint(raw), nil); err != nil {
				return err
			}
			met = true
			return errMet
		}})
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.Version(ctx)
	if met {
		return nil
	}
	return sorted(ctx, n.Name, service, err)
}

// login proves the application user. A door that is shut is no failure: the facts come
// through the next one then, and say so.
func (c *cluster) login(ctx context.Context) error {
	_, err := c.askAXL(ctx, func(a *axl.Client) (struct{}, error) {
		_, err := a.Version(ctx)
		return struct{}{}, err
	})
	if reach.ClassOf(err) == reach.Permanent {
		return nil
	}
	return err
}

// options are shared by all interfaces on port 8443 of a node. Each new connection is
// checked against the identity that was met: nobody is asked within a handshake.
func (c *cluster) options(n *site.Node, a *account) axl.Options {
	return axl.Options{
		User: a.user, Password: a.password(n.Name), Legacy: n.Legacy, Timeout: c.tools.Timeout,
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			got := ctlp.Fingerprint(raw)
			err := c.tools.Identities.Check(server(n), got, nil)
			var unknown *meet.UnknownError
			if errors.As(err, &unknown) {
				return &meet.IdentityError{Node: n.Name, Kind: meet.KindTLS, Got: got}
			}
			return err
		},
	}
}

// askWith asks a door with an account; errors are sorted.
func askWith[C, T any](ctx context.Context, a *account, server string, d reach.Door, open func() (C, error), f func(C) (T, error)) (v T, err error) {
	err = a.use(func() error {
		client, err := open()
		if err == nil {
			v, err = f(client)
		}
		return sorted(ctx, server, d, err)
	})
	return v, err
}

func (c *cluster) askAXL(ctx context.Context, f func(*axl.Client) (struct{}, error)) (struct{}, error) {
	return askWith(ctx, c.app, c.pub.Name, DoorAXL, c.openAXL, f)
}

func (c *cluster) openAXL() (*axl.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.axl == nil {
		client, err := axl.New(c.pub.Addr(site.PortHTTPS), c.options(c.pub, c.app))
		if err != nil {
			return nil, err
		}
		client.Sleep = c.tools.Sleep
		client.Waiting = c.tools.Waiting(c.pub.Name)
		c.axl = client
	}
	return c.axl, nil
}

func (c *cluster) openControl(n *site.Node) func() (*serviceability.Client, error) {
	return func() (*serviceability.Client, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.control[n.Name] == nil {
			client, err := serviceability.New(n.Addr(site.PortHTTPS), c.options(n, c.app))
			if err != nil {
				return nil, err
			}
			client.Sleep = c.tools.Sleep
			client.Waiting = c.tools.Waiting(n.Name)
			c.control[n.Name] = client
		}
		return c.control[n.Name], nil
	}
}

func (c *cluster) openREST() (*certapi.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rest == nil {
		client, err := certapi.New(c.pub.Addr(site.PortHTTPS), c.options(c.pub, c.platform))
		if err != nil {
			return nil, err
		}
		c.rest = client
	}
	return c.rest, nil
}

// close ends the connections that belong to no node.
func (c *cluster) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	if c.axl != nil {
		errs = append(errs, c.axl.Close())
	}
	if c.rest != nil {
		errs = append(errs, c.rest.Close())
	}
	for _, client := range c.control {
		errs = append(errs, client.Close())
	}
	return errors.Join(errs...)
}

// node finds a node of the profile that runs CUCM.
func (c *cluster) node(name string) (*site.Node, error) {
	n := c.profile.Node(name)
	if n == nil || !n.IsCUCM() {
		return nil, &reach.Error{Class: reach.Permanent, Server: name, Err: message.Errorf("%s is no CUCM server of the profile", name)}
	}
	return n, nil
}

// profileNode is the node of the profile that the cluster lists under a name or address;
// nil when the profile lacks it.
func (c *cluster) profileNode(name string) *site.Node {
	for i := range c.profile.Nodes {
		n := &c.profile.Nodes[i]
		if n.IsCUCM() && (ctlbuild.SameServer(n.Name, name) || ctlbuild.SameHost(n.Address, name)) {
			return n
		}
	}
	return nil
}
