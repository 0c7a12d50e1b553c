package main

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var (
	boldName = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
)

// What docs/cisco-client.md calls ours is there: the names in bold are texts of the window, the
// commands and their flags those of the command line.
func TestCiscoClientNames(t *testing.T) {
	page, err := os.ReadFile("../../docs/cisco-client.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := windowTexts(t)
	names, commands := 0, 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		for _, m := range boldName.FindAllStringSubmatch(line, -1) {
			if names++; !texts[m[1]] && m[1] != "bold" {
				t.Errorf("the window has nothing called %q", m[1])
			}
		}
		if len(cells) < 5 {
			continue
		}
		for _, m := range codeSpan.FindAllStringSubmatch(cells[len(cells)-2], -1) {
			commands++
			if wrong := notThere(m[1]); wrong != "" {
				t.Errorf("`%s`: %s", m[1], wrong)
			}
		}
	}
	if names < 25 || commands < 25 {
		t.Errorf("the page names %d texts and %d commands: is it read as it is written?", names, commands)
	}
}

// windowTexts are the English texts of the window, without the three dots of buttons that ask
// for more.
func windowTexts(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("../../gui/translations/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, v := range all {
		if s, ok := v.(string); ok {
			texts[strings.TrimSuffix(s, "…")] = true
		}
	}
	return texts
}

// notThere says what of a command does not exist, empty where all does. A flag by itself is one
// of any command.
func notThere(text string) string {
	words := strings.Fields(text)
	root := newRootCommand(newApp(strings.NewReader(""), io.Discard, io.Discard))
	if name, ok := strings.CutPrefix(words[0], "--"); ok {
		if name != "help" && !anyHas(root, name) {
			return "no command has this flag"
		}
		return ""
	}
	c, rest, err := root.Find(words)
	if err != nil || c == root {
		return "no command"
	}
	for _, word := range rest {
		if name, ok := strings.CutPrefix(word, "--"); ok && c.Flag(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			return "no flag --" + name
		}
	}
	return ""
}

func anyHas(c *cobra.Command, flag string) bool {
	return c.Flag(flag) != nil || slices.ContainsFunc(c.Commands(), func(below *cobra.Command) bool { return anyHas(below, flag) })
}
