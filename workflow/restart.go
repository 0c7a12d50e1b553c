package workflow

import (
	"context"
	"slices"

	"ctlclient/cluster/reach"
)

// RestartServices restarts TFTP on all nodes that run it, then CallManager on all
// nodes that run it, through each node's administration CLI.
func (s *Session) RestartServices(ctx context.Context) (err error) {
	defer s.step(StepRestart, "restarting TFTP, then CallManager, on all nodes that run them")(&err)
	if err := s.Cluster.Site.Need(reach.AbilityServices); err != nil {
		return fail(BadRequest, []string{MsgRestart}, "the file is in place; services cannot be restarted from here: %v", err)
	}
	for _, service := range []reach.Service{reach.TFTP, reach.CallManager} {
		for _, n := range s.Snapshot.Nodes {
			if !n.Node.IsCUCM() || !slices.Contains(n.Services, service) {
				continue
			}
			if err := s.restartOne(ctx, n.Node.Name, service); err != nil {
				e := fail(Unreachable, []string{MsgRestart}, "the file is in place, but %s could not be restarted on %s", service.CiscoName(), n.Node.Name)
				e.Err = err
				return e
			}
		}
	}
	return nil
}

func (s *Session) restartOne(ctx context.Context, node string, service reach.Service) error {
	s.emit(Event{Type: EventNode, Step: StepRestart, State: "start", Node: node, Message: service.CiscoName()})
	if _, err := s.Cluster.Site.Services.Restart(ctx, node, service); err != nil {
		return err
	}
	s.emit(Event{Type: EventNode, Step: StepRestart, State: "done", Node: node, Message: service.CiscoName() + " restarted"})
	return nil
}
