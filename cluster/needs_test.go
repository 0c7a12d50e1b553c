package cluster

import (
	"errors"
	"testing"

	"ctlclient/cluster/reach"
)

// A step for which the cluster has no door is refused before anything is written down or sent.
func TestStepsWithoutADoor(t *testing.T) {
	r := &Run{job: &job{c: &Cluster{Site: &reach.Site{}}}}
	for name, do := range map[string]func() error{
		"the mode":              func() error { return r.SetMode(t.Context(), reach.Mixed) },
		"a file of its own":     func() error { _, err := r.PublisherWrites(t.Context(), reach.WriteCTL, nil); return err },
		"restart":               func() error { return r.Restart(t.Context(), "pub", reach.TFTP) },
		"the publisher's mode":  func() error { return r.ModeByPublisher(t.Context(), reach.WriteMixed) },
		"the publisher's files": func() error { return r.Author(t.Context(), reach.ResetITLLocalKey) },
		"Phone-SAST-trust":      func() error { _, err := r.Trust(t.Context(), []byte{0x30}); return err },
	} {
		var lacks *reach.Lacks
		if err := do(); !errors.As(err, &lacks) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.job.rewrote {
		t.Error("the publisher's file is said to be written anew")
	}
}
