//go:build !nogui && linux

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ctlclient/lab"
)

// What a person reads in Inspect: what a node serves, how two files differ, a phone's signed
// configuration, and what was open before.

func (r *rehearsal) publisher() lab.NodeStatus {
	r.t.Helper()
	status, err := r.lab.Status()
	if err != nil {
		r.t.Fatal(err)
	}
	return status.Nodes[0]
}

// keepFile keeps the publisher's CTL file in the person's folder.
func (r *rehearsal) keepFile(name string) {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.publisher().Folder, "CTLFile.tlv"))
	if err == nil {
		err = os.WriteFile(filepath.Join(r.home, name), data, 0o600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// sum waits until Inspect shows the file with a checksum.
func (r *rehearsal) sum(md5 string) state {
	r.t.Helper()
	return r.until("the file "+md5, func(s state) bool {
		return s.Screen == "inspect" && !s.Dialog && len(s.Busy) == 0 && s.has("MD5 "+strings.ToLower(md5))
	})
}

// inspect fetches what the publisher serves.
func (r *rehearsal) inspect() {
	publisher := r.publisher()
	r.click("inspect.nav")
	r.onScreen("inspect")
	r.focus("tftp://192.0.2.10/CTLFile.tlv")
	r.write(fmt.Sprintf("tftp://%s:%d/CTLFile.tlv", publisher.Address, publisher.Ports.TFTP))
	r.key("Return")
	r.sum(r.after)
	r.row("1, "+r.text("type.sast"), 0)
	r.until("the certificate's details", func(s state) bool { return s.has(r.text("details.serial")) })
	r.shot("14-inspect")
	r.comparison()
	r.signed(publisher)
	r.recent()
}

// comparison reads as a table what the migration changed, and what phones make of the way back.
func (r *rehearsal) comparison() {
	r.press("inspect.compare")
	r.path("before.tlv")
	removed := r.text("inspect.only-first") + ", " + r.text("type.sast")
	r.until("the changes", func(s state) bool { return len(s.Busy) == 0 && s.shows(removed) })
	r.row(removed, 0)
	s := r.until("the details of the record", func(s state) bool { return s.has(r.text("inspect.first")) && s.has(r.text("details.serial")) })
	if !s.has(r.text("verdict.accepts")) && !s.has(r.text("verdict.rejects")) {
		r.fail("the comparison does not say what phones do")
	}
	r.shot("35-comparison")
}

// path types a file of the person's folder into the dialog that asks for one.
func (r *rehearsal) path(name string) {
	r.t.Helper()
	r.dialog(r.text("files.folder"))
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.home, name)
	}
	r.key("ctrl+a")
	r.write(name)
	r.key("Return")
}

// signed opens a phone's configuration, and finds who signed it among the cluster's records.
func (r *rehearsal) signed(publisher lab.NodeStatus) {
	names, err := filepath.Glob(filepath.Join(publisher.Folder, "*.cnf.xml.sgn"))
	if err != nil || len(names) == 0 {
		r.t.Fatal(names, err)
	}
	r.key("ctrl+o")
	r.path(names[0])
	r.until("the configuration", func(s state) bool {
		return !s.Dialog && len(s.Busy) == 0 && s.has(filepath.Base(names[0])) && s.has(r.text("inspect.sgn.by"))
	})
	r.shot("36-signed-configuration")
}

// recent goes back to what was open before, and to what the cluster serves itself.
func (r *rehearsal) recent() {
	r.press("inspect.recent")
	r.chooseText(filepath.Join(r.home, "before.tlv"))
	r.sum(r.before)
	r.press("inspect.recent")
	r.choose("inspect.own-ctl")
	r.sum(r.after)
}

// former opens the file that a job has replaced, and comes back to the job.
func (r *rehearsal) former() {
	r.press("history.open.former")
	r.sum(r.before)
	r.key("ctrl+6")
	r.onScreen("history")
	r.theMigration()
}
