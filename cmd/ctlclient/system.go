package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// continued is where a Unix shell goes on in the next line; shells of Windows do it in ways of
// their own, so that there a command is one line.
var continued = regexp.MustCompile(`[ \t]*\\\n[ \t]*`)

// places are those that an example names, and what stands for them on Windows.
var places = []struct {
	unix    *regexp.Regexp
	windows string
}{
	{regexp.MustCompile(`[/\\]var[/\\]lib[/\\]ctlclient-provider[/\\]provider\.toml`), `C:\ProgramData\ctlclient\provider.toml`},
	{regexp.MustCompile(`[/\\]var[/\\]lib[/\\]tftpboot`), `C:\TFTP-Root`},
	{regexp.MustCompile(`/run/secrets/ctlp`), `C:\ProgramData\ctlclient\ctlp.txt`},
	{regexp.MustCompile(`/usr/lib/libeToken\.so`), `C:\Windows\System32\eTPKCS11.dll`},
}

// unixOnly are commands whose fruit is of no use elsewhere: units of systemd, manual pages.
var unixOnly = []string{"ctlclient provider unit", "ctlclient man"}

// onLines are commands as a system's shells take them.
func onLines(commands, system string) string {
	if system == "windows" {
		return continued.ReplaceAllString(commands, " ")
	}
	return commands
}

// inQuotes is a value of an example that a shell must not take apart. Both shells of Windows know
// double quotes, and cmd.exe no others.
var inQuotes = regexp.MustCompile(`'([^'"\n]*)'`)

// quoted is a value, without quotes in it, as it is typed on a system.
func quoted(value, system string) string {
	if system == "windows" {
		return `"` + value + `"`
	}
	return "'" + value + "'"
}

// typed is a file or folder as it is typed in a command of a system: in quotes where a shell would
// take it apart, as it does with the blank in the name of a person.
func typed(path, system string) string {
	if strings.ContainsAny(path, " \t'&();$`") {
		return quoted(path, system)
	}
	return path
}

// fitHelp writes the examples, the defaults and the list of commands below a command for the
// system at hand.
func fitHelp(c *cobra.Command, system string) {
	if system != "windows" {
		return
	}
	place := func(text string) string {
		for _, p := range places {
			text = p.unix.ReplaceAllLiteralString(text, p.windows)
		}
		return text
	}
	c.Example = inQuotes.ReplaceAllString(place(onLines(c.Example, system)), `"$1"`)
	c.Long = strings.ReplaceAll(c.Long, ", provider unit.", ".")
	c.Hidden = c.Hidden || slices.Contains(unixOnly, c.CommandPath())
	fit := func(f *pflag.Flag) {
		if def := place(f.DefValue); def != f.DefValue && f.Value.Set(def) == nil {
			f.DefValue = def
		}
	}
	c.PersistentFlags().VisitAll(fit)
	c.LocalNonPersistentFlags().VisitAll(fit)
	for _, below := range c.Commands() {
		fitHelp(below, system)
	}
}
