package workflow_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"ctlclient/cluster"
	"ctlclient/lab"
	"ctlclient/message"
	"ctlclient/workflow"
)

// hasty is a person who presses Ctrl-C as soon as a step ends, or begins.
type hasty struct {
	*person
	step, state string
	interrupt   context.CancelFunc
}

func (h *hasty) Event(e workflow.Event) {
	h.person.Event(e)
	if e.Type == workflow.EventStep && e.Step == h.step && e.State == h.state {
		h.interrupt()
	}
}

// The publisher writes at its own command. Whoever interrupts the job after that is told
// which nodes hold the new file, and resume or rollback brings them together again.
func TestInterruptedAfterThePublisherWrote(t *testing.T) {
	for _, at := range []struct{ step, state string }{
		{"publisher", "done"},
		{"distribute", "start"},
	} {
		t.Run(at.step+" "+at.state, func(t *testing.T) {
			b := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
			b.do(b.Regenerate("cucm-pub", "callmanager"))
			before := b.served("cucm-pub").MD5()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			h := &hasty{b.who, at.step, at.state, cancel}
			s, err := workflow.Connect(ctx, b.load(), h, b.o)
			b.do(err)
			defer s.Close()
			p, err := s.PlanTokenless(ctx, workflow.TokenlessUpdate)
			b.do(err)
			a, err := s.Agree(ctx, p, workflow.ToWrite)
			b.do(err)
			_, err = s.Execute(ctx, a, workflow.ExecuteOptions{})
			if b.served("cucm-pub").MD5() == before {
				t.Fatal("the publisher did not write")
			}
			var e *cluster.PartialError
			if !errors.As(err, &e) {
				t.Fatalf("error %v; the nodes differ", err)
			}
			if !strings.Contains(e.Error(), "not all nodes hold the new file: tftp-1") || message.ActionsOf(e)[0].Do != message.Resume {
				t.Errorf("who serves what, and the way on, are not said: %v, %s", e, message.Lines(e.Hints()).String())
			}
			again := b.connect()
			defer again.Close()
			p, err = again.PlanFinish(t.Context(), workflow.FinishRequest{Back: at.state == "start"})
			b.do(err)
			_, err = b.run(again, p, workflow.ExecuteOptions{})
			b.do(err)
			if got := b.served("cucm-pub").MD5(); (got == before) != (at.state == "start") {
				t.Error("resume and rollback are not told apart")
			}
			b.everywhere(b.served("cucm-pub"))
		})
	}
}

// An interruption before the publisher was reached changes nothing, and says nothing else.
func TestInterruptedBeforeThePublisherWrote(t *testing.T) {
	b := newBench(t, lab.Options{Version: "12.0", Phones: phonesThatAsk})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := &hasty{b.who, "publisher", "start", cancel}
	s, err := workflow.Connect(ctx, b.load(), h, b.o)
	b.do(err)
	defer s.Close()
	p, err := s.PlanTokenless(ctx, workflow.TokenlessUpdate)
	b.do(err)
	a, err := s.Agree(ctx, p, workflow.ToWrite)
	b.do(err)
	_, err = s.Execute(ctx, a, workflow.ExecuteOptions{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
