//go:build linux

package wine

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/internal/xvfb"
)

var (
	programs = flag.String("programs", "", "the folder of ctlclient.exe and ctlclient-desktop.exe")
	msi      = flag.String("msi", "", "the installer")
	screens  = flag.String("screens", "", "write a picture of every window into this folder")
)

// patience is how long a program may take before the test fails.
const patience = time.Minute

// machine is a Windows installation of the tests' own.
var machine struct {
	dir string // its Unix home; C: is dir/prefix/drive_c
	env []string
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if *programs == "" && *msi == "" {
			return m.Run() // all are skipped
		}
		if _, err := exec.LookPath("wine"); err != nil && os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "1" {
			return m.Run()
		}
		end, err := install()
		defer end()
		if err != nil {
			fmt.Fprintln(os.Stderr, "no Wine:", err)
			return 1
		}
		return m.Run()
	}())
}

// install makes the machine. end stops what runs on it and removes it.
func install() (end func(), err error) {
	end = func() {}
	dir, err := os.MkdirTemp("", "wine-")
	if err != nil {
		return end, err
	}
	machine.dir = dir
	machine.env = append(os.Environ(), "HOME="+dir, "WINEPREFIX="+filepath.Join(dir, "prefix"), "WINEARCH=win64", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml,uiautomationcore=", "LC_ALL=C.UTF-8", "LIBGL_ALWAYS_SOFTWARE=1", "FYNE_SCALE=1", "FYNE_THEME=light", "DISPLAY=")
	end = func() {
		_ = tool("wineserver", "-k").Run() // of this prefix alone
		_ = tool("wineserver", "-w").Run()
		_ = os.RemoveAll(dir)
	}
	system := filepath.Join(c(), "windows", "system32")
	for _, command := range [][]string{
		{"wineboot", "-i"},
		{"x86_64-w64-mingw32-gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-o", filepath.Join(system, "bcryptprimitives.dll"), "testdata/prng.c", "-ladvapi32"},
		{"x86_64-w64-mingw32-gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-municode", "-mwindows", "-o", filepath.Join(c(), "explorer.exe"), "testdata/explorer.c"},
	} {
		cmd := tool(command[0], command[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return end, fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
		}
	}
	return end, nil
}

func tool(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = machine.env
	return cmd
}

// c is drive C: as Unix sees it.
func c() string { return filepath.Join(machine.dir, "prefix", "drive_c") }

// windows is a Unix path as a Windows program sees it.
func windows(path string) string { return `Z:` + strings.ReplaceAll(path, "/", `\`) }

func need(t *testing.T) {
	t.Helper()
	if *programs == "" {
		t.Skip("scripts/test builds the Windows programs for this test, and names their folder by -programs")
	}
	xvfb.Need(t, "wine", "x86_64-w64-mingw32-gcc")
}

// folder is an empty one on the machine, with letters in its name that no code page has together.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "São Paulo 電話 Ω")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run starts a Windows program and waits for its end.
func run(t *testing.T, dir, program string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wine", append([]string{program}, args...)...)
	cmd.Env, cmd.Dir = machine.env, dir
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, &out, &complaints)
	}
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}

// ctlclient runs the headless program and demands an exit code and words.
func ctlclient(t *testing.T, dir string, code int, says string, args ...string) string {
	t.Helper()
	out, complaints, got := run(t, dir, filepath.Join(*programs, "ctlclient.exe"), args...)
	if got != code || !strings.Contains(out+complaints, says) {
		t.Fatalf("ctlclient.exe %q: exit code %d, want %d and %q\n%s%s", args, got, code, says, out, complaints)
	}
	return out
}
