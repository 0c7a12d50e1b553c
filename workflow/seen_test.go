package workflow_test

import (
	"errors"
	"testing"

	"ctlclient/cluster"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/workflow"
)

// A plan is about the files that were seen when it was made. Somebody else's newer file is not
// overwritten by it, also where the session has looked again before the person agrees.
func TestPlanIsOfWhatWasSeen(t *testing.T) {
	b := migrated(t, lab.Options{Phones: phonesThatAsk})
	s := b.connect()
	p, err := s.PlanUpdate(t.Context(), workflow.UpdateRequest{Signing: by(b.uri("SAST-1"))})
	b.do(err)

	d := ctlbuild.Edit(b.served(b.Nodes[0].Name))
	_, err = d.AddToken(b.cert("SAST-3"))
	b.do(err)
	theirs := b.signed(d, "SAST-2")
	other := b.connect()
	q, err := other.PlanDistribute(t.Context(), theirs.Bytes())
	b.through(other, q, err)

	b.do(s.Refresh(t.Context()))
	_, err = b.run(s, p, workflow.ExecuteOptions{})
	if !errors.Is(err, cluster.ErrConflict) {
		t.Errorf("the plan of before ended with %v", err)
	}
	b.everywhere(theirs)
}
