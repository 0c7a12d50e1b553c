package cluster

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adrg/xdg"
	"golang.org/x/crypto/ssh"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/sftp"
	"ctlclient/trust"
)

// DefaultTimeout of one request to a node.
const DefaultTimeout = 30 * time.Second

// Options of Connect.
type Options struct {
	Prompter meet.Prompter // nil: nobody can be asked
	StateDir string        // journals, locks, kept identities; default: ctlclient/ in the XDG state folder
	Progress func(Progress)
	Timeout  time.Duration // of one request; default DefaultTimeout
	// Tolerant lets Connect go on without the nodes, the publisher excepted, that
	// cannot be reached or refuse the login; each is tried again when it is used.
	// A changed identity is never tolerated.
	Tolerant bool
	// HTTPFallback lets FetchTFTP ask over HTTP where TFTP does not answer.
	HTTPFallback bool
	// Sleep waits between retries; default: by the clock, until ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock; default time.Now.
	Now func() time.Time

	// fault is called at every boundary of every step; tests end or harm the
	// program there.
	fault func(point, node string) error
}

// Steps and states of Progress.
const (
	StepConnect   = "connect"
	StepLogin     = "login"
	StepFetch     = "fetch"
	StepFetchTFTP = "fetch-tftp" // as a phone does
	StepStage     = "stage"
	StepCommit    = "commit"
	StepReadBack  = "read-back"
	StepAbort     = "abort"
	StepRestore   = "restore"
	StepMode      = "mode"

	StateStart   = "start"
	StateDone    = "done"
	StateFailed  = "failed"
	StateRetry   = "retry"
	StateWarning = "warning"
)

// Progress of one node. It may arrive from several goroutines, one at a time.
type Progress struct {
	Node    string
	Step    string // connect login fetch fetch-tftp stage commit read-back abort restore mode
	State   string // start done failed retry warning
	Err     error
	Path    string // of the live file, after a commit
	Message string // of a warning, in words
}

// Cluster is a connected cluster.
type Cluster struct {
	Profile *site.Profile
	Nodes   []Node // as the profile lists them

	o        Options
	dir      string // of this cluster in the state directory
	ids      *meet.Identities
	secrets  *meet.Secrets
	progress sync.Mutex

	mu   sync.Mutex
	seen map[string][][]byte // by node: contents fetched, to show a conflict
	// services by node, from the newest snapshot's topology
	services map[string][]ctlp.Service
	tvs      *trust.CachedAsker
}

// StateDir is the default of Options.StateDir.
func StateDir() string { return filepath.Join(xdg.StateHome, "ctlclient") }

