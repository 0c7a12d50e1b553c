//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
)

// bench is a lab with two trusted tokens, and the environment in which the real
// program works on it.
type bench struct {
	t   *testing.T
	dir string
	env []string
	lab *lab.Lab
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := newTokens(t, "SAST-1", "SAST-2")
	dir := b.dir
	var err error
	if b.lab, err = control.Up(t.Context(), lab.Options{Dir: filepath.Join(dir, "lab"), KeyBits: 1024}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"SAST-1.cer", "SAST-2.cer"} {
		der, err := os.ReadFile(filepath.Join(dir, "certs", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.lab.TrustCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// newTokens is a bench without a lab: tokens, and their certificates in certs.
func newTokens(t *testing.T, labels ...string) *bench {
	t.Helper()
	module := needSoftHSM(t)
	dir := t.TempDir()
	searchAfter(t, dir)
	b := &bench{t: t, dir: dir}
	b.env = append(os.Environ(),
		"SOFTHSM2_CONF="+filepath.Join(dir, "tokens", "softhsm2.conf"), "MODULE="+module, "PIN="+softhsm.DefaultPIN,
		"XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))
	b.run(0, "maketokens", append([]string{filepath.Join(dir, "tokens")}, labels...)...)
	b.run(0, "ctlclient", "--module", module, "token", "export", "--all", "--dir", filepath.Join(dir, "certs"))
	return b
}

// command is the program in the bench's environment.
func (b *bench) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = b.env
	return c
}

func (b *bench) run(want int, name string, args ...string) string {
	b.t.Helper()
	out, err := b.command(name, args...).CombinedOutput()
	if got := exitOf(b.t, err); got != want {
		b.t.Fatalf("%s %s: exit code %d, want %d\n%s", name, strings.Join(args, " "), got, want, out)
	}
	return string(out)
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

func (b *bench) migrateArgs(more ...string) []string {
	args := []string{"--json", "--yes", "--profile", b.lab.Profile, "--module", softhsmModule(b.t), "--pin-source", "env:PIN",
		"migrate", "to-tokens", "--accept-loss", "--token", "pkcs11:token=SAST-1", "--token", "pkcs11:token=SAST-2", "--sign-with", "pkcs11:token=SAST-1"}
	return append(args, more...)
}

func softhsmModule(t *testing.T) string {
	t.Helper()
	m, err := softhsm.ModulePath()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// event is what a line of --json says about a node.
type event struct {
	Type, Step, State, Node string
	Data                    json.RawMessage // of an errand and others
}

// watch runs the program and calls at for every line; it returns exit code and what
// was said on standard error.
func (b *bench) watch(args []string, at func(event, *os.Process)) (int, string) {
	b.t.Helper()
	c := b.command("ctlclient", args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var e event
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			b.t.Errorf("not one JSON object a line: %s", sc.Text())
		}
		at(e, c.Process)
	}
	return exitOf(b.t, c.Wait()), stderr.String()
}

// TestKilledNode pulls the plug of a node at every step of a distribution: whatever
// the moment, nodes never differ in silence.
func TestKilledNode(t *testing.T) {
	for _, at := range []event{
		{Node: "cucm-sub1", Step: "fetch", State: "done"},
		{Node: "cucm-sub1", Step: "stage", State: "start"},
		{Node: "cucm-sub1", Step: "stage", State: "done"},
		{Node: "cucm-sub1", Step: "commit", State: "start"},
		{Node: "cucm-sub1", Step: "commit", State: "done"},
		{Node: "cucm-sub1", Step: "read-back", State: "done"},
		{Node: "cucm-pub", Step: "commit", State: "start"},
		{Node: "tftp-1", Step: "commit", State: "start"},
		{Node: "tftp-1", Step: "stage", State: "done"},
	} {
		t.Run(fmt.Sprintf("%s-%s-%s", at.Node, at.Step, at.State), func(t *testing.T) {
			t.Parallel() // most of the time is waiting for a node that does not answer
			killAt(t, at.Node, at)
		})
	}
}

func killAt(t *testing.T, node string, at event) {
	b := newBench(t)
	killed := false
	code, said := b.watch(b.migrateArgs("--timeout", "1s", "--retries", "0"), func(e event, _ *os.Process) {
		if !killed && e.Node == node && e.Step == at.Step && e.State == at.State {
			killed = true
			if err := b.lab.Stop(node); err != nil {
				t.Error(err)
			}
		}
	})
	if !killed {
		t.Fatalf("the program never came to %s %s at %s; exit %d: %s", at.Step, at.State, node, code, said)
	}
	files, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	differ := false
	for _, f := range files {
		differ = differ || f != files[0]
	}
	switch {
	case differ && (code != 5 || !strings.Contains(said, node)):
		t.Fatalf("the nodes differ, and the program ended with %d: %s", code, said)
	case code != 0 && code != 3 && code != 5:
		t.Fatalf("exit code %d: %s", code, said)
	case code != 0 && !strings.Contains(said, node):
		t.Fatalf("the node is not named: %s", said)
	}
	if !differ {
		return
	}
	// Plugged in again, the job can be finished.
	if err := b.lab.Start(node); err != nil {
		t.Fatal(err)
	}
	b.run(0, "ctlclient", "--profile", b.lab.Profile, "resume")
	if files, err = servedBy(b.lab); err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if f != files[0] {
			t.Fatalf("after resume %s differs from %s", b.lab.Nodes[i].Name, b.lab.Nodes[0].Name)
		}
	}
}

// TestInterrupt interrupts a job before its first commit: exit 130, nothing changed,
// nothing left to resume.
func TestInterrupt(t *testing.T) {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) { interruptBy(t, sig) })
	}
}

// A reader that leaves in the middle of a job, as head does, ends it tidily: the nodes
// never differ in silence, and nothing is left in the way.
func TestReaderThatLeaves(t *testing.T) {
	b := newBench(t)
	c := b.command("ctlclient", b.migrateArgs()...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for sc := bufio.NewScanner(out); sc.Scan() && !strings.Contains(sc.Text(), `"step":"stage"`); {
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	code := exitOf(t, c.Wait())
	files, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if files[i] != files[0] {
			t.Errorf("exit code %d: %s differs", code, b.lab.Nodes[i].Name)
		}
	}
	if code != 0 && code != 5 && code != 130 {
		t.Errorf("exit code %d", code)
	}
	b.run(0, "ctlclient", "--profile", b.lab.Profile, "--json", "history")
}

func interruptBy(t *testing.T, sig os.Signal) {
	b := newBench(t)
	before, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	sent := false
	code, said := b.watch(b.migrateArgs(), func(e event, p *os.Process) {
		if !sent && e.Step == "snapshot" && e.State == "start" {
			sent = true
			if err := p.Signal(sig); err != nil {
				t.Error(err)
			}
		}
	})
	if code != 130 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	after, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("%s changed", b.lab.Nodes[i].Name)
		}
	}
	b.run(0, "ctlclient", b.migrateArgs()...) // nothing is in the way
}

