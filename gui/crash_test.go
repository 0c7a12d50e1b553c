package gui

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A crash leaves a file, the next start names it once, and an ordinary end leaves nothing.
func TestCrashLeavesAFile(t *testing.T) {
	if dir := os.Getenv("CTLCLIENT_TEST_CRASH"); dir != "" {
		if _, err := watchCrash(dir); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			panic("the screw is loose")
		}()
		<-done
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestCrashLeavesAFile$")
	cmd.Env = append(os.Environ(), "CTLCLIENT_TEST_CRASH="+dir)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the program did not crash:\n%s", out)
	}
	found := crashesOf(dir)
	if len(found) != 1 {
		t.Fatalf("crash files: %v", found)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "the screw is loose") {
		t.Errorf("the file does not say what happened:\n%s", text)
	}
	if again := crashesOf(dir); len(again) != 0 {
		t.Errorf("told twice: %v", again)
	}
}

func TestOrdinaryEndLeavesNoCrashFile(t *testing.T) {
	dir := t.TempDir()
	end, err := watchCrash(dir)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
