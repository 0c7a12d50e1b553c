package cluster

import (
	"context"
	"fmt"

	"ctlclient/cluster/journal"
	"ctlclient/ctlbuild"
)

// author is the step in which the publisher writes the file, where it is not known yet
// what it wrote, or a rollback that was ended has given it up.
func (j *job) author() (Step, bool) {
	_, known := j.j.Known()
	if known && !j.j.Begin.Later {
		return Step{}, false
	}
	for _, w := range j.j.Begin.Steps {
		if s, err := readStep(w); err == nil && s.Kind == StepAuthor && (!known || j.givenUp(s)) {
			return s, true
		}
	}
	return Step{}, false
}

// modeFirst is the step in which the publisher sets the mode before the file is brought,
// where that is not done.
func (j *job) modeFirst() (Step, bool) {
	for _, s := range j.leftSteps() {
		if s.Kind == StepAuthor && !j.j.Begin.Later {
			return s, true
		}
	}
	return Step{}, false
}

// finishAuthor takes what the publisher serves for the new file, where it has written one;
// else it is asked again: to write the same file twice is harmless.
func (j *job) finishAuthor(ctx context.Context, s Step) error {
	lead := j.lead()
	live, err := j.live(ctx, lead)
	if err != nil {
		return j.failed(lead, StepFetch, err)
	}
	if !j.givenUp(s) && j.j.Did(lead.node.Name(), StepAuthor, s.written().Arg) != "" && !journal.Same(live, lead.former) {
		_, err = j.adopt(ctx, verifies)
		return err
	}
	_, err = j.publisherWrites(ctx, s.Author, verifies)
	return err
}

// verifies accepts a trust list whose signature holds.
func verifies(data []byte) error {
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return fmt.Errorf("what the publisher serves is no trust list: %w", err)
	}
	if v := l.Verify(); !v.OK {
		return fmt.Errorf("the publisher's file does not verify: %s", v.Reason)
	}
	return nil
}

// wroteUnseen reports whether the publisher was asked to write a file that is not the
// job's new one: to set the mode, or to set it back. A program that was killed then, or a
// node that did not get the job's file after it, leaves that file behind.
func (j *job) wroteUnseen() bool {
	unseen := false
	for _, e := range j.j.Lines() {
		switch {
		case e.Kind == journal.KindContent:
			unseen = false
		case e.Kind == journal.KindAct && e.Step == StepAuthor && e.State != journal.Refused:
			unseen = true
		}
	}
	return unseen
}

// ownFile accepts what a publisher writes itself: a whole list that no token signed.
func ownFile(data []byte) bool {
	l, err := ctlbuild.Parse(data)
	return err == nil && l.Verify().OK && l.Tokenless()
}

// lead is the node that goes first.
func (j *job) lead() *target {
	for _, t := range j.targets {
		if j.c.isLead(t.node.Name()) {
			return t
		}
	}
	return j.targets[0]
}

// assumeLead takes what the publisher serves for the new file of a job that was ended
// before anybody had seen it.
func (j *job) assumeLead(ctx context.Context) {
	if live, err := j.live(ctx, j.lead()); err == nil {
		j.data = live
	}
}
