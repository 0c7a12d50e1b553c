package walls

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// The largest file and the largest function, in lines, that there were when this rule was made.
// What is larger does more than one thing, and nobody reads it to its end before changing it.
const (
	maxFile     = 489
	maxFunction = 72
)

func TestSizes(t *testing.T) {
	eachFile(t, func(name string, data []byte) {
		if n := bytes.Count(data, []byte("\n")); n > maxFile {
			t.Errorf("%s has %d lines, of at most %d: cut it where its subject changes", name, n, maxFile)
		}
		if strings.HasSuffix(name, "_test.go") { // a test is a story, a table may be long
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, data, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > maxFunction {
				t.Errorf("%s: %s has %d lines, of at most %d: cut it into steps that have names", name, f.Name.Name, n, maxFunction)
			}
		}
	}, ".go")
}
