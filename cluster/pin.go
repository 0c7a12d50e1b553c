package cluster

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
)

// Identity is who a server of a node says it is.
type Identity struct {
	Node, Kind, Address string // Kind: meet.KindTLS or meet.KindSSH
	Service             string // ctlp, https, sftp or ssh (the administration CLI)
	Fingerprint         string // presented now
	Known               string // pinned, kept or in known_hosts; "" when never met
	Source              string // where Known comes from
	Certificate         []byte // DER, presented now; nil of an SSH server
	Err                 error  // it could not be seen

	server meet.Server
}

// Changed reports that the server presented another identity than the known one.
func (i Identity) Changed() bool { return i.Err == nil && i.Known != "" && i.Known != i.Fingerprint }

// Identities connects to all servers of all nodes only as far as to see who answers;
// no login, no password. cli includes the administration CLI. What could not be seen
// says so in Err.
func Identities(ctx context.Context, p *site.Profile, o Options, cli bool) ([]Identity, error) {
	c, err := open(p, o)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.identitiesOf(ctx, cli), nil
}

func (c *Cluster) identitiesOf(ctx context.Context, cli bool) []Identity {
	var entrances []reach.Entrance
	for _, n := range c.Nodes { // in the order of the profile, what a node has together
		for _, e := range c.Site.Entrances {
			if e.Node == n.Name() && (cli || !e.Later) {
				entrances = append(entrances, e)
			}
		}
	}
	out := make([]Identity, len(entrances))
	side(entrances, func(i int, e reach.Entrance) error {
		out[i] = c.see(ctx, e)
		return nil
	})
	return out
}

// present keeps what a server shows while it is met.
func (c *Cluster) present(s meet.Server, der []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown[s] = der
}

func (c *Cluster) presented(s meet.Server) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown[s]
}

// errMet ends a handshake once it was seen who answers.
var errMet = errors.New("met")

// see looks at one server. Of several SSH host keys it shows the known one.
func (c *Cluster) see(ctx context.Context, e reach.Entrance) Identity {
	out := Identity{Node: e.Node, Kind: e.Server.Kind, Service: e.Service, Address: e.Address, server: e.Server}
	var mu sync.Mutex // a dial that was given up may still be answered
	_, verdict, err := meet.Once(c.ids, e.Server, func(check meet.Check, algorithms []string) (none struct{}, err error) {
		return none, e.Hello(ctx, func(fingerprint string, key ssh.PublicKey) error {
			mu.Lock()
			defer mu.Unlock()
			err := check(fingerprint, key)
			if err == nil || out.Fingerprint == "" {
				out.Fingerprint = fingerprint
			}
			return cmp.Or(err, errMet)
		}, algorithms)
	})
	mu.Lock()
	defer mu.Unlock()
	out.Certificate = c.presented(e.Server)
	var changed *meet.IdentityError
	switch {
	case out.Fingerprint == "":
		out.Err = &NodeError{Node: e.Node, Step: StepConnect, Err: err}
	case verdict == nil:
		out.Known = out.Fingerprint
	case errors.As(verdict, &changed):
		out.Known, out.Source = changed.Want, changed.Source
	}
	return out
}

// Pin shows the identities of all servers of a cluster to the person, those that are
// new or changed as questions, and keeps what is confirmed. A fingerprint in the
// profile is never overruled: it stays as it is and its change is an *meet.IdentityError.
func Pin(ctx context.Context, p *site.Profile, o Options, cli bool) ([]Identity, error) {
	c, err := open(p, o)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	list := c.identitiesOf(ctx, cli)
	var errs []error
	for i := range list {
		s := &list[i]
		e := &meet.IdentityError{Node: s.Node, Kind: s.Kind, Want: s.Known, Got: s.Fingerprint, Source: s.Source}
		switch {
		case s.Err != nil:
			errs = append(errs, s.Err)
		case s.Changed() && s.Source == meet.FromProfile:
			errs = append(errs, e)
		case s.Known == s.Fingerprint:
		default:
			if err := c.ids.Confirm(ctx, s.server, e); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return list, errors.Join(errs...)
}
