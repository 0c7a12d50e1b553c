package cucm

import (
	"context"
	"errors"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/cli"
	"ctlclient/protocol/platform"
	"ctlclient/protocol/serviceability"
)

// stateWords are Control Center's.
var stateWords = map[string]reach.ServiceState{
	"Started": reach.Started, "Stopped": reach.Stopped, "Starting": reach.Starting, "Stopping": reach.Starting,
}

// notActivated is Control Center's code of a service that is not activated on the node.
var notActivated = serviceability.NotActivated("").Code

// Status implements reach.Services: Control Center of the node itself, which knows itself
// alone. The CLI's list is not read.
func (c *cluster) Status(ctx context.Context, node string, services []reach.Service) (map[reach.Service]reach.ServiceState, reach.Door, error) {
	n, err := c.node(node)
	if err != nil {
		return nil, DoorControl, err
	}
	var names []string
	for _, s := range services {
		names = append(names, s.CiscoName())
	}
	states, err := askWith(ctx, c.app, n.Name, DoorControl, c.openControl(n), func(client *serviceability.Client) ([]serviceability.ServiceState, error) {
		return client.Services(ctx, names...)
	})
	if err != nil {
		return nil, DoorControl, err
	}
	out := map[reach.Service]reach.ServiceState{}
	for _, s := range services {
		for _, got := range states {
			if got.Name != s.CiscoName() {
				continue
			}
			if known, ok := stateWords[got.State]; ok {
				out[s] = known
			}
			if got.Code == notActivated {
				out[s] = reach.NotActivated
			}
		}
	}
	return out, DoorControl, nil
}

// Restart implements reach.Services: Control Center, else the CLI of the same node.
func (c *cluster) Restart(ctx context.Context, node string, s reach.Service) (reach.Door, error) {
	n, err := c.node(node)
	if err != nil {
		return DoorControl, err
	}
	_, err = askWith(ctx, c.app, n.Name, DoorControl, c.openControl(n), func(client *serviceability.Client) (struct{}, error) {
		return struct{}{}, client.Restart(ctx, c.clusterName(n.Name), s.CiscoName(), func(state serviceability.ServiceState) {
			if c.tools.Said != nil {
				c.tools.Said(n.Name, state.Name+": "+state.State)
			}
		})
	})
	if err == nil || !c.nextDoor(err) || c.shells.Missing(n.Name) != nil {
		return DoorControl, err
	}
	return cli.Door, c.onCLI(ctx, n.Name, func(shell *platform.Client) error { return shell.RestartService(ctx, s.CiscoName()) })
}

// nextDoor reports that a restart may be tried over the CLI: the service is there, and
// Control Center does not restart it (a network service such as TVS), or does not answer.
func (c *cluster) nextDoor(err error) bool {
	return reach.ClassOf(err) != reach.Unclassified && !errors.Is(err, serviceability.ErrNotActivated)
}

// clusterName is how the cluster itself names a node of the profile.
func (c *cluster) clusterName(node string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name := c.names[node]; name != "" {
		return name
	}
	return node
}

// onCLI runs a command on a node's CLI with the platform user.
func (c *cluster) onCLI(ctx context.Context, node string, f func(*platform.Client) error) error {
	return c.platform.use(func() error { return c.shells.Use(ctx, node, f) })
}

// Write implements reach.Author, over the publisher's CLI.
func (c *cluster) Write(ctx context.Context, job reach.AuthorJob) (d reach.Door, err error) {
	err = c.platform.use(func() error {
		d, err = c.shells.Author(c.pub.Name).Write(ctx, job)
		return err
	})
	return cli.Door, err
}
