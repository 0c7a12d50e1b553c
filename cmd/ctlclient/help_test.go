package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command's help has an example and its exit codes.
func TestHelp(t *testing.T) {
	a := newApp(strings.NewReader(""), io.Discard, io.Discard)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		if c.Name() == "help" || c.Name() == "completion" || c.Parent() != nil && c.Parent().Name() == "completion" || !c.HasParent() {
			return
		}
		if c.Example == "" {
			t.Errorf("%s: no example", c.CommandPath())
		}
		if !strings.Contains(c.Long, "Exit codes:") {
			t.Errorf("%s: no exit codes", c.CommandPath())
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short help %q", c.CommandPath(), c.Short)
		}
	}
	walk(newRootCommand(a))
}

func TestWrap(t *testing.T) {
	s := style{width: 40}
	got := s.wrap("one two three four five six seven eight", 10)
	for i, line := range strings.Split(got, "\n") {
		n := len(line)
		if i == 0 {
			n += 10
		}
		if n > 40 {
			t.Errorf("line %d is %d wide: %q", i, n, line)
		}
	}
	if strings.Join(strings.Fields(got), " ") != "one two three four five six seven eight" {
		t.Errorf("words were lost: %q", got)
	}
	if in := "long enough to be wrapped, but this is no terminal at all"; (style{}).wrap(in, 10) != in {
		t.Error("text was wrapped without a terminal")
	}
}

// Only what is asked for is made; what cannot be told gets the whole tree.
func TestRootFor(t *testing.T) {
	for line, want := range map[string]string{
		"file verify x":                            "file",
		"--json --profile hq file show x":          "file",
		"--profile=hq -y update --dry-run":         "update",
		"--module cluster --timeout 3s token list": "token",
		"help file":       "",
		"":                "",
		"--help":          "",
		"-h file":         "",
		"nonsense":        "",
		"__complete f":    "",
		"completion bash": "",
		"--profile":       "",
	} {
		root := rootFor(newApp(strings.NewReader(""), io.Discard, io.Discard), strings.Fields(line))
		got := ""
		if c := root.Commands(); len(c) == 1 {
			got = c[0].Name()
		}
		if got != want {
			t.Errorf("%q makes %q, want %q", line, got, want)
		}
	}
	all := newRootCommand(newApp(strings.NewReader(""), io.Discard, io.Discard))
	for _, top := range topCommands() {
		if c, _, err := all.Find([]string{top.name}); err != nil || c.Name() != top.name {
			t.Errorf("%s is made as %s: %v", top.name, c.Name(), err)
		}
	}
}
