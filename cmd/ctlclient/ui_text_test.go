package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"ctlclient/cluster"
	"ctlclient/message"
	"ctlclient/workflow"
)

// liveUI is a textUI as on a terminal, and what it has drawn.
func liveUI() (*textUI, *bytes.Buffer) {
	var drawn bytes.Buffer
	a := newApp(nil, io.Discard, &drawn)
	a.errSt.live, a.errSt.width = true, 100
	return newTextUI(a), &drawn
}

// A step that goes on after a question is on the screen again: a person does not look at
// nothing while a server is silent.
func TestLiveLineAfterAQuestion(t *testing.T) {
	u, drawn := liveUI()
	u.Event(workflow.Event{Type: workflow.EventStep, Step: "connect", State: "start", Text: message.Words("connecting to hq")})
	back := u.aside()
	drawn.Reset()
	back()
	if !strings.HasSuffix(drawn.String(), "… connecting to hq") {
		t.Errorf("drawn after the question: %q", drawn)
	}
	back = u.aside()
	u.Event(workflow.Event{Type: workflow.EventStep, Step: "sign", State: "start", Text: message.Words("signing")})
	drawn.Reset()
	if back(); drawn.Len() > 0 {
		t.Errorf("a step that is over is drawn again: %q", drawn)
	}
}

// What takes a while outside a job is drawn until it is over, and leaves no line behind.
func TestPassing(t *testing.T) {
	u, drawn := liveUI()
	over := u.passing("fetching tftp://192.0.2.1/CTLFile.tlv")
	if !strings.HasSuffix(drawn.String(), "… fetching tftp://192.0.2.1/CTLFile.tlv") {
		t.Errorf("drawn: %q", drawn)
	}
	if over(); !strings.HasSuffix(drawn.String(), "\r\x1b[K") || strings.Contains(drawn.String(), "\n") {
		t.Errorf("left behind: %q", drawn)
	}
}

// What goes wrong on the way is said in a person's words: when it is tried again, and why.
func TestRetryAndWarningInWords(t *testing.T) {
	u, drawn := liveUI()
	u.Event(workflow.Event{Type: workflow.EventNode, Step: cluster.StepFetch, State: cluster.StateRetry, Node: "alt", Text: message.Phrase("again in %v, %d of %d: %v", time.Second, 2, 5, errors.New("context deadline exceeded"))})
	u.Event(workflow.Event{Type: workflow.EventWarning, Text: message.Words("the phones are not known: context canceled")})
	for _, want := range []string{"↻ alt: fetch again in 1s, 2 of 5: no answer in time\n", "! the phones are not known: interrupted\n"} {
		if !strings.Contains(drawn.String(), want) {
			t.Errorf("no %q in %q", want, drawn)
		}
	}
}
