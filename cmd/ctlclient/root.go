package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/message"
	"ctlclient/token"
)

// bareRoot is the program's own command, without those below it.
func bareRoot(a *app) *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "ctlclient",
		Short: "Read, sign and distribute the trust list of a Cisco phone cluster",
		Long: `ctlclient reads hardware tokens, edits and signs the Certificate Trust List
(CTLFile.tlv) of a Cisco phone cluster, distributes it to every node, verifies what
the nodes serve, and says before it writes which phones will accept it.

Without a command it opens the desktop, if this build has one. With a file instead of a
command, the desktop shows the file. To see a whole job on a practice cluster:
ctlclient lab demo`,
		Example:           "  ctlclient lab demo\n  ctlclient file show CTLFile.tlv\n  ctlclient --profile hq cluster status",
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetContext(token.WithSettings(cmd.Context(), a.tokenSettings()))
			return a.start()
		},
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && isFile(args[0]) {
				return openDesktop(cmd.Context(), a, cmd, args[0])
			}
			if len(args) > 0 {
				return cmp.Or(noFile(args), unknownCommand(cmd, args[0]))
			}
			if version {
				a.printf("%s\n", versionText())
				return nil
			}
			return openDesktop(cmd.Context(), a, cmd, "")
		},
	}
	f := root.PersistentFlags()
	f.StringVar(&a.profile, "profile", "", "cluster profile, a `name` or a file")
	f.StringArrayVar(&a.modules, "module", nil, "PKCS#11 module, a `path`; repeatable (default: every module found)")
	f.StringVar(&a.pinSource, "pin-source", "prompt", "where a PIN comes from, a `source`: prompt, env:NAME, file:PATH or fd:N")
	f.BoolVar(&a.json, "json", false, "write one JSON object a line")
	f.BoolVarP(&a.yes, "yes", "y", false, "answer confirmations (never PIN or fingerprint questions)")
	f.BoolVar(&a.finalTry, "final-try", false, "permit the last PIN try of a token")
	f.StringVar(&a.stateDir, "state-dir", "", "`folder` of journals and kept identities (default: the user's state folder)")
	f.StringVar(&a.lang, "lang", "", "`language` of sentences: en or pt-BR (default: LC_MESSAGES, or the system's)")
	f.DurationVar(&a.timeout, "timeout", 0, "longest wait for one answer of a node or of a token's module, such as 30s")
	root.SetUsageFunc(a.usage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{msg: message.Phrase("%s", flagError(err)), hints: flagHints(cmd, err)}
	})
	// Cobra's own flag brings a template, and with it every method of every type.
	root.Flags().BoolVarP(&version, "version", "v", false, "version for ctlclient")
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = false
	return root
}

// isFile tells the file that a file manager opens the program with from the name of a command.
func isFile(arg string) bool {
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular()
}

