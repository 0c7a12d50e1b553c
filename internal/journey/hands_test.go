//go:build !nogui && linux

package journey

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/internal/xvfb"
	"ctlclient/lab/control"
)

// What hands do everywhere: search, sort and widen a table, copy from it, find help, leave a
// dialog, make a folder. In the dark theme, since the others go through the light one.
func TestHands(t *testing.T) {
	t.Parallel()
	home := homeOf(t)
	keepSites(t, home)
	fileManager(t, home)
	r := &rehearsal{desktop: open(t, xvfb.New(t), home, "en_US", "dark")}
	r.searching()
	r.reopening()
	r.click("clusters.practice.open")
	if s := r.onScreen("overview"); s.Focus == nil {
		r.fail("no control has the focus")
	}
	var err error
	if r.lab, err = control.Dial(r.practiceDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.lab.Close() })
	r.sorting()
	r.resizing()
	r.help()
	r.lookAgain()
	r.marking()
	r.copying()
	r.fetching()
	r.sessionLog()
	r.newFolder()
	r.firstControls()
	r.close()
}

// fetching opens what the publisher serves, and asks for what nobody serves.
func (r *rehearsal) fetching() {
	status, err := r.lab.Status()
	if err != nil {
		r.t.Fatal(err)
	}
	address := fmt.Sprintf("tftp://%s:%d/", status.Nodes[0].Address, status.Nodes[0].Ports.TFTP)
	r.key("ctrl+a")
	r.write(address + "CTLFile.tlv")
	r.key("Return")
	r.until("the records", func(s state) bool { return len(s.Rows) > 2 && len(s.Busy) == 0 })
	r.focus("tftp://192.0.2.10/CTLFile.tlv")
	r.key("ctrl+a")
	r.write(address + "nothing.tlv")
	r.key("Return")
	r.dialog(r.text("inspect.fetch"))
	r.key("Escape")
	r.onScreen("inspect")
}

// newFolder exports the certificates into a folder that is made for them, after thinking better of
// it once.
func (r *rehearsal) newFolder() {
	r.press("inspect.export")
	r.dialog(r.text("files.new-folder"))
	r.key("Escape")
	r.onScreen("inspect")
	r.press("inspect.export")
	r.dialog(r.text("files.new-folder"))
	r.press("files.new-folder")
	r.dialog(r.text("files.name"))
	r.write("certificates")
	r.key("Return")
	folder := filepath.Join(r.home, "certificates")
	r.until("the new folder", func(s state) bool {
		return s.Dialog && s.Focus != nil && len(s.Busy) == 0 && s.has(folder)
	})
	r.press("files.choose")
	r.dialog(folder)
	r.key("Return")
	r.onScreen("inspect")
	if names, err := filepath.Glob(filepath.Join(folder, "*.pem")); err != nil || len(names) < 3 {
		r.fail("in %s: %v %v", folder, names, err)
	}
}

// firstControls goes through the screens: each has a control that the keyboard begins with.
func (r *rehearsal) firstControls() {
	for n, screen := range []string{"clusters", "overview", "action"} {
		r.key(fmt.Sprintf("ctrl+%d", n+1))
		r.until("a first control on "+screen, func(s state) bool {
			return s.Screen == screen && len(s.Busy) == 0 && s.Focus != nil
		})
	}
	r.key("ctrl+n")
	r.dialog(r.text("clusters.add.title"))
	r.key("Return") // nothing is filled in
	r.dialog(r.text("clusters.add.incomplete"))
	r.key("Escape")
	r.onScreen("clusters")
}

// lostPhones ticks off the phone that would be lost, takes the tick away, and writes the list for
// those who go through the house.
func (r *rehearsal) lostPhones() {
	r.press("review.lost.show")
	r.dialog("7940")
	r.row(r.text("lost.no"), 0)
	r.press("lost.tick")
	r.until("the tick", func(s state) bool { return s.Dialog && s.has(r.text("lost.yes")+", SEP") })
	r.press("lost.tick")
	r.until("no tick", func(s state) bool { return s.Dialog && s.has(r.text("lost.no")+", SEP") })
	r.press("lost.csv")
	r.dialog(r.text("files.folder"))
	name := filepath.Join(r.home, "phones.csv")
	r.key("ctrl+a")
	r.write(name)
	r.key("Return")
	r.dialog(strings.ReplaceAll(r.text("lost.saved"), "{{.File}}", name))
	r.key("Escape")
	r.dialog(r.text("lost.csv"))
	f, err := os.Open(name)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 2 || !strings.HasPrefix(lines[1][0], "SEP") || lines[1][1] != "7940" || lines[1][3] == "" || lines[1][4] != r.text("lost.no") {
		r.fail("%s: %v: %q", name, err, lines)
	}
	r.key("Escape")
	r.onScreen("review")
}

// report saves the report of a job as a page.
func (r *rehearsal) report() {
	r.press("report.save")
	r.dialog(r.text("files.folder"))
	name := filepath.Join(r.home, "report.html")
	r.key("ctrl+a")
	r.write(name)
	r.key("Return")
	r.dialog(r.text("report.open"))
	page, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if !strings.Contains(string(page), "cucm-sub1") || !strings.Contains(string(page), "SAST-ADN") {
		r.fail("the report lacks a node or the token:\n%.500s", page)
	}
	r.key("Escape")
	r.onScreen("history")
}
