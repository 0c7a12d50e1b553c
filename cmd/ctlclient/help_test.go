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