// noFile is why the arguments are no file that can be shown; nil where they are meant for commands,
// whose names have neither dots nor slashes.
func noFile(args []string) error {
	if !strings.ContainsAny(args[0], `./\`) {
		return nil
	}
	if len(args) > 1 {
		return usagef("name one file, or a command before its files: ctlclient file diff OLD NEW", "only one file can be opened, and these are %d", len(args))
	}
	info, err := os.Stat(args[0])
	switch {
	case err == nil && info.IsDir():
		return usagef("name the file in it, such as CTLFile.tlv", "%s is a folder, not a file", args[0])
	case err == nil:
		return usagef("name a file, such as CTLFile.tlv", "%s is no ordinary file", args[0])
	case errors.Is(err, fs.ErrNotExist):
		return usagef("look whether the name is right, and whether the file was moved", "there is no file %s", args[0])
	}
	return usagef("look whether your account can read the file and its folder", "%s cannot be opened: %v", args[0], err)
}

// topCommand is a command below the root, made when it is needed.
type topCommand struct {
	name  string
	group string // heading of the help; empty: none
	make  func(*app) *cobra.Command
}

func topCommands() []topCommand {
	return []topCommand{
		{"cluster", "cluster", newClusterCommand}, {"update", "cluster", newUpdateCommand},
		{"migrate", "cluster", newMigrateCommand}, {"mode", "cluster", newModeCommand},
		{"recover", "cluster", newRecoverCommand},
		{"distribute", "cluster", newDistributeCommand}, {"trust", "cluster", newTrustCommand},
		{"history", "cluster", newHistoryCommand}, {"report", "cluster", newReportCommand},
		{"resume", "cluster", newResumeCommand}, {"rollback", "cluster", newRollbackCommand},
		{"phone", "before", newPhoneCommand}, {"tvs", "before", newTVSCommand}, {"advise", "before", newAdviseCommand},
		{"file", "files", newFileCommand}, {"token", "files", newTokenCommand},
		{"lab", "practice", newLabCommand},
		{"provider", "", newProviderCommand}, {"gui", "", newGUICommand}, {"man", "", newManCommand}, {"schema", "", newSchemaCommand}, {"version", "", newVersionCommand},
	}
}

// newRootCommand is the whole tree.
func newRootCommand(a *app) *cobra.Command {
	root := bareRoot(a)
	for _, g := range []struct{ id, title string }{
		{"cluster", "A cluster:"}, {"before", "Before a change:"}, {"files", "Files and tokens:"}, {"practice", "Practice:"},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
	}
	for _, t := range topCommands() {
		c := t.make(a)
		c.GroupID = t.group
		root.AddCommand(c)
	}
	return root
}

// rootFor is as much of the tree as the arguments ask for: a script that verifies a file in
// a few milliseconds must not wait for commands that it does not use.
func rootFor(a *app, args []string) *cobra.Command {
	root := bareRoot(a)
	name := firstWord(root, args)
	for _, t := range topCommands() {
		if t.name == name {
			root.AddCommand(t.make(a))
			return root
		}
	}
	return newRootCommand(a)
}

// firstWord is the first argument that is neither a global flag nor the value of one, empty
// when that cannot be told.
func firstWord(root *cobra.Command, args []string) string {
	for i := 0; i < len(args); i++ {
		name, long := strings.CutPrefix(args[i], "--")
		switch {
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		case args[i] == "-y":
			continue
		case !long:
			return ""
		}
		name, _, hasValue := strings.Cut(name, "=")
		f := root.PersistentFlags().Lookup(name)
		if f == nil {
			return ""
		}
		if !hasValue && f.NoOptDefVal == "" {
			i++ // its value
		}
	}
	return ""
}

// unknownCommand names what the person may have meant.
func unknownCommand(cmd *cobra.Command, name string) error {
	hint := message.Phrase("%s --help lists the commands", cmd.CommandPath())
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		hint = message.Phrase("did you mean %s %s?", cmd.CommandPath(), message.Either(near))
	}
	return usageWith(hint, "unknown command %q", cmd.CommandPath()+" "+name)
}

// group makes a command that only holds others.
func group(use, short, example string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use + " COMMAND", Short: short, Example: example,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	c.AddCommand(children...)
	return withExits(c, exitDone, exitUsage)
}

// withExits ends a command's help with its exit codes.
func withExits(c *cobra.Command, codes ...int) *cobra.Command {
	if !slices.Contains(codes, exitUsage) {
		codes = append(codes, exitUsage)
	}
	slices.Sort(codes)
	var b strings.Builder
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	b.WriteString(strings.TrimSpace(text) + "\n\nExit codes:\n")
	for _, code := range codes {
		fmt.Fprintf(&b, "  %3d  %s\n", code, exitText[code])
	}
	c.Long = strings.TrimRight(b.String(), "\n")
	return c
}

// jobExits are the exit codes of whatever changes a cluster.
func jobExits(c *cobra.Command) *cobra.Command {
	return withExits(c, exitDone, exitBad, exitUsage, exitUnreachable, exitToken, exitPartial, exitRefused, exitInterrupted)
}

// exactly is cobra.ExactArgs in the program's voice.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageOf(cmd, "%s is missing", names[len(args)])
		case len(args) > len(names):
			return usageOf(cmd, "%q is one argument too many", args[len(names)])
		}
		return nil
	}
}

// atLeastOne demands an argument, and takes more of its kind.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageOf(cmd, "%s is missing", name)
		}
		return nil
	}
}

// atMost allows up to n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usageOf(cmd, "%q is one argument too many", args[n])
		}
		return nil
	}
}
