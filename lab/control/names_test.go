package control

import (
	"io/fs"
	"path/filepath"
	"testing"

	"ctlclient/lab"
)

// files are all files of a folder, by name.
func filesBelow(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			names[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A name that another process sends to a running lab makes, changes and removes
// nothing but what it names in the lab.
func TestControlNamesStayInside(t *testing.T) {
	above := t.TempDir()
	l, err := Up(t.Context(), lab.Options{Dir: filepath.Join(above, "lab"), KeyBits: 1024, Nodes: 1, NoAltTFTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := Dial(l.Dir)
	if err != nil {
		t.Fatal(err)
	}
	before := filesBelow(t, above)
	for _, name := range []string{"../outside", "..", "/etc/passwd", `..\outside`, "cucm-pub/../../outside", "cucm-pub\x00"} {
		for what, err := range map[string]error{
			"regenerate node":        r.Regenerate(name, "callmanager"),
			"regenerate certificate": r.Regenerate("cucm-pub", name),
			"rename node":            r.RenameHost(name, "other"),
			"rename to":              r.RenameHost("cucm-pub", name),
			"restore":                r.RestoreBackup(name),
			"stop":                   r.Stop(name),
			"start":                  r.Start(name),
			"clear":                  r.ClearPhone(name),
			"point":                  r.PointPhone(name, "127.0.0.1:1"),
		} {
			if err == nil {
				t.Errorf("%s %q was done", what, name)
			}
		}
	}
	after := filesBelow(t, above)
	for name := range after {
		if !before[name] {
			t.Errorf("%s was made", name)
		}
	}
	for name := range before {
		if !after[name] {
			t.Errorf("%s was removed", name)
		}
	}
}
