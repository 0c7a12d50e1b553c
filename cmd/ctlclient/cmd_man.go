package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newManCommand(a *app) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "man --dir DIR",
		Short:   "Write the manual pages",
		Long:    "Write a manual page for every command.",
		Example: "  ctlclient man --dir /usr/local/share/man/man1",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runMan(a, dir) },
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` to write to; made if missing")
	return withExits(c, exitDone, exitUsage)
}

func runMan(a *app, dir string) error {
	if dir == "" {
		return usagef("name the folder: --dir DIR", "--dir is missing")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return plainPath(err)
	}
	// For another app: the flags of a new tree would put this one's back to their defaults.
	root := newRootCommand(newApp(a.in, a.out, a.err))
	root.InitDefaultCompletionCmd()
	if err := writeMan(root, dir); err != nil {
		return plainPath(err)
	}
	if a.json {
		return a.result(map[string]any{"dir": dir})
	}
	a.printf("%s\n", dir)
	return nil
}

// writeMan writes the page of a command and of all below it. Pages have no date: the same
// program writes the same bytes.
func writeMan(c *cobra.Command, dir string) error {
	for _, child := range c.Commands() {
		if !child.IsAvailableCommand() || child.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writeMan(child, dir); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, manName(c)+".1"), manPage(c), 0o644)
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manPage is a command's page in man(7)'s language.
func manPage(c *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %q 1 \"\" ctlclient\n", strings.ToUpper(manName(c)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(c)), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	text, codes, _ := strings.Cut(c.Long, "\n\nExit codes:\n")
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		fmt.Fprintf(&b, "%s\n", roff(paragraph))
	}
	c.InitDefaultHelpFlag()
	manFlags(&b, "OPTIONS", c.NonInheritedFlags())
	manFlags(&b, "GLOBAL OPTIONS", c.InheritedFlags())
	if codes != "" {
		b.WriteString(".SH EXIT STATUS\n")
		for line := range strings.Lines(codes) {
			code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
			fmt.Fprintf(&b, ".TP\n%s\n%s\n", code, roff(strings.TrimSpace(meaning)))
		}
	}
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	var also []string
	if c.HasParent() {
		also = append(also, manName(c.Parent()))
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() && !child.IsAdditionalHelpTopicCommand() {
			also = append(also, manName(child))
		}
	}
	if len(also) > 0 {
		b.WriteString(".SH SEE ALSO\n")
		for i, name := range also {
			comma := ","
			if i == len(also)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(name), comma)
		}
	}
	return b.Bytes()
}

func manFlags(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		switch f.DefValue {
		case "", "[]", "false", "0", "0s":
		default:
			if !strings.Contains(usage, "default") {
				usage += " (default: " + f.DefValue + ")"
			}
		}
		fmt.Fprintf(b, "\n%s\n", roff(usage))
	})
}

// roff makes text mean itself: backslashes, hyphens that are to be copied, and lines that
// would be taken for requests.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
