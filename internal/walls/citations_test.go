package walls

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	namedPage = regexp.MustCompile(`[A-Za-z0-9_./-]*[A-Za-z0-9_-]\.md\b`)
	namedFile = regexp.MustCompile(`\b(?:[a-z0-9_-]+/)+[A-Za-z0-9_-]+\.(?:go|txtar|py|js)\b|\bscripts/[a-z-]+\b`)
	linked    = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)\s]*)?\)`)
	quoted    = regexp.MustCompile("`([^`\n]+)`")
	// ourPath is a path below a room, as a document quotes it.
	ourPath = regexp.MustCompile(`^[a-z.]+/[A-Za-z0-9_./-]*$`)
)

// No comment and no document cites a page or a file of ours that is not there: a reader who
// follows a citation into the void stops believing the others.
func TestCitations(t *testing.T) {
	pages := 0
	check := func(by, text string) {
		for _, name := range namedPage.FindAllString(text, -1) {
			pages++
			if !exists(name, by) {
				t.Errorf("%s cites %s, which is not there", by, name)
			}
		}
		for _, name := range namedFile.FindAllString(text, -1) {
			if !strings.HasSuffix(name, "/NAME.txtar") && !exists(name, by) {
				t.Errorf("%s cites %s, which is not there", by, name)
			}
		}
	}
	eachFile(t, func(name string, data []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		for _, group := range file.Comments {
			for _, c := range group.List { // with the marks, so that a directive counts as well
				check(name, c.Text)
			}
		}
	}, ".go")
	eachFile(t, func(name string, data []byte) {
		check(name, string(data))
		for _, m := range linked.FindAllStringSubmatch(string(data), -1) {
			if !exists(m[1], name) {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}, ".md", "Makefile", "scripts/test", "scripts/setup", "scripts/fuzz")
	if pages < 30 {
		t.Errorf("only %d pages are cited: is this still the root of the project?", pages)
	}
}

// ARCHITECTURE.md is the map: it names every room that the walls have and every folder of the
// root, and no file, function or test that is not there.
func TestArchitecture(t *testing.T) {
	text := read(t, "ARCHITECTURE.md")
	for name := range rooms {
		if name = strings.TrimSuffix(name, "/"); !strings.Contains(text, "| `"+name+"/` |") {
			t.Errorf("no row of ARCHITECTURE.md is about %s/", name)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == ".git" || e.Name() == "bin" || e.Name() == "dist" {
			continue
		}
		if !strings.Contains(text, "`"+e.Name()+"/`") {
			t.Errorf("ARCHITECTURE.md does not name the folder %s/", e.Name())
		}
	}
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		if ourPath.MatchString(m[1]) && !namedTest.MatchString(m[0]) && !exists(m[1], "ARCHITECTURE.md") {
			t.Errorf("ARCHITECTURE.md names %s, which is not there", m[1])
		}
	}
	tests := testNames(t)
	named := namedTest.FindAllStringSubmatch(text, -1)
	for _, m := range named {
		if !tests[m[1]+"."+m[2]] {
			t.Errorf("ARCHITECTURE.md: there is no %s.%s", m[1], m[2])
		}
	}
	if len(named) < 8 {
		t.Errorf("ARCHITECTURE.md names %d tests: each of the rules that always hold has one", len(named))
	}
}

// inFile is a file of ours with the function in it that a table of ARCHITECTURE.md means.
var inFile = regexp.MustCompile("`([a-z/_]+\\.go)` `([A-Za-z]+)`")

// A function that the map names after a file is in that file.
func TestArchitectureNamesFunctions(t *testing.T) {
	named := inFile.FindAllStringSubmatch(read(t, "ARCHITECTURE.md"), -1)
	for _, m := range named {
		if declared := regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + m[2] + `\(`); !declared.MatchString(read(t, m[1])) {
			t.Errorf("ARCHITECTURE.md: %s has no function %s", m[1], m[2])
		}
	}
	if len(named) < 5 {
		t.Errorf("only %d functions are named", len(named))
	}
}
