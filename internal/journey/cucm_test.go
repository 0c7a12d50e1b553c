//go:build !nogui && linux

package journey

import (
	"testing"

	"ctlclient/internal/xvfb"
)

// The practice cluster as Cisco ships it: a person sees its phones with what each does now, the
// trust store, and the pre-flight list.
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
	p.close()
}
