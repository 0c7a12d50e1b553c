package main

import (
	"go/ast"
	"regexp"
	"slices"
	"testing"
)

// printers are what brings text to a person, as it is; what they are given in English is a
// mistake. What words sentences is in sayers.
var printers = []string{"Fprintf", "Fprintln", "Fprint", "Sprintf", "WriteString", "print", "printLosses", "printFindings", "printList", "wrap", "bold", "dim", "red", "green", "yellow", "cyan",
	"plain", "painted", "askLine", "askSecret", "newSecret", "New", "Errorf"}

// englishAllowed are the files and texts that stay English, each with its reason.
var englishAllowed = map[string]string{
	"cmd_man.go": "the manual pages are English, as docs/reference.md is, and in the language of roff",
	"action.go":  "what is typed is the same in every language",
}

// letters is a word of two letters or more.
var letters = regexp.MustCompile(`[A-Za-z]*[a-z]{2,}`)

// asTyped is what a printer may have in a literal: formats, names of files, of commands and
// of files' fields.
var asTyped = regexp.MustCompile(`%[-+#.0-9]*[a-z]|\\x1b\[K|"type":|"ctlclient"|ctlclient|fd `)

// English that is printed, is a word for [sayers], so that it can be said in another language:
// nothing goes to a printer as it is.
func TestNoEnglishIsPrinted(t *testing.T) {
	said := phrases(t)
	seen := 0
	for _, f := range sources(t) {
		if englishAllowed[f.name] != "" {
			seen++
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains(printers, called(call)) {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				if of, ok := sel.X.(*ast.Ident); ok && of.Name == "message" {
					return true // catalogue's own tests walk these
				}
			}
			for _, arg := range call.Args {
				text, ok := constant(arg)
				if ok && letters.MatchString(asTyped.ReplaceAllString(text, "")) && said[text] == "" {
					t.Errorf("%s: %q is printed as it is: say it with a.say, a.printf, a.note or message.Phrase", f.set.Position(arg.Pos()), text)
				}
			}
			return true
		})
	}
	if seen != len(englishAllowed) {
		t.Errorf("%d of the %d files that may be English are there", seen, len(englishAllowed))
	}
}
