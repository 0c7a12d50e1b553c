//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/crypto/ssh"

	"ctlclient/lab"
	"ctlclient/protocol/ctlp"
)

// impostor answers in a node's place, with an identity of its own, and counts what it
// is told that only the node should hear.
type impostor struct {
	fingerprint string
	port        int
	told        atomic.Int64 // bytes after the TLS handshake, or SSH login attempts
	met         atomic.Int64 // connections
}

// serve accepts until the test ends.
func (i *impostor) serve(t *testing.T, addr string, handle func(net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	i.port = l.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			i.met.Add(1)
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
}

func newKeyPair(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "cucm-sub1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func tlsImpostor(t *testing.T, addr string, maxVersion uint16) *impostor {
	t.Helper()
	pair := newKeyPair(t)
	i := &impostor{fingerprint: ctlp.Fingerprint(pair.Certificate[0])}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: maxVersion}
	i.serve(t, addr, func(c net.Conn) {
		n, _ := io.Copy(io.Discard, tls.Server(c, config)) // the client's refusal is an error here
		i.told.Add(n)
	})
	return i
}

func sshImpostor(t *testing.T, addr string) *impostor {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	i := &impostor{fingerprint: ssh.FingerprintSHA256(signer.PublicKey())}
	refuse := errors.New("no")
	config := &ssh.ServerConfig{
		PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
			i.told.Add(1)
			return nil, refuse
		},
		KeyboardInteractiveCallback: func(ssh.ConnMetadata, ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			i.told.Add(1)
			return nil, refuse
		},
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
			i.told.Add(1)
			return nil, refuse
		},
	}
	config.AddHostKey(signer)
	i.serve(t, addr, func(c net.Conn) { _, _, _, _ = ssh.NewServerConn(c, config) })
	return i
}

