//go:build linux

package token_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ctlclient/message"
	"ctlclient/softhsm"
	"ctlclient/token"
)

// real is one kind of module with a token that has a SAST on it.
type real struct {
	module string // as Modules takes it
	uri    string // of the token
	pin    string
	kill   func() // ends what the module talks to
	revive func() // starts it again
	freeze func() // stops it, so that it answers no more
	wire   *wire  // between the two, where a test can come between them
	lives  bool   // a session that is open survives that

	pcscd struct{ kill, revive, freeze func() } // where a card is what kill ends

	private, always string // tokens whose certificate is private, whose key wants the PIN for each signature
}

// realModules are made by the tests themselves out of packages of Debian.
var realModules = []struct {
	name string
	make func(t *testing.T) *real
}{
	{"SoftHSM2", realSoftHSM},
	{"NSS softoken", realNSS},
	{"pkcs11-spy over SoftHSM2", realSpy},
	{"p11-kit proxy over SoftHSM2", realProxy},
	{"p11-kit client and server over SoftHSM2", realRemote},
	{"tpm2-pkcs11 over swtpm", realTPM},
	{"openCryptoki, software token", realOpenCryptoki},
	{"OpenSC, emulated CAC card", realOpenSC},
	{"practice tokens of ctlclient's own", realPractice},
}

// library finds a module by pattern, or ends the test with the package that has it.
func library(t *testing.T, pkg string, patterns ...string) string {
	t.Helper()
	for _, p := range patterns {
		if found, _ := filepath.Glob(p); len(found) > 0 {
			return found[0]
		}
	}
	needPart(t, fmt.Errorf("no %s here (apt install %s)", filepath.Base(patterns[0]), pkg))
	return ""
}

func tool(t *testing.T, pkg, name string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	needPart(t, fmt.Errorf("no %s here (apt install %s)", name, pkg))
	return ""
}

func realSoftHSM(t *testing.T) *real {
	s := store(t)
	tok := create(t, s, softhsm.Spec{Label: "SAST-1", KeyBits: 2048})
	create(t, s, softhsm.Spec{Label: "PRIVATE", PrivateCertificate: true})
	create(t, s, softhsm.Spec{Label: "ALWAYS", AlwaysAuthenticate: true})
	return &real{module: s.Module, uri: tok.URI, pin: tok.PIN, private: "pkcs11:token=PRIVATE", always: "pkcs11:token=ALWAYS"}
}

func realPractice(t *testing.T) *real {
	p, err := softhsm.OwnPractice(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Make(t.Context(), "SAST-1", "SAST-2")
	if err != nil {
		t.Fatal(err)
	}
	file, away := p.Module(), p.Module()+".away"
	move := func(from, to string) func() {
		return func() {
			if err := os.Rename(from, to); err != nil {
				t.Error(err)
			}
		}
	}
	return &real{module: file, uri: made[0].URI, pin: made[0].PIN, kill: move(file, away), revive: move(away, file)}
}

func realSpy(t *testing.T) *real {
	spy := library(t, "opensc-pkcs11", "/usr/lib/*/pkcs11/pkcs11-spy.so", "/usr/lib/*/pkcs11-spy.so")
	r := realSoftHSM(t)
	r.module = token.ModuleWith(spy, "PKCS11SPY="+r.module)
	return r
}

func realProxy(t *testing.T) *real {
	proxy := library(t, "p11-kit", "/usr/lib/*/p11-kit-proxy.so", "/usr/lib/*/libp11-kit.so.0")
	r := realSoftHSM(t)
	r.module = proxy
	return r
}

// waitLine waits for a line of a program's output.
func waitLine(t *testing.T, out *bufio.Reader, has string) string {
	t.Helper()
	for {
		line, err := out.ReadString('\n')
		if strings.Contains(line, has) {
			return strings.TrimSpace(line)
		}
		if err != nil {
			t.Fatalf("no line with %q: %v", has, err)
		}
	}
}

// daemon starts a program that runs until the test ends; kill ends it at once, and ended is
// closed when it has ended by itself or was killed.
func daemon(t *testing.T, cmd *exec.Cmd) (kill func(), ended <-chan struct{}) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // with what it starts itself
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = cmd.Wait() // killed, or of no interest
	}()
	kill = func() {
		select {
		case <-over:
		default:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-over
		}
	}
	t.Cleanup(kill)
	return kill, over
}

// freeze stops a daemon in the middle of whatever it does.
func freeze(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
}

func realRemote(t *testing.T) *real {
	client := library(t, "p11-kit-modules", "/usr/lib/*/pkcs11/p11-kit-client.so")
	p11kit := tool(t, "p11-kit", "p11-kit")
	r := realSoftHSM(t)
	socket, provider := filepath.Join(t.TempDir(), "socket"), r.module
	r.wire = newWire(t, pair{"unix", socket + ".wire", socket})
	serve := func() {
		_ = os.Remove(socket)
		cmd := exec.Command(p11kit, "server", "--foreground", "--name", socket, "--provider", provider, "pkcs11:")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		kill, _ := daemon(t, cmd)
		r.kill = func() { r.wire.down(); kill() }
		r.freeze = func() { freeze(t, cmd) }
		waitLine(t, bufio.NewReader(out), "P11_KIT_SERVER_ADDRESS=")
		r.wire.up()
	}
	serve()
	r.revive = serve
	r.module = token.ModuleWith(client, "P11_KIT_SERVER_ADDRESS=unix:path="+socket+".wire")
	return r
}

