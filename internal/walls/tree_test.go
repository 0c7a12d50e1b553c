package walls

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root of the project, from here.
var root = filepath.Join("..", "..")

// eachFile calls f with every file of the project whose name ends in one of the suffixes: its
// path from the root, with slashes, and what it holds. What is built, hidden or test data is
// left out.
func eachFile(t *testing.T, f func(name string, data []byte), suffixes ...string) {
	t.Helper()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "bin" || rel == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		for _, s := range suffixes {
			if strings.HasSuffix(rel, s) {
				data, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				f(rel, data)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// read reads a file by its path from the root.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// exists reports a file or folder by its path from the root, or from the folder of the file
// that names it.
func exists(name, by string) bool {
	for _, p := range []string{name, path.Join(path.Dir(by), name)} {
		if p = path.Clean(p); strings.HasPrefix(p, "../") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(p))); err == nil {
			return true
		}
	}
	return false
}

// testNames are the tests and fuzz targets that there are, as package.Test.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	eachFile(t, func(name string, data []byte) {
		for _, m := range testFunc.FindAllStringSubmatch(string(data), -1) {
			tests[path.Dir(name)+"."+m[1]] = true
		}
	}, "_test.go")
	return tests
}
