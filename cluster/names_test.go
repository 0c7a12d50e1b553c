package cluster

import (
	"path/filepath"
	"strings"
	"testing"
)

// What a profile is called never leads out of the state folder, and no two names lead
// to the same place.
func TestClusterFolderStaysInItsPlace(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"hq", "HQ/..", "..", ".", "../../etc", "/etc/passwd", `..\..\x`, "C:x", "a\x00b", "a%2Fb", "a/b", "\u202e", "%2E%2E", " ", "con", strings.Repeat("é", 40)} {
		dir := DirOf("/state", name)
		rel, err := filepath.Rel("/state/clusters", dir)
		if err != nil || !filepath.IsLocal(rel) || strings.ContainsAny(rel, `/\:.`) || rel == "" {
			t.Errorf("%q is kept in %s", name, dir)
		}
		if other, ok := seen[dir]; ok {
			t.Errorf("%q and %q are kept in one place", name, other)
		}
		seen[dir] = name
	}
}
