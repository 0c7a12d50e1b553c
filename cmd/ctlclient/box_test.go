package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ctlclient/message"
)

// before are the errors that can come before there is a window, each with the arguments that lead
// to it or, where that takes a machine that is broken, as the program makes it.
func before(t *testing.T, system string) map[string]error {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "a file.tlv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]error{
		"no OpenGL":           noDisplay(message.NewError("no window can be opened here"), system),
		"state folder":        noState(`C:\ctl`, &fs.PathError{Op: "mkdir", Path: `C:\ctl`, Err: fs.ErrPermission}),
		"command, not seen":   noTerminal([]string{"file", "show", "my list.tlv"}, system),
		"file without rights": usagef("look whether your account can read the file and its folder", "%s cannot be opened: %v", file, fs.ErrPermission),
	}
	for name, args := range map[string][]string{
		"flag": {"--nope"}, "value of a flag": {"--timeout", "soon"}, "flag without a value": {"--state-dir"},
		"no such file": {file + ".not"}, "folder": {dir}, "two files": {file, file}, "command": {"migrte"}, "PIN source": {"--pin-source", "nowhere"},
		"argument of gui": {"gui", "now"},
	} {
		a := newApp(nil, io.Discard, io.Discard)
		root := rootFor(a, args)
		root.SetArgs(args)
		root.SetOut(io.Discard)
		if err := root.ExecuteContext(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			all[name] = err
		}
	}
	return all
}

var (
	ourProgram  = regexp.MustCompile(`\bctlclient(?:\.exe)?((?: [a-z][a-z-]*)*)( --?[a-z][a-z-]*)?`)
	quotedWords = regexp.MustCompile(`"[^"\n]*"`) // of the person
	unixWords   = regexp.MustCompile(`\bapt\b|systemctl|/var/|/usr/|/etc/|\\\n`)
)

// Whatever ends the program before there is a window is in a box: in the person's language, with
// something to do next, and every command that it names is one of the program that works there.
func TestBoxesSayWhatToDo(t *testing.T) {
	for _, system := range []string{"linux", "windows"} {
		for _, lang := range []string{"en", "pt-BR"} {
			for name, err := range before(t, system) {
				a := newApp(nil, io.Discard, io.Discard)
				a.lang = lang
				text := a.messageOf(err, system)
				at := system + ", " + lang + ", " + name + ": "
				if hints := a.hints(err); len(hints) == 0 {
					t.Errorf("%snothing to do next: %s", at, text)
				}
				program := consoleProgram(system)
				named := ourProgram.FindAllStringSubmatch(quotedWords.ReplaceAllString(text, ""), -1)
				if !slices.ContainsFunc(named, func(m []string) bool { return strings.HasPrefix(m[0], program+" ") }) {
					t.Errorf("%sthe program for commands is not named: %s", at, text)
				}
				for _, m := range named {
					if strings.TrimSpace(m[1]+m[2]) != "" && !strings.HasPrefix(m[0], program+" ") {
						t.Errorf("%s%q is not for %s", at, m[0], program)
					}
				}
				for _, fields := range commandsIn(text, program) {
					if _, _, err := newRootCommand(newApp(nil, io.Discard, io.Discard)).Find(fields); err != nil {
						t.Errorf("%s%q is no command", at, fields)
					}
				}
				if found := unixWords.FindString(text); system == "windows" && found != "" {
					t.Errorf("%s%q in %s", at, found, text)
				}
				if lang == "en" {
					continue
				}
				if english := newApp(nil, io.Discard, io.Discard).messageOf(err, system); text == english {
					t.Errorf("%sit is English: %s", at, text)
				}
				if word := englishWord.FindString(text); word != "" {
					t.Errorf("%sEnglish %q in %s", at, word, text)
				}
			}
		}
	}
}

// englishWord is one that no Portuguese sentence has.
var englishWord = regexp.MustCompile(`(?i)(?:^|[\s(])(the|and|is|are|was|will|with|of|this|that|has|have|not|cannot|which|it|by|to|there|unknown|usage)(?:[\s,.;:)]|$)`)

// commandsIn are the commands of a program that a text names, without their flags and values.
func commandsIn(text, program string) (all [][]string) {
	for _, m := range regexp.MustCompile(regexp.QuoteMeta(program)+`((?: [a-z][a-z-]*)+)`).FindAllStringSubmatch(text, -1) {
		fields := strings.Fields(m[1])
		if slices.ContainsFunc(topCommands(), func(c topCommand) bool { return c.name == fields[0] }) {
			all = append(all, fields[:min(2, len(fields))])
		}
	}
	return all
}

// The boxes that people meet most, word for word.
func TestBoxText(t *testing.T) {
	all := before(t, "windows")
	for name, want := range map[string]string{
		"flag":    "Unknown flag: --nope\n\nctlclient.exe --help tells what there is\n\nctlclient.exe works in a terminal, such as Windows PowerShell.",
		"command": "Unknown command \"ctlclient migrte\"\n\nDid you mean ctlclient.exe migrate?\n\nctlclient.exe works in a terminal, such as Windows PowerShell.",
		"command, not seen": "The command was not run: this program has a window and no terminal, so nobody would see what the command prints\n\n" +
			"Give the command in a terminal: ctlclient.exe file show \"my list.tlv\"\n\nctlclient.exe works in a terminal, such as Windows PowerShell.",
		"state folder": "The program cannot write into its own folder C:\\ctl, so the window was not opened: permission denied\n\n" +
			"Give your account the right to write there; if it is a file, move that away\n\n" +
			"Or choose another folder for journals and kept identities: --state-dir FOLDER\n\n" +
			"All jobs can be done without a window as well: open a terminal and give ctlclient.exe --help",
	} {
		if got := newApp(nil, io.Discard, io.Discard).messageOf(all[name], "windows"); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if got := newApp(nil, io.Discard, io.Discard).messageOf(all["no such file"], "windows"); !strings.HasPrefix(got, "There is no file ") {
		t.Errorf("%q", got)
	}
}

// What is printed is not lost without a word: the program knows what prints.
func TestWantsTerminal(t *testing.T) {
	for line, want := range map[string]bool{"": false, "gui": false, "--profile hq": false, "--profile hq gui": false, `C:\a.tlv`: false, "--nope": false,
		"version": true, "--profile hq cluster status": true, "--help": true, "gui --help": true, "-v": true, "help migrate": true, "completion powershell": true} {
		if got := wantsTerminal(newRootCommand(newApp(nil, io.Discard, io.Discard)), strings.Fields(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// A word of a sentence is no command of ours, though the program's name stands before it.
func TestInTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"ctlclient assumes that":                   "ctlclient assumes that",
		"ctlclient lab up, or ctlclient --help":    "ctlclient.exe lab up, or ctlclient.exe --help",
		"ctlclient-desktop.exe":                    "ctlclient-desktop.exe",
		"ctlclient update --sign-with pkcs11:a":    "ctlclient.exe update --sign-with pkcs11:a",
		"folder ctlclient of the user; ctlclient.": "folder ctlclient of the user; ctlclient.",
	} {
		if got := inTerminal(text, "ctlclient.exe"); got != want {
			t.Errorf("%q", got)
		}
	}
}
