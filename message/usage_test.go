package message

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every text is filled with exactly the values that it takes: a name that is misspelt
// would be found by the person who reads the sentence.
func TestTextsAreFilled(t *testing.T) {
	packages := map[string][]*ast.File{}
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
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	uses := 0
	for _, files := range packages {
		texts := map[string]map[string]bool{}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if spec, ok := n.(*ast.ValueSpec); ok {
					for i, v := range spec.Values {
						if english, ok := englishOf(v); ok && i < len(spec.Names) {
							parts, err := parse(english)
							if err != nil {
								t.Errorf("%s: %v", fset.Position(v.Pos()), err)
							}
							texts[spec.Names[i].Name] = names(parts)
						}
					}
				}
				return true
			})
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				with, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || with.Sel.Name != "With" {
					return true
				}
				text, ok := with.X.(*ast.Ident)
				if !ok || texts[text.Name] == nil {
					return true
				}
				uses++
				given := map[string]bool{}
				for i := 0; i < len(call.Args); i += 2 {
					if lit, ok := call.Args[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						name, _ := strconv.Unquote(lit.Value)
						given[name] = true
					}
				}
				for name := range texts[text.Name] {
					if !given[name] {
						t.Errorf("%s: %s takes {%s}, and is given %v", fset.Position(call.Pos()), text.Name, name, slices.Sorted(maps.Keys(given)))
					}
				}
				return true
			})
		}
	}
	if uses < 50 {
		t.Errorf("only %d uses of texts seen: is this still how they are used?", uses)
	}
}

// englishOf is the English of message.Define("key", "English").
func englishOf(e ast.Expr) (string, bool) {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	lit, ok := call.Args[1].(*ast.BasicLit)
	if name != "Define" || !ok {
		return "", false
	}
	english, err := strconv.Unquote(lit.Value)
	return english, err == nil
}
