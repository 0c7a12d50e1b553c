package gui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ctlclient/lab"
	"ctlclient/trust"
)

// Five thousand phones that refuse are each in the list, can be searched, ticked off and
// exported; the count is of phones, also where a line stands for many.
func TestLostPhones(t *testing.T) {
	b := newBench(t, Options{})
	var lost []trust.Verdict
	for i := range 5000 {
		lost = append(lost, trust.Verdict{Phone: trust.Phone{Name: fmt.Sprintf("SEP%012X", i), Model: "7940"}, Certain: true, Reason: "it cannot ask TVS"})
	}
	lost = append(lost, trust.Verdict{Phone: trust.Phone{Name: "40 x 8861", Model: "8861", Count: 40}, Certain: true, Reason: "=1+1"})
	b.s.model.folder = t.TempDir()
	b.s.showLost(lost, time.Time{})
	b.mustSay(tr("lost.text", map[string]any{"Count": "5040", "Left": "5040"}), tr("lost.choose"), "5001")
	fields := b.fields()
	fields[0].SetText("8861")
	b.mustSay("1 ")
	focusTable(b).GoTo(5000)
	b.mustSay(tr("lost.how.other"))
	b.tap("lost.tick")
	b.mustSay(tr("lost.text", map[string]any{"Count": "5040", "Left": "5000"}), tr("lost.yes"))
	path := filepath.Join(t.TempDir(), "phones.csv")
	b.tap("lost.csv")
	b.saveAs(path)
	b.untilSays(tr("lost.saved", map[string]any{"File": path}))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 5002 || !strings.HasPrefix(lines[5001], "40 x 8861,8861,40,'=1+1,"+tr("lost.yes")) {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestHowToDelete(t *testing.T) {
	for model, want := range map[string]string{"7940": "79xx", "Cisco 7975": "79xx", "CP-8861": "other", "7841": "other",
		"9971": "other", "Jabber": "other", "DX80": "other", "": "other", "79": "other"} {
		if got := howToDelete(model); got != want {
			t.Errorf("%s: %s, not %s", model, got, want)
		}
		if text := tr("lost.how." + want); strings.HasPrefix(text, "lost.") {
			t.Errorf("no text for %s", want)
		}
	}
}

// Phones that were lost in a job are on the overview afterwards, by number, with the list of
// them; what is ticked off there is no longer lost.
func TestOlderPhonesAreOnTheOverview(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, NoAltTFTP: true})
	p.migrate()
	p.untilSays("holds an older CTL")
	p.tap("overview.mend.clear")
	p.mustSay("7940", tr("lost.text", map[string]any{"Count": "1", "Left": "1"}))
	focusTable(p.bench).GoTo(0)
	p.tap("lost.tick")
	p.mustSay(tr("lost.text", map[string]any{"Count": "1", "Left": "0"}))
	p.tap("button.close")
	p.on(screenOverview)
	p.until("the findings", func() bool { return p.s.model.findings != nil })
	if p.says("holds an older CTL") {
		t.Error("the phone is still said to hold an older CTL")
	}
}
