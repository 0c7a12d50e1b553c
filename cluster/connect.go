package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adrg/xdg"

	"ctlclient/cluster/meet"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/message"
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
	// WithoutPublisher lets a Tolerant Connect, and Snapshot, go on without the publisher
	// too: to finish or take back a job on the nodes that answer.
	WithoutPublisher bool
	// Said is told each line that a node's administration CLI prints; nil: nobody listens.
	Said func(node, line string)
	// Errand is told what a person has to do at a node, and when it is seen to be done.
	Errand func(reach.Errand)
	// Busy is told that a server was asked too often, and when it is asked again.
	Busy func(node string, after time.Duration, why error)
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
	StepAuthor    = "publisher-writes" // the publisher writes its own file
	StepTrust     = "trust"            // a certificate goes into the trust store
	StepRestart   = "restart"          // of a service
	StepJournal   = "journal"

	StateStart   = "start"
	StateDone    = "done"
	StateFailed  = "failed"
	StateRetry   = "retry"
	StateWarning = "warning"
)

// Progress of one node, or of the job (no node). It may arrive from several goroutines, one at a time.
type Progress struct {
	Node    string
	Step    string // one of the steps above
	State   string // start done failed retry warning
	Err     error
	Path    string          // of the live file, after a commit
	Service string          // of StepRestart, in Cisco's words
	Text    message.Message // of a warning

	// Of a retry: how long it is waited, and which of how many it is.
	Wait       time.Duration
	Try, Tries int
}

// Cluster is a connected cluster.
type Cluster struct {
	Profile *site.Profile
	Site    *reach.Site // what this way to the cluster can be asked and told
	Nodes   []Node      // as the profile lists them

	o        Options
	dir      string // of this cluster in the state directory
	ids      *meet.Identities
	secrets  *meet.Secrets
	progress sync.Mutex

	mu   sync.Mutex
	seen map[string][][]byte // by node: contents fetched, to show a conflict
	// views by node and file: what phones got when they were asked for last
	views map[string]phoneView
	// services by node, from the newest snapshot's topology
	services map[string][]reach.Service
	shown    map[meet.Server][]byte // certificates (DER) that servers showed while they were met
	tvs      *trust.CachedAsker
}

// Dir is this cluster's folder in the state directory; it may not be there yet.
func (c *Cluster) Dir() string { return c.dir }

// Node is one node of the profile, and the way to its file.
type Node struct {
	reach.Node
	Profile site.Node
}

// StateDir is the default of Options.StateDir.
func StateDir() string { return filepath.Join(xdg.StateHome, "ctlclient") }

// DirOf is the folder of one cluster below the state directory: [Cluster.Dir] of one that is
// not connected, too.
func DirOf(stateDir, name string) string {
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

// NameError is a cluster whose name differs from that of another in nothing but case: on some
// systems their state folders are one, and the jobs of one would be taken for the other's.
type NameError struct{ Name, Folder string }

// Error is Said in English.
func (e *NameError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *NameError) Said() error {
	return message.Errorf("cluster %q has a name that differs only in case from that of %s; nothing was changed", e.Name, e.Folder)
}

// Hints name the next action.
func (e *NameError) Hints() []message.Message {
	return message.Hint("write the name in the profile as it was written before, or choose another name")
}

// checkCase refuses a state folder beside which there is one of the same name in another case.
func checkCase(dir, name string) error {
	entries, err := os.ReadDir(filepath.Dir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return message.Errorf("cannot read the state folder: %w", err)
	}
	other := ""
	for _, e := range entries {
		switch base := filepath.Base(dir); {
		case e.Name() == base:
			return nil
		case strings.EqualFold(e.Name(), base):
			other = filepath.Join(filepath.Dir(dir), e.Name())
		}
	}
	if other != "" {
		return &NameError{Name: name, Folder: other}
	}
	return nil
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
		o.Sleep = Pause
	}
	known := c.Resolve(c.KnownHosts)
	if known == "" {
		known = meet.KnownHosts()
	}
	dir := DirOf(o.StateDir, c.Name)
	if err := checkCase(dir, c.Name); err != nil {
		return nil, err
	}
	ids, err := meet.Open(filepath.Join(dir, "identities.json"), known, o.Prompter, o.Now)
	if err != nil {
		return nil, err
	}
	cl := &Cluster{
		Profile: &c, o: o, dir: dir, ids: ids,
		secrets:  meet.NewSecrets(o.Prompter, c.Resolve),
		seen:     map[string][][]byte{},
		views:    map[string]phoneView{},
		services: map[string][]reach.Service{},
		shown:    map[meet.Server][]byte{},
	}
	cl.tvs = trust.NewCachedAsker(tvsAsker{cl}, o.Now)
	cl.Site, err = compose(&c, reach.Tools{
		Identities: ids, Secrets: cl.secrets, Timeout: o.Timeout, Now: o.Now, Sleep: o.Sleep, Dir: dir,
		Said: o.Said, Errand: o.Errand, Busy: o.Busy, Presented: cl.present,
		Warn: func(node string, what message.Message) {
			cl.tell(Progress{Node: node, Step: StepConnect, State: StateWarning, Text: what})
		},
	})
	if err != nil {
		return nil, err
	}
	for i, n := range cl.Site.Nodes {
		cl.Nodes = append(cl.Nodes, Node{n, c.Nodes[i]})
	}
	return cl, nil
}

