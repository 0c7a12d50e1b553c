package main

import (
	"regexp"

	"github.com/spf13/cobra"
)

// continued is where a Unix shell goes on in the next line; shells of Windows do it in ways of
// their own, so that there a command is one line.
var continued = regexp.MustCompile(`[ \t]*\\\n[ \t]*`)

// places are those that an example names, and what stands for them on Windows.
var places = []struct {
	unix    *regexp.Regexp
	windows string
}{
	{regexp.MustCompile(`/var/lib/ctlclient-provider/provider\.toml`), `C:\ProgramData\ctlclient\provider.toml`},
	{regexp.MustCompile(`/var/lib/tftpboot`), `C:\TFTP-Root`},
	{regexp.MustCompile(`/usr/lib/libeToken\.so`), `C:\Windows\System32\eTPKCS11.dll`},
}

// fitExamples writes the examples of a command, and of those below it, for the system at hand.
func fitExamples(c *cobra.Command, system string) {
	if system != "windows" {
		return
	}
	c.Example = continued.ReplaceAllString(c.Example, " ")
	for _, p := range places {
		c.Example = p.unix.ReplaceAllLiteralString(c.Example, p.windows)
	}
	for _, below := range c.Commands() {
		fitExamples(below, system)
	}
}
