//go:build !windows

package sshconn

import (
	"context"
	"net"
	"os"

	"ctlclient/message"
)

// AgentRuns tells whether there is an agent to ask.
func AgentRuns(context.Context) bool { return os.Getenv("SSH_AUTH_SOCK") != "" }

// dialAgent connects to the agent that the environment names.
func dialAgent(ctx context.Context) (net.Conn, string, error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, "", message.NewError("no SSH agent: SSH_AUTH_SOCK is not set")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, "", &AgentError{Socket: socket, Err: err}
	}
	return conn, socket, nil
}