// Connect checks the identities of all servers side by side and logs in to them, the
// publisher first, so that a mistyped password is tried on one node alone. A node
// that cannot be reached or refuses the login is a *NodeError (several are joined),
// a changed or unconfirmed server a *meet.IdentityError.
func Connect(ctx context.Context, p *site.Profile, o Options) (*Cluster, error) {
	c, err := open(p, o)
	if err != nil {
		return nil, err
	}
	if err := c.connect(ctx); err != nil {
		_ = c.Close() // the first error is the one to tell
		return nil, err
	}
	return c, nil
}

func (c *Cluster) connect(ctx context.Context) error {
	var entrances []reach.Entrance
	for _, e := range c.Site.Entrances {
		if !e.Later {
			entrances = append(entrances, e)
		}
	}
	// All identities first: nobody types a password for a cluster in which one
	// server is not who it was.
	errs := side(entrances, func(_ int, e reach.Entrance) error {
		return c.report(e.Node, StepConnect, func() error { return c.meet(ctx, e) })
	})
	if err := c.connectError(entrances, errs); err != nil {
		return err
	}
	login := func(e reach.Entrance) error {
		if e.Login == nil {
			return nil
		}
		return c.report(e.Node, StepLogin, func() error { return e.Login(ctx) })
	}
	for i, e := range entrances {
		if c.isLead(e.Node) && errs[i] == nil {
			if errs[i] = login(e); errs[i] != nil && (!c.goesOnWithout(e.Node) || reach.ClassOf(errs[i]) == reach.Login) {
				return &NodeError{Node: e.Node, Step: StepLogin, Err: errs[i]}
			}
		}
	}
	return c.connectError(entrances, side(entrances, func(i int, e reach.Entrance) error {
		if errs[i] != nil || c.isLead(e.Node) {
			return nil
		}
		return login(e)
	}))
}

// meet connects as far as to see who answers.
func (c *Cluster) meet(ctx context.Context, e reach.Entrance) error {
	if e.Meet != nil {
		return e.Meet(ctx)
	}
	_, err := meet.Dial(ctx, c.ids, e.Server, func(check meet.Check, algorithms []string) (none struct{}, err error) {
		return none, e.Hello(ctx, check, algorithms)
	})
	return err
}

// isLead tells the node that goes first.
func (c *Cluster) isLead(node string) bool { return c.Profile.LeadNode().Name == node }

// goesOnWithout reports whether Connect may go on without a node.
func (c *Cluster) goesOnWithout(node string) bool {
	return c.o.Tolerant && (!c.isLead(node) || c.o.WithoutPublisher)
}

// connectError decides which of the errors stop Connect.
func (c *Cluster) connectError(entrances []reach.Entrance, errs []error) error {
	var stop []error
	for i, err := range errs {
		if err == nil {
			continue
		}
		var id *meet.IdentityError
		if errors.As(err, &id) {
			return id
		}
		if !c.goesOnWithout(entrances[i].Node) {
			stop = append(stop, &NodeError{Node: entrances[i].Node, Step: StepConnect, Err: err})
		}
	}
	if len(stop) == 1 {
		return stop[0]
	}
	return errors.Join(stop...)
}

// Close ends all connections, side by side, and wipes the passwords.
func (c *Cluster) Close() error {
	c.secrets.Wipe()
	errs := side(c.Nodes, func(_ int, n Node) error {
		if err := n.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return &NodeError{Node: n.Name(), Step: "close", Err: err}
		}
		return nil
	})
	if c.Site.Close != nil {
		errs = append(errs, c.Site.Close())
	}
	return errors.Join(errs...)
}

// side runs f for all of list side by side.
func side[T any](list []T, f func(i int, v T) error) []error {
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, v := range list {
		wg.Go(func() { errs[i] = f(i, v) })
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

// Pause waits for d, or until ctx ends, which is its error.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
