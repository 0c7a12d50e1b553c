package cluster

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
	"ctlclient/trust"
)

// TVSResult is what TVS of one node said.
type TVSResult struct {
	Answer trust.Answer
	Err    error
}

// Vouches: TVS was asked, and answered that it vouches for the certificate as a SAST, or
// without naming roles at all.
func (r TVSResult) Vouches() bool {
	return r.Err == nil && r.Answer.Valid && (len(r.Answer.Roles) == 0 || bytes.IndexByte(r.Answer.Roles, byte(ctlbuild.SAST)) >= 0)
}

// TVS returns an Asker over the network. It asks the servers that the phone names, in
// its order, or, when it names none, the nodes that run TVS, the publisher first;
// the first that answers decides. A server is believed when the TVS records of the
// phone's ITL (without an ITL: of its CTL) vouch for its certificate. Answers are
// kept for their time to live, failures are not.
func (c *Cluster) TVS() trust.Asker { return c.tvs }

// AskTVS asks every node that runs TVS about a certificate; the service's own
// certificate is authenticated by the list given. The map is by node name. An error
// is returned only when no node runs TVS.
func (c *Cluster) AskTVS(ctx context.Context, itl *ctlbuild.List, certDER []byte) (map[string]TVSResult, error) {
	nodes := c.tvsNodes()
	if len(nodes) == 0 {
		return nil, message.NewError("no node of the profile runs TVS")
	}
	results := make([]TVSResult, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			r := &results[i]
			r.Answer, r.Err = (tvsAsker{c}).ask(ctx, n.Addr(site.PortTVS), n.Legacy, "", []*ctlbuild.List{itl}, trust.Question{Certificate: certDER})
			if r.Err != nil {
				r.Err = &NodeError{Node: n.Name, Step: "tvs", Err: r.Err}
			}
		})
	}
	wg.Wait()
	out := map[string]TVSResult{}
	for i, n := range nodes {
		out[n.Name] = results[i]
	}
	return out, ctx.Err()
}

// tvsNodes are the nodes that run TVS, the publisher first.
func (c *Cluster) tvsNodes() []site.Node {
	var out []site.Node
	for _, n := range c.Nodes {
		p := n.Profile
		if !c.runs(p, reach.TVS, p.Port(site.PortTVS)) {
			continue
		}
		if p.Role == site.RolePublisher {
			out = append([]site.Node{p}, out...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// tvsAsker asks over the network, each time.
type tvsAsker struct{ cluster *Cluster }

// Ask implements trust.Asker.
func (a tvsAsker) Ask(ctx context.Context, p trust.Phone, q trust.Question) (trust.Answer, error) {
	type server struct {
		addr   string
		legacy bool
	}
	var servers []server
	for _, s := range p.TVS {
		servers = append(servers, server{s, a.legacy(s)})
	}
	if len(servers) == 0 {
		for _, n := range a.cluster.tvsNodes() {
			servers = append(servers, server{n.Addr(site.PortTVS), n.Legacy})
		}
	}
	if len(servers) == 0 {
		return trust.Answer{}, message.NewError("no TVS server is known")
	}
	var lists []*ctlbuild.List
	if p.ITL != nil {
		lists = append(lists, p.ITL)
	}
	if p.CTL != nil {
		lists = append(lists, p.CTL)
	}
	var errs []error
	for _, s := range servers {
		answer, err := a.ask(ctx, s.addr, s.legacy, deviceName(p), lists, q)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return trust.Answer{}, ctx.Err()
		}
		errs = append(errs, message.Errorf("TVS %s: %w", s.addr, err))
	}
	return trust.Answer{}, errors.Join(errs...)
}

// ask puts one question to one server.
func (a tvsAsker) ask(ctx context.Context, addr string, legacy bool, device string, lists []*ctlbuild.List, q trust.Question) (trust.Answer, error) {
	return serve.Ask(ctx, serve.Question{Question: q, Addr: addr, Device: device, Legacy: legacy, Timeout: a.cluster.o.Timeout, Lists: lists})
}

// legacy of a server that a phone names by address: as the profile says of that node.
func (a tvsAsker) legacy(server string) bool {
	for _, n := range a.cluster.Profile.Nodes {
		if n.Port(site.PortTVS) != 0 && serve.SameAddr(n.Addr(site.PortTVS), server) {
			return n.Legacy
		}
	}
	return false
}

// deviceName is how a phone introduces itself to TVS; "" leaves it to the protocol.
func deviceName(p trust.Phone) string {
	digits := strings.TrimPrefix(strings.ToUpper(p.Model), "CP-")
	if len(digits) != 4 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	if name, ok := strings.CutPrefix(p.Name, "SEP"); !ok || len(name) != 12 || strings.Trim(name, "0123456789ABCDEFabcdef") != "" {
		return ""
	}
	return "CP-" + digits + "-" + p.Name
}

// Presented is the certificate that a service shows.
type Presented struct {
	Node        string
	Certificate []byte // DER
	Err         error  // a *NodeError; it could not be looked at
}

// TVSCertificates looks at the certificate that TVS presents on every node that runs it,
// the publisher first. Nothing is asked, and nothing is judged.
func (c *Cluster) TVSCertificates(ctx context.Context) []Presented {
	nodes := c.tvsNodes()
	out := make([]Presented, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			p := Presented{Node: n.Name}
			var err error
			if p.Certificate, err = serve.Presented(ctx, n.Addr(site.PortTVS), n.Legacy, c.o.Timeout); err != nil {
				p.Err = &NodeError{Node: n.Name, Step: "tvs", Err: err}
			}
			out[i] = p
		})
	}
	wg.Wait()
	return out
}
