package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ctlclient/message"
)

// helpWidth is how wide a paragraph of help is that is not written line by line, in columns.
const helpWidth = 88

// wordHelp puts the help of a command, and of all below it, into the person's language.
func (a *app) wordHelp(root *cobra.Command) {
	if a.language() == nil {
		return
	}
	root.InitDefaultHelpCmd()
	if root.HasSubCommands() {
		root.InitDefaultCompletionCmd()
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.Short, c.Long, c.Example = a.word(c.Short), a.wordText(c.Long), a.wordComments(c.Example)
		for _, g := range c.Groups() {
			g.Title = a.word(g.Title)
		}
		word := func(f *pflag.Flag) {
			if f.Name == "help" {
				f.Usage = a.say("help for %s", c.Name())
				return
			}
			f.Usage = a.word(f.Usage)
		}
		c.PersistentFlags().VisitAll(word)
		c.LocalNonPersistentFlags().VisitAll(word)
		for _, below := range c.Commands() {
			walk(below)
		}
		if !c.DisableFlagsInUseLine && c.HasAvailableFlags() {
			c.Use, c.DisableFlagsInUseLine = c.Use+" "+a.say("[flags]"), true
		}
	}
	walk(root)
}

// wordText words a help text by its paragraphs: each is a phrase without its line ends, and
// is filled anew; one that is laid out by hand is a phrase as it stands, or, in a list of
// words and their meanings, each meaning is.
func (a *app) wordText(text string) string {
	if text == "" {
		return ""
	}
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = a.wordParagraph(p)
	}
	return strings.Join(paragraphs, "\n\n")
}

// meaning is a line of a list of words and their meanings.
var meaning = regexp.MustCompile(`^( +\S+ +)(\S.*)$`)

func (a *app) wordParagraph(p string) string {
	if key := paragraphKey(p); key != "" {
		text := a.word(key)
		if short := strings.TrimSuffix(key, "."); text == key { // as withExits makes one of Short
			if text = a.word(short); text == short {
				return p
			}
			text += "."
		}
		return style{width: helpWidth}.wrap(text, 0)
	}
	if text := a.word(p); text != p {
		return text
	}
	lines := strings.Split(p, "\n")
	for i, l := range lines {
		if m := meaning.FindStringSubmatch(l); m != nil {
			lines[i] = m[1] + a.word(m[2])
		} else {
			lines[i] = a.word(l)
		}
	}
	return strings.Join(lines, "\n")
}

// paragraphKey is the key of a paragraph that is filled, empty for one laid out by hand.
func paragraphKey(p string) string {
	if strings.HasPrefix(p, " ") || strings.HasPrefix(p, "\t") || strings.Contains(p, "\n ") || strings.Contains(p, "\n\t") {
		return ""
	}
	return strings.Join(strings.Fields(p), " ")
}

// wordComments words what stands behind a # in an example.
func (a *app) wordComments(example string) string {
	lines := strings.Split(example, "\n")
	for i, l := range lines {
		if command, comment, found := strings.Cut(l, " # "); found {
			lines[i] = command + " # " + a.word(comment)
		}
	}
	return strings.Join(lines, "\n")
}

