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
	stopWord  = regexp.MustCompile(`(?i)(?:^|[\s(])(the|and|is|are|was|will|with|of|phones?|this|that|has|have|not|cannot|from|which|record|records|nodes?|it|by|to|accepts?|rejects?|refuses?|holds?|yes|known|found|served|steps?|on|must|when|its|which)(?:[\s,.;:)]|$)`)
	noEnglish = regexp.MustCompile(`^  [a-z-]+ {2,}|^ *│.*|^<style.*|"[^"\n]*"|\bctlclient [a-z][^:;\n]*|--[a-z-]+|Prepare Cluster for Rollback to Pre 8\.0|pkcs11:\S+|utils [a-z ]+|token (list|export)|phone (cleared|check)|SECD: .*|Security By Default|Tokenless CTL|Export-Controlled Functionality: Allowed`)
)

// cmdPortuguese demands that nothing the last command printed is English.
func cmdPortuguese(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: portuguese")
	}
	for _, name := range []string{"stdout", "stderr", "ttyout"} {
		for line := range strings.Lines(ts.ReadFile(name)) {
			if word := stopWord.FindString(noEnglish.ReplaceAllString(line, "~")); word != "" {
				ts.Fatalf("%s has the English %q: %s", name, word, line)
			}
		}
	}
}
