package sshconn_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sshconn"
)

// A key file of PuTTY is told from one that is broken, and the way out is said.
func TestPuTTYKeyFile(t *testing.T) {
	if _, err := exec.LookPath("puttygen"); err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "key.ppk")
	none := filepath.Join(t.TempDir(), "none")
	if err := os.WriteFile(none, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "puttygen", "-t", "ed25519", "--new-passphrase", none, "-o", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := startPeer(t, func(_ *peer, c *ssh.ServerConfig) {
		c.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errors.New("no") }
	})
	_, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), KeyFile: file})
	var putty *sshconn.PuTTYKeyError
	if !errors.As(err, &putty) || putty.File != file {
		t.Errorf("%v", err)
	}
}
