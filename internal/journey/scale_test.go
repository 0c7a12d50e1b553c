//go:build !nogui && linux

package journey

import (
	"testing"

	"ctlclient/internal/xvfb"
)

// A screen that makes everything twice as large has no room for the window of the first start:
// it is made smaller, and what stands at its edges is worked by mouse. Lists then scroll within
// the screen that scrolls: a click on a button reaches that button and no row below it.
func TestEverythingTwiceAsLarge(t *testing.T) {
	t.Parallel()
	p := open(t, xvfb.New(t), homeOf(t), "pt_BR", "light", "FYNE_SCALE=2")
	p.click("clusters.practice.open")
	p.onScreen("overview")
	p.shot("38-overview-200-pt")
	p.click("overview.next")
	p.onScreen("action")
	p.press("action.to-tokens")
	p.onScreen("entries")
	p.press("entries.add-tokens")
	p.dialog("SAST-1")
	p.press("tokens.add")
	p.until("the first token", func(s state) bool { return s.has(p.text("tokens.add")) })
	p.press("tokens.add")
	p.click("button.close")
	p.onScreen("entries")
	p.shot("39-entries-200-pt")
	p.click("entries.next")
	p.until("the review", func(s state) bool { return len(s.Busy) == 0 && (s.Dialog || s.Screen == "review") })
	p.shot("40-review-200-pt")
	p.close()
}
