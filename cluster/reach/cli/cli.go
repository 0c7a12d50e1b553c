// Package cli reaches a node's administration CLI over SSH: what the publisher writes by
// itself, restarts of services, the version. It is a door of several ways to a cluster.
package cli

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/protocol/platform"
	"ctlclient/trust/release"
)

// Door is the administration CLI.
const Door reach.Door = "CLI"

// service is the name under which its passwords are asked for and shown.
const service = "ssh"

// Shells are the CLIs of a cluster's nodes. One is opened for each command and closed
// after it.
type Shells struct {
	profile *site.Profile
	tools   reach.Tools
}

// New is the CLIs of a profile's nodes.
func New(p *site.Profile, t reach.Tools) *Shells { return &Shells{profile: p, tools: t} }

// Missing says why a node has no CLI; nil when it has one.
func (s *Shells) Missing(node string) error {
	n := s.profile.Node(node)
	if n == nil {
		return message.Errorf("the profile has no node %q", node)
	}
	if n.Port(site.PortSSH) == 0 || n.SSHUser == "" {
		return message.Errorf("the profile names no administration CLI of %s (ssh-user, ssh-port)", n.Name)
	}
	return nil
}

// Entrances are those of the nodes of the cluster itself that have a CLI. They are met
// when they are used.
func (s *Shells) Entrances() []reach.Entrance {
	var out []reach.Entrance
	for i := range s.profile.Nodes {
		n := &s.profile.Nodes[i]
		if !n.IsCUCM() || n.Port(site.PortSSH) == 0 {
			continue
		}
		out = append(out, reach.Entrance{
			Node: n.Name, Service: service, Server: server(n), Address: n.Addr(site.PortSSH), Later: true,
			Hello: func(ctx context.Context, check meet.Check, algorithms []string) error {
				return door.HelloSSH(check, func(o door.SSH) error {
					_, err := platform.Dial(ctx, n.Addr(site.PortSSH), platform.Options{User: n.SSHUser, Legacy: n.Legacy,
						Timeout: s.tools.Timeout, Password: o.Password, HostKey: o.HostKey, HostKeyAlgorithms: algorithms})
					return err
				})
			},
		})
	}
	return out
}

func server(n *site.Node) meet.Server {
	return meet.Server{Node: n.Name, Kind: meet.KindSSH, Pinned: n.SSHHostKey, Host: strings.TrimSuffix(n.Address, "."), Port: n.Port(site.PortSSH)}
}

// Use logs in to a node's CLI and runs f there. Errors are sorted.
func (s *Shells) Use(ctx context.Context, node string, f func(*platform.Client) error) error {
	if why := s.Missing(node); why != nil {
		return &reach.Error{Class: reach.Permanent, Server: node, Door: Door, Err: why}
	}
	n := s.profile.Node(node)
	client, err := s.dial(ctx, n)
	if err != nil {
		return door.Dialed(ctx, n.Name, Door, message.Errorf("administration CLI of %s: %w", n.Name, err))
	}
	err = f(client)
	// What the node said has been said; closing tells nothing more.
	_ = client.Close()
	if err == nil || door.Own(ctx, err) {
		return err
	}
	class := reach.Unreachable
	var unexpected *platform.UnexpectedError
	if errors.As(err, &unexpected) && !errors.Is(err, context.DeadlineExceeded) {
		class = reach.Refused
	}
	return &reach.Error{Class: class, Server: n.Name, Door: Door, Err: err}
}

func (s *Shells) dial(ctx context.Context, n *site.Node) (*platform.Client, error) {
	if n.Legacy {
		s.tools.WarnLegacy(n.Name)
	}
	var output func(line string)
	if s.tools.Said != nil {
		output = func(line string) { s.tools.Said(n.Name, line) }
	}
	return meet.Dial(ctx, s.tools.Identities, server(n), func(check meet.Check, algorithms []string) (*platform.Client, error) {
		return platform.Dial(ctx, n.Addr(site.PortSSH), platform.Options{
			User: n.SSHUser, Legacy: n.Legacy, Output: output, HostKeyAlgorithms: algorithms,
			Password: func(ctx context.Context) ([]byte, error) {
				return s.tools.Secrets.Get(ctx, n.SSHPasswordSource, service, n.Name, n.SSHUser)
			},
			HostKey: func(_ string, key ssh.PublicKey) error { return check(ssh.FingerprintSHA256(key), key) },
		})
	})
}

// Version of a node, as "show version active" prints it.
func (s *Shells) Version(ctx context.Context, node string) (v release.Version, d reach.Door, err error) {
	var text string
	err = s.Use(ctx, node, func(c *platform.Client) (err error) {
		text, err = c.Version(ctx)
		return err
	})
	if err != nil {
		return v, Door, err
	}
	if v, err = release.Parse(text); err != nil {
		err = &reach.Error{Class: reach.Refused, Server: node, Door: Door, Err: err}
	}
	return v, Door, err
}

// Status implements reach.Services. The CLI's list of services is not read: nothing is
// told.
func (s *Shells) Status(context.Context, string, []reach.Service) (map[reach.Service]reach.ServiceState, reach.Door, error) {
	return nil, Door, nil
}

// Restart implements reach.Services.
func (s *Shells) Restart(ctx context.Context, node string, service reach.Service) (reach.Door, error) {
	return Door, s.Use(ctx, node, func(c *platform.Client) error { return c.RestartService(ctx, service.CiscoName()) })
}

// Author is the publisher that writes its own files, told over its CLI.
func (s *Shells) Author(publisher string) reach.Author { return author{s, publisher} }

type author struct {
	shells *Shells
	node   string
}

func (a author) Write(ctx context.Context, job reach.AuthorJob) (reach.Door, error) {
	return Door, a.shells.Use(ctx, a.node, func(c *platform.Client) error {
		switch job {
		case reach.WriteCTL:
			return c.UpdateCTLFile(ctx)
		case reach.WriteMixed:
			return c.SetClusterMode(ctx, true)
		case reach.WriteNonSecure:
			return c.SetClusterMode(ctx, false)
		case reach.ResetCTLLocalKey:
			_, err := c.ResetCTL(ctx)
			return err
		case reach.ResetITLLocalKey:
			_, err := c.ResetITL(ctx)
			return err
		}
		return &reach.Error{Class: reach.Permanent, Server: a.node, Door: Door,
			Err: message.Errorf("this program does not type %q", job.Command())}
	})
}
