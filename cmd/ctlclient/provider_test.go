//go:build unix

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"ctlclient/protocol/ctlp"
	"ctlclient/protocol/tftp"
)

const nodePassword = "Tulpen aus Amsterdam"

// served is a folder of a call system's TFTP server, tokens, and a CTL Provider that
// runs as a process of its own.
type served struct {
	*bench
	folder, config, profile string
	process                 *exec.Cmd
	addr, fingerprint       string
	audit                   chan map[string]any
	said                    bytes.Buffer // what the process wrote, under mu
	mu                      sync.Mutex
}

// newServed sets a node up with the commands that an administrator would use; what it
// serves is signed by SAST-1, and trusts SAST-2 as well.
func newServed(t *testing.T) *served {
	t.Helper()
	s := &served{bench: newTokens(t, "SAST-1", "SAST-2", "SAST-3")}
	s.folder = filepath.Join(s.dir, "tftp")
	s.config = filepath.Join(s.dir, "node", "provider.toml")
	s.profile = filepath.Join(s.dir, "site.toml")
	s.env = append(s.env, "PW="+nodePassword)
	if err := os.Mkdir(s.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	s.run(0, "ctlclient", "provider", "init", "--config", s.config, "--folder", s.folder)
	s.edit(s.config, `listen = ":2444"`, `listen = "127.0.0.1:0"`)
	s.edit(s.config, `\z`, `
[[node]]
name = "pbx-1"
address = "127.0.0.1"
role = "publisher"
services = ["callmanager", "tftp", "ctl-provider"]
  [[node.credential]]
  function = "ccm+tftp"
  certificate = "provider-cert.pem"
`)
	s.write(filepath.Join(s.dir, "node", "mode"), "mixed\n")
	s.run(0, "ctlclient", "provider", "user", "add", "admin", "--config", s.config, "--password-source", "env:PW")
	s.build(filepath.Join(s.folder, "CTLFile.tlv"), "SAST-1", "SAST-2")
	return s
}

// build makes a list, signed by the first token, that trusts the tokens given.
func (s *served) build(out string, tokens ...string) {
	s.t.Helper()
	args := []string{"--module", softhsmModule(s.t), "--pin-source", "env:PIN", "file", "build", out,
		"--sign-with", "pkcs11:token=" + tokens[0],
		"--record", "ccm+tftp=" + filepath.Join(s.dir, "node", "provider-cert.pem") + ",host=pbx-1,ip=127.0.0.1"}
	for _, name := range tokens {
		args = append(args, "--record", "sast="+filepath.Join(s.dir, "certs", name+".cer"))
	}
	s.run(0, "ctlclient", args...)
}

func (s *served) write(file, text string) {
	s.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) edit(file, pattern, text string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	data := s.read(file)
	if !re.MatchString(data) {
		s.t.Fatalf("%s has no %s", file, pattern)
	}
	s.write(file, re.ReplaceAllLiteralString(data, text))
}

func (s *served) read(file string) string {
	s.t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

func (s *served) live() string { return s.read(filepath.Join(s.folder, "CTLFile.tlv")) }

var servingOn = regexp.MustCompile(`^serving .* on (127\.0\.0\.1:\d+)$`)

// start runs the service and writes a profile that points to it.
func (s *served) start() {
	s.t.Helper()
	s.process = s.command("ctlclient", "provider", "--config", s.config)
	s.audit = make(chan map[string]any, 1000)
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	stderr, err := s.process.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(s.audit)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			s.said.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			m := map[string]any{}
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				s.audit <- m
			}
		}
	}()
	process := s.process
	s.t.Cleanup(func() {
		_ = process.Process.Kill() // it may have ended before
		_ = process.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for s.addr, s.fingerprint = "", ""; s.fingerprint == "" && lines.Scan(); {
		if m := servingOn.FindStringSubmatch(lines.Text()); m != nil {
			s.addr = m[1]
		}
		s.fingerprint, _ = strings.CutPrefix(lines.Text(), "TLS certificate ")
		if s.fingerprint == lines.Text() {
			s.fingerprint = ""
		}
	}
	if s.addr == "" || s.fingerprint == "" {
		s.t.Fatalf("the service did not start: %s", s.output())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	s.writeProfile("env:PW", 0)
}

func (s *served) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

func (s *served) writeProfile(source string, tftpPort int) {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(s.profile, fmt.Sprintf(`name = "site"
user = "admin"
password-source = %q
[[node]]
name = "pbx-1"
role = "publisher"
address = "127.0.0.1"
transport = "ctlp"
ctlp-port = %s
fingerprint = %q
tftp-port = %d
http-port = 0
tvs-port = 0
ssh-port = 0
`, source, port, s.fingerprint, tftpPort))
}

// wait reads the audit log on to an event.
func (s *served) wait(event string) map[string]any {
	s.t.Helper()
	for m := range s.audit {
		if m["msg"] == event {
			return m
		}
	}
	s.t.Fatalf("no %s in the audit log: %s", event, s.output())
	return nil
}

// stop ends the service as systemd does and returns its exit code.
func (s *served) stop() int {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.wait("stop")
	return exitOf(s.t, s.process.Wait())
}

func (s *served) dial() *ctlp.Client {
	s.t.Helper()
	c, err := ctlp.Dial(s.t.Context(), s.addr, ctlp.Options{VerifyPeer: func(_ *x509.Certificate, raw []byte) error {
		if got := ctlp.Fingerprint(raw); got != s.fingerprint {
			return fmt.Errorf("%s instead of %s", got, s.fingerprint)
		}
		return nil
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *served) login(user, password string) *ctlp.Client {
	s.t.Helper()
	c := s.dial()
	if _, err := c.Login(s.t.Context(), user, []byte(password)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *served) expect() *[32]byte {
	sum := sha256.Sum256([]byte(s.live()))
	return &sum
}

// job runs a command that changes the cluster.
func (s *served) job(want int, args ...string) string {
	s.t.Helper()
	return s.run(want, "ctlclient", append([]string{"--profile", s.profile, "--module", softhsmModule(s.t),
		"--pin-source", "env:PIN", "--yes"}, args...)...)
}

// An open-source call system's TFTP folder takes part in a cluster like any node: its
// state is seen, an update reaches it, tftpd-hpa serves the new file.
func TestProviderNode(t *testing.T) {
	s := newServed(t)
	s.start()
	tftpAddr := packagedTFTP(t, s.folder)
	var port int
	if _, err := fmt.Sscanf(tftpAddr, "127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	s.writeProfile("env:PW", port)
	if out := s.job(0, "cluster", "status"); !strings.Contains(out, "mixed mode") || !strings.Contains(out, "SAST-1") {
		t.Errorf("status: %s", out)
	}
	before := s.live()
	out := s.job(0, "update", "--sign-with", "pkcs11:token=SAST-1", "--add-token", "pkcs11:token=SAST-3", "--accept-loss")
	if !strings.Contains(out, "Passed") {
		t.Errorf("update: %s", out)
	}
	if s.live() == before || s.read(filepath.Join(s.folder, "CTLFile.tlv.previous")) != before {
		t.Error("the live file is not a new one, with the former one beside it")
	}
	got, err := tftp.Get(t.Context(), tftpAddr, "CTLFile.tlv", tftp.Options{})
	if err != nil || string(got) != s.live() {
		t.Errorf("tftpd-hpa serves %d bytes, %v; want the live file", len(got), err)
	}
	// And it is taken back.
	back := regexp.MustCompile(`ctlclient --profile \S+ rollback (\S+)`).FindStringSubmatch(out)
	if back == nil {
		t.Fatalf("the job does not say how it is taken back: %s", out)
	}
	s.job(0, "rollback", back[1])
	if s.live() != before {
		t.Error("after rollback the live file is not the former one")
	}
	if m := s.wait("commit"); m["user"] != "admin" || m["sha256"] == nil || !strings.HasPrefix(fmt.Sprint(m["address"]), "127.0.0.1:") {
		t.Errorf("audit log: %v", m)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d on SIGTERM: %s", code, s.output())
	}
	if strings.Contains(s.output(), nodePassword) {
		t.Error("the password is in the audit log")
	}
}

// Only lists that phones would accept get in, whoever asks.
func TestProviderRefusesLists(t *testing.T) {
	s := newServed(t)
	s.start()
	before := s.live()

	// A signer that the list being replaced does not trust.
	other := filepath.Join(s.dir, "other.tlv")
	s.build(other, "SAST-3", "SAST-1")
	out := s.job(6, "distribute", other, "--accept-loss")
	if !strings.Contains(out, "SAST-3, which is no SAST of the list being replaced") || !strings.Contains(out, "nothing was changed") {
		t.Errorf("untrusted signer: %s", out)
	}

	// A signature that does not verify, from a client that does not look.
	bad := []byte(s.read(filepath.Join(s.dir, "other.tlv")))
	bad[len(bad)-1] ^= 1
	_, err := s.login("admin", nodePassword).Stage(t.Context(), "CTLFile.tlv", bad, s.expect())
	if ctlp.StatusOf(err) != ctlp.BadList || ctlp.BadList != 7 {
		t.Errorf("bad signature: %v", err)
	}
	// Names that lead elsewhere.
	for _, name := range []string{"../CTLFile.tlv", "a/CTLFile.tlv", `..\CTLFile.tlv`, "..", ".", "", "CTLFile.tlv\x00", "/etc/CTL.tlv", ".CTLFile.tlv.stage"} {
		if _, err := s.login("admin", nodePassword).Stage(t.Context(), name, []byte(before), nil); err == nil {
			t.Errorf("%q was staged", name)
		}
	}
	if s.live() != before {
		t.Error("the live file changed")
	}
	names, err := os.ReadDir(s.folder)
	if err != nil || len(names) != 2 { // the list and the lock
		t.Errorf("the folder has %v, %v", names, err)
	}
}

// Five wrong passwords, then nobody from there gets in for a while: exit 6, with the time.
func TestProviderLockout(t *testing.T) {
	s := newServed(t)
	s.start()
	s.writeProfile("env:WRONG", 0)
	s.env = append(s.env, "WRONG=Rosen aus Bulgarien")
	for range 5 {
		if out := s.job(6, "cluster", "status"); !strings.Contains(out, "wrong user name or password") {
			t.Errorf("wrong password: %s", out)
		}
	}
	out := s.job(6, "cluster", "status")
	if !regexp.MustCompile(`locked out.*for another \d+m?\d*s`).MatchString(out) {
		t.Errorf("the sixth: %s", out)
	}
	s.writeProfile("env:PW", 0)
	s.job(6, "cluster", "status") // the right one comes too late
	s.wait("locked-out")
	if log := s.output(); strings.Contains(log, "Rosen") {
		t.Errorf("a wrong password is in the audit log: %s", log)
	}
}

// SIGHUP takes new users over and drops no connection.
func TestProviderReload(t *testing.T) {
	s := newServed(t)
	s.start()
	c := s.login("admin", nodePassword)
	id, err := c.Stage(t.Context(), "CTLFile.tlv", []byte(s.live()), s.expect())
	if err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env, "NEW=another password")
	s.run(0, "ctlclient", "provider", "user", "add", "berta", "--config", s.config, "--password-source", "env:NEW")
	if err := s.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if m := s.wait("reload"); m["users"] != 2.0 {
		t.Errorf("audit log: %v", m)
	}
	s.login("berta", "another password")
	if _, _, err := c.Commit(t.Context(), id); err != nil {
		t.Errorf("a connection from before the reload: %v", err)
	}
}

// kill -9 between stage and commit leaves the old file whole; the next start removes
// what was staged, and the same certificate answers.
func TestProviderKilled(t *testing.T) {
	s := newServed(t)
	s.start()
	before, fingerprint := s.live(), s.fingerprint
	next := filepath.Join(s.dir, "next.tlv")
	s.build(next, "SAST-1", "SAST-2", "SAST-3")
	if _, err := s.login("admin", nodePassword).Stage(t.Context(), "CTLFile.tlv", []byte(s.read(next)), s.expect()); err != nil {
		t.Fatal(err)
	}
	staged := func() []string {
		names, err := filepath.Glob(filepath.Join(s.folder, ".CTLFile.tlv.*.stage"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.process.Wait() // killed
	if s.live() != before || len(staged()) != 1 {
		t.Fatalf("after kill -9: live file as before %v, staged %v", s.live() == before, staged())
	}
	s.start()
	if left := staged(); len(left) != 0 || s.fingerprint != fingerprint {
		t.Errorf("after the restart: staged %v, certificate %s, was %s", left, s.fingerprint, fingerprint)
	}
	s.job(0, "distribute", next, "--accept-loss")
	if s.live() != s.read(next) {
		t.Error("the new file did not get there")
	}
}

// Nobody else serves the folder meanwhile, and a port that is taken is said so.
func TestProviderTwice(t *testing.T) {
	s := newServed(t)
	s.start()
	if out := s.run(2, "ctlclient", "provider", "--config", s.config); !strings.Contains(out, "another CTL Provider serves this folder") {
		t.Errorf("%s", out)
	}
	folder := filepath.Join(s.dir, "second")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.dir, "node2", "provider.toml")
	s.run(0, "ctlclient", "provider", "init", "--config", config, "--folder", folder)
	s.edit(config, `listen = ":2444"`, `listen = "`+s.addr+`"`)
	if out := s.run(2, "ctlclient", "provider", "--config", config); !strings.Contains(out, "address already in use") {
		t.Errorf("%s", out)
	}
}

// packagedTFTP starts tftpd-hpa's server on a folder.
func packagedTFTP(t *testing.T, folder string) string {
	t.Helper()
	server, err := exec.LookPath("in.tftpd")
	if err != nil {
		server = "/usr/sbin/in.tftpd"
	}
	if _, err := os.Stat(server); err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "" {
			t.Fatal("in.tftpd is not installed (tftpd-hpa)")
		}
		t.Skip("in.tftpd is not installed (tftpd-hpa)")
	}
	if os.Geteuid() != 0 {
		t.Skip("in.tftpd changes its user and root folder, which only root may")
	}
	probe, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := probe.LocalAddr().String()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	// As a user who owns nothing: the files have to be readable for it.
	c := exec.Command(server, "--foreground", "--address", addr, "--user", "nobody", "--secure", folder)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return addr
}
