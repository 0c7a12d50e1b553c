package cluster

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Names of the files that nodes serve to phones.
const (
	CTLFile = ctlbuild.CTLFileName
	ITLFile = ctlbuild.ITLFileName
)

// NodeState is one node in a snapshot.
type NodeState struct {
	Node     site.Node
	Services []reach.Service // as the publisher lists them; nil: not in its list
	File     []byte          // what it serves, over its transport
	List     *ctlbuild.List
	Missing  bool  // serves no CTL
	Err      error // it could not be asked (*NodeError), or File does not parse

	TFTPAgree *bool // what TFTP serves equals File; nil: not asked, or TFTPErr says why not
	TFTPErr   error
	HTTPAgree *bool // what HTTP serves equals what TFTP serves; nil: one of them was not asked, or did not answer
}

// Snapshot of a live cluster.
type Snapshot struct {
	Time time.Time
	reach.Facts
	Nodes   []NodeState    // as the profile lists them
	ITL     *ctlbuild.List // of the publisher over TFTP, of another node where it runs none; nil: none, or not known
	ITLErr  error          // why ITL could not be read
	NoITL   bool           // that node was asked, and has none
	Agree   bool           // all nodes answered and serve the same bytes
	Current *ctlbuild.List // when they agree (or the publisher's), nil: none
}

// Expect is what Distribute is to find on each node that answered.
func (s *Snapshot) Expect() map[string]*[32]byte {
	m := map[string]*[32]byte{}
	for _, n := range s.Nodes {
		switch {
		case n.File != nil:
			m[n.Node.Name] = digest(n.File)
		case n.Missing:
			m[n.Node.Name] = nil
		}
	}
	return m
}

// Mixed reports that the cluster is known to be in mixed mode.
func (s *Snapshot) Mixed() bool { return s.Mode == reach.Mixed }

// Snapshot asks for the facts of the cluster, and reads the CTL of every node over its
// transport and as phones get it, and the ITL. Only a publisher that does not answer is an
// error; what else could not be read says so in its NodeState.
func (c *Cluster) Snapshot(ctx context.Context) (*Snapshot, error) {
	s := &Snapshot{Time: c.o.Now(), Nodes: make([]NodeState, len(c.Nodes))}
	lead := c.Nodes[c.Profile.Lead()]
	reading, stop := context.WithCancel(ctx)
	defer stop()
	// Nodes are read while the facts come; who runs TFTP is one of these.
	known := make(chan struct{})
	var work sync.WaitGroup
	for i, n := range c.Nodes {
		work.Go(func() { c.readNode(reading, n, &s.Nodes[i], known) })
	}
	err := c.report(lead.Name(), StepFetch, func() (err error) {
		s.Facts, err = c.Site.Facts.Facts(ctx)
		return err
	})
	if err != nil {
		err = &NodeError{Node: lead.Name(), Step: StepFetch, Err: err}
		if !c.goesOnWithout(lead.Name()) || ctx.Err() != nil {
			stop()
			close(known)
			work.Wait()
			return nil, err
		}
		s.Warnings = append(s.Warnings, message.Phrase("the publisher does not answer, so that mode, servers and certificates are not known: %w", err))
	}
	c.mu.Lock()
	for i, n := range c.Nodes {
		s.Nodes[i].Node, s.Nodes[i].Services = n.Profile, servicesOf(n.Profile, s.Servers)
		c.services[n.Name()] = s.Nodes[i].Services
	}
	c.mu.Unlock()
	close(known)
	work.Go(func() { s.ITL, s.NoITL, s.ITLErr = c.itl(ctx) })
	work.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := s.Nodes[c.Profile.Lead()]
	if st.File == nil && st.Err != nil && !c.goesOnWithout(lead.Name()) {
		return nil, st.Err
	}
	s.Current = st.List
	s.Agree = agree(s.Nodes)
	return s, nil
}

// readNode fills in what one node serves: over its transport and, once it is known whether
// it runs TFTP, to phones.
func (c *Cluster) readNode(ctx context.Context, n Node, st *NodeState, known <-chan struct{}) {
	var phones phoneView
	var tftp sync.WaitGroup
	tftp.Go(func() {
		<-known
		if c.servesTFTP(n.Profile) && ctx.Err() == nil {
			_ = c.report(n.Name(), StepFetchTFTP, func() error { // it is in the view
				phones = c.view(ctx, n.Profile, CTLFile)
				return phones.err
			})
		}
	})
	defer func() {
		tftp.Wait()
		st.TFTPErr, st.HTTPAgree = phones.err, phones.http
		if !phones.asked || phones.err != nil || st.File == nil && !st.Missing {
			return
		}
		same := (phones.data == nil) == st.Missing && bytes.Equal(phones.data, st.File)
		st.TFTPAgree = &same
	}()
	data, err := c.fetch(ctx, n, CTLFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		st.Missing = true
	case err != nil:
		st.Err = &NodeError{Node: n.Name(), Step: StepFetch, Err: err}
	default:
		st.File = data
		if st.List, err = ctlbuild.Parse(data); err != nil {
			st.Err = &NodeError{Node: n.Name(), Step: StepFetch, Err: err}
		}
	}
}

