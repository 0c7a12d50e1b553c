package cluster

import (
	"context"
	"errors"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
)

// StepPrepare asks a node beforehand whether it will take a file.
const StepPrepare = "prepare"

// Prepare says what a job would be refused for, before a PIN is asked: see Ready; and it
// asks every node that can say so whether it will take a file: the account is used, and
// nothing is changed. Errors of nodes are *NodeError, several are joined.
func (c *Cluster) Prepare(ctx context.Context) error {
	if err := c.Ready(ctx); err != nil {
		return err
	}
	return errors.Join(side(c.Nodes, func(_ int, n Node) error {
		p, able := n.Node.(reach.Preparer)
		if !able {
			return nil
		}
		err := c.report(n.Name(), StepPrepare, func() error { return p.Prepare(ctx) })
		if err != nil {
			return &NodeError{Node: n.Name(), Step: StepPrepare, Err: err}
		}
		return nil
	})...)
}

// shutOut asks the nodes that are to get another file whether they take one from the account.
// It is the error of them all where each refuses the login: nothing would become of the job
// but a word in the journal. What else keeps a node from it is seen when its turn comes.
func (j *job) shutOut(ctx context.Context, found map[string][]byte, want func(*target) []byte) error {
	var errs []error
	for _, t := range j.targets {
		have, answers := found[t.node.Name()]
		if !answers || journal.Same(have, want(t)) {
			continue
		}
		p, able := t.node.Node.(reach.Preparer)
		if !able {
			return nil
		}
		err := p.Prepare(ctx)
		if reach.ClassOf(err) != reach.Login {
			return nil
		}
		errs = append(errs, &NodeError{Node: t.node.Name(), Step: StepPrepare, Err: err})
	}
	return errors.Join(errs...)
}
