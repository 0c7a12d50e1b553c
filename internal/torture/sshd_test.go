//go:build linux

package torture

import (
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
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// openSSH is OpenSSH's own server: what the SFTP node of a run may be, in the place of the
// practice cluster's server. "": it is not installed.
func openSSH(t *testing.T) string {
	t.Helper()
	const path = "/usr/sbin/sshd"
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Log("OpenSSH's sshd is left out: it is not installed (openssh-server)")
		return ""
	}
	if os.Geteuid() == 0 { // it wants this folder, which a package makes at boot only
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// newKey writes a private key; it returns the public one.
func newKey(file string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err == nil {
		err = os.WriteFile(file, pem.EncodeToMemory(block), 0o600)
	}
	if err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}

// sshd starts OpenSSH's server for the folder of the node tftp-1, and a profile that goes
// there.
func (s *site) openSSH() error {
	at := ""
	var folder string
	for _, n := range s.nodes {
		if n.name == "tftp-1" {
			at, folder = n.address, n.folder
		}
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	keys := map[string]ssh.PublicKey{}
	for _, name := range []string{"host", "login"} {
		if keys[name], err = newKey(filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(at, "0"))
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return err
	}
	config := fmt.Sprintf("ListenAddress %s\nPort %d\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nUsePAM no\nStrictModes no\n"+
		"PermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n",
		at, port, filepath.Join(s.dir, "host"), filepath.Join(s.dir, "authorized"))
	err = errors.Join(os.WriteFile(filepath.Join(s.dir, "authorized"), ssh.MarshalAuthorizedKey(keys["login"]), 0o644),
		os.WriteFile(filepath.Join(s.dir, "sshd_config"), []byte(config), 0o600))
	if err != nil {
		return err
	}
	c := exec.Command(s.sshd, "-D", "-e", "-f", filepath.Join(s.dir, "sshd_config"))
	said := &tap{}
	c.Stderr = said
	if err := c.Start(); err != nil {
		return err
	}
	s.ends = append(s.ends, func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if err := answers(net.JoinHostPort(at, fmt.Sprint(port))); err != nil {
		return fmt.Errorf("sshd: %w: %s", err, said)
	}
	return s.goThere(port, me.Username, folder, ssh.FingerprintSHA256(keys["host"]))
}

// answers waits until somebody listens.
func answers(address string) (err error) {
	for range 200 {
		var c net.Conn
		if c, err = net.Dial("tcp", address); err == nil {
			return c.Close()
		}
		time.Sleep(25 * time.Millisecond)
	}
	return err
}

var sftpKeys = regexp.MustCompile(`(?m)^(sftp-[a-z-]+|path) = .*\n`)

// goThere writes a profile whose SFTP node is OpenSSH's server.
func (s *site) goThere(port int, login, folder, host string) error {
	data, err := os.ReadFile(s.profile)
	if err != nil {
		return err
	}
	sections := strings.Split(string(data), "[[node]]\n")
	for i, section := range sections {
		if strings.Contains(section, "name = 'tftp-1'") {
			sections[i] = strings.TrimRight(sftpKeys.ReplaceAllString(section, ""), "\n") + fmt.Sprintf(
				"\nsftp-port = %d\nsftp-user = '%s'\nsftp-key = '%s'\nsftp-host-key = '%s'\npath = '%s'\n\n",
				port, login, filepath.Join(s.dir, "login"), host, folder)
		}
	}
	s.profile = filepath.Join(s.lab.dir, "openssh.toml")
	s.tell("-- the SFTP server of tftp-1 is OpenSSH's")
	return os.WriteFile(s.profile, []byte(strings.Join(sections, "[[node]]\n")), 0o600)
}
