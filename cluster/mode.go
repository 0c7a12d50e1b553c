package cluster

import (
	"context"

	"ctlclient/cluster/reach"
)

// SetMode sets the cluster's security mode. Other work on the cluster is locked out
// meanwhile. A site that cannot is a *reach.Lacks.
func (c *Cluster) SetMode(ctx context.Context, m reach.Mode) error {
	if err := c.Site.Need(reach.AbilityMode); err != nil {
		return err
	}
	lock, err := c.lock("mode")
	if err != nil {
		return err
	}
	defer lock.Unlock()
	lead := c.Profile.LeadNode().Name
	err = c.report(lead, StepMode, func() error {
		_, err := c.Site.Mode.SetMode(ctx, m)
		return err
	})
	if err != nil {
		return &NodeError{Node: lead, Step: StepMode, Err: err}
	}
	return nil
}
