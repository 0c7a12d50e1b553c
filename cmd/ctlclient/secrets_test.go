//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
)

// secretVariables are the environment variables by which the suite hands secrets over.
var secretVariables = []string{"PIN", "NEWPIN", "PW", "WRONG", "NEW", "PASSWORD"}

// minSecret is the shortest secret looked for: a shorter one is found in anything.
const minSecret = 6

// addSecret writes a secret down, once, where the suite finds it in the end.
func addSecret(dir, secret string) {
	file := filepath.Join(dir, "secret-"+hex.EncodeToString([]byte(secret)))
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		panic(err)
	}
}

// needle is one way in which a secret might show.
type needle struct {
	secret, form string
	text         []byte
}

// needles are the forms of a secret: as it is, in hexadecimal and in base64, where it
// may begin at any of three places of a group.
func needles(secret string) []needle {
	n := []needle{
		{secret, "plain", []byte(secret)},
		{secret, "hex", []byte(hex.EncodeToString([]byte(secret)))},
		{secret, "HEX", []byte(strings.ToUpper(hex.EncodeToString([]byte(secret))))},
		{secret, "escaped", []byte(strings.Trim(fmt.Sprintf("%q", secret), `"`))},
	}
	for shift := range 3 {
		raw := append(bytes.Repeat([]byte{0}, shift), secret...)
		text := base64.RawStdEncoding.EncodeToString(raw)
		// The outer characters also depend on what stands beside the secret.
		text = text[[]int{0, 2, 3}[shift] : len(raw)*8/6]
		n = append(n, needle{secret, "base64", []byte(text)})
		if url := strings.NewReplacer("+", "-", "/", "_").Replace(text); url != text {
			n = append(n, needle{secret, "base64url", []byte(url)})
		}
	}
	return n
}

// search reports the secrets that a text holds.
func search(where string, text []byte, secrets []string) error {
	var errs []error
	for _, s := range secrets {
		if len(s) < minSecret {
			continue
		}
		for _, n := range needles(s) {
			if bytes.Contains(text, n.text) {
				errs = append(errs, fmt.Errorf("%s holds a secret, %s: %q", where, n.form, n.secret))
			}
		}
	}
	return errors.Join(errs...)
}

// searchRecords looks at what all runs wrote; n is how many there were.
func searchRecords(dir string) (n int, err error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	var secrets []string
	texts := map[string][]byte{}
	for _, e := range names {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(e.Name(), "secret-") {
			secrets = append(secrets, string(data))
			continue
		}
		// The demonstration tells the PIN of its own practice tokens, to go on with.
		texts[e.Name()] = bytes.ReplaceAll(data, []byte("# PIN "+softhsm.DefaultPIN), nil)
	}
	var errs []error
	for name, text := range texts {
		if err := search(name, text, secrets); err != nil {
			errs = append(errs, fmt.Errorf("%w in:\n%s", err, text))
		}
	}
	return len(texts) / 2, errors.Join(errs...)
}

// folder is what a test works in: what is there at the beginning was put there by the
// test, the rest was written by the program.
type folder struct {
	dir    string
	inputs map[string]bool
}

func newFolder(dir string) (*folder, error) {
	f := &folder{dir: dir, inputs: map[string]bool{}}
	return f, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		f.inputs[path] = true
		return err
	})
}

// search looks for secrets in every file that was written since, but for a lab's own
// password file, and demands that nothing but what is public can be read by others.
func (f *folder) search() error {
	secrets := []string{softhsm.DefaultPIN}
	for _, name := range secretVariables {
		if v := os.Getenv(name); v != "" {
			secrets = append(secrets, v)
		}
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!d.Type().IsRegular() || f.inputs[path]) {
			return nil // gone meanwhile: a temporary file
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if d.Name() == "password" { // of a lab
			secrets = append(secrets, strings.TrimSpace(string(data)))
			if dir := os.Getenv(recordVariable); dir != "" {
				addSecret(dir, strings.TrimSpace(string(data)))
			}
			return err
		}
		files[path] = data
		return err
	})
	// What the recorded runs were given as well.
	given, globErr := filepath.Glob(filepath.Join(os.Getenv(recordVariable), "secret-*"))
	for _, file := range given {
		data, err := os.ReadFile(file)
		globErr = errors.Join(globErr, err)
		secrets = append(secrets, string(data))
	}
	errs := []error{err, globErr}
	for path, data := range files {
		errs = append(errs, search(path, data, secrets))
		if ownersOnly(path) {
			info, err := os.Stat(path)
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				errs = append(errs, fmt.Errorf("%s can be read by others: %v", path, info.Mode()))
			}
		}
	}
	return errors.Join(errs...)
}

