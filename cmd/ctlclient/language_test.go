//go:build unix

package main

import (
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// English words that no Portuguese sentence has. Names of commands, flags and Cisco's pages are
// no sentences; what is between quotation marks is another's text.
var (
	stopWord  = regexp.MustCompile(`(?i)(?:^|[\s(])(the|and|is|are|was|will|with|of|phones?|this|that|has|have|not|cannot|from|which|record|nodes?|it|by|to)(?:[\s,.;:)]|$)`)
	noEnglish = regexp.MustCompile(`^  [a-z-]+ {2,}|"[^"\n]*"|\bctlclient [a-z][^:;\n]*|--[a-z-]+|Prepare Cluster for Rollback to Pre 8\.0|pkcs11:\S+|utils [a-z ]+|token (list|export)|phone (cleared|check)`)
	// Sentences of rooms below the front ends that have no key yet. One that gets a key must
	// leave this list: the script fails on it no more, and the words stay out for good.
	keyless = regexp.MustCompile(`cannot be told to flush|no record is named by|name a record by its number|start it in another terminal|^Go on with |^The new CTL has`)
)

// cmdPortuguese demands that nothing the last command printed is English.
func cmdPortuguese(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: portuguese")
	}
	for _, name := range []string{"stdout", "stderr", "ttyout"} {
		for line := range strings.Lines(ts.ReadFile(name)) {
			if keyless.MatchString(line) {
				continue
			}
			if word := stopWord.FindString(noEnglish.ReplaceAllString(line, "~")); word != "" {
				ts.Fatalf("%s has the English %q: %s", name, word, line)
			}
		}
	}
}
