package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ctlclient/cluster/site"
	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/platform"
)

// RestartServices restarts TFTP on all nodes that run it, then CallManager on all
// nodes that run it, through each node's administration CLI.
func (s *Session) RestartServices(ctx context.Context) (err error) {
	defer s.step(StepRestart, "restarting TFTP, then CallManager, on all nodes that run them")(&err)
	steps := []struct {
		name    string
		service ctlp.Service
	}{{"Cisco Tftp", ctlp.TFTP}, {"Cisco CallManager", ctlp.CallManager}}
	for _, st := range steps {
		for _, n := range s.Snapshot.Nodes {
			if n.Node.Transport == site.TransportSFTP || !slices.Contains(n.Services, st.service) {
				continue
			}
			if err := s.restartOne(ctx, n.Node, st.name); err != nil {
				e := fail(Unreachable, []string{MsgRestart}, "the file is in place, but %s could not be restarted on %s", st.name, n.Node.Name)
				e.Err = err
				return e
			}
		}
	}
	return nil
}

func (s *Session) restartOne(ctx context.Context, n site.Node, service string) (err error) {
	s.emit(Event{Type: EventNode, Step: StepRestart, State: StateStart, Node: n.Name, Message: service})
	c, err := s.cli(ctx, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.RestartService(ctx, service); err != nil {
		return err
	}
	s.emit(Event{Type: EventNode, Step: StepRestart, State: StateDone, Node: n.Name, Message: service + " restarted"})
	return nil
}

// publisher is the node whose administration CLI changes the cluster.
func (s *Session) publisher() (site.Node, error) {
	for _, n := range s.Snapshot.Nodes {
		if n.Node.Role == site.RolePublisher {
			return n.Node, nil
		}
	}
	return site.Node{}, fail(BadRequest, []string{`give one [[node]] of the profile role = "publisher"`}, "the profile names no publisher")
}

// cli opens a node's administration CLI; what the node prints is told as it comes.
func (s *Session) cli(ctx context.Context, n site.Node) (*platform.Client, error) {
	return s.Cluster.Platform(ctx, n, func(line string) {
		s.emit(Event{Type: EventOutput, Node: n.Name, Message: line})
	})
}

// onPublisher runs f over the publisher's administration CLI.
func (s *Session) onPublisher(ctx context.Context, f func(*platform.Client) error) (err error) {
	n, err := s.publisher()
	if err != nil {
		return err
	}
	c, err := s.cli(ctx, n)
	if err != nil {
		return fmt.Errorf("administration CLI of %s: %w", n.Name, err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(c)
}