// usage is how a command is called, what is below it and which flags there are.
func (a *app) usage(c *cobra.Command) error {
	var b strings.Builder
	b.WriteString(a.say("Usage:"))
	if c.Runnable() {
		b.WriteString("\n  " + c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		b.WriteString(a.say("\n  %s [command]", c.CommandPath()))
	}
	if c.HasExample() {
		b.WriteString("\n\n" + a.say("Examples:") + "\n" + c.Example)
	}
	a.listCommands(&b, c)
	for _, part := range []struct {
		title string
		flags *pflag.FlagSet
	}{{a.say("Flags:"), c.LocalFlags()}, {a.say("Global Flags:"), c.InheritedFlags()}} {
		if part.flags.HasAvailableFlags() {
			b.WriteString("\n\n" + part.title + "\n" + a.flagLines(part.flags))
		}
	}
	if c.HasAvailableSubCommands() {
		b.WriteString("\n\n" + a.say("Use \"%s [command] --help\" for more information about a command.", c.CommandPath()))
	}
	_, err := fmt.Fprintln(c.OutOrStderr(), b.String())
	return err
}

// listCommands lists what is below a command, by group.
func (a *app) listCommands(b *strings.Builder, c *cobra.Command) {
	titles := map[string]string{}
	var order []string
	for _, g := range c.Groups() {
		titles[g.ID], order = g.Title, append(order, g.ID)
	}
	titles[""] = a.say("Available Commands:")
	if len(order) > 0 {
		titles[""] = a.say("Additional Commands:")
	}
	for _, id := range append(order, "") {
		head := "\n\n" + titles[id]
		for _, below := range c.Commands() {
			if below.GroupID == id && (below.IsAvailableCommand() || below.Name() == "help") {
				b.WriteString(head + "\n  " + pad(below.Name(), below.NamePadding()) + " " + below.Short)
				head = ""
			}
		}
	}
}

// flagLines lists flags, a line each.
func (a *app) flagLines(flags *pflag.FlagSet) string {
	var names, usages []string
	width := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		name := "      --" + f.Name
		if f.Shorthand != "" {
			name = "  -" + f.Shorthand + ", --" + f.Name
		}
		value, usage := pflag.UnquoteUsage(f)
		if value != "" {
			name += " " + a.word(value)
		}
		if !slices.Contains([]string{"", "0", "0s", "false", "[]"}, f.DefValue) {
			shown := f.DefValue
			if f.Value.Type() == "string" {
				shown = `"` + shown + `"` // not %q, which doubles what parts the folders of Windows
			}
			usage += a.say(" (default %s)", shown)
		}
		names, usages = append(names, name), append(usages, usage)
		width = max(width, utf8.RuneCountInString(name))
	})
	for i := range names {
		names[i] = strings.TrimRight(pad(names[i], width)+"   "+usages[i], " ")
	}
	return strings.Join(names, "\n")
}

// flagError is an error of a flag. What Go's parsers say of a value tells nothing more.
func flagError(err error) message.Message {
	var (
		unknown *pflag.NotExistError
		bare    *pflag.ValueRequiredError
		value   *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return message.Phrase("unknown shorthand flag: %q in -%s", unknown.GetSpecifiedName()[0], unknown.GetSpecifiedShortnames())
	case errors.As(err, &unknown):
		return message.Phrase("unknown flag: --%s", unknown.GetSpecifiedName())
	case errors.As(err, &bare) && bare.GetSpecifiedShortnames() != "":
		return message.Phrase("flag needs an argument: %q in -%s", bare.GetSpecifiedName()[0], bare.GetSpecifiedShortnames())
	case errors.As(err, &bare):
		return message.Phrase("flag needs an argument: --%s", bare.GetSpecifiedName())
	case errors.As(err, &value):
		return message.Phrase("invalid argument %q for %q flag", value.GetValue(), "--"+value.GetFlag().Name)
	case errors.As(err, &syntax):
		return message.Phrase("bad flag syntax: %s", syntax.GetSpecifiedFlag())
	}
	return message.Words(strings.TrimSpace(err.Error()))
}

// flagHints say how a flag is given.
func flagHints(cmd *cobra.Command, err error) []message.Message {
	hints := []message.Message{message.Phrase("%s --help tells what there is", cmd.CommandPath())}
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &value) && value.GetFlag().Value.Type() == "duration":
		hints = slices.Insert(hints, 0, message.Words("give a number with its unit, such as 30s or 10m"))
	case errors.As(err, &unknown) && !cmd.HasParent() && someHas(cmd.Commands(), unknown.GetSpecifiedName()):
		hints = slices.Insert(hints, 0, message.Words("the flags of a command come after its name"))
	}
	return hints
}

// someHas says whether one of the commands, or of those below them, has a flag.
func someHas(commands []*cobra.Command, flag string) bool {
	return slices.ContainsFunc(commands, func(c *cobra.Command) bool {
		return c.Flags().Lookup(flag) != nil || someHas(c.Commands(), flag)
	})
}
