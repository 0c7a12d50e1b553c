package cluster

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"sync"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/sftp"
)

// Identity is who a server of a node says it is.
type Identity struct {
	Node, Kind, Address string // Kind: meet.KindTLS or meet.KindSSH
	Service             string // ctlp, sftp or ssh (the administration CLI)
	Fingerprint         string // presented now
	Known               string // pinned, kept or in known_hosts; "" when never met
	Source              string // where Known comes from
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
	per := make([][]Identity, len(c.Nodes))
	c.each(func(i int, n Node) error {
		p := n.Profile()
		if p.Transport == site.TransportCTLP {
			per[i] = append(per[i], c.see(ctx, p, "ctlp"))
		} else {
			per[i] = append(per[i], c.see(ctx, p, "sftp"))
		}
		if cli && p.IsCUCM() && p.Port(site.PortSSH) != 0 {
			per[i] = append(per[i], c.see(ctx, p, "ssh"))
		}
		return nil
	})
	var out []Identity
	for _, list := range per {
		out = append(out, list...)
	}
	return out
}

// see looks at one server. Of several SSH host keys it shows the known one.
func (c *Cluster) see(ctx context.Context, n site.Node, service string) Identity {
	id := map[string]meet.Server{"ctlp": tlsServer(n), "sftp": sftpServer(n), "ssh": cliServer(n)}[service]
	out := Identity{Node: n.Name, Kind: id.Kind, Service: service, Address: net.JoinHostPort(id.Host, strconv.Itoa(id.Port)), server: id}
	var mu sync.Mutex // a dial that was given up may still be answered
	_, verdict, err := meet.Once(c.ids, id, func(check meet.Check, algorithms []string) (none struct{}, err error) {
		seen := func(fingerprint string, key ssh.PublicKey) error {
			mu.Lock()
			defer mu.Unlock()
			err := check(fingerprint, key)
			if err == nil || out.Fingerprint == "" {
				out.Fingerprint = fingerprint
			}
			return cmp.Or(err, errMet)
		}
		hostKey := func(_ string, key ssh.PublicKey) error { return seen(ssh.FingerprintSHA256(key), key) }
		switch service {
		case "ctlp":
			_, err = ctlp.Dial(ctx, out.Address, ctlp.Options{Legacy: n.Legacy, Timeout: c.o.Timeout, Client: "ctlclient",
				VerifyPeer: func(_ *x509.Certificate, raw []byte) error { return seen(ctlp.Fingerprint(raw), nil) }})
		case "sftp":
			_, err = sftp.Dial(ctx, out.Address, sftp.Options{User: n.SFTPUser, Legacy: n.Legacy, Timeout: c.o.Timeout,
				Password: noPassword, HostKey: hostKey, HostKeyAlgorithms: algorithms})
		case "ssh":
			_, err = platform.Dial(ctx, out.Address, platform.Options{User: n.SSHUser, Legacy: n.Legacy, Timeout: c.o.Timeout,
				Password: noPassword, HostKey: hostKey, HostKeyAlgorithms: algorithms})
		}
		return none, err
	})
	mu.Lock()
	defer mu.Unlock()
	var changed *meet.IdentityError
	switch {
	case out.Fingerprint == "":
		out.Err = &NodeError{Node: n.Name, Step: StepConnect, Err: err}
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
