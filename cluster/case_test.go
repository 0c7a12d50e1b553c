package cluster

import (
	"errors"
	"os"
	"testing"

	"ctlclient/message"
)

// Two clusters whose names differ only in case never share or mix their jobs.
func TestNamesThatDifferInCase(t *testing.T) {
	state := t.TempDir()
	if err := checkCase(DirOf(state, "HQ"), "HQ"); err != nil {
		t.Fatalf("no state yet: %v", err)
	}
	if err := os.MkdirAll(DirOf(state, "HQ"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := checkCase(DirOf(state, "HQ"), "HQ"); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	var name *NameError
	if err := checkCase(DirOf(state, "hq"), "hq"); !errors.As(err, &name) || message.Lines(name.Hints()).String() == "" {
		t.Errorf("hq beside HQ: %v", err)
	}
	if err := checkCase(DirOf(state, "lab"), "lab"); err != nil {
		t.Errorf("another name: %v", err)
	}
}