// named finds a node of the lab.
func (b *bench) named(node string) *lab.Node {
	b.t.Helper()
	n, err := b.lab.Node(node)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// parts are what stands before the profile's first node, and each node's part.
func (b *bench) parts() (head string, nodes map[string]string) {
	b.t.Helper()
	data, err := os.ReadFile(b.lab.Profile)
	if err != nil {
		b.t.Fatal(err)
	}
	all := strings.Split(string(data), "[[node]]")
	nodes = map[string]string{}
	for _, p := range all[1:] {
		m := regexp.MustCompile(`(?m)^name = ['"](.+)['"]`).FindStringSubmatch(p)
		nodes[m[1]] = p
	}
	return all[0], nodes
}

// pinned is a fingerprint that the profile gives.
func (b *bench) pinned(node, key string) string {
	b.t.Helper()
	_, nodes := b.parts()
	m := regexp.MustCompile(`(?m)^` + key + ` = ['"](SHA256:[^'"]+)['"]`).FindStringSubmatch(nodes[node])
	if m == nil {
		b.t.Fatalf("the profile has no %s of %s", key, node)
	}
	return m[1]
}

// only writes a profile with some of the nodes.
func (b *bench) only(file string, edit func(string) string, names ...string) string {
	b.t.Helper()
	head, nodes := b.parts()
	var out []string
	for name := range nodes {
		if !slices.Contains(names, name) {
			out = append(out, strconv.Quote(name))
		}
	}
	text := "leave-out = [" + strings.Join(out, ", ") + "]\n" + head
	for _, name := range names {
		text += "[[node]]" + edit(nodes[name])
	}
	path := filepath.Join(filepath.Dir(b.lab.Profile), file)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// Somebody who stands between the program and a node, on each of the ways to one,
// hears no password; both fingerprints are shown, with the way to accept a change
// that is legitimate, and --yes does not open the door.
func TestMachineInTheMiddle(t *testing.T) {
	b := newBench(t)
	before, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	refuses := func(t *testing.T, i *impostor, profile, was string, args ...string) {
		t.Helper()
		out := b.run(3, "ctlclient", append([]string{"--profile", profile, "--yes", "--module", softhsmModule(t), "--pin-source", "env:PIN"}, args...)...)
		if i.met.Load() == 0 || i.told.Load() != 0 {
			t.Errorf("met %d times, told %d secrets", i.met.Load(), i.told.Load())
		}
		for _, want := range []string{was, i.fingerprint, "no password was sent", "hint: ", "do not go on"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in %s", want, out)
			}
		}
	}
	as := func(text string) string { return text }

	t.Run("CTLP", func(t *testing.T) {
		n := b.named("cucm-sub1")
		addr := net.JoinHostPort(n.Address, strconv.Itoa(n.Ports().CTLP))
		if err := b.lab.Stop("cucm-sub1"); err != nil {
			t.Fatal(err)
		}
		i := tlsImpostor(t, addr, 0)
		was := b.pinned("cucm-sub1", "fingerprint")
		refuses(t, i, b.lab.Profile, was, "cluster", "status")
		refuses(t, i, b.lab.Profile, was, "migrate", "to-tokens", "--accept-loss", "--token", "pkcs11:token=SAST-1",
			"--token", "pkcs11:token=SAST-2", "--sign-with", "pkcs11:token=SAST-1")
		refuses(t, i, b.lab.Profile, was, "cluster", "pin")
	})
	t.Run("SFTP", func(t *testing.T) {
		n := b.named("tftp-1")
		addr := net.JoinHostPort(n.Address, strconv.Itoa(n.Ports().SFTP))
		if err := b.lab.Stop("tftp-1"); err != nil {
			t.Fatal(err)
		}
		i := sshImpostor(t, addr)
		refuses(t, i, b.only("sftp.toml", as, "cucm-pub", "tftp-1"), b.pinned("tftp-1", "sftp-host-key"), "cluster", "status")
	})
	t.Run("administration CLI", func(t *testing.T) {
		i := sshImpostor(t, net.JoinHostPort(b.named("cucm-pub").Address, "0"))
		profile := b.only("cli.toml", func(part string) string {
			return regexp.MustCompile(`(?m)^ssh-port = \d+`).ReplaceAllString(part, fmt.Sprintf("ssh-port = %d", i.port))
		}, "cucm-pub")
		refuses(t, i, profile, b.pinned("cucm-pub", "ssh-host-key"),
			"mode", "non-secure", "--tokenless", "--accept-loss")
	})
	t.Run("TVS", func(t *testing.T) {
		i := tlsImpostor(t, "127.0.0.1:0", 0)
		itl := filepath.Join(b.dir, "lab", "nodes", "cucm-pub", "tftp", "ITLFile.tlv")
		out := b.run(3, "ctlclient", "tvs", "verify", filepath.Join(b.dir, "certs", "SAST-1.cer"), fmt.Sprintf("127.0.0.1:%d", i.port), "--itl", itl)
		if i.met.Load() != 1 || i.told.Load() != 0 {
			t.Errorf("met %d times, told %d bytes: %s", i.met.Load(), i.told.Load(), out)
		}
	})
	after, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for n := range before {
		if before[n] != after[n] {
			t.Errorf("node %d: the file changed", n)
		}
	}
}

// A change that is legitimate is accepted by a person who types yes to both
// fingerprints, and by nothing else; the job then goes on.
func TestAcceptAChange(t *testing.T) {
	s := newServed(t)
	s.start()
	s.edit(s.profile, `(?m)^fingerprint = .*\n`, "")
	pin := func(answer string, args ...string) string {
		t.Helper()
		p := &person{t: t}
		cmd := s.command("ctlclient", append([]string{"--profile", s.profile, "--yes", "cluster", "pin"}, args...)...)
		var err error
		if p.tty, err = pty.Start(cmd); err != nil {
			t.Fatal(err)
		}
		defer p.tty.Close()
		p.until("Type yes to keep")
		p.types(answer)
		_, _ = io.Copy(&p.seen, p.tty)
		if err := cmd.Wait(); (err == nil) != (answer == "yes") {
			t.Errorf("%q: %v", answer, err)
		}
		return p.seen.String()
	}
	// Never met, and nobody to ask: 3, with the fingerprint and what to do.
	out := s.run(3, "ctlclient", "--profile", s.profile, "--yes", "cluster", "status")
	if !strings.Contains(out, s.fingerprint) || !strings.Contains(out, "hint: ") || !strings.Contains(out, "cluster pin") {
		t.Errorf("first meeting: %s", out)
	}
	if seen := pin("yes"); !strings.Contains(seen, "met for the first time") || !strings.Contains(seen, s.fingerprint) {
		t.Errorf("%s", seen)
	}
	s.job(0, "cluster", "status")

	// The certificate is regenerated: same address, another fingerprint.
	was, addr := s.fingerprint, s.addr
	if code := s.stop(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, f := range []string{"provider-cert.pem", "provider-key.pem"} {
		if err := os.Remove(filepath.Join(s.dir, "node", f)); err != nil {
			t.Fatal(err)
		}
	}
	s.edit(s.config, `(?m)^listen = .*`, `listen = "`+addr+`"`)
	s.start()
	s.edit(s.profile, `(?m)^fingerprint = .*\n`, "")
	out = s.run(3, "ctlclient", "--profile", s.profile, "--yes", "cluster", "status")
	for _, want := range []string{was, s.fingerprint, "no password was sent", " cluster pin"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	out = s.run(3, "ctlclient", "--profile", s.profile, "--yes", "cluster", "pin")
	if !strings.Contains(out, was) || !strings.Contains(out, s.fingerprint) {
		t.Errorf("without a terminal: %s", out)
	}
	for _, answer := range []string{"", "y", "no", "yes"} {
		seen := pin(answer)
		if !strings.Contains(seen, "than before") || !strings.Contains(seen, was) || !strings.Contains(seen, s.fingerprint) {
			t.Errorf("%q: %s", answer, seen)
		}
	}
	s.job(0, "cluster", "status")
}

// A node of the age of TLS 1.0 is refused, with the name of what would let it in;
// where the profile says so it is let in, with a warning each time.
func TestLegacyNode(t *testing.T) {
	s := newServed(t)
	s.start()
	i := tlsImpostor(t, "127.0.0.1:0", tls.VersionTLS10)
	s.edit(s.profile, `(?m)^ctlp-port = .*`, fmt.Sprintf("ctlp-port = %d", i.port))
	s.edit(s.profile, `(?m)^fingerprint = .*`, `fingerprint = "`+i.fingerprint+`"`)
	out := s.run(3, "ctlclient", "--profile", s.profile, "cluster", "status")
	if !strings.Contains(out, "hint: ") || !strings.Contains(out, "legacy = true") {
		t.Errorf("TLS 1.0: %s", out)
	}
	if i.told.Load() != 0 {
		t.Error("something was said to it all the same")
	}
	// This one says nothing more than its name; that it is met is enough.
	s.edit(s.profile, `\z`, "legacy = true\n")
	for range 2 {
		out = s.run(3, "ctlclient", "--profile", s.profile, "--timeout", "1s", "cluster", "status")
		if !strings.Contains(out, "legacy = true: old TLS versions") {
			t.Errorf("no warning: %s", out)
		}
	}
	if i.told.Load() == 0 {
		t.Error("it was not let in")
	}
}
