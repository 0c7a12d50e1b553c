package catalogue

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A format that has nothing but values in it is the same in every language.
var (
	verb  = regexp.MustCompile(`%(\[\d\])?[-+#.0-9]*[a-zA-Z]`)
	words = regexp.MustCompile(`[A-Za-z]{2}`)
)

// phrasesOfCode are the sentences that the code gives to message.Errorf,
// message.NewError, message.Phrase, message.Words and message.Hint, each with a place where.
func phrasesOfCode(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if ok && fun.Sel.Name == "next" && f.Name.Name == "certificate" && len(call.Args) == 2 {
				if lit, ok := call.Args[1].(*ast.BasicLit); ok { // what an error of DER names
					if text, err := strconv.Unquote(lit.Value); err == nil {
						found[text] = fset.Position(call.Pos()).String()
					}
				}
			}
			if !ok || !slices.Contains([]string{"Errorf", "NewError", "Phrase", "Words", "Hint"}, fun.Sel.Name) {
				return true
			}
			if of, ok := fun.X.(*ast.Ident); !ok || of.Name != "message" {
				return true
			}
			sentence := fun.Sel.Name == "Phrase" || fun.Sel.Name == "Words"
			if sentence && strings.HasPrefix(path, filepath.Join("..", "cmd")) {
				return true // of the command line, which has a test of its own
			}
			lit, ok := call.Args[0].(*ast.BasicLit)
			if !ok && fun.Sel.Name == "Words" {
				return true // a word from a list
			}
			if !ok {
				t.Errorf("%s: the sentence is not a literal, so that nobody can translate it", fset.Position(call.Pos()))
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !words.MatchString(verb.ReplaceAllString(text, "")) {
				return true
			}
			found[strings.TrimSpace(text)] = fset.Position(call.Pos()).String()
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every sentence of an error has its Portuguese, and the catalogue has no other.
func TestEveryPhraseIsTranslated(t *testing.T) {
	code := phrasesOfCode(t)
	if len(code) < 200 {
		t.Fatalf("only %d sentences found: is this still how errors are made?", len(code))
	}
	var phrases map[string]string
	data, err := os.ReadFile("pt-BR.errors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &phrases); err != nil {
		t.Fatal(err)
	}
	for _, text := range slices.Sorted(maps.Keys(code)) {
		if phrases[text] == "" {
			t.Errorf("%s: no Portuguese for %q: add it to catalogue/pt-BR.errors.json", code[text], text)
		}
	}
	for text := range phrases {
		if code[text] == "" {
			t.Errorf("nothing says %q any more", text)
		}
	}
}

// A phrase that several catalogues have is one: the last would win wherever it is said.
func TestAPhraseHasOneTranslation(t *testing.T) {
	texts, of := map[string]string{}, map[string]string{}
	for _, name := range []string{"pt-BR.errors.json", "pt-BR.system.json", "pt-BR.commands.json", "pt-BR.help.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var phrases map[string]string
		if err := json.Unmarshal(data, &phrases); err != nil {
			t.Fatal(err)
		}
		for english, text := range phrases {
			if other, found := texts[english]; found && other != text {
				t.Errorf("%q is %q in %s and %q in %s", english, other, of[english], text, name)
			}
			texts[english], of[english] = text, name
		}
	}
}
