package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ctlclient/catalogue"
	"ctlclient/cluster"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/site"
	"ctlclient/docs/schema"
	secure "ctlclient/token"
	"ctlclient/trust/hazard"
	"ctlclient/trust/phoneword"
	"ctlclient/workflow"
)

// sayers are what words a phrase, each with the places of its phrases among the arguments.
var sayers = map[string][]int{
	"say": {0}, "word": {0}, "printf": {0}, "tellf": {0}, "note": {0}, "warn": {0}, "said": {0}, "passing": {0},
	"Phrase": {0}, "Words": {0}, "usagef": {0, 1}, "usageWith": {1}, "usageOf": {1},
	"newSourceOf": {1},
	"numbered":    {1, 2},
	"step":        {0}, "good": {0}, "bad": {0}, "remark": {0}, // of the demo
}

// The rooms below name these for scripts; the command line words them where it prints them.
func wordsFromBelow() []string {
	schemas, err := schema.All()
	if err != nil {
		panic(err)
	}
	var abouts []string
	for _, s := range schemas {
		abouts = append(abouts, s.About)
	}
	words := append(abouts, []string{
		"string", "int", "duration", "stringArray", // kinds of flags
		cluster.StatusPassed, cluster.StatusTakenBack, cluster.StatusUnchanged, cluster.StatusFailed, cluster.StatusUnknown,
		cluster.StateFinished, cluster.StateTakenBack, cluster.StateUntouched, cluster.StateIncomplete, cluster.StateOvertaken, cluster.StateClosed,
		"by", "signer", "mode", "undescribed-phones", "accepted-loss", "overridden", "closed", // notes of the journal
		"TLS certificate", "SSH host key",
		"not certain", "accept", "refuse", "configuration", "order of fields",
		"certificate API", "served CTL", "profile", // doors
		"yes",
		"it has none, as every CUCM before 14: certificates go by the CLI",
		site.RolePublisher, site.RoleSubscriber, site.RoleTFTP, site.RoleFirewall,
		"mixed", "non-secure",
	}...)
	for _, s := range []hazard.Severity{hazard.Note, hazard.Warning, hazard.Danger} {
		words = append(words, s.String())
	}
	for r := reach.RegistrationUnknown; r <= reach.Rejected; r++ {
		words = append(words, r.String())
	}
	for v := phoneword.Unknown; v <= phoneword.Kept; v++ {
		words = append(words, v.String())
	}
	for _, step := range []string{cluster.StepConnect, cluster.StepLogin, cluster.StepFetch, cluster.StepFetchTFTP, cluster.StepStage, cluster.StepCommit,
		cluster.StepReadBack, cluster.StepAbort, cluster.StepRestore, cluster.StepMode, cluster.StepAuthor, cluster.StepTrust, cluster.StepRestart,
		cluster.StepJournal, workflow.StepSnapshot, workflow.StepAskTVS, workflow.StepAssess, workflow.StepSign, workflow.StepPublisher,
		workflow.StepDistribute, workflow.StepSetMode, workflow.StepTFTP, workflow.StepTrust, workflow.StepPhones, workflow.StepReset, workflow.StepPages, ""} {
		words = append(words, stepWord(step))
	}
	for o := secure.OddNames; o <= secure.OddKey; o++ {
		words = append(words, o.String())
	}
	words = append(words, slices.Collect(maps.Values(checkStates))...)
	words = append(words, slices.Collect(maps.Values(faultTexts))...)
	words = append(words, slices.Collect(maps.Values(exitText))...)
	words = append(words, slices.Collect(maps.Values(doneWords))...)
	for l := range strings.Lines(demoOnOwn) {
		if _, note, found := strings.Cut(strings.TrimSpace(l), "# "); found {
			words = append(words, note)
		}
	}
	return append(words, aToken, workflow.MsgRestart)
}

// source is a file of this program.
type sourceFile struct {
	name string
	set  *token.FileSet
	tree *ast.File
}

func sources(t *testing.T) []sourceFile {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 40 {
		t.Fatal("where is the program?", err)
	}
	var all []sourceFile
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sourceFile{name, set, tree})
	}
	return all
}

// constant is the value of a literal, or of literals that are joined.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, ok := constant(e.X)
		b, ok2 := constant(e.Y)
		return a + b, ok && ok2 && e.Op == token.ADD
	}
	return "", false
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

