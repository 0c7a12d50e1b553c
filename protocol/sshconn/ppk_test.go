package sshconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sshconn"
)

// putty makes keys with PuTTY's own program.
type putty struct {
	t    *testing.T
	dir  string
	made int
}

func newPuTTY(t *testing.T) *putty {
	t.Helper()
	if _, err := exec.LookPath("puttygen"); err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return &putty{t: t, dir: t.TempDir()}
}

func (p *putty) run(args ...string) string {
	p.t.Helper()
	out, err := exec.CommandContext(p.t.Context(), "puttygen", args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("puttygen %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// key makes a key file, and tells its public key.
func (p *putty) key(kind, params, passphrase string) (file string, public ssh.PublicKey) {
	p.t.Helper()
	p.made++
	file = filepath.Join(p.dir, fmt.Sprintf("key%d.ppk", p.made))
	pass := filepath.Join(p.dir, "pass")
	if err := os.WriteFile(pass, []byte(passphrase), 0o600); err != nil {
		p.t.Fatal(err)
	}
	args := append([]string{"-q", "--new-passphrase", pass, "--ppk-param", params, "-o", file, "-t"}, strings.Fields(kind)...)
	p.run(args...)
	// PuTTY wants the passphrase for the public half too.
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(p.run("-L", "--old-passphrase", pass, file)))
	if err != nil {
		p.t.Fatal(err)
	}
	return file, public
}

// Keys of PuTTY's key generator log in: each kind, both versions of the file, with a passphrase and
// without one, which is asked for once.
func TestPuTTYKeys(t *testing.T) {
	maker := newPuTTY(t)
	for _, test := range []struct{ kind, params, passphrase string }{
		{"ed25519", "version=3", ""}, {"ed25519", "version=2", ""}, {"ed25519", "version=3", secret}, {"ed25519", "version=2", secret},
		{"ed25519", "version=3,kdf=argon2i,memory=1024,passes=3,parallelism=2", secret},
		{"rsa -b 2048", "version=3", ""}, {"rsa -b 2048", "version=2", secret},
		{"ecdsa -b 256", "version=3", ""}, {"ecdsa -b 384", "version=3,memory=64", secret}, {"ecdsa -b 521", "version=2", secret},
	} {
		file, public := maker.key(test.kind, test.params, test.passphrase)
		p := startPeer(t, keyLogin(public))
		a := &asker{password: test.passphrase}
		client, err := sshconn.Dial(t.Context(), p.addr, sshconn.Options{User: "admin", HostKey: pin(p.key.PublicKey()), KeyFile: file, KeyPass: a.ask})
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		client.Close()
		if want := min(1, len(test.passphrase)); a.asked != want {
			t.Errorf("%+v: the passphrase was asked for %d times", test, a.asked)
		}
	}
}

// What cannot be used is told apart: a wrong passphrase, nobody to ask, a damaged file, kinds that are
// not supported; where the file is the trouble, the way out is said.
func TestPuTTYKeyRefused(t *testing.T) {
	maker := newPuTTY(t)
	locked, public := maker.key("ed25519", "version=3,memory=64", secret)
	p := startPeer(t, keyLogin(public))
	try := func(file string, o sshconn.Options) error {
		t.Helper()
		o.User, o.HostKey, o.KeyFile = "admin", pin(p.key.PublicKey()), file
		client, err := sshconn.Dial(t.Context(), p.addr, o)
		if client != nil {
			client.Close()
		}
		return err
	}
	var wayOut *sshconn.PuTTYKeyError
	a := &asker{password: "nonsense"}
	if err := try(locked, sshconn.Options{KeyPass: a.ask}); err == nil || errors.As(err, &wayOut) || a.asked != 1 || !strings.Contains(err.Error(), "passphrase is wrong") || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("wrong passphrase: %v, asked %d times", err, a.asked)
	}
	var missing *ssh.PassphraseMissingError
	if err := try(locked, sshconn.Options{}); !errors.As(err, &missing) {
		t.Errorf("nobody to ask: %v", err)
	}
	gone := errors.New("the person went away")
	if err := try(locked, sshconn.Options{KeyPass: func(context.Context) ([]byte, error) { return nil, gone }}); !errors.Is(err, gone) {
		t.Errorf("no answer: %v", err)
	}
	text, err := os.ReadFile(locked)
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := maker.key("ed25519", "version=3", "")
	good, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(data []byte, old, now string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "key.ppk")
		if !bytes.Contains(data, []byte(old)) {
			t.Fatalf("no %q in the file", old)
		}
		if err := os.WriteFile(file, bytes.Replace(data, []byte(old), []byte(now), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	dsa, _ := maker.key("dsa -b 1024", "version=3", "")
	argon2d, _ := maker.key("ed25519", "memory=64,kdf=argon2d", secret)
	bad := map[string]string{
		"much memory": edit(text, "Argon2-Memory: 64", "Argon2-Memory: 4000000"),
		"many passes": edit(text, "Argon2-Passes: ", "Argon2-Passes: 999999"),
		"no threads":  edit(good, "Private-Lines", "Key-Derivation: Argon2id\nPrivate-Lines"),
		"damaged":     edit(good, "Comment: ", "Comment: x"),
		"older":       edit(good, "File-3", "File-1"),
		"cut":         edit(good, "Private-MAC", "Private-MAX"),
		"another's":   edit(good, "\nAAAAC3NzaC1lZDI1NTE5AAAAI", "\nAAAAC3NzaC1lZDI1NTE5AAAAJ"),
		"DSA":         dsa,
		"Argon2d":     argon2d,
	}
	for what, file := range bad {
		a := &asker{password: secret}
		wayOut = nil
		if err := try(file, sshconn.Options{KeyPass: a.ask}); !errors.As(err, &wayOut) || wayOut.File != file || len(wayOut.Hints()) != 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
}
