package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"ctlclient/catalogue"
	"ctlclient/message"
	"ctlclient/workflow"
)

// The command line's own sentences are phrases: each is written once, in English, where it is
// said, and that English is its key in catalogue/pt-BR.commands.json. A test walks them.

// voice is how this program speaks: to scripts in English, to a person in their language.
func (a *app) voice() message.Voice {
	v := message.Voice{Word: a.command}
	if !a.json {
		v.Language = a.language()
	}
	return v
}

// speaking is the language that the flags or the environment name, found once.
func speaking(a *app) func() *message.Language {
	return sync.OnceValue(func() *message.Language {
		l, err := catalogue.Of(cmp.Or(a.lang, catalogue.Environment()))
		if err != nil {
			return nil // a test holds that it can be read; English is better than nothing
		}
		return l
	})
}

// readLanguage takes --lang from the arguments, for the help is written before they are read.
func (a *app) readLanguage(args []string) {
	for i, arg := range args {
		switch value, found := strings.CutPrefix(arg, "--lang="); {
		case arg == "--":
			return
		case found:
			a.lang = value
		case arg == "--lang" && i+1 < len(args):
			a.lang = args[i+1]
		}
	}
}

// say is a sentence of the command line, a format of fmt, in the person's language.
func (a *app) say(format string, args ...any) string {
	return a.voice().Say(message.Phrase(format, args...))
}

// numbered is a sentence about n things: one, a text without values, where n is 1, else many, a
// format that takes n before args.
func (a *app) numbered(n int, one, many string) string {
	if n == 1 {
		return a.word(one)
	}
	return a.say(many, n)
}

// word is a text without values in the person's language: a word of ours, or one that a room
// below has for scripts.
func (a *app) word(text string) string { return a.voice().Say(message.Words(text)) }

// printf writes a sentence to standard output.
func (a *app) printf(format string, args ...any) { fmt.Fprint(a.out, a.say(format, args...)) }

// tellf writes a sentence to standard error.
func (a *app) tellf(format string, args ...any) { fmt.Fprint(a.err, a.say(format, args...)) }

// note writes a line to standard error; with --json it is an event.
func (a *app) note(format string, args ...any) {
	a.event(workflow.EventInfo, message.Phrase(format, args...))
}

// passing shows on a terminal what goes on, until it is over.
func (a *app) passing(format string, args ...any) (over func()) {
	if u, ok := a.ui.(*textUI); ok {
		return u.passing(a.say(format, args...))
	}
	return func() {}
}

// warn is note for what is worth acting on.
func (a *app) warn(format string, args ...any) {
	a.event(workflow.EventWarning, message.Phrase(format, args...))
}

func (a *app) event(kind workflow.EventType, m message.Message) {
	a.ui.Event(workflow.Event{Type: kind, Time: time.Now(), Text: m, Message: m.String()})
}

// agrees tells a yes from everything else, in each language that the question may be in.
func agrees(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "yes", "sim":
		return true
	}
	return false
}

// agreesShortly is agrees for a question that a letter answers.
func agreesShortly(answer string) bool {
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "s":
		return true
	}
	return agrees(answer)
}
