//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
	"ctlclient/workflow"
)

// faultSite is a lab whose CTL the tokens SAST-1 and SAST-2 sign, and the module that
// makes them fail for the program.
type faultSite struct {
	*lab.Lab
	*faulty.Control
	t     *testing.T
	env   []string
	state string
}

func newFaultSite(t *testing.T, sp softhsm.Spec) *faultSite {
	t.Helper()
	needSoftHSM(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := softhsm.New(t.TempDir())
	do(err)
	sp.Label = "SAST-1"
	l, err := lab.Up(t.Context(), lab.Options{Dir: t.TempDir(), KeyBits: 1024, Nodes: 1, Phones: []lab.PhoneSpec{{Model: "8861"}}})
	do(err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, sp := range []softhsm.Spec{sp, {Label: "SAST-2"}} {
		tok, err := store.Create(sp)
		do(err)
		do(l.TrustCertificate(tok.Certificate))
	}
	c, err := faulty.Build(t.TempDir())
	if errors.Is(err, faulty.ErrNoCompiler) && os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "1" {
		t.Skip(err)
	}
	do(err)
	home := t.TempDir()
	s := &faultSite{Lab: l, Control: c, t: t, state: filepath.Join(home, "state"), env: append(os.Environ(),
		"HOME="+home, "XDG_STATE_HOME="+filepath.Join(home, "state"), "XDG_CONFIG_HOME="+filepath.Join(home, "config"),
		"SOFTHSM2_CONF="+store.Conf(), "PIN="+softhsm.DefaultPIN, "WRONG=not-the-PIN", "NO_COLOR=1")}
	s.exits(0, "PIN", "migrate", "to-tokens", "--token", "pkcs11:token=SAST-1", "--token", "pkcs11:token=SAST-2", "--sign-with", "pkcs11:token=SAST-2")
	_, err = l.RestartPhones(t.Context())
	do(err)
	do(c.ForgetLogins())
	return s
}

// exits runs the program and returns what it said on standard error.
func (s *faultSite) exits(want int, pin string, args ...string) string {
	s.t.Helper()
	all := append([]string{"--profile", s.Profile, "--module", s.Module, "--pin-source", "env:" + pin, "--yes"}, args...)
	c := exec.CommandContext(s.t.Context(), "ctlclient", all...)
	c.Env = s.env
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != want {
		s.t.Fatalf("exit %d, want %d\n%s%s", got, want, out.String(), errOut.String())
	}
	return errOut.String()
}

func (s *faultSite) update(want int, pin, label string, more ...string) string {
	s.t.Helper()
	return s.exits(want, pin, append([]string{"update", "--sign-with", "pkcs11:token=" + label}, more...)...)
}

// files is what nodes serve and what the program keeps.
func (s *faultSite) files() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	dirs := []string{s.state}
	for _, n := range s.Nodes {
		dirs = append(dirs, n.Folder)
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			all[path] = string(data)
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// A token that fails is exit 4 with a hint, as many logins as PINs that were entered,
// and a cluster that is, byte for byte, what it was; the other token takes over.
func TestFailingTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		spec   softhsm.Spec
		harm   func(*faulty.Control) error
		pin    string
		flags  []string
		logins int
		passes bool // the fault is over when the other token is taken
		says   []string
	}{
		{name: "pulled out in the middle of a signature", harm: func(c *faulty.Control) error { return c.Pull("C_Sign", "SAST-1") }, logins: 1},
		{name: "absent", harm: func(c *faulty.Control) error { return c.Absent("SAST-1") }, says: []string{"tokens present"}},
		{name: "session lost", harm: func(c *faulty.Control) error { return c.Fail("C_Sign", 0xB3) }, logins: 1, passes: true},
		{name: "wrong PIN", pin: "WRONG", harm: func(c *faulty.Control) error { return c.Tries("SAST-1", 15, 15) }, logins: 1, says: []string{"PIN"}},
		{name: "final try", harm: func(c *faulty.Control) error { return c.Tries("SAST-1", 15, 1) }, says: []string{"--final-try"}},
		{name: "final try, wrong", pin: "WRONG", flags: []string{"--final-try"}, harm: func(c *faulty.Control) error { return c.Tries("SAST-1", 15, 1) }, logins: 1, says: []string{"locked"}},
		{name: "locked", flags: []string{"--final-try"}, harm: func(c *faulty.Control) error { return c.Tries("SAST-1", 15, 0) }, says: []string{"locked"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFaultSite(t, c.spec)
			if err := c.harm(s.Control); err != nil {
				t.Fatal(err)
			}
			before := s.files()
			pin := c.pin
			if pin == "" {
				pin = "PIN"
			}
			said := s.update(exitToken, pin, "SAST-1", c.flags...)
			if !strings.Contains(said, "error: ") || !strings.Contains(said, "hint: ") {
				t.Errorf("said:\n%s", said)
			}
			for _, w := range c.says {
				if !strings.Contains(said, w) {
					t.Errorf("no %q in:\n%s", w, said)
				}
			}
			if c.name != "absent" && !strings.Contains(said, "✗ signing with SAST-ADN") {
				t.Errorf("the step that failed is not named:\n%s", said)
			}
			if strings.Contains(said, "not-the-PIN") || strings.Contains(said, softhsm.DefaultPIN) {
				t.Errorf("the PIN was printed:\n%s", said)
			}
			if after := s.files(); !maps.Equal(before, after) {
				t.Error("files were changed")
			}
			logins, err := s.Logins()
			if err != nil || len(logins) != c.logins {
				t.Errorf("%d attempts reached the token, not %d: %+v, %v", len(logins), c.logins, logins, err)
			}
			if c.passes {
				if err := s.Clear(); err != nil {
					t.Fatal(err)
				}
			}
			s.update(exitDone, "PIN", "SAST-2")
		})
	}
}

func TestFinalTryFlag(t *testing.T) {
	s := newFaultSite(t, softhsm.Spec{})
	if err := s.Tries("SAST-1", 15, 1); err != nil {
		t.Fatal(err)
	}
	s.update(exitDone, "PIN", "SAST-1", "--final-try")
	if left, err := s.TriesLeft("SAST-1"); err != nil || left != 15 {
		t.Errorf("%d tries left, %v", left, err)
	}
}

// A key that wants the PIN for each signature gets it twice: login and signature.
func TestPINForEachSignature(t *testing.T) {
	s := newFaultSite(t, softhsm.Spec{AlwaysAuthenticate: true})
	s.update(exitDone, "PIN", "SAST-1")
	logins, err := s.Logins()
	if err != nil || len(logins) != 2 || logins[1].User != 2 {
		t.Errorf("logins %+v, %v", logins, err)
	}
}

// What a job says while a token is waited for is seen, in text and as JSON.
func TestWaitingForATokenIsTold(t *testing.T) {
	e := workflow.Event{Type: workflow.EventInfo, Step: "sign", State: "waiting", Message: "waiting for SAST-1: it may have to be touched"}
	for _, json := range []bool{false, true} {
		var out, errOut bytes.Buffer
		a := newApp(nil, &out, &errOut)
		a.json = json
		if err := a.start(); err != nil {
			t.Fatal(err)
		}
		a.ui.Event(workflow.Event{Type: workflow.EventStep, Step: "sign", State: "start", Message: "signing with SAST-1"})
		a.ui.Event(e)
		a.ui.flush()
		if said := fmt.Sprint(out.String(), errOut.String()); !strings.Contains(said, e.Message) {
			t.Errorf("json %t: %q", json, said)
		}
	}
}
