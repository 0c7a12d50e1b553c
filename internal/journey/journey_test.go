//go:build !nogui && linux

package journey

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"

	"ctlclient/internal/xvfb"
)

// rehearsal is the person's whole rehearsal; the parts of it follow each other.
type rehearsal struct {
	*desktop
	lab    *control.Remote
	before string // MD5 of the list that was there at first
	after  string // and of the one that the token signed
}

// A person opens the practice cluster, goes through everything that can go wrong, migrates
// to tokens, and takes it back.
func TestJourney(t *testing.T) {
	t.Parallel()
	home := homeOf(t)
	d := xvfb.New(t)
	r := &rehearsal{desktop: open(t, d, home, "en_US", "light")}
	for _, part := range []struct {
		name string
		run  func()
	}{
		{"practice cluster", r.practiceCluster},
		{"tokens into trust", r.trustTokens},
		{"plan the migration", r.planMigration},
		{"wrong PIN", r.wrongPIN},
		{"failing node", r.failingNode},
		{"migrate", r.migrate},
		{"restart", r.restart},
		{"removed token", r.removedToken},
		{"inspect", r.inspect},
		{"take back", r.takeBack},
	} {
		t.Log(part.name)
		part.run()
	}
	r.close()
	portuguese(t, d, home)
}

// portuguese opens the same cluster again, in another language, which needs more room, and in
// the dark.
func portuguese(t *testing.T, d *xvfb.Display, home string) {
	p := open(t, d, home, "pt_BR", "dark")
	p.shot("16-clusters-pt-dark")
	p.click("clusters.practice.open")
	p.onScreen("overview")
	p.shot("17-overview-pt-dark")
	for _, screen := range []string{"tokens", "inspect", "history", "action"} {
		p.press(screen + ".nav")
		p.onScreen(screen)
	}
	p.press("action.to-tokens")
	p.onScreen("entries")
	p.press("entries.add-tokens")
	p.dialog("SAST-1")
	p.press("tokens.add")
	p.key("Escape")
	p.onScreen("entries")
	p.click("entries.next")
	p.until("an answer", func(s state) bool { return len(s.Busy) == 0 && (s.Dialog || s.Screen == "review") })
	p.close()
}

// checksums is what the nodes serve, by node.
func (r *rehearsal) checksums() map[string]string {
	r.t.Helper()
	status, err := r.lab.Status()
	if err != nil {
		r.t.Fatal(err)
	}
	sums := map[string]string{}
	for _, n := range status.Nodes {
		sums[n.Name] = n.CTL
	}
	return sums
}

// serve holds that every node serves one list, and returns its checksum.
func (r *rehearsal) serve() string {
	r.t.Helper()
	one := ""
	for node, sum := range r.checksums() {
		if one != "" && sum != one || sum == "" {
			r.fail("%s serves %q, another node %q", node, sum, one)
		}
		one = sum
	}
	return one
}

// unchanged holds that nothing was written.
func (r *rehearsal) unchanged() {
	r.t.Helper()
	if sum := r.serve(); sum != r.before {
		r.fail("the nodes serve %s, and were to serve %s still", sum, r.before)
	}
}

func (r *rehearsal) practiceCluster() {
	r.shot("01-clusters")
	r.click("clusters.practice.open")
	s := r.onScreen("overview")
	if !s.has("tokenless") || !s.has("cucm-pub") {
		r.fail("the overview does not say what the cluster is")
	}
	r.shot("02-overview")
	var err error
	if r.lab, err = control.Dial(r.practiceDir()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = r.lab.Close() })
	r.before = r.serve()
	r.keepFile("before.tlv")
}

func (r *rehearsal) practiceDir() string {
	return filepath.Join(r.home, "data", "ctlclient", "practice")
}

