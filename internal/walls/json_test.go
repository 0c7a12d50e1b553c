package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// docs/json.md names every type of object that the command line writes, every field of the
// objects that are structs, and every type of event: scripts are written from it.
func TestJSONDocument(t *testing.T) {
	text := read(t, "docs/json.md")
	seen := 0
	need := func(where, name string) {
		if seen++; !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/json.md does not name %q (%s)", name, where)
		}
	}
	eachFile(t, func(name string, data []byte) {
		if !strings.HasPrefix(name, "cmd/ctlclient/") && name != "workflow/event.go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "object" && len(n.Args) == 2 {
					if kind, ok := literal(n.Args[0]); ok {
						need(name, kind)
					}
				}
			case *ast.ValueSpec:
				if of, ok := n.Type.(*ast.Ident); ok && of.Name == "EventType" && len(n.Values) == 1 {
					if kind, ok := literal(n.Values[0]); ok {
						need(name, kind)
					}
				}
			case *ast.Field:
				if n.Tag == nil {
					return true
				}
				tag, err := strconv.Unquote(n.Tag.Value)
				if err != nil {
					t.Error(err)
					return true
				}
				key, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
				// The modules of version, and the report, are described as a whole.
				if key != "" && name != "cmd/ctlclient/version.go" && name != "cmd/ctlclient/cmd_report.go" {
					need(name, key)
				}
			}
			return true
		})
	}, ".go")
	if seen < 80 {
		t.Errorf("only %d names were looked for", seen)
	}
}

// literal is the value of a string that is written out.
func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil
}
