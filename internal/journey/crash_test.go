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

// A program that dies leaves what a person had begun, and what it had to say in a file: the next
// start says where, and offers the job again, which is discarded only when they say so. One death
// is kill -9, the other a signal that Go's runtime treats like a panic nobody caught.
func TestCrash(t *testing.T) {
	t.Parallel()
	d := xvfb.New(t)
	home := homeOf(t)
	fileManager(t, home)
	r := &rehearsal{desktop: open(t, d, home, "en_US", "light")}
	r.toActions()
	r.press("action.to-tokens")
	r.onScreen("entries")
	r.addTokens()
	r.die(syscall.SIGKILL)

	r.desktop = open(t, d, home, "en_US", "light")
	r.toActions()
	r.offered()
	r.press("draft.continue")
	if s := r.onScreen("entries"); !s.shows(r.text("mark.added") + ", " + r.text("type.sast")) {
		r.fail("the tokens are no longer among the entries")
	}
	r.die(syscall.SIGQUIT)

	r.desktop = open(t, d, home, "en_US", "light")
	r.crashTold()
	r.toActions()
	r.offered()
	r.shot("33-draft")
	r.press("draft.discard")
	r.dialog(r.text("draft.discard.title"))
	r.press("button.cancel")
	r.onScreen("action")
	r.offered()
	r.press("draft.discard")
	r.dialog(r.text("draft.discard.title"))
	r.press("draft.discard")
	r.until("no draft", func(s state) bool { return !s.Dialog && s.Screen == "action" && !s.has(r.begun()) })
	r.close()

	// Both are said once, and a run that ends well leaves nothing.
	r.desktop = open(t, d, home, "en_US", "light")
	r.toActions()
	if s := r.now(); s.has(r.begun()) {
		r.fail("what was discarded came back")
	}
	r.close()
	if left, _ := filepath.Glob(filepath.Join(home, "state", "ctlclient", "crash-*.txt")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// toActions opens the practice cluster and goes to what can be done with it.
func (r *rehearsal) toActions() {
	r.press("clusters.practice.open")
	r.onScreen("overview")
	r.key("ctrl+3")
	r.onScreen("action")
}

// die ends the program as nobody wants it.
func (r *rehearsal) die(by syscall.Signal) {
	if err := r.cmd.Process.Signal(by); err != nil {
		r.t.Fatal(err)
	}
	<-r.ended
	if r.exit == nil {
		r.t.Fatal("it did not die")
	}
}

// begun is what is said of the job that was begun: two tokens were added.
func (r *rehearsal) begun() string {
	return strings.NewReplacer("{{.Job}}", r.text("action.to-tokens"), "{{.Count}}", "2").Replace(r.text("draft.text"))
}

func (r *rehearsal) offered() {
	r.t.Helper()
	if s := r.now(); !s.has(r.begun()) {
		r.fail("what was begun is not offered")
	}
}

// crashTold reads where the crash is described, and opens the folder.
func (r *rehearsal) crashTold() {
	before, _, _ := strings.Cut(r.text("crash.text"), "{{")
	r.dialog(before)
	names, err := filepath.Glob(filepath.Join(r.home, "state", "ctlclient", "told-crash-*.txt"))
	if err != nil || len(names) != 1 {
		r.t.Fatalf("crash files: %v %v", names, err)
	}
	r.dialog(names[0])
	text, err := os.ReadFile(names[0])
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(text), "goroutine 1") {
		r.t.Errorf("the file does not say where the program was:\n%.500s", text)
	}
	r.shot("34-crash")
	r.press("clusters.folder")
	r.opened("file://" + filepath.Dir(names[0]))
	r.onScreen("clusters")
}