// ownersOnly: a file that holds something of a cluster and belongs to its owner alone.
func ownersOnly(path string) bool {
	switch filepath.Ext(path) {
	case ".jsonl", ".lock":
		return true
	}
	return strings.Contains(path, "/state/") || slices.Contains([]string{"lab.toml", "lab.json", "lab.log", "control.json",
		"identities.json", "provider.toml", "provider-key.pem", "users"}, filepath.Base(path))
}

// searchAfter looks at a test's folder when the test has ended.
func searchAfter(t *testing.T, dir string) {
	t.Helper()
	f, err := newFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.search(); err != nil {
			t.Error(err)
		}
	})
}

// searchScript does so for a script.
func searchScript(e *testscript.Env) error {
	f, err := newFolder(e.WorkDir)
	e.Defer(func() {
		if err := f.search(); err != nil {
			e.T().Log(err)
			e.T().FailNow()
		}
	})
	e.Setenv(recordVariable, os.Getenv(recordVariable))
	return err
}

// The search finds what it is there for, whatever stands before it.
func TestSearchFindsSecrets(t *testing.T) {
	const secret = "Tr0ub4dor&3"
	for before := range 4 {
		for after := range 4 {
			text := append(append(bytes.Repeat([]byte("<"), before), secret...), bytes.Repeat([]byte(">"), after)...)
			for form, shown := range map[string]string{
				"plain": string(text), "hex": hex.EncodeToString(text), "base64": base64.StdEncoding.EncodeToString(text),
				"base64url": base64.URLEncoding.EncodeToString(text),
			} {
				if search("x", []byte("{\"a\":\""+shown+"\"}"), []string{secret}) == nil {
					t.Errorf("%s, %d before, %d after: not found in %s", form, before, after, shown)
				}
			}
		}
	}
	if err := search("x", []byte("Tr0ub4dor, and nothing else"), []string{secret, "x"}); err != nil {
		t.Error(err)
	}
	// A file that was written after the beginning is looked at, and its mode.
	dir := t.TempDir()
	f, err := newFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"note.txt", "identities.json"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("PIN "+softhsm.DefaultPIN), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.search(); err == nil || !strings.Contains(err.Error(), "note.txt holds a secret") || !strings.Contains(err.Error(), "identities.json can be read by others") {
		t.Errorf("%v", err)
	}
}

// No flag takes a secret itself: what a flag is given can be seen by every user of the
// machine. Flags name where a secret comes from.
func TestNoFlagTakesASecret(t *testing.T) {
	root := newRootCommand(newApp(strings.NewReader(""), io.Discard, io.Discard))
	found := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		look := func(f *pflag.Flag) {
			for _, word := range []string{"pin", "password", "secret", "passphrase"} {
				if !slices.Contains(strings.Split(f.Name, "-"), word) {
					continue
				}
				found++
				if !strings.HasSuffix(f.Name, "-source") {
					t.Errorf("%s --%s", c.CommandPath(), f.Name)
				}
			}
		}
		c.LocalFlags().VisitAll(look)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(root)
	if found < 4 {
		t.Errorf("%d flags about secrets were looked at", found)
	}
}

