package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"ctlclient/internal/services"
	"ctlclient/message"
)

// restartService restarts one service. TFTP makes the node's ITL again where
// it is not up to date; the others have nothing to read anew. Callers hold the
// lab's lock.
func (n *Node) restartService(ctx context.Context, name string) error {
	n.mu.Lock()
	s := n.services[name]
	s.Name, s.Started = name, time.Now()
	s.Restarts++
	if n.services != nil {
		n.services[name] = s
	}
	n.mu.Unlock()
	n.lab.log.printf("%s: %s restarted", n.Name, name)
	if name == services.TFTP {
		n.forgetServed()
		return errors.Join(n.refreshITL(ctx), n.lab.st.save(n.lab.Dir))
	}
	return nil
}

// Services of the node, as utils service list would have them; none while the
// plug is pulled.
func (n *Node) Services() []Service {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.running) == 0 || !n.callManager() {
		return nil
	}
	return []Service{n.services[services.TFTP], n.services[services.CallManager], n.services[services.TVS]}
}

// RestartDue reports that the node serves a CTL that is newer than the last
// start of its TFTP or CallManager service.
func (n *Node) RestartDue() bool {
	st, err := os.Stat(filepath.Join(n.Folder, ctlName))
	if err != nil {
		return false
	}
	for _, s := range n.Services() {
		if s.Name != services.TVS && s.Started.Before(st.ModTime()) {
			return true
		}
	}
	return false
}

// RestartServices restarts TFTP, then CallManager, on all nodes that run.
func (l *Lab) RestartServices(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range []string{services.TFTP, services.CallManager} {
		for _, n := range l.callManagers() {
			if !n.Running() {
				continue
			}
			if err := n.restartService(ctx, name); err != nil {
				return message.Errorf("restart %s on %s: %w", name, n.Name, err)
			}
		}
	}
	return nil
}
