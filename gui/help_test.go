package gui

import (
	"strings"
	"testing"
)

// Every screen has help of its own, every term of the glossary a meaning; what went wrong is in
// the log of the session.
func TestHelp(t *testing.T) {
	b := newBench(t, Options{Version: "ctlclient 1.2.3 (0123456789ab)"})
	b.on(screenClusters)
	for _, id := range screenIDs {
		if text := tr("help." + string(id)); strings.HasPrefix(text, "help.") {
			t.Errorf("no help on %s", id)
		}
	}
	b.s.showHelp()
	b.mustSay(tr("help.clusters"))
	b.tap("menu.glossary")
	for _, term := range terms {
		if text := tr("glossary." + term + ".text"); strings.HasPrefix(text, "glossary.") {
			t.Errorf("no meaning of %s", term)
		}
	}
	b.mustSay("Phone-SAST-trust", "Trust Verification Service")
	b.tap("button.close")
	b.s.about()
	b.mustSay("ctlclient 1.2.3 (0123456789ab)", "MIT")
	b.tap("button.close")
	b.s.fail("What was tried", errPlain("what went wrong"))
	b.tap("button.close")
	b.s.showLog()
	b.mustSay("What was tried: what went wrong")
	b.tap("button.close")
}

type errPlain string

func (e errPlain) Error() string { return string(e) }
