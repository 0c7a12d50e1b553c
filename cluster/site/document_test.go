package site

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/profile.md has a row for every key of a profile, and for no other: in the order of
// its tables the cluster's, a node's, and the ports.
func TestEveryKeyIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/profile.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]map[string]bool{}
	var rows map[string]bool
	for line := range strings.Lines(string(data)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			rows = map[string]bool{}
			sections[strings.TrimSpace(title)] = rows
		}
		if key, ok := strings.CutPrefix(line, "| `"); ok {
			key, _, _ = strings.Cut(key, "`")
			rows[key] = true
		}
	}
	for _, port := range allPorts {
		if !sections["Ports"][string(port)] {
			t.Errorf("no row for the port %s", port)
		}
	}
	for title, of := range map[string]reflect.Type{"The cluster": reflect.TypeFor[Profile](), "A node": reflect.TypeFor[Node]()} {
		keys := map[string]bool{}
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("toml"), ",")
			if key == "-" || strings.HasSuffix(key, "-port") {
				continue
			}
			keys[key] = true
			if !sections[title][key] {
				t.Errorf("%s: no row for %s", title, key)
			}
		}
		for key := range sections[title] {
			if !keys[key] {
				t.Errorf("%s: there is no key %s", title, key)
			}
		}
	}
}
