package workflow

import (
	"context"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/trust"
	"ctlclient/trust/hazard"
)

// change is a plan as the rules look at it.
func (s *sight) change(p *Plan) hazard.Change {
	c := hazard.Change{
		Old: p.Old, New: p.given, Draft: p.Draft, Signer: p.signer,
		Mixed: s.Snapshot.Mode != reach.NonSecure, Mode: p.Mode, Phones: s.Fleet, ITL: s.Snapshot.ITL, Version: s.version(),
	}
	for _, n := range s.Snapshot.Nodes {
		c.Nodes = append(c.Nodes, trust.NodeList{Node: n.Node.Name, List: n.List, Err: n.Err})
	}
	for _, cred := range s.serverCredentials() {
		c.Credentials = append(c.Credentials, hazard.Credential{
			Node: cred.NodeName, Function: ctlbuild.Function(cred.Function), Certificate: cred.Certificate,
		})
	}
	for node, r := range p.TVS[tokenCN(p.signer)] {
		if c.Vouched == nil {
			c.Vouched = map[string]hazard.Vouch{}
		}
		c.Vouched[node] = hazard.Vouch{Answer: r.Answer, Err: r.Err}
	}
	return c
}

// askAboutSigner asks the TVS of every node about a signer that the current CTL does
// not know: a phone asks the nodes of its own CallManager group, which may be any.
func (s *Session) askAboutSigner(ctx context.Context, p *Plan) (err error) {
	cn := tokenCN(p.signer)
	if s.Snapshot.ITL == nil || p.signer == nil || p.TVS[cn] != nil || p.Old != nil && knows(p.Old, p.signer) {
		return nil
	}
	defer s.step(StepAskTVS, sayAskTVSAbout.With("name", cn))(&err)
	answers, err := s.Cluster.AskTVS(ctx, s.Snapshot.ITL, p.signer)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.warn(sayNobodyAsked.With("name", cn, "why", err))
		return nil
	}
	if p.TVS == nil {
		p.TVS = map[string]map[string]cluster.TVSResult{}
	}
	p.TVS[cn] = answers
	for _, node := range sortedKeys(answers) {
		s.tvsEvent(cn, node, answers[node])
	}
	return nil
}
