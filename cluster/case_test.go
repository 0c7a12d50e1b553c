package cluster

import (
	"errors"
	"os"
	"testing"
)

// Two clusters whose names differ only in case never share or mix their jobs.
func TestNamesThatDifferInCase(t *testing.T) {
	state := t.TempDir()
	if err := checkCase(clusterDir(state, "HQ"), "HQ"); err != nil {
		t.Fatalf("no state yet: %v", err)
	}
	if err := os.MkdirAll(clusterDir(state, "HQ"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := checkCase(clusterDir(state, "HQ"), "HQ"); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	var name *NameError
	if err := checkCase(clusterDir(state, "hq"), "hq"); !errors.As(err, &name) || name.Hint() == "" {
		t.Errorf("hq beside HQ: %v", err)
	}
	if err := checkCase(clusterDir(state, "lab"), "lab"); err != nil {
		t.Errorf("another name: %v", err)
	}
}
