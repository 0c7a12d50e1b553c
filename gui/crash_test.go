package gui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// A run that was ended from outside leaves an empty file, which the next start removes; the
// file of a run that goes on stays.
func TestEmptyCrashFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	end, err := watchCrash(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	own, _ := filepath.Glob(filepath.Join(dir, crashPattern))
	ended := exec.Command(os.Args[0], "-test.run", "^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, fmt.Sprintf("crash-20260101-000000-%d.txt", ended.Process.Pid))
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := crashesOf(dir); len(found) != 0 {
		t.Errorf("told: %v", found)
	}
	if now, _ := filepath.Glob(filepath.Join(dir, "*")); len(own) != 1 || !slices.Equal(now, own) {
		t.Errorf("%v stay, want %v", now, own)
	}
}
