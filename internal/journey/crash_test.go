//go:build !nogui && linux

package journey

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ctlclient/internal/xvfb"
)

// A program that dies leaves what it had to say in a file, and the next start says where. The
// death is a signal that Go's runtime treats like a panic nobody caught.
func TestCrash(t *testing.T) {
	d := xvfb.New(t)
	home := t.TempDir()
	p := open(t, d, home, "en_US", "light")
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if p.exit == nil {
		t.Fatal("it did not die")
	}

	p = open(t, d, home, "en_US", "light")
	before, _, _ := strings.Cut(p.text("crash.text"), "{{")
	p.dialog(before)
	names, err := filepath.Glob(filepath.Join(home, "state", "ctlclient", "told-crash-*.txt"))
	if err != nil || len(names) != 1 {
		t.Fatalf("crash files: %v %v", names, err)
	}
	p.dialog(names[0])
	text, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "goroutine 1") {
		t.Errorf("the file does not say where the program was:\n%.500s", text)
	}
	p.key("Escape")
	p.onScreen("clusters")
	p.close()

	// It is said once, and a run that ends well leaves nothing.
	p = open(t, d, home, "en_US", "light")
	p.onScreen("clusters")
	p.close()
	if left, _ := filepath.Glob(filepath.Join(home, "state", "ctlclient", "crash-*.txt")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
