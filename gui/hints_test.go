package gui

import (
	"strings"
	"testing"

	"ctlclient/message"
)

// Every action that a message can name has words and, where the window does it, a deed.
func TestHintsAreOfTheWindow(t *testing.T) {
	b := newBench(t, Options{})
	for _, verb := range message.Verbs() {
		if words := actionText(message.Action{Do: verb, Name: "X"}); strings.HasPrefix(words, "do.") {
			t.Errorf("no words for %s", verb)
		}
		_ = b.s.deed(message.Action{Do: verb, ID: "1"})
	}
}
