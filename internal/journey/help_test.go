//go:build !nogui && linux

package journey

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the menus and the keys of the window lead to.

// menu takes an item of the menu bar by keyboard.
func (p *desktop) menu(key string) {
	p.t.Helper()
	label := p.text(key)
	place := func(s state) int {
		return slices.IndexFunc(s.Menu, func(it item) bool { return strings.HasPrefix(it.Label, label) })
	}
	p.key("alt")
	s := p.until("the menu bar", func(s state) bool { return len(s.Menu) > 0 })
	for range 3 {
		if place(s) >= 0 {
			break
		}
		p.key("Right")
		before := s.Menu[0]
		s = p.until("the next menu", func(s state) bool { return len(s.Menu) > 0 && s.Menu[0] != before })
	}
	at := place(s)
	if at < 0 {
		p.fail("no menu has %q", label)
	}
	for range at + 1 {
		p.key("Down")
	}
	p.key("Return")
	p.until("no menu", func(s state) bool { return len(s.Menu) == 0 })
}

// help goes from the screen's help to the glossary and back, and through the menu of help.
func (r *rehearsal) help() {
	r.key("F1")
	r.dialog(r.text("help.overview"))
	r.press("menu.glossary")
	for _, term := range []string{"ctl", "itl", "sast", "tvs", "capf", "mixed"} {
		r.dialog(r.text("glossary." + term + ".text"))
	}
	r.key("Escape")
	r.onScreen("overview")

	r.menu("menu.keys")
	s := r.dialog("Ctrl+F")
	for _, key := range []string{"F1", "F5", "Esc", "Tab", r.text("keys.copy"), r.text("keys.menu")} {
		if !s.has(key) {
			r.fail("the list of keys lacks %s", key)
		}
	}
	r.shot("24-keys-dark")
	r.key("Escape")
	r.onScreen("overview")
	r.about()
	r.openFolder()
}

// about says which program this is; it is what the command line says.
func (r *rehearsal) about() {
	cmd := exec.Command(program, "version", "--json")
	cmd.Env = environment(r.home)
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	var build struct {
		Version string `json:"version"`
		Commit  string `json:"commit"`
	}
	if err := json.Unmarshal(out, &build); err != nil || build.Version == "" {
		r.t.Fatalf("%v: %s", err, out)
	}
	r.menu("menu.about")
	s := r.dialog(r.text("about.text"))
	if !s.has(build.Version) || !s.has(build.Commit[:min(12, len(build.Commit))]) || !s.has("MIT") {
		r.fail("About lacks version %s, commit %s or the licence", build.Version, build.Commit)
	}
	r.shot("25-about-dark")
	r.key("Escape")
	r.onScreen("overview")
}

// openFolder shows the folder of journals in the system's file manager.
func (r *rehearsal) openFolder() {
	r.menu("menu.folder")
	r.opened("file://" + filepath.Join(r.home, "state", "ctlclient"))
}

// fileManager is a system that opens folders: it writes down which.
func fileManager(t *testing.T, home string) {
	t.Helper()
	dir := filepath.Join(home, "bin")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$1\" >>\"$HOME/opened\"\n"
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
}

// opened waits until the file manager was given an address, and forgets it.
func (r *rehearsal) opened(address string) {
	r.t.Helper()
	name := filepath.Join(r.home, "opened")
	r.until("the folder "+address, func(state) bool {
		data, _ := os.ReadFile(name)
		return string(data) == address+"\n"
	})
	if err := os.Remove(name); err != nil {
		r.t.Fatal(err)
	}
}

// lookAgain presses F5: the window shows what the cluster is now.
func (r *rehearsal) lookAgain() {
	if err := r.lab.Stop("cucm-sub1"); err != nil {
		r.t.Fatal(err)
	}
	fine := func(s state) bool { return len(s.Busy) == 0 && s.shows("cucm-sub1") && !s.has(r.text("agree.error")) }
	r.key("F5")
	r.until("the node that is down", func(s state) bool { return !fine(s) && len(s.Busy) == 0 })
	if err := r.lab.Start("cucm-sub1"); err != nil {
		r.t.Fatal(err)
	}
	r.key("F5")
	r.until("the node that is up again", fine)
}

// sessionLog has what went wrong: an address that nobody answers at.
func (r *rehearsal) sessionLog() {
	r.menu("menu.log")
	s := r.dialog(r.text("inspect.fetch") + ": ")
	if !s.has("nothing.tlv") {
		r.fail("the log does not name the file")
	}
	r.shot("26-log-dark")
	r.press("clusters.folder")
	r.opened("file://" + filepath.Join(r.home, "state", "ctlclient"))
	r.onScreen("inspect")
}