// A running program, with the password in its memory, leaves no core dump and shows
// no secret in its arguments; nobody else of the same user may look into it.
func TestNoCoreDump(t *testing.T) {
	s := newServed(t)
	s.start()
	s.login("admin", nodePassword)
	proc := func(file string) string { return s.read(fmt.Sprintf("/proc/%d/%s", s.process.Process.Pid, file)) }
	if _, err := os.Stat("/proc/self/limits"); err != nil {
		t.Skip("no /proc here")
	}
	for line := range strings.Lines(proc("limits")) {
		if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (f[4] != "0" || f[5] != "0") {
			t.Errorf("%s", line)
		}
	}
	if args := proc("cmdline"); strings.Contains(args, nodePassword) || !strings.Contains(args, "provider") {
		t.Errorf("arguments %q", args)
	}
	// SIGQUIT has Go print its stacks and, asked to, dump core.
	if err := s.process.Process.Signal(unix.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = s.process.Wait() // it is to die
	if strings.Contains(s.output(), nodePassword) {
		t.Error("the password is in the stacks")
	}
	out, err := exec.Command("dumpable").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "0" {
		t.Errorf("PR_GET_DUMPABLE %s, %v", out, err)
	}
}

// dumpable prints what the system says of a protected process.
func dumpable() {
	err := protect()
	n, e := dumpState()
	if err = errors.Join(err, e); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(n)
}

// person sits at a terminal before the program.
type person struct {
	t    *testing.T
	tty  *os.File
	seen bytes.Buffer
}

// until reads what the terminal shows until a text has come.
func (p *person) until(text string) {
	p.t.Helper()
	if err := p.tty.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		p.t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for from := p.seen.Len(); !bytes.Contains(p.seen.Bytes()[from:], []byte(text)); {
		n, err := p.tty.Read(buf)
		p.seen.Write(buf[:n])
		if err != nil {
			p.t.Fatalf("no %q on the terminal, %v: %q", text, err, p.seen.String())
		}
	}
}

func (p *person) types(line string) {
	p.t.Helper()
	if _, err := p.tty.WriteString(line + "\n"); err != nil {
		p.t.Fatal(err)
	}
}

// What is typed at a question for a secret does not show, from the moment on at which
// the question does; what is typed elsewhere does.
func TestPromptsDoNotEcho(t *testing.T) {
	b := newTokens(t, "SAST-1", "SAST-2")
	l, err := control.Up(t.Context(), lab.Options{Dir: filepath.Join(b.dir, "lab"), KeyBits: 1024, NoAltTFTP: true, Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	password, err := os.ReadFile(filepath.Join(b.dir, "lab", "password"))
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.ReadFile(l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	asks := filepath.Join(b.dir, "asks.toml")
	var lines []string
	for line := range strings.Lines(string(profile)) {
		if strings.HasPrefix(line, "password-source") {
			line = "password-source = \"prompt\"\n"
		}
		if strings.HasPrefix(line, "fingerprint") || strings.HasPrefix(line, "fleet") {
			continue
		}
		lines = append(lines, line)
	}
	if err := os.WriteFile(asks, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	type entry struct{ question, answer string }
	for name, c := range map[string]struct {
		args    []string
		entries []entry
		secrets []string
	}{
		"PIN": {[]string{"--module", softhsmModule(t), "file", "build", filepath.Join(b.dir, "a.tlv"),
			"--record", "sast=" + filepath.Join(b.dir, "certs", "SAST-2.cer"), "--sign-with", "pkcs11:token=SAST-1"},
			[]entry{{"PIN of SAST-1", softhsm.DefaultPIN}}, []string{softhsm.DefaultPIN}},
		"new PIN": {[]string{"--module", softhsmModule(t), "token", "pin", "pkcs11:token=SAST-2"},
			[]entry{{"PIN of SAST-2", softhsm.DefaultPIN}, {"New PIN of SAST-2", "Kaktus-99"}, {"again: ", "Kaktus-99"}},
			[]string{softhsm.DefaultPIN, "Kaktus-99"}},
		"password": {[]string{"--profile", asks, "cluster", "status"},
			[]entry{{"Type yes to keep it: ", "yes"}, {"Password of admin at cucm-pub: ", string(password)}}, []string{string(password)}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{t: t}
			cmd := b.command("ctlclient", c.args...)
			var err error
			if p.tty, err = pty.Start(cmd); err != nil {
				t.Fatal(err)
			}
			defer p.tty.Close()
			for _, e := range c.entries {
				p.until(e.question)
				p.types(e.answer)
			}
			// The terminal ends with the program, which is an error on Linux.
			_ = p.tty.SetReadDeadline(time.Time{})
			_, _ = io.Copy(&p.seen, p.tty)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, p.seen.String())
			}
			if err := search("the terminal", p.seen.Bytes(), c.secrets); err != nil {
				t.Errorf("%v\n%s", err, p.seen.String())
			}
			if name == "password" && !strings.Contains(p.seen.String(), "yes\r\n") {
				t.Errorf("what is no secret does not show: %q", p.seen.String())
			}
		})
	}
}
