//go:build !nogui && linux

package journey

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	t.Parallel()
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
	p.focus(p.text("preflight.title") + "…")
	p.key("space")
	s := p.dialog("TVS")
	for _, part := range []string{"Phone-SAST-trust", "SAST-1", p.text("preflight.state.good"), p.text("preflight.state.warn")} {
		if !s.has(part) {
			p.fail("the list before a migration lacks %q", part)
		}
	}
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
	r, err := control.Dial(p.practiceCUCM())
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

// restartAll restarts the services in another order than the program's, once in vain and once
// well, then the phones, and reads what the phones say.
func (p *desktop) restartAll() {
	p.t.Helper()
	r, err := control.Dial(p.practiceCUCM())
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Close()
	refuse := func(on int) { // neither Control Center nor the CLI restarts anything
		for _, fault := range []string{lab.FaultControl, lab.FaultPlatform} {
			if err := r.SetFault(fault, on); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	refuse(1)
	p.press("result.restart")
	p.dialog(p.text("result.restart.ask"))
	p.row("2, cucm-sub1", 0)
	p.press("restart.up")
	p.until("the other order", func(s state) bool { return s.shows("1, cucm-sub1") && s.shows("2, cucm-pub") })
	p.shot("37-restart-order-pt")
	p.press("result.restart.yes")
	before, _, _ := strings.Cut(p.text("restart.failed"), "{{")
	p.dialog(before)
	p.key("Escape")
	s := p.dialog(p.text("result.restart.ask"))
	for n, node := range []string{"cucm-sub1", "cucm-pub"} {
		row := func(text string) bool {
			return strings.HasPrefix(text, fmt.Sprintf("%d, %s, ", n+1, node)) && strings.Contains(text, p.text("step.failed")+": ")
		}
		if !slices.ContainsFunc(s.Texts, row) {
			p.fail("the list does not say that %s failed", node)
		}
	}
	refuse(0)
	already := len(p.restarts())
	p.press("result.restart.yes")
	p.dialog(p.text("result.restarted"))
	if now := p.restarts()[already:]; len(now) < 2 || now[0] != "cucm-sub1" || now[1] != "cucm-pub" {
		p.fail("the services were restarted on %v, in this order", now)
	}
	p.key("Return")
	if s := p.onScreen("result"); s.has(p.text("result.restart.line")) {
		p.fail("the result asks for a restart still")
	}
	if d, err := os.ReadFile(filepath.Join(p.practiceCUCM(), "lab.log")); err == nil {
		_ = os.WriteFile("/tmp/hands/lab.log", d, 0o600)
	}
	p.phonesSay()
}

// restarts are the nodes on which a service was restarted, one after the other, as the lab noted.
func (p *desktop) restarts() (nodes []string) {
	p.t.Helper()
	log, err := os.ReadFile(filepath.Join(p.practiceCUCM(), "lab.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		before, found := strings.CutSuffix(strings.TrimSpace(line), " restarted")
		if at := strings.LastIndex(before, ": "); found && at >= 0 {
			nodes = append(nodes, before[strings.LastIndex(before[:at], " ")+1:at])
		}
	}
	return nodes
}

func (p *desktop) practiceCUCM() string {
	return filepath.Join(p.home, "data", "ctlclient", "practice-cucm")
}

// phonesSay resets the phones and reads what each did.
func (p *desktop) phonesSay() {
	p.t.Helper()
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
