package sshconn

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/sys/windows"
)

// serveAgent is an agent behind a pipe, to be given keys.
func serveAgent(t *testing.T, pipe string) (addKey func()) {
	t.Helper()
	keyring := agent.NewKeyring()
	addKey = func() {
		t.Helper()
		_, key, err := ed25519.GenerateKey(nil)
		if err == nil {
			err = keyring.Add(agent.AddedKey{PrivateKey: key, Comment: pipe})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	name, err := windows.UTF16PtrFromString(pipe)
	if err != nil {
		t.Fatal(err)
	}
	// Overlapped calls, as go-winio's server makes them, do not end on Wine.
	for range 9 { // one for each time that it is asked
		h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_TYPE_BYTE|windows.PIPE_WAIT,
			windows.PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			f := os.NewFile(uintptr(h), pipe)
			defer f.Close()
			if err := windows.ConnectNamedPipe(h, nil); err == nil || errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
				_ = agent.ServeAgent(keyring, f)
			}
		}()
	}
	return addKey
}

// found is the agent that is asked, by the comment of its key.
func found(t *testing.T) string {
	t.Helper()
	conn, name, err := dialAgent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	keys, err := agent.NewClient(conn).List()
	if err != nil || len(keys) != 1 || keys[0].Comment != name {
		t.Fatalf("%s: %v, %v", name, keys, err)
	}
	return name
}

// Pageant is found by the user's name; Windows' own agent comes first where it holds a key, and the
// environment before both. Where none holds a key there is none to ask.
func TestAgentPipes(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	if _, _, err := dialAgent(t.Context()); err == nil {
		t.Fatal("an agent runs on this machine already")
	}
	pageant := pipes + "pageant." + os.Getenv("USERNAME") + ".0123"
	serveAgent(t, pipes+"pageant.somebody-else.0123")()
	keyForPageant := serveAgent(t, pageant)
	if listPipes() == nil { // Wine
		former := listPipes
		t.Cleanup(func() { listPipes = former })
		listPipes = func() []string { return []string{"other", "pageant.somebody-else.0123", filepath.Base(pageant)} }
	}
	if AgentRuns(t.Context()) {
		t.Error("an agent without a key is one to ask")
	}
	keyForPageant()
	if got := found(t); got != pageant {
		t.Errorf("%s, want %s", got, pageant)
	}
	keyForWindows := serveAgent(t, openSSHPipe)
	if got := found(t); got != pageant || !AgentRuns(t.Context()) {
		t.Errorf("%s, want %s, which holds a key", got, pageant)
	}
	keyForWindows()
	if got := found(t); got != openSSHPipe {
		t.Errorf("%s, want %s", got, openSSHPipe)
	}
	t.Setenv("SSH_AUTH_SOCK", pageant)
	if got := found(t); got != pageant {
		t.Errorf("%s, want %s", got, pageant)
	}
	t.Setenv("SSH_AUTH_SOCK", pipes+"none")
	var e *AgentError
	if _, _, err := dialAgent(t.Context()); !errors.As(err, &e) || e.Socket != pipes+"none" {
		t.Errorf("%v", err)
	}
}
