//go:build !nogui && linux

package journey

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/internal/xvfb"
	"ctlclient/lab"
)

// TestClusters adds a cluster after a wrong address and a wrong password, changes its nodes, and
// takes a server's new identity after both were seen.
func TestClusters(t *testing.T) {
	t.Parallel()
	home := homeOf(t)
	dir := filepath.Join(home, "hq")
	usualPorts(t, dir)
	l := runLab(t, dir)
	r := &rehearsal{desktop: open(t, xvfb.New(t), home, "en_US", "light")}
	t.Log("add")
	r.addCluster(l)
	t.Log("edit")
	r.editCluster(l)
	t.Log("identity")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// The publisher is another one by its certificate, as after an installation.
	for _, ending := range []string{".pem", ".key"} {
		names, err := filepath.Glob(filepath.Join(dir, "nodes", "cucm-pub", "*", "CTLProvider"+ending))
		if err != nil || len(names) != 1 {
			t.Fatalf("%v, %v", names, err)
		}
		if err := os.Remove(names[0]); err != nil {
			t.Fatal(err)
		}
	}
	r.takeIdentity(runLab(t, dir))
	r.close()
}

// runLab runs a cluster that is no practice cluster of the program's own.
func runLab(t *testing.T, dir string) *lab.Lab {
	t.Helper()
	l, err := lab.Up(t.Context(), lab.Options{Dir: dir, Nodes: 2, NoAltTFTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// usualPorts makes a cluster whose TFTP answers at its usual port, where the system lets it: a
// port that is silent is waited for.
func usualPorts(t *testing.T, dir string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:69")
	if err != nil {
		return
	}
	_ = c.Close()
	if err := runLab(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "lab.json")
	state, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, bytes.ReplaceAll(state, []byte(`"TFTP": 6969`), []byte(`"TFTP": 69`)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts a text into a field in the place of what it holds.
func (p *desktop) fill(key, text string) {
	p.t.Helper()
	f := p.focus(p.text(key))
	p.key("ctrl+a")
	p.write(text)
	p.until("the text "+text, func(s state) bool { return s.Focus != nil && s.Focus.Label == f.Label && s.Focus.Text == text })
}

// holds fails unless a field still has a text.
func (p *desktop) holds(key, text string) {
	p.t.Helper()
	if f := p.focus(p.text(key)); f.Text != text {
		p.fail("%s is %q, and was %q", p.text(key), f.Text, text)
	}
}

// addCluster mends what was wrong of a new cluster, field by field, until it opens.
func (r *rehearsal) addCluster(l *lab.Lab) {
	known, err := site.Load(l.Profile)
	if err != nil {
		r.t.Fatal(err)
	}
	password, err := os.ReadFile(filepath.Join(l.Dir, "password"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.key("ctrl+n")
	r.dialog(r.text("clusters.add.title"))
	r.fill("clusters.add.name", "hq")
	r.fill("clusters.add.address", nobody(r.t))
	// Without it every port that a cluster may answer at is asked, and TFTP's silence waited for.
	r.option("clusters.add.kind", r.text("clusters.kind.ctlp-name"))
	r.fill("clusters.add.user", known.User)
	r.key("Return")
	r.dialog(r.text("error.next"))
	r.shot("27-wrong-address")
	r.press("clusters.add.again")
	r.dialog(r.text("clusters.add.title"))
	r.holds("clusters.add.name", "hq")
	r.holds("clusters.add.user", known.User)
	r.fill("clusters.add.address", known.LeadNode().Address)
	r.key("Return")

	r.password("wrong " + string(password)) // after the publisher's fingerprint was confirmed
	r.dialog(r.text("error.next"))
	r.shot("28-wrong-password")
	r.press("clusters.add.again")
	r.dialog(r.text("clusters.add.title"))
	r.holds("clusters.add.name", "hq")
	r.holds("clusters.add.address", known.LeadNode().Address)
	r.key("Return")
	r.password(string(password))
	r.until("the first meeting with the other node", func(s state) bool {
		return s.Dialog && s.has("cucm-sub1") && s.has(r.text("identity.advice"))
	})
	r.press("identity.keep")
	if s := r.onScreen("overview"); !s.shows("cucm-sub1") || !s.has("hq") {
		r.fail("the overview is not of the cluster that was added")
	}
	kept, err := os.ReadFile(r.profile())
	if err != nil {
		r.t.Fatal(err)
	}
	if strings.Contains(string(kept), strings.TrimSpace(string(password))) {
		r.fail("the password is in the profile")
	}
}

// password answers the question for it, after a fingerprint that is met where there is one.
func (r *rehearsal) password(text string) {
	s := r.until("a question", func(s state) bool {
		return s.Dialog && (s.has(r.text("identity.advice")) || s.has(r.text("password.label")))
	})
	if s.has(r.text("identity.advice")) {
		r.press("identity.keep")
	}
	r.dialog(r.text("password.label"))
	r.write(text)
	r.key("Return")
}

func (r *rehearsal) profile() string {
	return filepath.Join(r.home, "config", "ctlclient", "hq.toml")
}

// nobody is an address at which nothing answers.
func nobody(t *testing.T) string {
	t.Helper()
	for n := 2; n < 250; n++ {
		address := fmt.Sprintf("127.9.9.%d", n)
		listener, err := net.Listen("tcp", address+":2444")
		if err == nil && listener.Close() == nil {
			return address
		}
	}
	t.Fatal("every address is taken")
	return ""
}

// editCluster changes a node's way and port; what is wrong is said, and nothing is written.
func (r *rehearsal) editCluster(l *lab.Lab) {
	r.key("ctrl+1")
	r.onScreen("clusters")
	r.row("hq", 0)
	r.press("clusters.details")
	r.dialog(r.profile())
	r.press("edit.button")
	r.dialog(r.text("edit.leave-out"))
	r.fill("edit.leave-out", "voicemail")
	r.row("cucm-sub1", 0)
	r.press("edit.node")
	r.option("clusters.transport", "BY-HAND")
	r.option("clusters.transport", "CTLP")
	port := strings.ReplaceAll(r.text("edit.port"), "{{.Service}}", "HTTPS")
	r.focus(port)
	r.write("no port")
	r.key("Return")
	_, wrong, _ := strings.Cut(r.text("edit.port.bad"), "{{.Value}}")
	r.dialog("no port" + wrong)
	r.shot("29-edit-node")
	r.focus(port)
	r.key("ctrl+a")
	r.write("18443")
	r.key("Return")
	if s := r.dialog("HTTPS 18443"); s.Focus == nil || s.Focus.Label != r.text("edit.node") {
		r.fail("the button that led to the node has lost the focus")
	}
	before, err := site.Load(r.profile())
	if err != nil {
		r.t.Fatal(err)
	}
	if before.Node("cucm-sub1").Port(site.PortHTTPS) == 18443 {
		r.fail("the file was written before it was saved")
	}
	r.shot("30-edit-cluster")
	r.press("files.save")
	password, err := os.ReadFile(filepath.Join(l.Dir, "password"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.password(string(password))
	r.onScreen("overview")
	kept, err := site.Load(r.profile())
	if err != nil {
		r.t.Fatal(err)
	}
	if n := kept.Node("cucm-sub1"); n.Port(site.PortHTTPS) != 18443 || n.Transport != site.TransportCTLP || len(kept.LeaveOut) != 1 {
		r.fail("kept: %+v", kept)
	}
}

// option chooses one of several.
func (r *rehearsal) option(key, name string) {
	label := r.text(key) + ": "
	r.focusOn("the choice "+label, func(f item) bool { return strings.HasPrefix(f.Label, label) })
	r.key("space")
	r.chooseText(name)
	r.until("the choice of "+name, func(s state) bool { return s.Focus != nil && s.Focus.Label == label+name })
}

// takeIdentity meets a publisher that is another than before: no job goes on, both fingerprints
// are shown, and the new one is kept when the person says so.
func (r *rehearsal) takeIdentity(l *lab.Lab) {
	now, err := site.Load(l.Profile)
	if err != nil {
		r.t.Fatal(err)
	}
	was, err := site.Load(r.profile())
	if err != nil {
		r.t.Fatal(err)
	}
	old, fresh := was.LeadNode().Fingerprint, now.LeadNode().Fingerprint
	r.key("F5")
	r.dialog(r.text("error.next"))
	r.shot("31-another-identity")
	r.press("edit.identities")
	r.until("the identities", func(s state) bool { return s.Dialog && s.has(r.text("identities.changed")) })
	r.press("identities.accept")
	s := r.dialog(r.text("identities.where.ctlp"))
	for _, part := range []string{old, fresh, r.text("tokens.subject"), r.text("tokens.until")} {
		if !s.has(part) {
			r.fail("the question lacks %q", part)
		}
	}
	r.shot("32-identity-accepted")
	r.press("identities.accept.yes")
	r.until("no other identity", func(s state) bool {
		return s.Dialog && len(s.Busy) == 0 && s.shows("cucm-pub") && !s.has(r.text("identities.changed"))
	})
	r.key("Escape") // the cluster is opened anew
	password, err := os.ReadFile(filepath.Join(l.Dir, "password"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.password(string(password))
	r.onScreen("overview")
	if kept, err := site.Load(r.profile()); err != nil || kept.LeadNode().Fingerprint != fresh {
		r.fail("%v: kept %+v, want %s", err, kept, fresh)
	}
}