// agree reports whether every node answered and all serve the same, a missing file included.
func agree(nodes []NodeState) bool {
	for _, n := range nodes {
		if n.File == nil && !n.Missing || n.Missing != nodes[0].Missing || !bytes.Equal(n.File, nodes[0].File) {
			return false
		}
	}
	return true
}

// itl is the ITL as phones get it: of the publisher or, where TFTP runs on other nodes alone, of
// the first of them. none says that this node has none; where no node of the cluster itself runs
// TFTP, it is not known whether there is one.
func (c *Cluster) itl(ctx context.Context) (l *ctlbuild.List, none bool, err error) {
	nodes := []site.Node{c.Profile.LeadNode()}
	for _, n := range c.Profile.Nodes {
		if n.IsCUCM() {
			nodes = append(nodes, n)
		}
	}
	i := slices.IndexFunc(nodes, c.servesTFTP)
	if i < 0 {
		return nil, false, nil
	}
	data, err := c.FetchTFTP(ctx, nodes[i], ITLFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if l, err = ctlbuild.Parse(data); err != nil {
		return nil, false, &NodeError{Node: nodes[i].Name, Step: StepFetch, Err: err}
	}
	return l, false, nil
}

// fetch reads a live file with progress and remembers it, to show a conflict later.
func (c *Cluster) fetch(ctx context.Context, n Node, name string) (data []byte, err error) {
	err = c.report(n.Name(), StepFetch, func() error {
		data, err = n.Fetch(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err == nil {
		// report has swallowed "no such file", which is an answer and no failure.
		if data == nil {
			return nil, fs.ErrNotExist
		}
		c.remember(n.Name(), data)
	}
	return data, err
}

// remember keeps the contents fetched from a node, each once.
func (c *Cluster) remember(node string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.seen[node] {
		if bytes.Equal(d, data) {
			return
		}
	}
	c.seen[node] = append(c.seen[node], bytes.Clone(data))
}

// recall finds a content by its digest among those fetched; nil when it was never seen.
func (c *Cluster) recall(node string, sum *[32]byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.seen[node] {
		if sameDigest(digest(d), sum) {
			return d
		}
	}
	return nil
}

// Node finds a node by name; false when there is none.
func (c *Cluster) Node(name string) (Node, bool) {
	i := slices.IndexFunc(c.Nodes, func(n Node) bool { return strings.EqualFold(n.Name(), name) })
	if i < 0 {
		return Node{}, false
	}
	return c.Nodes[i], true
}

// servicesOf looks a node up in the publisher's list, by address or by name.
func servicesOf(n site.Node, servers []reach.Server) []reach.Service {
	for _, t := range servers {
		if ctlbuild.SameHost(t.Address, n.Address) || ctlbuild.SameServer(t.Name, n.Name) || ctlbuild.SameServer(t.Name, n.Address) {
			return t.Services
		}
	}
	return nil
}

// runs reports whether a node runs a service: as the publisher's list says where the
// node stands in it, else as the profile's ports do.
func (c *Cluster) runs(n site.Node, service reach.Service, port int) bool {
	if port == 0 {
		return false // this one is not reached, whatever the list says
	}
	c.mu.Lock()
	listed := c.services[n.Name]
	c.mu.Unlock()
	return len(listed) == 0 || slices.Contains(listed, service)
}

// servesTFTP: a node without a tftp-port may still give phones files over HTTP.
func (c *Cluster) servesTFTP(n site.Node) bool {
	return c.runs(n, reach.TFTP, max(n.Port(site.PortTFTP), n.Port(site.PortHTTP)))
}

// FetchTFTP reads a file as a phone would: over TFTP, and over HTTP where TFTP is silent;
// which one answered is told as a warning when it is not TFTP. fs.ErrNotExist: the node
// serves none; errors.ErrUnsupported: it runs no TFTP.
func (c *Cluster) FetchTFTP(ctx context.Context, node site.Node, name string) ([]byte, error) {
	data, _, err := c.fetchServed(ctx, node, name)
	return data, err
}

// fetchServed is FetchTFTP, with the door that gave the answer.
func (c *Cluster) fetchServed(ctx context.Context, node site.Node, name string) ([]byte, reach.Door, error) {
	if !c.servesTFTP(node) {
		return nil, serve.DoorTFTP, &NodeError{Node: node.Name, Step: "tftp", Err: message.Errorf("it runs no TFTP: %w", errors.ErrUnsupported)}
	}
	data, door, err := serve.Fetch(ctx, node, name, c.o.Timeout)
	if door == serve.DoorHTTP && node.Port(site.PortTFTP) != 0 {
		c.tell(Progress{Node: node.Name, Step: StepFetchTFTP, State: StateWarning,
			Text: message.Phrase("TFTP is silent; %s was asked for over HTTP, as newer phones do", name)})
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return data, door, err
	}
	return nil, door, &NodeError{Node: node.Name, Step: strings.ToLower(string(door)), Err: err}
}
