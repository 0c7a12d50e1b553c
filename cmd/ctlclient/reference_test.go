package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var updateReference = flag.Bool("update-reference", false, "write docs/reference.md anew")

// TestReference holds docs/reference.md to the commands as they are.
func TestReference(t *testing.T) {
	const file = "../../docs/reference.md"
	var out bytes.Buffer
	root := newRootCommand(newApp(nil, &out, &out))
	root.InitDefaultHelpFlag()
	root.InitDefaultCompletionCmd()
	want := reference(root)
	if *updateReference {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/reference.md is not what the commands say; go test -tags nogui ./cmd/ctlclient -run TestReference -update-reference")
	}
}

// reference is every command in one page.
func reference(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Reference\n\nEvery command, made from the program itself; `ctlclient COMMAND --help` says the same. Flags that every\ncommand has are under [ctlclient](#ctlclient).\n")
	referenceOf(&b, root)
	return b.Bytes()
}

func referenceOf(b *bytes.Buffer, c *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
	if c.Runnable() {
		fmt.Fprintf(b, "\n    %s\n", c.UseLine())
	}
	text, codes, _ := strings.Cut(c.Long, "\n\nExit codes:\n")
	if text = strings.TrimSpace(text); text != "" && strings.TrimSuffix(text, ".") != strings.TrimSuffix(c.Short, ".") {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", text)
	}
	var rows []string
	c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
			usage += " (" + f.DefValue + ")"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s |\n", strings.ReplaceAll(name, "|", `\|`), strings.NewReplacer("|", `\|`, "<", `\<`).Replace(usage)))
	})
	if len(rows) > 0 {
		b.WriteString("\n| flag | meaning |\n| --- | --- |\n" + strings.Join(rows, ""))
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	if codes != "" {
		var list []string
		for line := range strings.Lines(codes) {
			code, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			list = append(list, code)
		}
		fmt.Fprintf(b, "\nExit codes: %s.\n", strings.Join(list, ", "))
	}
	if !c.HasParent() {
		b.WriteString("\n| exit code | meaning |\n| --- | --- |\n")
		for _, code := range []int{exitDone, exitBad, exitUsage, exitUnreachable, exitToken, exitPartial, exitRefused, exitInterrupted} {
			fmt.Fprintf(b, "| %d | %s |\n", code, exitText[code])
		}
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() && !child.IsAdditionalHelpTopicCommand() && child.Name() != "completion" && child.Name() != "gui" {
			referenceOf(b, child)
		}
	}
}