// TestConflict changes a node's file while the program signs: exit 6, the difference
// shown, no other node changed.
func TestConflict(t *testing.T) {
	b := newBench(t)
	module := softhsmModule(t)
	b.run(0, "ctlclient", "--module", module, "--pin-source", "env:PIN", "file", "build", filepath.Join(b.dir, "other.tlv"),
		"--record", "sast="+filepath.Join(b.dir, "certs", "SAST-2.cer"), "--sign-with", "pkcs11:token=SAST-1")
	other, err := os.ReadFile(filepath.Join(b.dir, "other.tlv"))
	if err != nil {
		t.Fatal(err)
	}
	before, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	args := b.migrateArgs()
	code, said := b.watch(args, func(e event, _ *os.Process) {
		if !changed && e.Step == "sign" && e.State == "start" {
			changed = true
			if err := os.WriteFile(filepath.Join(b.lab.Nodes[1].Folder, "CTLFile.tlv"), other, 0o644); err != nil {
				t.Error(err)
			}
		}
	})
	if code != 6 || !strings.Contains(said, b.lab.Nodes[1].Name) {
		t.Fatalf("exit code %d: %s", code, said)
	}
	after, err := servedBy(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		want := before[i]
		if i == 1 {
			want = string(other)
		}
		if after[i] != want {
			t.Errorf("%s changed", b.lab.Nodes[i].Name)
		}
	}
}

// TestTokenWatch tells what is there and what is pulled out, until interrupted.
func TestTokenWatch(t *testing.T) {
	b := newBench(t)
	control, err := faulty.Build(filepath.Join(b.dir, "faulty"))
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	c := b.command("ctlclient", "--json", "--module", control.Module, "token", "watch")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for sc := bufio.NewScanner(out); sc.Scan(); {
		var e struct{ Event, Label string }
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			t.Errorf("not one JSON object a line: %s", sc.Text())
		}
		seen = append(seen, e.Event+" "+e.Label)
		switch len(seen) {
		case 2: // both are there
			if err := control.Absent("SAST-1"); err != nil {
				t.Error(err)
			}
		case 3:
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	if code := exitOf(t, c.Wait()); code != 130 {
		t.Errorf("exit code %d", code)
	}
	if len(seen) < 3 || seen[2] != "removed SAST-1" {
		t.Errorf("seen %q", seen)
	}
}

// TestLabUp runs the practice cluster as a program, until interrupted.
func TestLabUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	c := exec.Command("ctlclient", "lab", "up", "--dir", dir, "--key-bits", "1024")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	sc := bufio.NewScanner(out)
	profile := ""
	for sc.Scan() && profile == "" {
		profile, _ = strings.CutPrefix(sc.Text(), "Profile: ")
		if profile == sc.Text() {
			profile = ""
		}
	}
	status, err := exec.Command("ctlclient", "--profile", profile, "cluster", "status").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, status)
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for sc.Scan() {
	}
	if code := exitOf(t, c.Wait()); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