// clusterDir is the folder of one cluster below the state directory.
func clusterDir(stateDir, name string) string {
	if stateDir == "" {
		stateDir = StateDir()
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return filepath.Join(stateDir, "clusters", b.String())
}

// open makes a Cluster that is not connected yet.
func open(p *site.Profile, o Options) (*Cluster, error) {
	c := *p
	c.Nodes = append([]site.Node(nil), p.Nodes...)
	c.Complete()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	known := c.Resolve(c.KnownHosts)
	if known == "" {
		known = meet.KnownHosts()
	}
	dir := clusterDir(o.StateDir, c.Name)
	ids, err := meet.Open(filepath.Join(dir, "identities.json"), known, o.Prompter, o.Now)
	if err != nil {
		return nil, err
	}
	cl := &Cluster{
		Profile: &c, o: o, dir: dir, ids: ids,
		secrets:  meet.NewSecrets(o.Prompter, c.Resolve),
		seen:     map[string][][]byte{},
		services: map[string][]ctlp.Service{},
	}
	cl.tvs = trust.NewCachedAsker(tvsAsker{cl}, o.Now)
	for _, n := range c.Nodes {
		cl.Nodes = append(cl.Nodes, cl.node(n))
	}
	return cl, nil
}

func (c *Cluster) node(n site.Node) Node {
	if n.Transport == site.TransportSFTP {
		return &sftpNode{profile: n, link: link[*sftp.Client]{refused: isSFTPAnswer,
			dial: func(ctx context.Context) (*sftp.Client, error) { return c.dialSFTP(ctx, n) }}}
	}
	return &ctlpNode{profile: n, link: link[*ctlp.Client]{refused: isCTLPAnswer,
		dial: func(ctx context.Context) (*ctlp.Client, error) { return c.dialCTLP(ctx, n) }}}
}

// Connect checks the identities of all nodes side by side and logs in to them, the
// publisher first, so that a mistyped password is tried on one node alone. A node
// that cannot be reached or refuses the login is a *NodeError (several are joined),
// a changed or unconfirmed server an *meet.IdentityError.
func Connect(ctx context.Context, p *site.Profile, o Options) (*Cluster, error) {
	c, err := open(p, o)
	if err != nil {
		return nil, err
	}
	if err := c.connect(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) connect(ctx context.Context) error {
	// All identities first: nobody types a password for a cluster in which one
	// server is not who it was.
	errs := c.each(func(i int, n Node) error {
		return c.report(n.Name(), StepConnect, func() error { return c.meetNode(ctx, n.Profile()) })
	})
	if err := c.connectError(errs); err != nil {
		return err
	}
	login := func(n Node) error {
		return c.report(n.Name(), StepLogin, func() error { return c.login(ctx, n) })
	}
	for i, n := range c.Nodes {
		if n.Profile().Role == site.RolePublisher && errs[i] == nil {
			errs[i] = login(n)
			if errs[i] != nil {
				return &NodeError{Node: n.Name(), Step: StepLogin, Err: errs[i]}
			}
		}
	}
	return c.connectError(c.each(func(i int, n Node) error {
		if errs[i] != nil || n.Profile().Role == site.RolePublisher {
			return nil
		}
		return login(n)
	}))
}

// connectError decides which of the nodes' errors stop Connect.
func (c *Cluster) connectError(errs []error) error {
	var stop []error
	for i, err := range errs {
		if err == nil {
			continue
		}
		var id *meet.IdentityError
		if errors.As(err, &id) {
			return id
		}
		if !c.o.Tolerant || c.Nodes[i].Profile().Role == site.RolePublisher {
			stop = append(stop, &NodeError{Node: c.Nodes[i].Name(), Step: StepConnect, Err: err})
		}
	}
	if len(stop) == 1 {
		return stop[0]
	}
	return errors.Join(stop...)
}

// login makes the node's connection, which asks for the password where it must.
func (c *Cluster) login(ctx context.Context, n Node) error {
	switch n := n.(type) {
	case *ctlpNode:
		return n.use(ctx, false, func(*ctlp.Client) error { return nil })
	case *sftpNode:
		return n.use(ctx, false, func(*sftp.Client) error { return nil })
	}
	return nil
}

// errMet ends an SSH handshake whose server has proved its identity, before a login.
var errMet = errors.New("met")

// meetNode connects as far as to see who answers.
func (c *Cluster) meetNode(ctx context.Context, n site.Node) error {
	if n.Transport == site.TransportCTLP {
		conn, err := c.helloCTLP(ctx, n)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	_, err := meet.Dial(ctx, c.ids, sftpServer(n), func(check meet.Check, algorithms []string) (struct{}, error) {
		var met atomic.Bool
		conn, err := sftp.Dial(ctx, n.Addr(site.PortSFTP), sftp.Options{User: n.SFTPUser, Legacy: n.Legacy, Timeout: c.o.Timeout,
			Password: noPassword, HostKeyAlgorithms: algorithms,
			HostKey: func(_ string, key ssh.PublicKey) error {
				if err := check(ssh.FingerprintSHA256(key), key); err != nil {
					return err
				}
				met.Store(true)
				return errMet
			}})
		if met.Load() {
			err = nil
		}
		if conn != nil {
			conn.Close()
		}
		return struct{}{}, err
	})
	return err
}

// noPassword is never asked: the handshake ends with the host key.
func noPassword(context.Context) ([]byte, error) { return nil, errMet }

// helloCTLP opens TLS to a node whose certificate is the right one; no login.
func (c *Cluster) helloCTLP(ctx context.Context, n site.Node) (*ctlp.Client, error) {
	c.warnLegacy(n)
	return meet.Dial(ctx, c.ids, tlsServer(n), func(check meet.Check, _ []string) (*ctlp.Client, error) {
		return ctlp.Dial(ctx, n.Addr(site.PortCTLP), ctlp.Options{
			Legacy: n.Legacy, Timeout: c.o.Timeout, Client: "ctlclient",
			VerifyPeer: func(_ *x509.Certificate, raw []byte) error { return check(ctlp.Fingerprint(raw), nil) },
		})
	})
}

func (c *Cluster) dialCTLP(ctx context.Context, n site.Node) (*ctlp.Client, error) {
	conn, err := c.helloCTLP(ctx, n)
	if err != nil {
		return nil, err
	}
	began := c.o.Now()
	pw, err := c.secrets.Get(ctx, c.Profile.PasswordSource, "ctlp", n.Name, c.Profile.User)
	if err != nil {
		conn.Close()
		return nil, err
	}
	defer clear(pw)
	if c.o.Now().Sub(began) > 5*time.Second {
		// A person was asked, and the server's patience may have run out.
		conn.Close()
		if conn, err = c.helloCTLP(ctx, n); err != nil {
			return nil, err
		}
	}
	if _, err := conn.Login(ctx, c.Profile.User, pw); err != nil {
		conn.Close()
		var s *ctlp.StatusError
		if errors.As(err, &s) && s.Status == ctlp.BadLogin {
			c.secrets.Forget(c.Profile.PasswordSource, "ctlp", c.Profile.User)
		}
		return nil, err
	}
	return conn, nil
}

func (c *Cluster) dialSFTP(ctx context.Context, n site.Node) (*sftp.Client, error) {
	c.warnLegacy(n)
	o := sftp.Options{User: n.SFTPUser, Legacy: n.Legacy, Timeout: c.o.Timeout,
		Warn: func(text string) {
			c.tell(Progress{Node: n.Name, Step: StepConnect, State: StateWarning, Message: text})
		}}
	source := n.SFTPPasswordSource
	switch {
	case n.SFTPKey != "":
		o.KeyFile = c.Profile.Resolve(n.SFTPKey)
		o.KeyPass = func(ctx context.Context) ([]byte, error) {
			return c.secrets.Get(ctx, site.SourcePrompt, "key "+o.KeyFile, n.Name, "the key "+o.KeyFile)
		}
	case source == "" && os.Getenv("SSH_AUTH_SOCK") != "":
		o.Agent = true
	case source == "":
		source = site.SourcePrompt
	}
	if source != "" {
		// The identity is known to be right (Connect saw it, and HostKey below checks
		// it again before anything is sent), so a person is asked before the
		// handshake, not while the server waits.
		pw, err := c.secrets.Get(ctx, source, "sftp", n.Name, n.SFTPUser)
		if err != nil {
			return nil, err
		}
		clear(pw)
		o.Password = func(ctx context.Context) ([]byte, error) {
			return c.secrets.Get(ctx, source, "sftp", n.Name, n.SFTPUser)
		}
	}
	conn, err := meet.Dial(ctx, c.ids, sftpServer(n), func(check meet.Check, algorithms []string) (*sftp.Client, error) {
		o.HostKeyAlgorithms = algorithms
		o.HostKey = func(_ string, key ssh.PublicKey) error { return check(ssh.FingerprintSHA256(key), key) }
		return sftp.Dial(ctx, n.Addr(site.PortSFTP), o)
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Platform logs in to the administration CLI of a node. output is given what the
// node prints, a line at a time; it may be nil.
func (c *Cluster) Platform(ctx context.Context, n site.Node, output func(line string)) (*platform.Client, error) {
	if n.Port(site.PortSSH) == 0 || n.SSHUser == "" {
		return nil, &NodeError{Node: n.Name, Step: StepConnect, Err: errors.New("its profile names no administration CLI (ssh-user, ssh-port)")}
	}
	c.warnLegacy(n)
	client, err := meet.Dial(ctx, c.ids, cliServer(n), func(check meet.Check, algorithms []string) (*platform.Client, error) {
		return platform.Dial(ctx, n.Addr(site.PortSSH), platform.Options{
			User: n.SSHUser, Legacy: n.Legacy, Output: output, HostKeyAlgorithms: algorithms,
			Password: func(ctx context.Context) ([]byte, error) {
				return c.secrets.Get(ctx, n.SSHPasswordSource, "ssh", n.Name, n.SSHUser)
			},
			HostKey: func(_ string, key ssh.PublicKey) error { return check(ssh.FingerprintSHA256(key), key) },
		})
	})
	if err != nil {
		var id *meet.IdentityError
		if errors.As(err, &id) {
			return nil, id
		}
		return nil, &NodeError{Node: n.Name, Step: StepLogin, Err: err}
	}
	return client, nil
}

// warnLegacy says, each time, that a connection is allowed to be of the old kind.
func (c *Cluster) warnLegacy(n site.Node) {
	if n.Legacy {
		c.tell(Progress{Node: n.Name, Step: StepConnect, State: StateWarning,
			Message: "legacy = true: old TLS versions, key exchanges and SHA-1 host keys are accepted from this node"})
	}
}

// Close ends all connections and wipes the passwords.
func (c *Cluster) Close() error {
	c.secrets.Wipe()
	var errs []error
	for _, n := range c.Nodes {
		if err := n.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, &NodeError{Node: n.Name(), Step: "close", Err: err})
		}
	}
	return errors.Join(errs...)
}

// each runs f for all nodes side by side.
func (c *Cluster) each(f func(i int, n Node) error) []error {
	errs := make([]error, len(c.Nodes))
	var wg sync.WaitGroup
	for i, n := range c.Nodes {
		wg.Go(func() { errs[i] = f(i, n) })
	}
	wg.Wait()
	return errs
}

// tell reports progress, one at a time.
func (c *Cluster) tell(p Progress) {
	if c.o.Progress == nil {
		return
	}
	c.progress.Lock()
	defer c.progress.Unlock()
	c.o.Progress(p)
}

// report runs f between its start and its end in the progress.
func (c *Cluster) report(node, step string, f func() error) error {
	c.tell(Progress{Node: node, Step: step, State: StateStart})
	err := f()
	if err != nil {
		c.tell(Progress{Node: node, Step: step, State: StateFailed, Err: err})
		return err
	}
	c.tell(Progress{Node: node, Step: step, State: StateDone})
	return nil
}

// tlsServer, sftpServer and cliServer are who the servers of a node have to be.
func tlsServer(n site.Node) meet.Server {
	return meet.Server{Node: n.Name, Kind: meet.KindTLS, Pinned: n.Fingerprint, Host: n.Address, Port: n.Port(site.PortCTLP)}
}

func sftpServer(n site.Node) meet.Server {
	return meet.Server{Node: n.Name, Kind: meet.KindSSH, Pinned: n.SFTPHostKey, Host: n.Address, Port: n.Port(site.PortSFTP)}
}

func cliServer(n site.Node) meet.Server {
	return meet.Server{Node: n.Name, Kind: meet.KindSSH, Pinned: n.SSHHostKey, Host: strings.TrimSuffix(n.Address, "."), Port: n.Port(site.PortSSH)}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
