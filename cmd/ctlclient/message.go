package main

import (
	"runtime"
	"strings"
)

// messageOf is an error with its hints, for a box. Where the program has no terminal it cannot
// be the one that a hint names, so the box names the one that has.
func (a *app) messageOf(err error) string {
	lines := []string{printable(a.voice().Tell(err))}
	for _, h := range a.hints(err) {
		lines = append(lines, printable(h))
	}
	lines = append(lines, a.say("The commands are those of %s, which works in a terminal: %[1]s --help", consoleProgram(runtime.GOOS)))
	return strings.Join(lines, "\n\n")
}

// consoleProgram is the program to give commands to: the desktop of Windows has no terminal,
// and a second one that has is installed with it.
func consoleProgram(system string) string {
	if system == "windows" {
		return "ctlclient.exe"
	}
	return "ctlclient"
}
