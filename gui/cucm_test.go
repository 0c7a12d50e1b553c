package gui

import (
	"strings"
	"testing"

	"ctlclient/cluster/reach"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/workflow"
)

// On a cluster as Cisco ships it the window lists the phones with what each does now, restarts
// them, shows what each itself says, and uploads certificates to Phone-SAST-trust.
func TestPhonesAndTrustOfACUCM(t *testing.T) {
	p := newPractised(t, lab.Options{Nodes: 1, CUCM: true})
	p.tap("phones.button")
	p.untilSays(tr("phones.registered"))
	p.mustSay("SEP0011215A1AE3", "7940")
	p.tap("phones.reset")
	p.untilSays(tr("phones.reset.text", map[string]any{"Count": "5", "Batch": "100"}))
	p.tap("button.continue")
	p.untilSays(tr("phones.back", map[string]any{"Back": "5", "Asked": "5"}))
	p.mustSay(tr("phones.nothing")) // the file is the same
	p.tap("button.close")

	p.on(screenOverview)
	p.tap("trust.button")
	p.untilSays(tr("trust.text"))
	p.tap("trust.upload")
	p.untilSays(tr("trust.ask.title"))
	p.tap("button.continue")
	p.untilSays(tr("trust.vouches", map[string]any{"Count": "1"}))
}

// What only a person can do is a list that ticks itself, node by node, and goes away with the job.
func TestErrandsTickThemselves(t *testing.T) {
	b := newBench(t, Options{})
	say := func(node string, done bool) {
		e := workflow.Event{Type: workflow.EventErrand, Node: node, Errand: &reach.Errand{Node: node, Done: done}}
		if !done {
			e.Errand.Steps, e.Errand.Page, e.Errand.File = []message.Message{message.Plain("put the file on " + node)}, "https://"+node+"/cmplatform/", "/tmp/CTLFile.tlv"
		}
		b.s.event(e)
	}
	say("cucm-pub", false)
	say("cucm-sub1", false)
	b.mustSay(tr("errand.title"), tr("errand.text", map[string]any{"Done": "0", "Count": "2"}), "1. put the file on cucm-sub1", "https://cucm-pub/cmplatform/", "/tmp/CTLFile.tlv")
	say("cucm-pub", true)
	b.mustSay(tr("errand.done", map[string]any{"Node": "cucm-pub"}), tr("errand.text", map[string]any{"Done": "1", "Count": "2"}))
	say("cucm-sub1", true)
	if b.dialogOpen() {
		t.Errorf("the list stays: %s", strings.Join(b.texts(), "\n"))
	}
	b.s.errands.end()
	b.s.open(screenDistribute)
	say("tftp-1", false)
	if b.dialogOpen() {
		t.Error("a dialog over the screen that has the list")
	}
	b.mustSay("1. put the file on tftp-1")
	say("tftp-1", true)
	b.mustSay(tr("errand.done", map[string]any{"Node": "tftp-1"}))
}
