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

// walkCode visits each call of the product's code.
func walkCode(t *testing.T, visit func(place string, file *ast.File, call *ast.CallExpr)) {
	t.Helper()
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
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
				visit(filepath.ToSlash(fset.Position(call.Pos()).String()), f, call)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// literal is the text of a string literal.
func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// ofPackage is the function of a package that a call is of: "message.Errorf".
func ofPackage(call *ast.CallExpr) string {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	of, ok := fun.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return of.Name + "." + fun.Sel.Name
}

// phrasesOfCode are the sentences that the code gives to message.Errorf,
// message.NewError, message.Phrase, message.Words and message.Hint, each with a place where.
func phrasesOfCode(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	walkCode(t, func(place string, file *ast.File, call *ast.CallExpr) {
		name := ofPackage(call)
		if strings.HasSuffix(name, ".next") && file.Name.Name == "certificate" && len(call.Args) == 2 {
			if text, ok := literal(call.Args[1]); ok { // what an error of DER names
				found[text] = place
			}
		}
		switch name {
		case "message.Phrase", "message.Words":
			if strings.HasPrefix(place, "../cmd/") {
				return // of the command line, which has a test of its own
			}
		case "message.Errorf", "message.NewError", "message.Hint":
		default:
			return
		}
		text, ok := literal(call.Args[0])
		if !ok && name == "message.Words" {
			return // a word from a list
		}
		if !ok {
			t.Errorf("%s: the sentence is not a literal, so that nobody can translate it", place)
			return
		}
		if words.MatchString(verb.ReplaceAllString(text, "")) {
			found[strings.TrimSpace(text)] = place
		}
	})
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
