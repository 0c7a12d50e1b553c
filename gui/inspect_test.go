package gui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"ctlclient/lab"
	"ctlclient/workflow"
)

// drop puts a file on the window, as a person does with the mouse.
func (b *bench) drop(path string) {
	b.Helper()
	b.s.open(screenInspect)
	b.s.screen(screenInspect).(*inspectScreen).dropped([]fyne.URI{storage.NewFileURI(path)})
	b.idle()
}

// find is the first file of a folder with an ending.
func find(t *testing.T, dir, ending string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s (%v)", ending, dir, err)
	}
	return names[0]
}

// Every kind of file that a node serves can be read; a signed configuration is verified with
// the cluster's list; what cannot be read is said, and what was shown before stays.
func TestInspect(t *testing.T) {
	p := newPractised(t, lab.Options{})
	node, err := p.lab.Node("cucm-pub")
	if err != nil {
		t.Fatal(err)
	}
	ctl := filepath.Join(node.Folder, workflow.CTLFileName)
	i := p.s.screen(screenInspect).(*inspectScreen)

	p.drop(ctl)
	p.mustSay(tr("notice.good"), "ITLRECOVERY_cucm-pub", i.list.MD5(), i.list.SHA1(), tr("type.sast"), "CAPF")
	if !strings.Contains(i.show.Text.Text(), "The CTL file was verified successfully.") {
		t.Errorf("it is not shown as the node shows it:\n%s", i.show.Text.Text())
	}
	i.table.Choose(2)
	p.mustSay(tr("details.serial"), "SHA-1")

	itl := filepath.Join(node.Folder, "ITLFile.tlv")
	p.drop(itl)
	p.mustSay(tr("notice.good"), "ITLFile.tlv", "TVS")
	other, err := os.ReadFile(ctl)
	if err != nil {
		t.Fatal(err)
	}
	i.compareWith("CTLFile.tlv", other)
	p.idle()
	if i.tabs.Current != tabCompare || len(i.diff.changes) == 0 {
		t.Error("the comparison is not shown")
	}
	p.mustSay("ITLFile.tlv", "CTLFile.tlv", tr("inspect.only-second"), tr("review.phones"))
	i.tabs.Show(tabRecords)

	p.drop(find(t, node.Folder, ".cnf.xml.sgn"))
	p.mustSay(tr("notice.good"), ".cnf.xml.sgn", tr("inspect.sgn.by"), tr("details.serial"))
	if !strings.Contains(i.show.Text.Text(), "<device") {
		t.Errorf("the configuration cannot be read:\n%.300s", i.show.Text.Text())
	}
	if !p.button("inspect.compare").Disabled() {
		t.Error("a configuration can be compared with a list")
	}

	broken := append([]byte(nil), other...)
	broken[len(broken)-1] ^= 1
	p.drop(write(t, "changed.tlv", broken))
	p.mustSay(tr("notice.danger"), "changed.tlv")

	for name, data := range map[string][]byte{"garbage.tlv": []byte("neither list nor configuration"), "empty.tlv": nil,
		"cut.tlv": other[:len(other)/2]} {
		p.drop(write(t, name, data))
		if !p.dialogOpen() {
			t.Errorf("%s is taken for a file", name)
			continue
		}
		p.mustSay(tr("inspect.bad", map[string]any{"Name": name}))
		p.tap("button.close")
		p.mustSay("changed.tlv")
	}
	p.drop(filepath.Join(t.TempDir(), "nothing.tlv"))
	p.mustSay("nothing.tlv")
	p.tap("button.close")
}

// Without a cluster a signed configuration can be read, and it is said what verifies it.
func TestInspectWithoutACluster(t *testing.T) {
	p := &practised{}
	p.startLab(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.bench = newBench(t, Options{})
	node, err := p.lab.Node("cucm-pub")
	if err != nil {
		t.Fatal(err)
	}
	p.drop(find(t, node.Folder, ".cnf.xml.sgn"))
	p.mustSay(tr("inspect.sgn.no-list"))
}

// An address is fetched over TFTP; what is no address is refused in words.
func TestFetch(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.open(screenInspect)
	i := p.s.screen(screenInspect).(*inspectScreen)
	i.address.SetText("tftp://" + p.lab.TFTPServers()[0] + "/CTLFile.tlv")
	p.tap("inspect.fetch")
	p.idle()
	p.mustSay(tr("notice.good"), "tftp://")
	i.fetchOwn(workflow.CTLFileName)
	p.idle()
	p.mustSay(workflow.CTLFileName+" · ", tr("notice.good"))
	if recent := p.s.app.Preferences().StringList(prefFiles); len(recent) != 1 || !strings.HasPrefix(recent[0], "tftp://") {
		t.Errorf("opened lately: %v", recent)
	}
	i.address.SetText("ftp://user:password@127.0.0.1/CTLFile.tlv")
	p.tap("inspect.fetch")
	p.idle()
	if p.says("user:password") || strings.Contains(strings.Join(p.s.app.Preferences().StringList(prefFiles), ""), "password") {
		t.Errorf("a password is shown: %q", p.texts())
	}
	p.tap("button.close")
	for _, address := range []string{"", "CTLFile.tlv", "gopher://127.0.0.1/CTLFile.tlv", "tftp://127.0.0.1"} {
		i.address.SetText(address)
		p.tap("inspect.fetch")
		p.idle()
		if !p.dialogOpen() {
			t.Errorf("%q: no objection", address)
			continue
		}
		p.tap("button.close")
	}
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
