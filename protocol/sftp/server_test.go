package sftp_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sftp"
)

// Close of the server ends connections at once, and a new one takes over.
func TestServerRestart(t *testing.T) {
	folder := t.TempDir()
	hostKey, _ := newKey(t)
	login := func(string, []byte) bool { return true }
	start := func(addr string) (*sftp.Server, string) {
		s, err := sftp.NewServer(sftp.ServerOptions{HostKey: hostKey, Root: folder, Login: login})
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		go s.Serve(l)
		return s, l.Addr().String()
	}
	options := sftp.Options{User: "x", HostKey: pin(hostKey.PublicKey()), Password: func(context.Context) ([]byte, error) { return []byte("x"), nil }}
	first, addr := start("127.0.0.1:0")
	c, err := sftp.Dial(t.Context(), addr, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Stage(t.Context(), "/", name, newBytes, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(t.Context(), "/", name, token, nil); err == nil {
		t.Fatal("committed on a dead server")
	}
	second, _ := start(addr)
	defer second.Close()
	if c, err = sftp.Dial(t.Context(), addr, options); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Commit(t.Context(), "/", name, token, nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(folder, name), newBytes)
}

// Nothing outside the served folder can be named, linked to or renamed away.
func TestServerRoot(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, name), oldBytes, 0o644)
	folder := filepath.Join(outside, "root")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "out")); err != nil {
		t.Fatal(err)
	}
	c := startOwn(t, folder).dial(t)
	for _, dir := range []string{"/out", "/..", "../", "/out/../.."} {
		if file, err := c.Get(t.Context(), dir, name); err == nil {
			t.Errorf("read %s of %q", file.Path, dir)
		}
		if _, err := c.Stage(t.Context(), dir+"/out", "new", newBytes, nil); err == nil {
			t.Errorf("wrote to %q", dir)
		}
	}
	wantNames(t, outside, name, "root")
}

// Our server answers OpenSSH's client too.
func TestServerWithOpenSSH(t *testing.T) {
	program, err := exec.LookPath("sftp")
	if err != nil {
		needPart(t, "OpenSSH's sftp is not installed (openssh-client)")
	}
	folder, dir := t.TempDir(), t.TempDir()
	loginKey, loginFile := newKey(t)
	hostKey, _ := newKey(t)
	s, err := sftp.NewServer(sftp.ServerOptions{HostKey: hostKey, Root: folder, AuthorizedKeys: []ssh.PublicKey{loginKey.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "new"), newBytes, 0o640)
	put(t, filepath.Join(folder, name), oldBytes, 0o644)
	command := exec.CommandContext(t.Context(), program, "-b", "-", "-F", "none", "-P", port, "-i", loginFile,
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile="+filepath.Join(dir, "known_hosts"),
		"-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR", "ctl@"+host)
	command.Stdin = strings.NewReader("put -p " + dir + "/new temporary\nrename temporary " + name +
		"\nget " + name + " " + dir + "/back\nls -la\nmkdir sub\nrmdir sub\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantFile(t, filepath.Join(dir, "back"), newBytes)
	wantNames(t, folder, name)
}
