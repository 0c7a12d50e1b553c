package workflow

import (
	"context"
	"slices"

	"ctlclient/cluster"
	"ctlclient/cluster/reach"
)

// RestartStep is one service to restart on one node.
type RestartStep struct {
	Node    string
	Service reach.Service
}

// RestartSteps are TFTP on all nodes that run it, then CallManager on all nodes that run it.
func (s *Session) RestartSteps() ([]RestartStep, error) {
	if err := s.Cluster.Site.Need(reach.AbilityServices); err != nil {
		return nil, fail(BadRequest, textNoRestart.With("why", err), hintRestart.With())
	}
	var steps []RestartStep
	for _, service := range []reach.Service{reach.TFTP, reach.CallManager} {
		for _, n := range s.Snapshot.Nodes {
			if n.Node.IsCUCM() && slices.Contains(n.Services, service) {
				steps = append(steps, RestartStep{n.Node.Name, service})
			}
		}
	}
	return steps, nil
}

// restarts are the restarts of a job, as its steps; refused beforehand where none can be
// done from here.
func (s *Session) restarts(o ExecuteOptions) ([]cluster.Step, error) {
	if !o.Restart {
		return nil, nil
	}
	if err := s.Cluster.Site.Need(reach.AbilityServices); err != nil {
		return nil, fail(BadRequest, textCannotRestart.With("why", err), hintWithoutRestart.With())
	}
	todo, err := s.RestartSteps()
	if err != nil {
		return nil, err
	}
	var steps []cluster.Step
	for _, r := range todo {
		steps = append(steps, cluster.Step{Kind: cluster.StepRestart, Node: r.Node, Service: r.Service})
	}
	return steps, nil
}

// restartAll takes the restarts of a job, and leaves it to resume at the first that fails.
func (s *Session) restartAll(ctx context.Context, run *cluster.Run, r *Result, steps []cluster.Step) (err error) {
	if len(steps) == 0 {
		return nil
	}
	defer s.step(StepRestart, sayRestart.With())(&err)
	for _, step := range steps {
		if err := run.Restart(ctx, step.Node, step.Service); err != nil {
			r.Restart = []string{MsgRestart}
			r.Outcome, err = run.Leave(ctx, err)
			return err
		}
	}
	return nil
}

// Restart restarts one service on one node.
func (s *Session) Restart(ctx context.Context, step RestartStep) error {
	err := s.restartOne(ctx, step.Node, step.Service)
	if err == nil {
		return nil
	}
	e := fail(Unreachable, textRestartFailed.With("service", step.Service.CiscoName(), "node", step.Node), hintRestart.With())
	e.Err = err
	return e
}

// RestartServices takes every step of RestartSteps, and ends at the first that fails.
func (s *Session) RestartServices(ctx context.Context) (err error) {
	defer s.step(StepRestart, sayRestart.With())(&err)
	steps, err := s.RestartSteps()
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := s.Restart(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) restartOne(ctx context.Context, node string, service reach.Service) error {
	s.emit(Event{Type: EventNode, Step: StepRestart, State: "start", Node: node, Message: service.CiscoName()})
	if _, err := s.Cluster.Site.Services.Restart(ctx, node, service); err != nil {
		return err
	}
	s.emit(Event{Type: EventNode, Step: StepRestart, State: "done", Node: node, Text: sayRestarted.With("service", service.CiscoName())})
	return nil
}
