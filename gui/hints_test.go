package gui

import (
	"strings"
	"testing"

	"ctlclient/message"
)

// No hint tells a person before the window to type a command: it names the button that does the
// same, and every action that a message can name has words and, where the window does it, a deed.
func TestHintsAreOfTheWindow(t *testing.T) {
	b := newBench(t, Options{})
	for text, want := range map[string]message.Verb{
		"look at these nodes: ctlclient cluster status":                                      message.SeeStatus,
		"`ctlclient resume 1` finishes it, `ctlclient rollback 1` puts the former file back": message.SeeHistory,
		"use a token of your own; `ctlclient token list` shows what is plugged in":           message.ListTokens,
		"to add its new nodes: ctlclient --profile hq cluster add --missing":                 message.AddMissing,
		"replace it in one step: ctlclient migrate to-tokens --token pkcs11:token=FIRST":     message.ToTokens,
		"to go on without: --accept-loss":                                                    "",
		`describe the phones and name the file in the profile: fleet = "phones.csv"`:         message.DescribePhone,
	} {
		words, actions := hint(text)
		if strings.Contains(words, "ctlclient ") || strings.Contains(words, "--") {
			t.Errorf("%q became %q", text, words)
		}
		if want == "" {
			continue
		}
		if len(actions) != 1 || actions[0].Do != want {
			t.Errorf("%q: actions %v", text, actions)
		}
	}
	for _, verb := range message.Verbs() {
		if words := actionText(message.Action{Do: verb, Name: "X"}); strings.HasPrefix(words, "do.") {
			t.Errorf("no words for %s", verb)
		}
		_ = b.s.deed(message.Action{Do: verb, ID: "1"})
	}
}
