package workflow_test

import (
	"errors"
	"strings"
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

	// Agreed to before it is seen: the job finds it out itself.
	a, err := s.Agree(t.Context(), p, workflow.ToWrite)
	b.do(err)
	b.do(s.Refresh(t.Context()))
	if _, err = s.Execute(t.Context(), a, workflow.ExecuteOptions{}); !errors.Is(err, cluster.ErrConflict) {
		t.Errorf("what was agreed to before ended with %v", err)
	}
	b.everywhere(theirs)
	// Seen before: nobody is asked, for a yes or for a PIN.
	b.who.put, b.who.asked = nil, nil
	var e *workflow.Error
	if _, err = s.Agree(t.Context(), p, workflow.ToWrite); !errors.As(err, &e) || e.Reason != workflow.Refused || !strings.Contains(err.Error(), b.Nodes[0].Name) {
		t.Errorf("the plan of before: %v", err)
	}
	if len(b.who.put)+len(b.who.asked) > 0 {
		t.Error("the person was asked about it")
	}
	if _, err = s.Agree(t.Context(), p, workflow.ToSave); err != nil {
		t.Errorf("to sign it and keep the file: %v", err)
	}
}
