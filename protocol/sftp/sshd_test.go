package sftp_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ctlclient/protocol/sftp"
)

// needPart skips, or fails where the parts must be there.
func needPart(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// newKey makes a key pair: the signer and the private key file.
func newKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return signer, file
}

// server is an SFTP server under test, and how to log in to it.
type server struct {
	addr    string
	options sftp.Options
	pid     int // of OpenSSH's server
}

func (s server) dial(t *testing.T) *sftp.Client {
	t.Helper()
	c, err := sftp.Dial(t.Context(), s.addr, s.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func pin(want ssh.PublicKey) func(string, ssh.PublicKey) error {
	return func(_ string, got ssh.PublicKey) error {
		if !bytes.Equal(want.Marshal(), got.Marshal()) {
			return errors.New("another host key")
		}
		return nil
	}
}

// startSSHD starts OpenSSH's own server; sftpArgs go to its internal-sftp.
func startSSHD(t *testing.T, sftpArgs string) server {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return startSSHDFor(t, me.Username, sftpArgs)
}

// startSSHDFor lets another user in; only root may.
func startSSHDFor(t *testing.T, login, sftpArgs string) server {
	t.Helper()
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if _, statErr := os.Stat("/usr/sbin/sshd"); statErr != nil {
			needPart(t, "OpenSSH's sshd is not installed (openssh-server)")
		}
		sshd = "/usr/sbin/sshd"
	}
	if os.Geteuid() == 0 {
		// Where privileges are separated sshd wants this folder, which a package
		// makes at boot only.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	hostKey, hostFile := newKey(t)
	loginKey, loginFile := newKey(t)
	// sshd reads the keys as the user who logs in.
	dir, err := os.MkdirTemp("", "sftp-sshd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	authorized := filepath.Join(dir, "authorized_keys")
	if err := os.WriteFile(authorized, ssh.MarshalAuthorizedKey(loginKey.PublicKey()), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := freeAddress(t)
	host, port, _ := net.SplitHostPort(addr)
	config := filepath.Join(dir, "sshd_config")
	text := fmt.Sprintf(`ListenAddress %s
Port %s
HostKey %s
AuthorizedKeysFile %s
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
Subsystem sftp internal-sftp %s
`, host, port, hostFile, authorized, sftpArgs)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// -D: in the foreground, -e: log to standard error.
	command := exec.Command(sshd, "-D", "-e", "-f", config)
	var log safeBuffer
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", log.String())
		}
	})
	waitFor(t, addr)
	return server{addr, sftp.Options{User: login, HostKey: pin(hostKey.PublicKey()), KeyFile: loginFile}, command.Process.Pid}
}

// freeAddress finds a port that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// waitFor returns when something accepts connections at addr.
func waitFor(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("nobody listens at %s: %v", addr, err)
		case <-tick.C:
		}
	}
}

// safeBuffer is a buffer that two goroutines may use.
type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// startOwn starts our server on a folder.
func startOwn(t *testing.T, root string) server {
	t.Helper()
	hostKey, _ := newKey(t)
	s, err := sftp.NewServer(sftp.ServerOptions{
		HostKey: hostKey,
		Root:    root,
		Login: func(user string, password []byte) bool {
			return user == "ctl" && string(password) == "secret"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, sftp.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return server{l.Addr().String(), sftp.Options{
		User:     "ctl",
		HostKey:  pin(hostKey.PublicKey()),
		Password: func(context.Context) ([]byte, error) { return []byte("secret"), nil },
	}, 0}
}
