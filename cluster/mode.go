package cluster

import (
	"context"
	"errors"

	"ctlclient/protocol/ctlp"
)

// SetMode sets the cluster's security mode through the publisher. Other work on the
// cluster is locked out meanwhile.
func (c *Cluster) SetMode(ctx context.Context, mixed bool) error {
	pub, err := c.publisher()
	if err != nil {
		return err
	}
	lock, err := c.lock("mode")
	if err != nil {
		return err
	}
	defer lock.Unlock()
	err = c.report(pub.Name(), StepMode, func() error {
		// Setting the same mode twice is harmless, so a lost answer is asked for again.
		return ctlpError(pub.use(ctx, true, func(conn *ctlp.Client) error {
			got, err := conn.SetMode(ctx, mixed)
			if err == nil && got != mixed {
				err = errors.New("the publisher answered with the other mode")
			}
			return err
		}))
	})
	if err != nil {
		return &NodeError{Node: pub.Name(), Step: StepMode, Err: err}
	}
	return nil
}
