package main

import (
	"io"
	"strings"
	"testing"

	"ctlclient/message"
)

// Every action that a hint may name can be typed, and its command exists.
func TestEveryActionIsACommand(t *testing.T) {
	root := newRootCommand(newApp(nil, nil, nil))
	for _, verb := range message.Verbs() {
		line := newApp(nil, io.Discard, io.Discard).command(message.Action{Do: verb, ID: "20261127T054512Z-1a2b"})
		if line == string(verb) {
			t.Errorf("%s has no words", verb)
		}
		words, isCommand := strings.CutPrefix(line, "ctlclient ")
		if !isCommand {
			continue
		}
		if c, _, err := root.Find(strings.Fields(words)); err != nil || c == root {
			t.Errorf("%s: %q is no command: %v", verb, line, err)
		}
	}
}
