//go:build unix

package host_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"ctlclient/internal/secret"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/token/host"
)

// needPart ends a test for want of a part: CI sets CTLCLIENT_REQUIRE_PARTS, so that
// a test is never left out there unseen.
func needPart(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func build(t testing.TB) *faulty.Control {
	t.Helper()
	store, err := softhsm.New(t.TempDir())
	if errors.Is(err, softhsm.ErrMissing) {
		needPart(t, err)
	}
	if err == nil {
		_, err = store.Create(softhsm.Spec{Label: "SAST-1"})
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := faulty.Build(t.TempDir())
	if errors.Is(err, faulty.ErrNoCompiler) {
		needPart(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t testing.TB, c *faulty.Control, l host.Limits) *host.Process {
	t.Helper()
	p, err := host.Start(host.Spec{Path: c.Module}, l, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Each way in which a module can take a program with it is an error of the call.
func TestModuleThatEnds(t *testing.T) {
	for name, f := range map[string]struct {
		fault  func(*faulty.Control) error
		reason string
	}{
		"crash":  {func(c *faulty.Control) error { return c.Crash("C_GetSlotList") }, "crashed (segmentation fault)"},
		"exit 0": {func(c *faulty.Control) error { return c.Exit("C_GetSlotList", 0) }, "ended its process (exit 0)"},
		"exit 7": {func(c *faulty.Control) error { return c.Exit("C_GetSlotList", 7) }, "ended its process (exit 7)"},
	} {
		t.Run(name, func(t *testing.T) {
			c := build(t)
			p := start(t, c, host.Limits{})
			do(t, p.Initialize())
			do(t, c.Print("C_GetSlotList", "out of luck"))
			do(t, f.fault(c))
			_, err := p.GetSlotList(true)
			var e *host.EndedError
			if !errors.As(err, &e) || e.Call != "C_GetSlotList" || e.Reason.String() != f.reason || e.Said != "out of luck" || e.Module != c.Module {
				t.Fatalf("%+v", err)
			}
			if _, again := p.GetSlotList(true); !errors.Is(again, err) {
				t.Errorf("the next call: %v", again)
			}
			do(t, c.Clear())
			do(t, start(t, c, host.Limits{}).Initialize())
		})
	}
}

func TestLoading(t *testing.T) {
	c := build(t)
	do(t, c.Crash(faulty.Loading))
	_, err := host.Start(host.Spec{Path: c.Module}, host.Limits{}, nil)
	if e := (*host.EndedError)(nil); !errors.As(err, &e) || e.Call != "loading" {
		t.Errorf("a module that crashes while it is loaded: %v", err)
	}
	text := filepath.Join(t.TempDir(), "text.so")
	do(t, os.WriteFile(text, []byte("text"), 0o600))
	for path, want := range map[string]string{text: "file too short", "/nowhere/lib.so": "No such file"} {
		_, err := host.Start(host.Spec{Path: path}, host.Limits{}, nil)
		if e := (*host.LoadError)(nil); !errors.As(err, &e) || !strings.Contains(e.Reason, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err = host.Start(host.Spec{Path: libc(t)}, host.Limits{}, nil)
	if err == nil || !strings.Contains(err.Error(), "C_GetFunctionList") {
		t.Errorf("a library that is no module: %v", err)
	}
}

// libc is a library that is no PKCS#11 module.
func libc(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/lib/*/libm.so.6")
	if err != nil || len(found) == 0 {
		needPart(t, errors.New("no /lib/*/libm.so.6 here"))
	}
	return found[0]
}

// A call that does not come back is given up after the timeout, and told of before.
func TestModuleThatHangs(t *testing.T) {
	for _, function := range []string{faulty.Loading, "C_Initialize", "C_GetSlotList"} {
		t.Run(function, func(t *testing.T) {
			c := build(t)
			_, release, err := c.Block(function)
			do(t, err)
			defer release()
			waiting := make(chan string, 9)
			l := host.Limits{Slow: 1, Waiting: func(call string) { waiting <- call }}
			short := l
			short.Timeout = 50 * time.Millisecond
			if function == faulty.Loading {
				l.Timeout = 3 * time.Second // enough to start on a busy machine
			}
			p, err := host.Start(host.Spec{Path: c.Module}, l, nil)
			if err == nil {
				defer p.Close()
				if function == "C_Initialize" {
					p.SetLimits(short)
				}
				err = p.Initialize()
			}
			if err == nil {
				p.SetLimits(short)
				_, err = p.GetSlotList(true)
			}
			var e *host.TimeoutError
			if !errors.As(err, &e) || e.Call != function || !e.Timeout() {
				t.Fatalf("%v", err)
			}
			for call := <-waiting; call != function; call = <-waiting {
			}
		})
	}
}

// What a module prints corrupts nothing; it is passed on, once.
func TestModuleThatPrints(t *testing.T) {
	c := build(t)
	do(t, c.Print("C_GetSlotList", "hello \x1b[31m"))
	lines := make(chan string, 99)
	p, err := host.Start(host.Spec{Path: c.Module}, host.Limits{}, func(line string) { lines <- line })
	do(t, err)
	do(t, p.Initialize())
	for range 3 {
		ids, err := p.GetSlotList(true)
		if err != nil || len(ids) != 2 {
			t.Fatalf("%v, %v", ids, err)
		}
	}
	p.Close()
	if line := <-lines; line != "hello  [31m" {
		t.Errorf("%q", line)
	}
	if len(lines) > 0 {
		t.Errorf("passed on again: %q", <-lines)
	}
}

// What a module prints while it holds a PIN is not passed on.
func TestPrintedPIN(t *testing.T) {
	c := build(t)
	do(t, c.Print("C_Login", "the PIN is Cisco123"))
	do(t, c.Print("C_Logout", "good bye"))
	lines := make(chan string, 99)
	p, err := host.Start(host.Spec{Path: c.Module}, host.Limits{}, func(line string) { lines <- line })
	do(t, err)
	do(t, p.Initialize())
	ids, err := p.GetSlotList(true)
	do(t, err)
	s, err := p.OpenSession(ids[0], pkcs11.CKF_SERIAL_SESSION)
	do(t, err)
	pin := []byte("Cisco123")
	do(t, p.Login(s, pkcs11.CKU_USER, pin))
	do(t, p.Logout(s))
	p.Close()
	if line := <-lines; line != "good bye" || len(lines) > 0 {
		t.Errorf("passed on: %q and %d more", line, len(lines))
	}
}

// The module host can be read by nobody else, and has no secret in its environment.
func TestPrivacyOfTheProcess(t *testing.T) {
	t.Setenv("TEST_PIN", "Cisco123")
	t.Setenv("TEST_OTHER", "handed down")
	secret.Withhold("TEST_PIN")
	c := build(t)
	p, err := host.Start(host.Spec{Path: c.Module, Env: []string{"TEST_MORE=for this one"}}, host.Limits{}, nil)
	do(t, err)
	defer p.Close()
	dir := "/proc/" + strconv.Itoa(p.PID())
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no /proc here")
	}
	st, err := os.Stat(dir + "/mem")
	do(t, err)
	if owner := ownerOf(st); owner != 0 {
		t.Errorf("the memory belongs to user %d: the process can be dumped", owner)
	}
	if os.Getuid() != 0 {
		return // the kernel shows nothing of it to us
	}
	env, err := os.ReadFile(dir + "/environ")
	do(t, err)
	if bytes.Contains(env, []byte("Cisco123")) || !bytes.Contains(env, []byte("handed down")) || !bytes.Contains(env, []byte("for this one")) {
		t.Errorf("environment %q", env)
	}
}

// A person who tries the hidden argument is told what it is.
func TestByHand(t *testing.T) {
	exe, err := os.Executable()
	do(t, err)
	cmd := exec.Command(exe, host.Argument)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "started by the program itself") {
		t.Errorf("%v: %s", err, out)
	}
}

// The module host ends with the program, in whatever way that ends.
func TestEndsWithItsParent(t *testing.T) {
	c := build(t)
	exe, err := os.Executable()
	do(t, err)
	for _, hang := range []bool{false, true} {
		cmd := exec.Command(exe, "-test.run=^TestParent$")
		cmd.Env = append(os.Environ(), "HOST_TEST_MODULE="+c.Module)
		entered := func() error { return nil }
		if hang {
			cmd.Env = append(cmd.Env, "HOST_TEST_HANG=1")
			reached, release, err := c.Block("C_GetSlotList")
			do(t, err)
			defer release()
			entered = reached
		}
		out, err := cmd.StdoutPipe()
		do(t, err)
		do(t, cmd.Start())
		line := make([]byte, 64)
		n, err := out.Read(line)
		do(t, err)
		pid, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
		if err != nil {
			t.Fatalf("the parent said %q", line[:n])
		}
		do(t, entered())
		do(t, cmd.Process.Kill())
		_ = cmd.Wait() // killed
		waitGone(t, pid)
	}
}

// TestParent is the parent that is killed: it starts a module host and says which.
func TestParent(t *testing.T) {
	module := os.Getenv("HOST_TEST_MODULE")
	if module == "" {
		t.Skip("run by TestEndsWithItsParent")
	}
	p, err := host.Start(host.Spec{Path: module}, host.Limits{}, nil)
	do(t, err)
	os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n")
	if os.Getenv("HOST_TEST_HANG") != "" {
		p.Initialize()
		p.GetSlotList(true)
	}
	select {}
}

// Many processes at once do not get into each other's way.
func TestManyAtOnce(t *testing.T) {
	c := build(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p, err := host.Start(host.Spec{Path: c.Module}, host.Limits{}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			if err := p.Initialize(); err != nil {
				t.Error(err)
			}
			if ids, err := p.GetSlotList(true); err != nil || len(ids) != 2 {
				t.Errorf("%v, %v", ids, err)
			}
		})
	}
	wg.Wait()
}
