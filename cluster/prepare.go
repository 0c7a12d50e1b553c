package cluster

import (
	"context"
	"errors"

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
