// Package sftp reaches one node's folder of served files over SFTP.
package sftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/protocol/sftp"
	"ctlclient/protocol/sshconn"
)

// Door is SFTP.
const Door reach.Door = "SFTP"

// service is the name under which the password is asked for and shown.
const service = "sftp"

// node speaks SFTP.
type node struct {
	profile *site.Profile
	n       site.Node
	tools   reach.Tools
	link    door.Link[*sftp.Client]
	// unsure: a connection was lost while something was staged, which may be there yet.
	unsure atomic.Bool
}

// New is the node n of the profile p, and where it is entered.
func New(p *site.Profile, n site.Node, t reach.Tools) (reach.Node, reach.Entrance) {
	a := &node{profile: p, n: n, tools: t}
	a.link.Dial, a.link.Answered = a.dial, answered
	return a, reach.Entrance{
		Node: n.Name, Service: service, Server: a.server(), Address: n.Addr(site.PortSFTP),
		Hello: a.hello,
		Login: func(ctx context.Context) error {
			return a.use(ctx, false, func(*sftp.Client) error { return nil })
		},
	}
}

func (a *node) Name() string { return a.n.Name }

// Properties of SFTP: a server that cannot replace in one step is refused at staging.
func (a *node) Properties() reach.Properties {
	return reach.Properties{Way: string(Door), AtomicReplace: true, KeepsFormer: true, ChecksReplaced: true}
}

func (a *node) server() meet.Server {
	return meet.Server{Node: a.n.Name, Kind: meet.KindSSH, Pinned: a.n.SFTPHostKey, Host: a.n.Address, Port: a.n.Port(site.PortSFTP)}
}

func (a *node) hello(ctx context.Context, check meet.Check, algorithms []string) error {
	err := door.HelloSSH(check, func(o door.SSH) error {
		conn, err := sftp.Dial(ctx, a.n.Addr(site.PortSFTP), sftp.Options{User: a.n.SFTPUser, Legacy: a.n.Legacy,
			Timeout: a.tools.Timeout, Password: o.Password, HostKey: o.HostKey, HostKeyAlgorithms: algorithms})
		if conn != nil {
			return errors.Join(err, conn.Close())
		}
		return err
	})
	return door.Dialed(ctx, a.n.Name, Door, err)
}

func (a *node) dial(ctx context.Context) (*sftp.Client, error) {
	if a.n.Legacy {
		a.tools.WarnLegacy(a.n.Name)
	}
	o := sftp.Options{User: a.n.SFTPUser, Legacy: a.n.Legacy, Timeout: a.tools.Timeout}
	if a.tools.Warn != nil {
		o.Warn = func(what message.Message) { a.tools.Warn(a.n.Name, what) }
	}
	source := a.n.SFTPPasswordSource
	switch {
	case a.n.SFTPKey != "":
		o.KeyFile = a.profile.Resolve(a.n.SFTPKey)
		o.KeyPass = func(ctx context.Context) ([]byte, error) {
			return a.tools.Secrets.Get(ctx, site.SourcePrompt, "key "+o.KeyFile, a.n.Name, "the key "+o.KeyFile)
		}
	case source == "" && sshconn.AgentRuns(ctx):
		o.Agent = true
	case source == "":
		source = site.SourcePrompt
	}
	if source != "" {
		// The identity is known to be right (the site was met, and HostKey below checks
		// it again before anything is sent), so a person is asked before the
		// handshake, not while the server waits.
		pw, err := a.tools.Secrets.Get(ctx, source, service, a.n.Name, a.n.SFTPUser)
		if err != nil {
			return nil, err
		}
		clear(pw)
		o.Password = func(ctx context.Context) ([]byte, error) {
			return a.tools.Secrets.Get(ctx, source, service, a.n.Name, a.n.SFTPUser)
		}
	}
	conn, err := meet.Dial(ctx, a.tools.Identities, a.server(), func(check meet.Check, algorithms []string) (*sftp.Client, error) {
		o.HostKeyAlgorithms = algorithms
		o.HostKey = func(_ string, key ssh.PublicKey) error { return check(ssh.FingerprintSHA256(key), key) }
		return sftp.Dial(ctx, a.n.Addr(site.PortSFTP), o)
	})
	if errors.Is(err, sshconn.ErrLogin) && source == site.SourcePrompt {
		a.tools.Secrets.Forget(source, service, a.n.SFTPUser)
	}
	return conn, door.Dialed(ctx, a.n.Name, Door, err)
}

