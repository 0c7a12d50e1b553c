//go:build !nogui && linux

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/internal/xvfb"
	"ctlclient/lab/control"
)

// What hands do everywhere: sort a table, copy from it, find help, leave a dialog, make
// a folder. In the dark theme, since the others go through the light one.
func TestHands(t *testing.T) {
	home := homeOf(t)
	r := &rehearsal{desktop: open(t, xvfb.New(t), home, "en_US", "dark")}
	r.click("clusters.practice.open")
	if s := r.onScreen("overview"); s.Focus == nil {
		r.fail("no control has the focus")
	}
	r.sorting()
	r.help()
	r.copying()
	r.fetching()
	r.newFolder()
	r.firstControls()
	r.close()
}

// top is the first row in sight.
func (s state) top() string {
	if len(s.Rows) == 0 {
		return ""
	}
	return s.Rows[0].Label
}

// sorting clicks a title twice.
func (r *rehearsal) sorting() {
	s := r.until("the nodes", func(s state) bool { return strings.HasPrefix(s.top(), "cucm-pub") })
	title := s.Rows[0]
	title.Y, title.Width = title.Y-title.Height, 60
	r.clickAt(title)
	r.clickAt(title)
	r.until("the nodes the other way round", func(s state) bool { return strings.HasPrefix(s.top(), "tftp-1") })
	r.clickAt(title)
	r.until("the nodes as they were", func(s state) bool { return strings.HasPrefix(s.top(), "cucm-pub") })
}

// help goes from the screen's help to the glossary and back.
func (r *rehearsal) help() {
	r.key("F1")
	r.dialog(r.text("help.overview"))
	r.press("menu.glossary")
	r.dialog(r.text("glossary.sast.text"))
	r.key("Escape")
	r.onScreen("overview")
}

// copying takes a row along to another screen.
func (r *rehearsal) copying() {
	r.row("cucm-sub1", 0)
	r.key("ctrl+c")
	r.press("inspect.nav")
	r.onScreen("inspect")
	r.focus("tftp://192.0.2.10/CTLFile.tlv", 0)
	r.key("ctrl+v")
	r.until("what was copied", func(s state) bool { return s.Focus != nil && strings.Contains(s.Focus.Text, "cucm-sub1") })
}

// fetching opens what the publisher serves.
func (r *rehearsal) fetching() {
	remote, err := control.Dial(r.practiceDir())
	if err != nil {
		r.t.Fatal(err)
	}
	defer remote.Close()
	status, err := remote.Status()
	if err != nil {
		r.t.Fatal(err)
	}
	r.key("ctrl+a")
	r.write(fmt.Sprintf("tftp://%s:%d/CTLFile.tlv", status.Nodes[0].Address, status.Nodes[0].Ports.TFTP))
	r.key("Return")
	r.until("the records", func(s state) bool { return len(s.Rows) > 2 && len(s.Busy) == 0 })
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

// lostPhones ticks off the phone that would be lost, and takes the tick away.
func (r *rehearsal) lostPhones() {
	r.press("review.lost.show")
	r.dialog("7940")
	r.row(r.text("lost.no"), 0)
	r.press("lost.tick")
	r.until("the tick", func(s state) bool { return s.Dialog && s.has(r.text("lost.yes")+", SEP") })
	r.press("lost.tick")
	r.until("no tick", func(s state) bool { return s.Dialog && s.has(r.text("lost.no")+", SEP") })
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