var word2 = regexp.MustCompile(`[a-z]{2,}`)

// phrases of the code: text and the place of one that says it.
func phrases(t *testing.T) map[string]string {
	found := map[string]string{}
	add := func(place, text string) {
		for l := range strings.Lines(text) {
			if strings.Contains(text, "%") || !strings.Contains(text, "\n--") { // hints are a line each
				l = text
			}
			if l = strings.TrimSpace(l); word2.MatchString(verbs.ReplaceAllString(l, "")) {
				found[l] = place
			}
		}
	}
	for _, f := range sources(t) {
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				for _, i := range sayers[called(n)] {
					if i < len(n.Args) {
						if text, ok := constant(n.Args[i]); ok {
							add(f.set.Position(n.Pos()).String(), text)
						}
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "head" {
					if list, ok := n.Value.(*ast.CompositeLit); ok {
						for _, e := range list.Elts {
							if text, ok := constant(e); ok {
								add(f.set.Position(e.Pos()).String(), text)
							}
						}
					}
				}
			}
			return true
		})
	}
	for _, w := range wordsFromBelow() {
		add("wordsFromBelow", w)
	}
	return found
}

var verbs = regexp.MustCompile(`%(\[\d\])?[+#.0-9]*[a-z]`)

// helpPhrases are those of the help: what wordHelp looks up.
func helpPhrases(t *testing.T) map[string]string {
	found := map[string]string{}
	root := newRootCommand(newApp(strings.NewReader(""), io.Discard, io.Discard))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		place := c.CommandPath()
		found[c.Short] = place
		for _, p := range strings.Split(c.Long, "\n\n") {
			switch key := paragraphKey(p); {
			case p == "":
			case key == c.Short+".", strings.HasPrefix(p, "\t"):
			case key != "":
				found[key] = place
			case strings.HasPrefix(p, "Exit codes:"):
				found["Exit codes:"] = place
			case c.CommandPath() == "ctlclient lab fault": // its texts are words of the code
			default:
				found[p] = place
			}
		}
		for l := range strings.Lines(c.Example) {
			if _, comment, ok := strings.Cut(strings.TrimSpace(l), " # "); ok {
				found[strings.TrimSpace(comment)] = place
			}
		}
		for _, g := range c.Groups() {
			found[g.Title] = place
		}
		add := func(f *pflag.Flag) {
			if f.Name != "help" {
				found[f.Usage] = place + " --" + f.Name
			}
		}
		c.PersistentFlags().VisitAll(add)
		c.LocalNonPersistentFlags().VisitAll(add)
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(root)
	for _, f := range sources(t) { // this build has one of them
		if f.name == "gui.go" || f.name == "gui_none.go" {
			ast.Inspect(f.tree, func(n ast.Node) bool {
				if kv, ok := n.(*ast.KeyValueExpr); ok {
					if text, ok := constant(kv.Value); ok && slices.Contains([]string{"Short", "Long"}, types.ExprString(kv.Key)) {
						found[paragraphKey(text)] = f.name
					}
				}
				return true
			})
		}
	}
	maps.DeleteFunc(found, func(text, _ string) bool { return !word2.MatchString(text) })
	return found
}

// Every sentence of the command line and of its help has its Portuguese, and the catalogue
// has no other.
func TestEveryWordIsTranslated(t *testing.T) {
	l, err := catalogue.Of("pt_BR")
	if err != nil {
		t.Fatal(err)
	}
	for file, code := range map[string]map[string]string{"pt-BR.commands.json": phrases(t), "pt-BR.help.json": helpPhrases(t)} {
		if len(code) < 200 {
			t.Fatalf("only %d sentences found for %s: is this still how they are said?", len(code), file)
		}
		for _, text := range slices.Sorted(maps.Keys(code)) {
			if !l.HasPhrase(text) {
				t.Errorf("%s: no Portuguese for %q: add it to catalogue/%s", code[text], text, file)
			}
		}
		data, err := os.ReadFile("../../catalogue/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatal(err)
		}
		for text := range texts {
			if code[text] == "" {
				t.Errorf("%s: nothing says %q any more", file, text)
			}
		}
	}
}
