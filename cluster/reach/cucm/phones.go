package cucm

import (
	"context"

	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/protocol/axl"
	"ctlclient/protocol/serviceability"
)

// phones are the cluster's.
type phones struct{ *cluster }

// List implements reach.Phones over AXL: page by page, each phone with the TVS servers of
// its CallManager group, in order.
func (c phones) List(ctx context.Context, each func(reach.Phone) error) (reach.Door, error) {
	var stop error // of the caller, which is none of AXL's
	_, err := c.askAXL(ctx, func(a *axl.Client) (none struct{}, err error) {
		pools, err := a.Pools(ctx)
		if err != nil {
			return none, err
		}
		tvs := map[string][]string{}
		for _, p := range pools {
			tvs[p.Name] = c.tvsOf(p.Members)
		}
		err = a.Phones(ctx, func(page []axl.Phone) error {
			for _, p := range page {
				if stop = each(reach.Phone{Name: p.Name, Model: p.Model, Protocol: p.Protocol, TVS: tvs[p.DevicePool]}); stop != nil {
					return stop
				}
			}
			return nil
		})
		if stop != nil {
			return none, nil
		}
		return none, err
	})
	if stop != nil {
		return DoorAXL, stop
	}
	return DoorAXL, err
}

// tvsOf is where phones of a CallManager group ask; a member that the profile lacks is asked
// at the usual port.
func (c *cluster) tvsOf(members []string) []string {
	var out []string
	for _, m := range members {
		n := c.profileNode(m)
		if n == nil {
			n = &site.Node{Name: m, Role: site.RoleSubscriber, Address: m}
		}
		if n.Port(site.PortTVS) != 0 {
			out = append(out, n.Addr(site.PortTVS))
		}
	}
	return out
}

var registrations = map[serviceability.Status]reach.Registration{
	serviceability.Registered: reach.Registered, serviceability.PartiallyRegistered: reach.PartiallyRegistered,
	serviceability.Rejected: reach.Rejected, serviceability.Unregistered: reach.Unregistered,
	serviceability.NotFound: reach.Unregistered,
}

// Live implements reach.Phones over RisPort70. A phone that no node has heard of while one
// did not answer may be registered there: that is not known.
func (c phones) Live(ctx context.Context, names []string, each func(reach.Phone) error) (reach.Door, error) {
	var stop error
	_, err := askWith(ctx, c.app, c.pub.Name, DoorRIS, c.openControl(c.pub), func(r *serviceability.Client) (none struct{}, err error) {
		err = r.Phones(ctx, names, func(b serviceability.Batch) error {
			for _, p := range b.Phones {
				live := reach.Phone{Name: p.Name, Protocol: p.Protocol, Registered: registrations[p.Status], Server: p.Node,
					Firmware: p.Load, Address: p.Address, Web: p.Web, Seen: p.Time}
				if p.Status == serviceability.NotFound && len(b.Silent) > 0 {
					live.Registered = reach.RegistrationUnknown
				}
				if stop = each(live); stop != nil {
					return stop
				}
			}
			return nil
		})
		if stop != nil {
			return none, nil
		}
		return none, err
	})
	if stop != nil {
		return DoorRIS, stop
	}
	return DoorRIS, err
}

// Reset implements reach.Phones over AXL, one phone after the other. What is refused to the
// account, or not answered at all, ends it; a phone that cannot be reset does not.
func (c phones) Reset(ctx context.Context, names []string, done func(name string, err error)) (reach.Door, error) {
	for _, name := range names {
		_, err := c.askAXL(ctx, func(a *axl.Client) (struct{}, error) {
			return struct{}{}, a.ResetPhone(ctx, name, axl.Reset)
		})
		if cl := reach.ClassOf(err); err != nil && (cl == reach.Unclassified || cl == reach.Login || cl == reach.Unreachable) {
			return DoorAXL, err
		}
		done(name, err)
	}
	return DoorAXL, nil
}
