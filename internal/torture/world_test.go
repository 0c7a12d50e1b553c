//go:build linux

package torture

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ctlclient/lab/control"
	"ctlclient/softhsm"
)

// pin is of the tokens here; unlike the one that tokens are delivered with, it stands in
// no text of the program's own.
const pin = "torture-7f1d-pin"

// kinds of practice cluster: a CTL Provider on each node and an alternate TFTP server over
// SFTP, or as Cisco ships it.
var kinds = []string{"ctlp", "cucm"}

// The states that a run starts from.
const (
	tokenless = "tokenless" // mixed mode, signed by the publisher
	tokens    = "tokens"    // mixed mode, signed by a token
	open      = "open"      // non-secure mode, signed by a token
	bare      = "bare"      // non-secure mode, no CTL at all
)

// world is what runs have in common: the program, tokens, and clusters to copy.
type world struct {
	dir, bin, module string
	sshd             string // OpenSSH's server; "": none
	env              []string
	spare            map[string]string // by kind: a signed list to distribute
}

// programOf builds the program once.
func programOf(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "ctlclient")
	build := exec.Command("go", "build", "-trimpath", "-tags", "nogui", "-o", bin, "../../cmd/ctlclient")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// tokensOf makes the tokens, once: a PKCS#11 module belongs to a whole process.
func tokensOf(t *testing.T) (module, conf string) {
	t.Helper()
	module, err := softhsm.ModulePath()
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Setenv("SOFTHSM2_CONF", "") // the store sets it
	s, err := softhsm.New(filepath.Join(t.TempDir(), "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"SAST-1", "SAST-2", "SAST-3"} {
		if _, err := s.Create(softhsm.Spec{Label: label, CN: label, PIN: pin}); err != nil {
			t.Fatal(err)
		}
	}
	return module, s.Conf()
}

func newWorld(t *testing.T, bin, module, conf string) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), bin: bin, module: module, spare: map[string]string{}}
	w.env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "SOFTHSM2_CONF=") }),
		"SOFTHSM2_CONF="+conf, "PIN="+pin, "XDG_STATE_HOME="+filepath.Join(w.dir, "xdg"), "XDG_CONFIG_HOME="+filepath.Join(w.dir, "xdg"),
		"XDG_DATA_HOME="+filepath.Join(w.dir, "xdg"), "LC_ALL=C", "NO_COLOR=1")
	w.must(t, "--module", module, "token", "export", "--all", "--dir", filepath.Join(w.dir, "certs"))
	for _, kind := range kinds {
		w.make(t, kind)
	}
	return w
}

func (w *world) cert(label string) string { return filepath.Join(w.dir, "certs", label+".cer") }

func (w *world) must(t *testing.T, args ...string) {
	t.Helper()
	c := exec.Command(w.bin, args...)
	c.Env = w.env
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("ctlclient %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// make makes the clusters of a kind, one for each state.
func (w *world) make(t *testing.T, kind string) {
	t.Helper()
	dir := filepath.Join(w.dir, "making-"+kind)
	token1, token2 := "pkcs11:token=SAST-1", "pkcs11:token=SAST-2"
	w.spare[kind] = filepath.Join(w.dir, kind+"-spare.tlv")
	for _, step := range []struct {
		state string
		jobs  [][]string
	}{
		{tokenless, nil},
		{tokens, [][]string{
			{"migrate", "to-tokens", "--accept-loss", "--token", token1, "--token", token2, "--sign-with", token1},
			{"update", "--accept-loss", "--sign-with", token2, "--out", w.spare[kind]}}},
		{open, [][]string{{"mode", "non-secure", "--accept-loss", "--sign-with", token1}}},
		{bare, nil},
	} {
		args := []string{"--key-bits", "1024"}
		if kind == "cucm" {
			args = append(args, "--cucm")
		}
		if step.state == bare {
			args = append(args, "--fresh", "--non-secure")
		}
		l, err := startLab(w, dir, args...)
		if err != nil {
			t.Fatal(err)
		}
		if step.jobs == nil {
			w.trust(t, dir)
		}
		for _, job := range step.jobs {
			w.must(t, append([]string{"--profile", filepath.Join(dir, "lab.toml"), "--state-dir", filepath.Join(w.dir, "made"), "--yes",
				"--module", w.module, "--pin-source", "env:PIN"}, job...)...)
		}
		if err := l.end(); err != nil {
			t.Fatal(err)
		}
		copyFolder(t, dir, w.template(kind, step.state))
	}
}

func (w *world) template(kind, state string) string {
	return filepath.Join(w.dir, kind+"-"+state)
}

func (w *world) trust(t *testing.T, dir string) {
	t.Helper()
	r, err := control.Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, label := range []string{"SAST-1", "SAST-2"} {
		der, err := os.ReadFile(w.cert(label))
		if err == nil {
			err = r.TrustCertificate(der)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// cluster is a practice cluster that runs as a process.
type cluster struct {
	dir     string
	process *os.Process
	done    chan error
	said    *tap
}

// labWait bounds the start of a cluster on a machine with much to do.
const labWait = 2 * time.Minute

// startLab starts the practice cluster of a folder, and is back when it runs.
func startLab(w *world, dir string, more ...string) (*cluster, error) {
	c := exec.Command(w.bin, append([]string{"lab", "up", "--dir", dir}, more...)...)
	c.Env = w.env
	up := make(chan struct{})
	said := &tap{at: func(_ int, all string) {
		if strings.Contains(all, "Ctrl+C ends it") {
			select {
			case <-up:
			default:
				close(up)
			}
		}
	}}
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		return nil, err
	}
	l := &cluster{dir: dir, process: c.Process, done: make(chan error, 1), said: said}
	go func() { l.done <- c.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), labWait)
	defer cancel()
	select {
	case <-up:
		return l, nil
	case err := <-l.done:
		return nil, fmt.Errorf("lab up ended: %v: %s", err, said)
	case <-ctx.Done():
		_ = c.Process.Kill()
		return nil, fmt.Errorf("lab up: %w: %s", ctx.Err(), said)
	}
}

// end ends it; a cluster that is frozen is killed.
func (l *cluster) end() error {
	if err := l.process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("it ended by itself: %w (%v)", err, <-l.done)
	}
	select {
	case err := <-l.done:
		return err
	case <-time.After(20 * time.Second):
		_ = l.process.Kill()
		<-l.done
		return fmt.Errorf("the practice cluster in %s did not end", l.dir)
	}
}