// answers waits until a socket takes a connection; false: the program that should listen
// there has ended.
func answers(t *testing.T, socket string, ended <-chan struct{}) bool {
	t.Helper()
	for t.Context().Err() == nil {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		default:
		}
	}
	return false
}

func realTPM(t *testing.T) *real {
	module := library(t, "libtpm2-pkcs11-1", "/usr/lib/*/pkcs11/libtpm2_pkcs11.so", "/usr/lib/*/libtpm2_pkcs11.so.1")
	swtpm, lockout := tool(t, "swtpm", "swtpm"), tool(t, "tpm2-tools", "tpm2_dictionarylockout")
	dir, state := t.TempDir(), t.TempDir()
	r := &real{pin: "Cisco123", uri: "pkcs11:token=SAST-1"}
	socket := filepath.Join(t.TempDir(), "socket")
	r.wire = newWire(t, pair{"unix", socket + ".wire", socket}, pair{"unix", socket + ".wire.ctrl", socket + ".ctrl"})
	serve := func() {
		_, _ = os.Remove(socket), os.Remove(socket+".ctrl")
		cmd := exec.Command(swtpm, "socket", "--tpm2", "--tpmstate", "dir="+state, "--flags", "startup-clear,not-need-init",
			"--server", "type=unixio,path="+socket, "--ctrl", "type=unixio,path="+socket+".ctrl")
		kill, ended := daemon(t, cmd)
		r.freeze = func() { freeze(t, cmd) }
		r.kill = func() { r.wire.down(); kill() }
		if !answers(t, socket+".ctrl", ended) {
			t.Fatal("swtpm does not start")
		}
		// A TPM counts each end without a shutdown as a wrong PIN.
		clear := exec.Command(lockout, "--clear-lockout")
		clear.Env = append(os.Environ(), "TPM2TOOLS_TCTI=swtpm:path="+socket)
		if out, err := clear.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", clear, err, out)
		}
		r.wire.up()
	}
	serve()
	env := []string{"TPM2_PKCS11_STORE=" + dir, "TPM2_PKCS11_TCTI=swtpm:path=" + socket + ".wire",
		"TPM2_PKCS11_LOG_LEVEL=0", "TSS2_LOG=all+none"}
	r.revive = serve
	r.module = token.ModuleWith(module, env...)
	makeHere(t, r, "security-officer")
	return r
}

// makeHere makes a SAST on a token that was never initialised.
func makeHere(t *testing.T, r *real, so string) {
	t.Helper()
	_, _, err := token.Init(t.Context(), token.URI{}, token.Make{Serial: []byte{0x45, 1}, Label: "SAST-1"}, token.MakeOptions{
		Options: token.Options{Modules: []string{r.module}, PIN: (&asker{pin: r.pin}).ask},
		SOPIN:   (&asker{pin: so}).ask, NewPIN: (&asker{pin: r.pin}).ask})
	if err != nil {
		t.Fatal(err)
	}
}

func realOpenCryptoki(t *testing.T) *real {
	module := library(t, "opencryptoki libopencryptoki0", "/usr/lib/*/opencryptoki/libopencryptoki.so*")
	slotd := tool(t, "opencryptoki", "pkcsslotd")
	if os.Getuid() != 0 {
		needPart(t, errors.New("pkcsslotd runs as root only"))
	}
	// Its folder is fixed; what is on this machine otherwise is left as it is.
	kept, aside := "/var/lib/opencryptoki/swtok", "/var/lib/opencryptoki/swtok.aside"
	if err := errors.Join(os.Rename(kept, aside), os.MkdirAll(filepath.Join(kept, "TOK_OBJ"), 0o770)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(os.RemoveAll(kept), os.Rename(aside, kept)); err != nil {
			t.Error(err)
		}
	})
	r := &real{module: module, pin: "Cisco123", uri: "pkcs11:token=SAST-1", lives: true}
	serve := func() {
		_ = os.Remove("/var/run/pkcsslotd.socket")
		cmd := exec.Command(slotd, "-f")
		r.kill, _ = daemon(t, cmd)
		r.freeze = func() { freeze(t, cmd) }
		for t.Context().Err() == nil {
			if v, err := token.Look(t.Context(), []string{module}); err == nil {
				ready := v.Err() == nil
				v.Close()
				if ready {
					return
				}
			}
		}
	}
	serve()
	r.revive = serve
	makeHere(t, r, "87654321")
	return r
}