// answered tells an answer of the server from a fault of the connection, which also the
// end of a context is.
func answered(err error) bool {
	return !errors.Is(err, sftp.ErrUnreachable) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// sorted gives an error the meaning that package reach promises.
func (a *node) sorted(ctx context.Context, err error) error {
	switch {
	case err == nil || door.Own(ctx, err):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return err
	case errors.Is(err, sftp.ErrConflict):
		return fmt.Errorf("%w: %w", reach.ErrConflict, err)
	}
	sorted := &reach.Error{Class: reach.Permanent, Server: a.n.Name, Door: Door, Err: err}
	var unexplained *sftp.ServerError
	switch {
	case errors.Is(err, sftp.ErrUnreachable):
		sorted.Class = reach.Unreachable
	case errors.Is(err, fs.ErrPermission):
	case errors.Is(err, sftp.ErrNoSpace), errors.Is(err, sftp.ErrCorrupted), errors.As(err, &unexplained):
		sorted.Class = reach.Refused
	}
	return sorted
}

func (a *node) use(ctx context.Context, repeat bool, f func(*sftp.Client) error) error {
	return a.sorted(ctx, a.link.Use(ctx, repeat, f))
}

func (a *node) Close() error { return a.link.Close() }

func (a *node) Fetch(ctx context.Context, name string) ([]byte, error) {
	return door.Fetch(ctx, a.use, func(c *sftp.Client) ([]byte, error) {
		f, err := c.Get(ctx, a.n.Path, name)
		return f.Data, err
	})
}

// Prepare implements reach.Preparer.
func (a *node) Prepare(ctx context.Context) error {
	return a.use(ctx, true, func(c *sftp.Client) error { return c.Check(ctx, a.n.Path, ctlbuild.CTLFileName) })
}

func (a *node) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error) {
	err = a.use(ctx, true, func(c *sftp.Client) error {
		if stage, err = c.Stage(ctx, a.n.Path, name, data, expect); err != nil && !answered(err) {
			a.unsure.Store(true)
		}
		return err
	})
	return stage, err
}

func (a *node) Commit(ctx context.Context, name, stage string, expect *[32]byte) (string, error) {
	err := a.use(ctx, false, func(c *sftp.Client) error { return c.Commit(ctx, a.n.Path, name, stage, expect) })
	return path.Join(a.n.Path, name), err
}

func (a *node) Abort(ctx context.Context, _, stage string) error {
	err := a.use(ctx, true, func(c *sftp.Client) error { return c.Abort(ctx, a.n.Path, stage) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (a *node) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former != nil {
		return reach.Replace(ctx, a, name, former, current)
	}
	return a.use(ctx, false, func(c *sftp.Client) error { return c.Delete(ctx, a.n.Path, name, current) })
}

// Leftovers implements reach.Sweeper: stages outlive their connection.
func (a *node) Leftovers(ctx context.Context, name string) (stages []string, err error) {
	err = a.use(ctx, true, func(c *sftp.Client) error {
		found, err := c.Leftovers(ctx, a.n.Path, name)
		for _, l := range found {
			stages = append(stages, l.Token)
		}
		return err
	})
	return stages, err
}

// Unsure implements reach.Sweeper.
func (a *node) Unsure() bool { return a.unsure.Swap(false) }
