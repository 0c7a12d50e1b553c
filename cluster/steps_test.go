package cluster

import (
	"reflect"
	"testing"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
)

// A job that goes on does the steps that it was begun with: each is read back from the journal
// as it was written, and one that is not known, of another version of the program, is refused.
func TestStepsAreReadBack(t *testing.T) {
	steps := []Step{
		{Kind: StepTrust, Certificate: []byte{0x30, 0, 0xff}},
		{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure},
		{Kind: StepMode, Mode: reach.NonSecure, Former: reach.Mixed},
		{Kind: StepMode, Mode: reach.Mixed},
	}
	for a := reach.WriteCTL; a <= reach.ResetITLRemoteKey; a++ {
		steps = append(steps, Step{Kind: StepAuthor, Author: a, Former: reach.Mixed})
	}
	for s := reach.CallManager; s <= reach.TVS; s++ {
		steps = append(steps, Step{Kind: StepRestart, Node: "cucm-pub.example.com", Service: s})
	}
	for _, s := range steps {
		if got, err := readStep(s.written()); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%+v is read back as %+v, %v", s, got, err)
		}
	}
	for _, w := range []journal.Step{
		{}, {Kind: "dance"},
		{Kind: StepMode}, {Kind: StepMode, Arg: "secure"},
		{Kind: StepAuthor}, {Kind: StepAuthor, Arg: "utils ctl reset"},
		{Kind: StepTrust, Arg: "not base64"},
		{Kind: StepRestart, Arg: "cucm-pub"}, {Kind: StepRestart, Arg: "cucm-pub/"}, {Kind: StepRestart, Arg: "cucm-pub/Cisco Tomcat"},
	} {
		if s, err := readStep(w); err == nil {
			t.Errorf("%+v is taken for %+v", w, s)
		}
	}
}