func (r *rehearsal) trustTokens() {
	r.click("tokens.nav")
	r.until("two tokens", func(s state) bool { return s.Screen == "tokens" && s.has("SAST-1") && s.has("SAST-2") })
	r.shot("03-tokens")
	for n, label := range []string{"SAST-1", "SAST-2"} {
		if r.focus(r.text("tokens.trust")); n > 0 {
			r.tab() // the button pressed has kept the focus
			r.focus(r.text("tokens.trust"))
		}
		r.key("space")
		r.dialog(label)
		r.key("Return")
		r.onScreen("tokens")
	}
}

func (r *rehearsal) planMigration() {
	r.click("action.nav")
	r.onScreen("action")
	r.shot("04-action")
	r.press("action.to-tokens")
	r.onScreen("entries")
	s := r.addTokens()
	if !s.has(r.text("mark.added") + ", " + r.text("type.sast")) {
		r.fail("the entries do not mark the tokens as added")
	}
	r.row(r.text("type.sast"), 0)
	r.until("the certificate's details", func(s state) bool { return s.has("SHA-1") })
	r.shot("05-entries")
	r.click("entries.next")
	s = r.onScreen("review")
	if !s.has(r.text("review.nothing-written")) {
		r.fail("the review does not say that nothing was written")
	}
	if !s.has("7940") || !s.has(r.text("verdict.rejects")) {
		r.fail("the review does not say that the 7940 refuses")
	}
	r.shot("06-review")
	r.lostPhones()
}

// addTokens adds both practice tokens to the list.
func (p *desktop) addTokens() state {
	p.t.Helper()
	p.press("entries.add-tokens")
	p.dialog("SAST-2")
	_, added, _ := strings.Cut(p.text("entries.added"), "}}")
	for n := range 2 {
		p.press("tokens.add")
		p.until("the token among those added", func(s state) bool {
			return len(slices.DeleteFunc(slices.Clone(s.Texts), func(text string) bool { return !strings.HasSuffix(text, added) })) > n
		})
	}
	p.key("Escape") // the buttons move as tokens are added
	return p.onScreen("entries")
}

// sign goes on from the review to the question for the PIN.
func (r *rehearsal) sign() {
	r.click("review.sign")
	s := r.dialog("7940")
	if s.has(r.text("confirm.accept-loss")) {
		r.shot("07-confirm")
	}
	r.agree()
	r.dialog(r.text("pin.label"))
}

// agree says yes to the question whether to go on.
func (r *rehearsal) agree() {
	if s := r.now(); s.has(r.text("confirm.accept-loss")) {
		r.press("confirm.accept-loss")
		return
	}
	r.press("button.continue") // no phone is lost, or the loss was accepted before
}

func (r *rehearsal) wrongPIN() {
	r.sign()
	r.shot("08-pin")
	r.write("Cisco124")
	r.key("Return")
	r.dialog(r.text("error.next"))
	r.shot("09-wrong-pin")
	r.unchanged()
	r.key("Return")
	r.onScreen("review")
}

func (r *rehearsal) failingNode() {
	if err := r.lab.Stop("cucm-sub1"); err != nil {
		r.t.Fatal(err)
	}
	r.sign()
	r.write(softhsm.DefaultPIN)
	r.key("Return")
	r.dialog("cucm-sub1")
	r.shot("10-failing-node")
	if err := r.lab.Start("cucm-sub1"); err != nil {
		r.t.Fatal(err)
	}
	r.unchanged()
	r.key("Return")
	r.onScreen("review")
}

func (r *rehearsal) migrate() {
	// The job waits where its progress can be seen, however fast the nodes are.
	if err := r.lab.SetFault(lab.FaultHoldFile, 1); err != nil {
		r.t.Fatal(err)
	}
	r.sign() // asked anew: the agreement and the PIN were for a run that ended
	r.write(softhsm.DefaultPIN)
	r.key("Return")
	r.until("the job at work", func(s state) bool { return s.Screen == "distribute" && s.has(r.text("step.start")) })
	r.shot("11-distribute")
	if err := r.lab.SetFault(lab.FaultHoldFile, 0); err != nil {
		r.t.Fatal(err)
	}
	s := r.onScreen("result")
	if !s.has(r.text("result.good")) {
		r.fail("the result is not good")
	}
	r.after = r.serve()
	if r.after == r.before {
		r.fail("the nodes serve the old list still")
	}
	if !s.has(strings.ToLower(r.after)) {
		r.fail("the result does not show the checksum %s", r.after)
	}
	r.shot("12-result")
}

