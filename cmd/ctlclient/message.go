package main

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/message"
)

// messageOf is an error with its hints, for a box of the system at hand. Where the program has no
// terminal it cannot be the one that a hint names, so the box names the one that has.
func (a *app) messageOf(err error, system string) string {
	lines := []string{printable(a.voice().Tell(err))}
	for _, h := range a.hints(err) {
		lines = append(lines, printable(h))
	}
	program := consoleProgram(system)
	for i, l := range lines {
		lines[i] = message.Sentence(inTerminal(l, program))
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, program+" ") }) {
		lines = append(lines, a.say("All jobs can be done without a window as well: open a terminal and give %s --help", program))
	} else if system == "windows" {
		lines = append(lines, a.say("%s works in a terminal, such as Windows PowerShell.", program))
	}
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

// commandLine is where a sentence names a command of ours, and not the program as such.
var commandLine = regexp.MustCompile(`\bctlclient (-|[a-z]+\b)`)

// inTerminal writes the commands that a sentence names as they are given to the program.
func inTerminal(text, program string) string {
	return commandLine.ReplaceAllStringFunc(text, func(found string) string {
		word := strings.TrimPrefix(found, "ctlclient ")
		if word == "-" || slices.ContainsFunc(topCommands(), func(t topCommand) bool { return t.name == word }) {
			return program + " " + word
		}
		return found
	})
}

// noDisplay says what can be done where no window can be opened.
func noDisplay(err error, system string) error {
	program := consoleProgram(system)
	e := &usageError{msg: message.Phrase("%v", err), hints: []message.Message{
		message.Phrase("the same jobs run without a window: %s --help; the main one is %[1]s migrate to-tokens", program)}}
	if system == "windows" {
		e.hints = append(e.hints, message.Words("or for the window: put opengl32.dll of Mesa's software OpenGL into the folder of ctlclient-desktop.exe, and start it again"))
	} else {
		e.hints = append(e.hints, message.Words("or for the window: start it in a graphical session of this machine"))
	}
	return e
}

// noState says what can be done where the program has no place for its own files.
func noState(folder string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok && p.Path == folder {
		err = p.Err // which folder is said already
	}
	return &usageError{msg: message.Phrase("the program cannot write into its own folder %s, so the window was not opened: %v", folder, plainPath(err)),
		hints: []message.Message{
			message.Words("give your account the right to write there; if it is a file, move that away"),
			message.Words("or choose another folder for journals and kept identities: --state-dir FOLDER")}}
}

// wantsTerminal tells whether the arguments ask for something that is printed.
func wantsTerminal(root *cobra.Command, args []string) bool {
	printed := []string{"--help", "-h", "--version", "-v"}
	if slices.ContainsFunc(args, func(arg string) bool { return slices.Contains(printed, arg) }) {
		return true
	}
	name := firstWord(root, args)
	return name == "help" || name == "completion" ||
		name != "gui" && slices.ContainsFunc(topCommands(), func(t topCommand) bool { return t.name == name })
}

// noTerminal is for a command that was given to a program whose output nobody sees.
func noTerminal(args []string, system string) error {
	var line strings.Builder
	for _, arg := range args {
		if strings.ContainsAny(arg, " \t") {
			arg = `"` + arg + `"`
		}
		line.WriteString(" " + arg)
	}
	return usageWith(message.Phrase("give the command in a terminal: %s%s", consoleProgram(system), line.String()),
		"the command was not run: this program has a window and no terminal, so nobody would see what the command prints")
}
