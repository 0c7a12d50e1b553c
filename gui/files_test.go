package gui

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"ctlclient/ctlbuild"
	"ctlclient/gui/widgets"
	"ctlclient/lab"
	"ctlclient/softhsm"
)

// enter types into a field and presses Enter.
func enter(f textField, text string) {
	f.SetText(text)
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// A file is signed and kept instead of being uploaded: it verifies, and no node has changed.
// A file that is there is overwritten only after the person said so.
func TestSaveSignedFile(t *testing.T) {
	p := newPractised(t, lab.Options{})
	before := p.served()
	p.trustTokens()
	p.review()
	p.tap("review.save")
	p.untilSays(tr("confirm.accept-loss"))
	p.tap("confirm.accept-loss")
	p.typeSecret("pin.label", softhsm.DefaultPIN)
	path := filepath.Join(t.TempDir(), "signed.tlv")
	p.saveAs(path)
	p.untilSays(tr("review.saved", map[string]any{"File": path}))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ctlbuild.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if v := list.Verify(); !v.OK || list.Tokenless() {
		t.Errorf("the file that was saved: %+v", v)
	}
	if after := p.served(); !equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
	p.tap("button.close")

	// Nothing signed is left behind: it is asked and signed anew. The file is there: it is
	// asked about.
	p.on(screenReview)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.tap("review.save")
	p.untilSays(tr("confirm.save.title"))
	p.tap("confirm.accept-loss")
	p.typeSecret("pin.label", softhsm.DefaultPIN)
	p.saveAs(path)
	p.untilSays(tr("files.overwrite"))
	p.tap("button.cancel")
	if kept, err := os.ReadFile(path); err != nil || string(kept) != "mine" {
		t.Errorf("the file became %q (%v)", kept, err)
	}

	// To have saved the file is no yes to writing it, and no PIN for it.
	p.tap("button.cancel")
	p.on(screenReview)
	p.agree()
	p.untilSays(tr("pin.title"))
	if after := p.served(); !equal(before, after) {
		t.Errorf("written after it was saved: %v became %v", before, after)
	}
	p.tap("button.cancel")
	p.on(screenReview)
}

// saveAs answers the dialog for a file's name.
func (b *bench) saveAs(path string) {
	b.Helper()
	b.until("the dialog for a file's name", func() bool { return b.dialogOpen() && len(b.fields()) == 2 })
	b.fields()[1].SetText(path)
	b.tap("files.save")
}

// A token's certificate is exported as the trust store's upload page takes it: DER.
func TestExportCertificate(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.open(screenTokens)
	p.on(screenTokens)
	p.tap("tokens.export")
	path := filepath.Join(t.TempDir(), "token.cer")
	p.saveAs(path)
	p.idle()
	p.untilSays(tr("tokens.exported", map[string]any{"File": path}))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, p.tokens[0].Certificate) {
		t.Error("the file is not the certificate")
	}
}

// A TFTP server is added by its certificate and address; what is missing or wrong is said in
// the dialog.
func TestAddServer(t *testing.T) {
	p := newPractised(t, lab.Options{})
	p.migrate()
	node, err := p.lab.Node("tftp-1")
	if err != nil {
		t.Fatal(err)
	}
	p.s.begin(jobUpdate)
	p.on(screenEntries)
	p.tap("entries.add-tftp")
	p.tap("tokens.add")
	p.mustSay(tr("entries.incomplete"))

	p.tap("entries.choose-file")
	enter(p.fields()[0], node.CertificateFile("identity"))
	p.idle()
	f := p.fields()
	if len(f) != 2 {
		t.Fatalf("%d fields; the window says %q", len(f), p.texts())
	}
	f[0].SetText("tftp-9")
	f[1].SetText("300.1.1.1")
	p.tap("tokens.add")
	p.mustSay(tr("entries.bad-ip", map[string]any{"Address": "300.1.1.1"}))
	f[1].SetText("192.0.2.9")
	p.tap("tokens.add")
	if p.dialogOpen() {
		t.Fatalf("the dialog is still there: %q", p.texts())
	}
	e := p.s.screen(screenEntries).(*entriesScreen)
	last := e.rows[0]
	if last.sign != widgets.AddSign || last.record.DNSName() != "tftp-9" || last.record.Function() != ctlbuild.TFTP {
		t.Errorf("the new row: %v %q %v", last.sign, last.record.DNSName(), last.record.Function())
	}
	p.tap("entries.next")
	p.on(screenReview)
	p.mustSay(tr("mark.added"), "tftp-9")
}

// Who closes the window while a job runs is asked first, and may stay.
func TestCloseWhileWorking(t *testing.T) {
	b := newBench(t, Options{})
	b.on(screenClusters)
	release := make(chan struct{})
	start(b.s.tasks, "a long job", func(ctx context.Context) (int, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return 0, ctx.Err()
	}, func(int, error) {}).job = true
	b.s.closeWindow()
	b.mustSay(tr("close.text"), "a long job")
	b.tap("close.no")
	if b.dialogOpen() {
		t.Error("the dialog is still there")
	}
	close(release)
	b.idle()
}

// The Cancel button of the status bar ends what is under way, and nothing is said to be wrong.
func TestCancel(t *testing.T) {
	b := newBench(t, Options{})
	b.on(screenClusters)
	var got error
	start(b.s.tasks, "a long job", func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}, func(_ int, err error) { got = err; b.s.failUnlessStopped("a long job", err) })
	b.s.status.cancel.Tapped(nil)
	b.idle()
	if got == nil || b.dialogOpen() {
		t.Errorf("ended with %v, dialog %v", got, b.dialogOpen())
	}
}

// A certificate that is added from a file is looked at as one on a token: what is not shaped like
// a SAST is said.
func TestCertificateFromAFileGetsAWarning(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.s.begin(jobToTokens)
	p.on(screenEntries)
	p.tap("entries.add-tokens")
	for _, f := range []struct {
		der  []byte
		odd  bool
		name string
	}{{p.tokens[0].Certificate, false, "token.cer"}, {p.s.live().Records[0].Certificate(), true, "server.cer"}} {
		path := filepath.Join(t.TempDir(), f.name)
		if err := os.WriteFile(path, f.der, 0o600); err != nil {
			t.Fatal(err)
		}
		p.tap("entries.add-certificate")
		p.until("the dialog for a file's name", func() bool { return len(p.fields()) == 1 })
		p.fields()[0].SetText(path)
		p.tap("files.open")
		p.until("the certificate among those added", func() bool { return p.says(tr("entries.insert")) && len(p.s.tasks.running()) == 0 })
		if p.says(tr("odd.text")) != f.odd {
			t.Errorf("%s: warned is %v", f.name, !f.odd)
		}
	}
}

// What a person types while a folder is still read is theirs: it is not written over by the name
// of that folder.
func TestReadingAFolderLeavesWhatIsTyped(t *testing.T) {
	b := newBench(t, Options{})
	dir := t.TempDir()
	c := newFileChooser(b.s, "Open", "Open", toOpen, nil, func(string) {})
	c.show(dir)
	c.place.SetText("/else")
	b.idle()
	if c.place.Text != "/else" || c.dir != dir {
		t.Errorf("the field says %q in %q", c.place.Text, c.dir)
	}
	c.look(filepath.Dir(dir), nil)
	b.idle()
	if c.place.Text != filepath.Dir(dir) {
		t.Errorf("the field says %q, and %s is shown", c.place.Text, c.dir)
	}
}