// What was tried with which module stands in docs/tokens.md as this test finds it.
func TestRealModules(t *testing.T) {
	table := readTable(t)
	for _, m := range realModules {
		t.Run(m.name, func(t *testing.T) {
			table.check(t, m.name, tryOut(t, m.make(t)))
		})
	}
}

// tryOut gives the cells of a row: yes, or - for what the module has not.
func tryOut(t *testing.T, r *real) []string {
	named := []string{r.module}
	a := &asker{pin: r.pin}
	o := token.Options{Modules: named, PIN: a.ask}
	infos, err := token.List(t.Context(), named)
	if err != nil || len(infos) == 0 {
		t.Fatalf("list: %v, %v", infos, err)
	}
	i, c, err := token.CertificateOf(t.Context(), named, uri(t, r.uri))
	if err != nil || len(c.DER) == 0 {
		t.Fatalf("export: %v", err)
	}
	s := open(t, i.CertificateURI(c).String(), o)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA512} {
		sig, err := crypto.SignMessage(s, rand.Reader, []byte("trust list"), h)
		d := h.New()
		d.Write([]byte("trust list"))
		if err != nil || rsa.VerifyPKCS1v15(s.Public().(*rsa.PublicKey), h, d.Sum(nil), sig) != nil {
			t.Errorf("%v: %v", h, err)
		}
	}
	s.Close()
	if len(a.asked) != 1 {
		t.Errorf("asked for %d PINs", len(a.asked))
	}
	a.pin = "not-PIN" // of a length that every token takes
	_, err = token.Open(t.Context(), uri(t, r.uri), o)
	wantKind(t, err, token.PINWrong)
	if len(a.asked) != 2 {
		t.Errorf("a wrong PIN was asked for %d times", len(a.asked)-1)
	}
	a.pin = r.pin
	cells := []string{"yes", "yes", "yes", "yes", "yes", "yes", "-", "-", "-"}
	if r.kill != nil {
		unplug(t, r, o)
		cells[6] = "yes"
	}
	if r.private != "" {
		s := open(t, r.private, o)
		mustSign(t, s)
		s.Close()
		cells[7] = "yes"
	}
	if r.always != "" {
		a.asked = nil
		s := open(t, r.always, o)
		mustSign(t, s)
		s.Close()
		if len(a.asked) != 2 {
			t.Errorf("a signature that wants the PIN was made with %d", len(a.asked))
		}
		cells[8] = "yes"
	}
	return cells
}

// unplug ends what the module talks to while a signer is open on it: the signature
// fails without another PIN, the watcher tells that the token has gone, and that it is
// back.
func unplug(t *testing.T, r *real, o token.Options) {
	t.Helper()
	a := &asker{pin: r.pin}
	o.PIN = a.ask
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan token.Event, 99), make(chan error, 1)
	go func() { ended <- token.Watch(ctx, o.Modules, func(e token.Event) { events <- e }) }()
	label := uri(t, r.uri).Token
	await := func(inserted bool) {
		t.Helper()
		for {
			if e := <-events; e.Err == nil && e.Inserted == inserted && e.Token.Label == label {
				return
			}
		}
	}
	await(true)
	s := open(t, r.uri, o)
	mustSign(t, s)
	r.kill()
	sig, err := s.Sign(nil, digest[:], crypto.SHA1)
	var e *token.Error
	switch {
	case err == nil && r.lives:
		if err := rsa.VerifyPKCS1v15(s.Public().(*rsa.PublicKey), crypto.SHA1, digest[:], sig); err != nil {
			t.Error(err)
		}
	case !errors.As(err, &e) || message.Lines(e.Hints()).String() == "":
		t.Errorf("a signature after the end: %v", err)
	}
	s.Close()
	if len(a.asked) != 1 {
		t.Errorf("asked for %d PINs", len(a.asked))
	}
	await(false)
	r.revive()
	await(true)
	cancel()
	<-ended
	again := open(t, r.uri, o)
	mustSign(t, again)
	again.Close()
}

// table is that of docs/tokens.md.
type table struct {
	path string
	text string
}

const tokensDocument = "../docs/tokens.md"

func readTable(t *testing.T) *table {
	t.Helper()
	text, err := os.ReadFile(tokensDocument)
	if err != nil {
		t.Fatal(err)
	}
	return &table{tokensDocument, string(text)}
}

// check compares a row, or writes it with -update.
func (d *table) check(t *testing.T, name string, cells []string) {
	t.Helper()
	want := "| " + name + " | " + strings.Join(cells, " | ") + " |\n"
	if strings.Contains(d.text, want) {
		return
	}
	if !*update {
		t.Errorf("docs/tokens.md does not say what was found (go test -update writes it):\n%s", want)
		return
	}
	var b strings.Builder
	for line := range strings.Lines(d.text) {
		if strings.HasPrefix(line, "| "+name+" |") {
			line = want
		}
		b.WriteString(line)
	}
	d.text = b.String()
	if err := os.WriteFile(d.path, []byte(d.text), 0o644); err != nil {
		t.Error(err)
	}
}

var update = flag.Bool("update", false, "write what was found into docs/tokens.md")