func (r *rehearsal) restart() {
	r.click("result.restart")
	r.until("what the phones said", func(s state) bool { return s.has(r.text("result.phones")) })
	s := r.idle()
	if !s.has("7940") || !s.has(r.text("verdict.rejects")) || !s.has(r.text("verdict.accepts")) {
		r.fail("the phones' answers are not there")
	}
	status, err := r.lab.Status()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, phone := range status.Phones {
		if took := phone.CTL == r.after; took == (phone.Model == "7940") {
			r.t.Errorf("%s (%s) holds %s", phone.Name, phone.Model, phone.CTL)
		}
	}
	r.press("result.done")
	if s := r.onScreen("overview"); !s.has(r.text("kind.tokens")) {
		r.fail("the overview does not say that tokens sign now")
	}
	r.until("whom the new list lost", func(s state) bool { return s.Screen == "overview" && s.has("SEP000E38C07940 (7940)") })
}

// removedToken pulls the token out while its PIN is typed.
func (r *rehearsal) removedToken() {
	r.click("action.nav")
	r.onScreen("action")
	r.press("action.update")
	r.onScreen("entries")
	// The other token is taken out of the list, as after its loss.
	r.row(r.text("type.sast"), 1)
	r.clickRow(r.text("type.sast"), 1)
	r.press("entries.delete")
	r.dialog(r.text("entries.delete.title"))
	r.press("entries.delete.yes")
	r.until("the mark", func(s state) bool { return s.has(r.text("mark.removed") + ", " + r.text("type.sast")) })
	r.click("entries.next")
	r.onScreen("review")
	r.click("review.sign")
	r.until("the question", func(s state) bool { return s.Dialog })
	r.agree()
	r.dialog(r.text("pin.label"))
	store, err := softhsm.New(filepath.Join(r.practiceDir(), "tokens"))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := store.Remove("SAST-1"); err != nil {
		r.t.Fatal(err)
	}
	r.write(softhsm.DefaultPIN)
	r.key("Return")
	r.dialog(r.text("error.next"))
	r.shot("13-removed-token")
	if sum := r.serve(); sum != r.after {
		r.fail("the nodes serve %s", sum)
	}
	r.key("Return")
	r.onScreen("review")
	r.click("tokens.nav")
	r.until("one token", func(s state) bool { return s.Screen == "tokens" && !s.has("SAST-1") && s.has("SAST-2") })
}

// theMigration is the row of the history on which a person comes to it.
func (r *rehearsal) theMigration() {
	r.focusOn("the job", func(f item) bool {
		return strings.Contains(f.Label, r.text("action.to-tokens")) && strings.Contains(f.Label, r.text("outcome.done"))
	})
}

// takeBack takes the migration back from the history.
func (r *rehearsal) takeBack() {
	r.click("history.nav")
	s := r.onScreen("history")
	if !s.has(r.text("action.to-tokens")) || !s.has(r.text("outcome.done")) {
		r.fail("the history does not have the migration")
	}
	r.theMigration()
	r.until("the job's details", func(s state) bool { return s.has(r.text("history.id")) })
	r.shot("15-history")
	r.report()
	r.former()
	r.press("result.take-back")
	r.onScreen("review")
	r.press("review.take-back")
	r.dialog(r.text("result.take-back.title"))
	r.press("result.take-back.yes")
	if s := r.onScreen("result"); !s.has(r.text("result.taken-back")) {
		r.fail("the result does not say that the job was taken back")
	}
	if sum := r.serve(); sum != r.before {
		r.fail("the nodes serve %s, and before the migration %s", sum, r.before)
	}
}
