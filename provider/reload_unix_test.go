//go:build unix

package provider

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"ctlclient/protocol/ctlp"
)

func hangUp(t testing.TB) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// SIGHUP changes users and certificate, and drops no connection.
func TestReload(t *testing.T) {
	r := start(t, "")
	users := filepath.Join(r.dir, "users")
	admin := r.login(t)
	if _, err := AddUser(t.Context(), users, "berta", []byte("another password")); err != nil {
		t.Fatal(err)
	}
	_, err := r.dial(t).Login(t.Context(), "berta", []byte("another password"))
	wantStatus(t, err, ctlp.BadLogin)

	for _, f := range []string{"provider-cert.pem", "provider-key.pem"} {
		if err := os.Remove(filepath.Join(r.dir, f)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := LoadConfig(r.config)
	if err != nil {
		t.Fatal(err)
	}
	former := r.fingerprint
	if r.fingerprint, _, err = EnsureCertificate(c); err != nil || r.fingerprint == former {
		t.Fatal(r.fingerprint, err)
	}
	hangUp(t)
	r.events.wait(t, "reload")

	berta := r.dial(t)
	if _, err := berta.Login(t.Context(), "berta", []byte("another password")); err != nil {
		t.Error("a user who was added:", err)
	}
	if _, err := admin.Get(t.Context(), ctlFile); ctlp.StatusOf(err) != ctlp.NotFound {
		t.Error("a connection from before:", err)
	}

	// A user who is removed is out, with connections that are open.
	if err := RemoveUser(t.Context(), users, "admin"); err != nil {
		t.Fatal(err)
	}
	// A configuration that cannot be used changes nothing; then it can again.
	text := mustRead(t, r.config)
	if err := os.WriteFile(r.config, []byte("folder = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp(t)
	r.events.wait(t, "reload-failed")
	if _, err := admin.Get(t.Context(), ctlFile); ctlp.StatusOf(err) != ctlp.NotFound {
		t.Error("after a failed reload:", err)
	}
	if err := os.WriteFile(r.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp(t)
	r.events.wait(t, "reload")
	_, err = admin.Get(t.Context(), ctlFile)
	wantStatus(t, err, ctlp.LoginFirst)
	if _, err := berta.Get(t.Context(), ctlFile); ctlp.StatusOf(err) != ctlp.NotFound {
		t.Error("the user who stays:", err)
	}
}
