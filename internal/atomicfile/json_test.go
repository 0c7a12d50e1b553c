package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "kept.json")
	read := func(limit int64) (map[string]int, error) {
		v := map[string]int{"as": 1}
		err := ReadJSON(file, limit, &v)
		return v, err
	}
	if v, err := read(99); err != nil || v["as"] != 1 {
		t.Errorf("no file: %v, %v", v, err)
	}
	if err := WriteJSON(file, map[string]int{"a": 2}); err != nil {
		t.Fatal(err)
	}
	if v, err := read(99); err != nil || v["a"] != 2 {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := read(3); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("too large: %v", err)
	}
	for _, bad := range []string{`{"a":`, `{"a":1}{"b":2}`, ` null `, ``, `[1]`} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(99); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
