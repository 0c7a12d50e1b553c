package main

import (
	"runtime"
	"strings"

	"ctlclient/message"
)

// messageOf is an error with its hints, for a box. Where the program has no terminal it cannot
// be the one that a hint names, so the box names the one that has.
func messageOf(err error) string {
	lines := []string{printable(err.Error())}
	for _, h := range hintLines(err, message.Voice{Word: command}) {
		lines = append(lines, printable(h))
	}
	return strings.Join(lines, "\n\n") + "\n\nThe commands are those of " + consoleProgram(runtime.GOOS) +
		", which works in a terminal: " + consoleProgram(runtime.GOOS) + " --help"
}

// consoleProgram is the program to give commands to: the desktop of Windows has no terminal,
// and a second one that has is installed with it.
func consoleProgram(system string) string {
	if system == "windows" {
		return "ctlclient.exe"
	}
	return "ctlclient"
}
