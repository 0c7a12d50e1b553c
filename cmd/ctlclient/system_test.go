package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// No example on Windows is continued with a backslash or names a place of Unix; a unit of systemd
// and manual pages are not for Windows.
func TestExamplesOnWindows(t *testing.T) {
	root := newRootCommand(newApp(nil, io.Discard, io.Discard))
	fitExamples(root, "windows")
	examples := 0
	var look func(*cobra.Command)
	look = func(c *cobra.Command) {
		for _, below := range c.Commands() {
			look(below)
		}
		if c.Example == "" || c.CommandPath() == "ctlclient provider unit" || c.CommandPath() == "ctlclient man" {
			return
		}
		examples++
		for _, unix := range []string{"\\\n", "/var/", "/usr/", "/etc/", "apt ", "systemctl"} {
			if strings.Contains(c.Example, unix) {
				t.Errorf("%s: %q in\n%s", c.CommandPath(), unix, c.Example)
			}
		}
	}
	look(root)
	if examples < 20 {
		t.Errorf("only %d examples were looked at", examples)
	}
}
