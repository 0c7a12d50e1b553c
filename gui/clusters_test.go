package gui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"ctlclient/cluster/site"
	"ctlclient/lab"
)

// fields are the entries in front, in order.
func (b *bench) fields() []textField {
	var fields []textField
	for _, o := range test.LaidOutObjects(b.front()) {
		if e, ok := o.(textField); ok {
			fields = append(fields, e)
		}
	}
	return fields
}

// What is missing or wrong in a new cluster is said in the dialog, which stays open.
func TestAddClusterIsChecked(t *testing.T) {
	b := newBench(t, Options{})
	b.on(screenClusters)
	b.tap("clusters.add")
	f := b.fields()
	if len(f) != 7 {
		t.Fatalf("%d fields", len(f))
	}
	b.mustSay("2444")
	for _, wrong := range [][4]string{
		{"", "192.0.2.1", "2444", "admin"},
		{"hq", "", "2444", "admin"},
		{"hq", "192.0.2.1", "0", "admin"},
		{"hq", "192.0.2.1", "65536", "admin"},
		{"hq", "192.0.2.1", "http", "admin"},
		{"hq", "192.0.2.1", "2444", " "},
	} {
		for i, text := range wrong {
			f[i].SetText(text)
		}
		b.tap("clusters.open")
		if !b.dialogOpen() {
			t.Fatalf("%q was taken", wrong)
		}
		b.mustSay(tr("clusters.add.incomplete"))
	}
	if found, err := site.All(); err != nil || len(found) != 0 {
		t.Errorf("profiles: %v, %v", found, err)
	}
	b.tap("button.cancel")
	if b.dialogOpen() {
		t.Error("the dialog is still there")
	}
}

// A cluster is added by its publisher alone: the fingerprint is confirmed, the password asked
// for, the other nodes offered; nothing secret is in the profile that is kept.
func TestAddCluster(t *testing.T) {
	p := &practised{}
	p.startLab(t, lab.Options{NoAltTFTP: true})
	p.bench = newBench(t, Options{})
	password, err := os.ReadFile(filepath.Join(p.lab.Dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := site.Load(p.lab.Profile)
	if err != nil {
		t.Fatal(err)
	}
	publisher := known.LeadNode()
	p.on(screenClusters)
	p.tap("clusters.add")
	f := p.fields()
	f[0].SetText("hq")
	f[1].SetText(publisher.Address)
	f[3].SetText(known.User)
	p.tap("clusters.open")

	p.untilSays(tr("identity.advice"))
	p.mustSay("SHA256:")
	p.tap("identity.keep")
	p.typeSecret("password.label", strings.TrimSpace(string(password)))
	// The second node is met for the first time too.
	p.untilSays("cucm-sub1")
	p.mustSay(tr("identity.advice"))
	p.tap("identity.keep") // the password was asked once
	p.on(screenOverview)
	p.mustSay("hq", "cucm-sub1", tr("agree.same"))

	kept, err := site.Load("hq")
	if err != nil {
		t.Fatal(err)
	}
	if len(kept.Nodes) != 2 {
		t.Errorf("%d nodes were kept", len(kept.Nodes))
	}
	data, err := os.ReadFile(kept.File)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), strings.TrimSpace(string(password))) {
		t.Error("the password is in the profile")
	}
	p.s.open(screenClusters)
	p.on(screenClusters)
	p.mustSay("hq")

	// The same name again does not overwrite it.
	p.tap("clusters.add")
	f = p.fields()
	f[0].SetText("hq")
	f[1].SetText("192.0.2.1")
	p.tap("clusters.open")
	p.mustSay(filepath.Base(kept.File))
	if !p.dialogOpen() {
		t.Error("the dialog is gone")
	}
}

// The cluster that was opened last stands first.
func TestRecentFirst(t *testing.T) {
	b := newBench(t, Options{})
	a, c, d := &site.Profile{File: "a"}, &site.Profile{File: "c"}, &site.Profile{File: "d"}
	b.s.remember(d)
	b.s.remember(c)
	got := ""
	for _, p := range b.s.recentFirst([]*site.Profile{a, c, d}) {
		got += p.File
	}
	if got != "cda" {
		t.Errorf("the order is %q", got)
	}
}
