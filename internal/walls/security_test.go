package walls

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest   = regexp.MustCompile("`([a-z/]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	namedScript = regexp.MustCompile("script `([a-z_]+)`")
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

// What docs/security.md says is shown by tests that exist, and nothing in its tables is
// said without one.
func TestSecurityDocument(t *testing.T) {
	tests := testNames(t)
	named := 0
	for line := range strings.Lines(read(t, "docs/security.md")) {
		found := namedTest.FindAllStringSubmatch(line, -1)
		scripts := namedScript.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| attack") && !strings.HasPrefix(line, "| ---") && len(found) == 0 {
			t.Errorf("no test shows: %s", line)
		}
		for _, m := range found {
			named++
			if !tests[m[1]+"."+m[2]] {
				t.Errorf("there is no %s.%s", m[1], m[2])
			}
		}
		for _, m := range scripts {
			if _, err := os.Stat(filepath.Join(root, "cmd", "ctlclient", "testdata", "script", m[1]+".txtar")); err != nil {
				t.Error(err)
			}
		}
	}
	if named < 80 {
		t.Errorf("%d tests are named", named)
	}
}
