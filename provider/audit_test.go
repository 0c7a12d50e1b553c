package provider

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A log that was moved away is left alone after a reload, and a new one begun.
func TestAuditReopen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	var stderr bytes.Buffer
	a, err := openAudit(file, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	a.log("one", "user", "line\nbreak")
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	a.log("two")
	if err := a.reopen(); err != nil {
		t.Fatal(err)
	}
	a.log("three")
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[string][]string{file + ".1": {"one", "two"}, file: {"three"}} {
		lines := bytes.Split(bytes.TrimSuffix(mustRead(t, f), []byte("\n")), []byte("\n"))
		if len(lines) != len(want) {
			t.Fatalf("%s has %q", f, lines)
		}
		for i, l := range lines {
			var m map[string]any
			if err := json.Unmarshal(l, &m); err != nil || m["msg"] != want[i] || m["time"] == nil {
				t.Errorf("%s, %v; want %s", l, err, want[i])
			}
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the log has mode %v, %v", info.Mode(), err)
	}
	if stderr.Len() != 0 {
		t.Errorf("standard error got %s", stderr.Bytes())
	}
}
