package agent

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/internal/door"
	"ctlclient/cluster/site"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// service is the name under which the provider's password is asked for and shown.
const service = "ctlp"

// fresh is how long a connection that was made before the login is good for it: a server
// does not wait for ever.
const fresh = 5 * time.Second

// node speaks CTLP.
type node struct {
	profile site.Node
	user    string
	source  string // of the password
	tools   reach.Tools
	link    door.Link[*ctlp.Client]

	mu    sync.Mutex
	met   *ctlp.Client // shook hands, not logged in yet
	metAt time.Time
}

func newNode(p *site.Profile, n site.Node, t reach.Tools) *node {
	a := &node{profile: n, user: p.User, source: p.PasswordSource, tools: t}
	a.link.Dial, a.link.Answered = a.dial, answered
	return a
}

func (n *node) Name() string { return n.profile.Name }

// Properties of a provider: it promises all that there is to promise.
func (n *node) Properties() reach.Properties {
	return reach.Properties{Way: string(Door), AtomicReplace: true, KeepsFormer: true, ChecksReplaced: true}
}

func (n *node) server() meet.Server {
	return meet.Server{Node: n.profile.Name, Kind: meet.KindTLS, Pinned: n.profile.Fingerprint,
		Host: n.profile.Address, Port: n.profile.Port(site.PortCTLP)}
}

func (n *node) entrance() reach.Entrance {
	return reach.Entrance{
		Node: n.profile.Name, Service: service, Server: n.server(), Address: n.profile.Addr(site.PortCTLP),
		Hello: func(ctx context.Context, check meet.Check, _ []string) error {
			conn, err := n.connect(ctx, check)
			if err != nil {
				return n.sorted(ctx, err)
			}
			return conn.Close()
		},
		Meet: n.meet,
		Login: func(ctx context.Context) error {
			return n.use(ctx, false, func(*ctlp.Client) error { return nil })
		},
	}
}

// connect opens TLS; no login.
func (n *node) connect(ctx context.Context, check meet.Check) (*ctlp.Client, error) {
	return ctlp.Dial(ctx, n.profile.Addr(site.PortCTLP), ctlp.Options{
		Legacy: n.profile.Legacy, Timeout: n.tools.Timeout, Client: "ctlclient",
		VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
			n.tools.Show(n.server(), raw)
			return check(ctlp.Fingerprint(raw), nil)
		},
	})
}

// hello opens TLS to a node whose certificate is the right one.
func (n *node) hello(ctx context.Context) (*ctlp.Client, error) {
	if n.profile.Legacy {
		n.tools.WarnLegacy(n.profile.Name)
	}
	return meet.Dial(ctx, n.tools.Identities, n.server(), func(check meet.Check, _ []string) (*ctlp.Client, error) {
		return n.connect(ctx, check)
	})
}

// meet is hello whose connection is kept for the login.
func (n *node) meet(ctx context.Context) error {
	conn, err := n.hello(ctx)
	if err != nil {
		return n.sorted(ctx, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.met != nil {
		_ = n.met.Close() // nothing was said on it
	}
	n.met, n.metAt = conn, n.tools.Now()
	return nil
}

// takeMet is the connection that meet kept, where it is still good; nil: none.
func (n *node) takeMet() (conn *ctlp.Client) {
	n.mu.Lock()
	defer n.mu.Unlock()
	conn, n.met = n.met, nil
	if conn != nil && n.tools.Now().Sub(n.metAt) > fresh {
		_ = conn.Close() // nothing was said on it
		conn = nil
	}
	return conn
}

// dial connects and logs in. The identity is known to be right before the password is
// asked for, and the password is asked for before a server could lose patience.
func (n *node) dial(ctx context.Context) (*ctlp.Client, error) {
	conn := n.takeMet()
	if conn == nil {
		var err error
		if conn, err = n.hello(ctx); err != nil {
			return nil, err
		}
	}
	began := n.tools.Now()
	pw, err := n.tools.Secrets.Get(ctx, n.source, service, n.profile.Name, n.user)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	defer clear(pw)
	if n.tools.Now().Sub(began) > fresh {
		// A person was asked, and the server's patience may have run out.
		_ = conn.Close() // nothing was said on it
		if conn, err = n.hello(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := conn.Login(ctx, n.user, pw); err != nil {
		_ = conn.Close() // the login's error is the one to tell
		if ctlp.StatusOf(err) == ctlp.BadLogin {
			n.tools.Secrets.Forget(n.source, service, n.user)
		}
		if ctx.Err() == nil && !answered(err) {
			return nil, &strangerError{err}
		}
		return nil, err
	}
	return conn, nil
}

// use runs f on the connection; errors are sorted.
func (n *node) use(ctx context.Context, repeat bool, f func(*ctlp.Client) error) error {
	return n.sorted(ctx, n.link.Use(ctx, repeat, f))
}

func (n *node) Close() error {
	n.mu.Lock()
	met := n.met
	n.met = nil
	n.mu.Unlock()
	if met != nil {
		_ = met.Close() // nothing was said on it
	}
	return n.link.Close()
}

func (n *node) Fetch(ctx context.Context, name string) ([]byte, error) {
	return door.Fetch(ctx, n.use, func(c *ctlp.Client) ([]byte, error) {
		f, err := c.Get(ctx, name)
		return f.Data, err
	})
}

func (n *node) Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error) {
	// A stage whose connection ended is gone, so that staging may be repeated.
	err = n.use(ctx, true, func(c *ctlp.Client) error {
		id, err := c.Stage(ctx, name, data, expect)
		stage = fmt.Sprintf("%x.%x", id[:], sha256.Sum256(data))
		return err
	})
	return stage, err
}

// Commit compares the digest in the answer with that of what was staged.
func (n *node) Commit(ctx context.Context, name, stage string, _ *[32]byte) (path string, err error) {
	id, want, err := parseStage(stage)
	if err != nil {
		return "", err
	}
	err = n.use(ctx, false, func(c *ctlp.Client) error {
		var sum [32]byte
		path, sum, err = c.Commit(ctx, id)
		if err == nil && sum != want {
			err = message.Errorf("the node says that it serves another %s than the one that was sent", name)
		}
		return err
	})
	return path, err
}

func (n *node) Abort(ctx context.Context, _, stage string) error {
	id, _, err := parseStage(stage)
	if err != nil {
		return err
	}
	err = n.use(ctx, true, func(c *ctlp.Client) error { return c.Abort(ctx, id) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (n *node) Restore(ctx context.Context, name string, former []byte, current *[32]byte) error {
	if former != nil {
		return reach.Replace(ctx, n, name, former, current)
	}
	return n.use(ctx, false, func(c *ctlp.Client) error {
		_, err := c.Delete(ctx, name, current)
		return err
	})
}

// parseStage reads a stage as Stage made it: the node's name of it and the digest.
func parseStage(stage string) (id ctlp.StageID, sum [32]byte, err error) {
	var a, b []byte
	if _, err = fmt.Sscanf(stage, "%x.%x", &a, &b); err == nil && (len(a) != len(id) || len(b) != len(sum)) {
		err = message.NewError("wrong length")
	}
	if err != nil {
		return id, sum, message.Errorf("stage %q: %w", stage, err)
	}
	copy(id[:], a)
	copy(sum[:], b)
	return id, sum, nil
}
