package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// A file in a command that is printed can be pasted into a shell, also where its folder has the name
// of a person.
func TestTyped(t *testing.T) {
	for _, test := range []struct{ path, system, want string }{
		{"/home/ana/lab", "linux", "/home/ana/lab"}, {"/home/ana maria/lab", "linux", "'/home/ana maria/lab'"},
		{`C:\Users\Ana\lab`, "windows", `C:\Users\Ana\lab`}, {`C:\Users\Ana Maria\lab`, "windows", `"C:\Users\Ana Maria\lab"`},
	} {
		if got := typed(test.path, test.system); got != test.want {
			t.Errorf("%s: %s, not %s", test.system, got, test.want)
		}
	}
}

// The demo's last words can be pasted into a shell of Windows.
func TestDemoOnWindows(t *testing.T) {
	if got := onLines(demoOnOwn, "windows"); strings.Contains(got, "\\") || strings.Count(got, "\n") != 3 {
		t.Error(got)
	}
	if got := onLines(demoOnOwn, "linux"); got != demoOnOwn {
		t.Error(got)
	}
}

// Windows has no SIGHUP: there the help of the service says what to do instead.
func TestProviderOnWindows(t *testing.T) {
	for system, hangs := range map[string]bool{"linux": true, "windows": false} {
		if text := providerRuns(system); strings.Contains(text, "SIGHUP") != hangs || !strings.HasPrefix(text, "It runs until interrupted.") {
			t.Errorf("%s: %s", system, text)
		}
	}
}

// unixHelp is what only Unix has: a place, a unit of systemd, a manual page, a manager of packages, a
// command of its shell, a line that goes on in the next one.
var unixHelp = regexp.MustCompile(`\\\n|\\var\\|(?m:(?:^|[\s:=` + "`" + `"'(])/(?:var|usr|etc|run|opt|dev|lib|home|tmp)/)|\b(?:apt|apt-get|dnf|sudo|chmod|chown|systemctl|systemd)\b|\bexport [A-Z_0-9]+=|\.so\b|provider unit|ctlclient man\b`)

// No help on Windows goes on in the next line with a backslash or names what only Unix has.
func TestHelpOnWindows(t *testing.T) {
	for _, lang := range []string{"en", "pt-BR"} {
		var out bytes.Buffer
		a := newApp(nil, io.Discard, io.Discard)
		root := newRootCommand(a)
		a.readLanguage([]string{"--lang", lang})
		a.wordHelp(root)
		fitHelp(root, "windows")
		root.SetOut(&out)
		pages := 0
		var look func(*cobra.Command)
		look = func(c *cobra.Command) {
			for _, below := range c.Commands() {
				if below.IsAvailableCommand() && below.Name() != "completion" {
					look(below)
				}
			}
			pages++
			out.Reset()
			if err := c.Help(); err != nil {
				t.Fatal(err)
			}
			if unix := unixHelp.FindString(out.String()); unix != "" {
				t.Errorf("%s, %s: %q in\n%s", lang, c.CommandPath(), unix, out.String())
			}
			if strings.Contains(c.Example, "'") {
				t.Errorf("%s, %s: cmd.exe knows no single quotes: %s", lang, c.CommandPath(), c.Example)
			}
		}
		look(root)
		if pages < 40 {
			t.Errorf("only %d pages were looked at", pages)
		}
		init, _, err := root.Find([]string{"provider", "init"})
		if err != nil {
			t.Fatal(err)
		}
		if got := init.Flags().Lookup("folder").Value.String(); got != `C:\TFTP-Root` {
			t.Errorf("the folder that is shown is not the one that is used: %s", got)
		}
	}
}
