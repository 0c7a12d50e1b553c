//go:build !nogui && linux

package journey

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"

	"ctlclient/internal/xvfb"
)

// The practice cluster as Cisco ships it: a person sees its phones with what each does now, the
// trust store, and the pre-flight list, migrates to tokens though the form refuses the file, by
// hand, restarts the services and the phones, and reads what each phone says.
func TestAsCiscoShipsIt(t *testing.T) {
	d := xvfb.New(t)
	p := open(t, d, homeOf(t), "pt_BR", "light")
	p.click("clusters.practice.cucm")
	p.onScreen("overview")
	p.shot("18-overview-cucm-pt")
	p.press("phones.button")
	p.dialog("SEP0011215A1AE3")
	p.shot("19-phones-pt")
	p.key("Escape")
	p.onScreen("overview")
	p.press("trust.button")
	p.dialog(p.text("trust.text"))
	p.key("Escape")
	p.onScreen("overview")
	p.press("action.nav")
	p.onScreen("action")
	p.focus(p.text("preflight.title")+"…", 0)
	p.key("space")
	p.dialog("TVS")
	p.shot("20-preflight-pt")
	p.key("Escape")
	p.onScreen("action")
	p.migrateByHand()
	p.restartAll()
	p.close()
}

// migrateByHand migrates to tokens on a cluster whose form refuses the file: the person puts it
// onto each node.
func (p *desktop) migrateByHand() {
	p.t.Helper()
	r, err := control.Dial(filepath.Join(p.home, "data", "ctlclient", "practice-cucm"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Close()
	if err := r.SetFault(lab.FaultRefuseUpload, 1); err != nil {
		p.t.Fatal(err)
	}
	p.press("action.to-tokens")
	p.onScreen("entries")
	p.addTokens()
	p.click("entries.next")
	p.dialog("Phone-SAST-trust") // TVS does not vouch for the tokens yet
	p.press("button.continue")
	p.onScreen("review")
	p.click("review.sign")
	p.dialog("7940")
	p.press("confirm.accept-loss")
	p.dialog(p.text("pin.label"))
	p.write(softhsm.DefaultPIN)
	p.key("Return")
	status, err := r.Status()
	if err != nil {
		p.t.Fatal(err)
	}
	for i, node := range status.Nodes {
		waits := strings.ReplaceAll(p.text("errand.node"), "{{.Node}}", node.Name)
		s := p.until("what to do at "+node.Name, func(s state) bool { return s.Screen == "distribute" && s.has(waits) || s.Screen == "result" })
		if s.Screen == "result" {
			break // the other TFTP server takes it by SFTP
		}
		if i == 0 {
			p.shot("21-by-hand-pt")
		}
		p.putByHand(s, node.Folder)
		if err := r.RestartServices(context.Background()); err != nil {
			p.t.Fatal(err)
		}
	}
	s := p.onScreen("result")
	if !s.has(p.text("result.good")) || !s.has(p.text("phones.words")) {
		p.fail("the result is not good, or does not say what phones say")
	}
	p.shot("22-result-cucm-pt")
}

// putByHand copies the file that the window names into a node's folder.
func (p *desktop) putByHand(s state, folder string) {
	p.t.Helper()
	for _, text := range s.Texts {
		if filepath.IsAbs(text) && !strings.Contains(text, "\n") {
			data, err := os.ReadFile(text)
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, "CTLFile.tlv"), data, 0o600)
			}
			if err != nil {
				p.t.Fatal(err)
			}
			return
		}
	}
	p.fail("the window names no file")
}

// restartAll restarts the services and then the phones, and reads what the phones say.
func (p *desktop) restartAll() {
	p.t.Helper()
	p.press("result.restart")
	p.dialog(p.text("result.restart.ask"))
	p.press("result.restart.yes")
	p.dialog(p.text("result.restarted"))
	p.key("Return")
	p.onScreen("result")
	p.press("phones.button")
	p.dialog("SEP0011215A1AE3")
	p.press("phones.reset")
	p.until("the question", func(s state) bool { return s.Dialog && s.has(p.text("button.continue")) })
	p.press("button.continue")
	p.dialog(p.text("phones.took"))
	p.shot("23-phones-say-pt")
	for p.now().Dialog {
		p.key("Escape")
		p.idle()
	}
	p.press("result.done")
	if s := p.onScreen("overview"); !s.has(p.text("kind.tokens")) {
		p.fail("the overview does not say that tokens sign now")
	}
}
