package sshconn

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/crypto/ssh/agent"

	"ctlclient/message"
)

const (
	pipes       = `\\.\pipe\`
	openSSHPipe = pipes + "openssh-ssh-agent" // the service "OpenSSH Authentication Agent"
)

// agentAnswer is how long an agent may take to list its keys, which asks nobody.
const agentAnswer = 2 * time.Second

// AgentRuns tells whether there is an agent to ask: SSH_AUTH_SOCK names one, or one runs that
// holds a key. Windows' own runs on many machines whose people do not know of it.
func AgentRuns(ctx context.Context) bool {
	if os.Getenv("SSH_AUTH_SOCK") != "" {
		return true
	}
	conn, name, err := dialAgent(ctx)
	if err != nil {
		return false
	}
	return conn.Close() == nil && holdsKey(ctx, name)
}

// holdsKey asks on a connection of its own: the client of one goes on reading from it.
func holdsKey(ctx context.Context, name string) bool {
	conn, err := dialOne(ctx, name)
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(agentAnswer)) != nil {
		return false
	}
	keys, err := agent.NewClient(conn).List()
	return err == nil && len(keys) > 0
}

// dialAgent connects to the agent that SSH_AUTH_SOCK names, a pipe or a socket. Where it names
// none, the first that runs and holds a key, of the agent of Windows' own OpenSSH and Pageant.
func dialAgent(ctx context.Context) (net.Conn, string, error) {
	names := []string{os.Getenv("SSH_AUTH_SOCK")}
	if names[0] == "" {
		names = append([]string{openSSHPipe}, pageantPipes()...)
	}
	var first error
	for i, name := range names {
		conn, err := dialOne(ctx, name)
		if err == nil {
			if i == len(names)-1 || holdsKey(ctx, name) {
				return conn, name, nil
			}
			err = errors.Join(fs.ErrNotExist, conn.Close()) // another may have what this one lacks
		}
		// One that does not run is passed over; one that runs and fails is told of.
		if first == nil && !errors.Is(err, fs.ErrNotExist) || len(names) == 1 && os.Getenv("SSH_AUTH_SOCK") != "" {
			first = &AgentError{Socket: name, Err: err}
		}
	}
	if first == nil {
		first = message.NewError("no SSH agent with a key runs: neither the service OpenSSH Authentication Agent nor Pageant")
	}
	return nil, "", first
}

func dialOne(ctx context.Context, name string) (net.Conn, error) {
	if strings.HasPrefix(filepath.FromSlash(name), pipes) {
		return winio.DialPipeContext(ctx, name)
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", name)
}

// pageantPipes are those of Pageant 0.77 and later: pageant.USER.HASH. Anybody can make a pipe of
// that name, so it is told nothing but what to sign, and cannot act as the user: DialPipe lets
// the other end see nobody (SECURITY_ANONYMOUS).
func pageantPipes() []string {
	prefix := "pageant." + strings.ToLower(os.Getenv("USERNAME")) + "."
	var names []string
	for _, name := range listPipes() {
		if strings.HasPrefix(strings.ToLower(name), prefix) {
			names = append(names, pipes+name)
		}
	}
	return names
}

// listPipes names the pipes that there are; a test replaces it on Wine, which lists none.
var listPipes = func() []string {
	entries, err := os.ReadDir(pipes)
	if err != nil {
		return nil // then none is found
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
