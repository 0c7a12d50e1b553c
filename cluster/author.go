package cluster

import (
	"context"
	"errors"
	"slices"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// author is the step in which the publisher writes the file, where it is not known yet
// what it wrote, or a rollback that was ended has given it up.
func (j *job) author() (Step, bool) {
	_, known := j.j.Known()
	if known && !j.j.Begin.Later || j.noFile() {
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

// finishAuthor takes what the publisher serves for the new file, where it has written one
// and set the mode that goes with it; else it is asked again: to write the same file twice
// is harmless. A file that somebody else has put there meanwhile is not the publisher's:
// *ConflictError.
func (j *job) finishAuthor(ctx context.Context, s Step) error {
	lead := j.lead()
	live, err := j.live(ctx, lead)
	if err != nil {
		return j.failed(lead, StepFetch, err)
	}
	did := j.j.Did(lead.node.Name(), StepAuthor, s.written().Arg)
	switch {
	case journal.Same(live, lead.former):
	case foreign(live):
		lead.out.Status = StatusFailed
		lead.out.Err = j.notOurs(lead, nil, live)
		return lead.out.Err
	case ownFile(live) && !j.givenUp(s) && (did == journal.Done || did != "" && did != journal.Refused && j.modeIsSet(ctx, s)):
		_, err = j.adopt(ctx, verifies)
		return err
	}
	_, err = j.publisherWrites(ctx, s.Author, verifies)
	return err
}

// modeIsSet reports whether the cluster has the mode that a publisher which writes its
// file sets with it. One that was ended in between may have written the file alone.
func (j *job) modeIsSet(ctx context.Context, s Step) bool {
	want := reach.Mixed
	switch s.Author {
	case reach.WriteMixed:
	case reach.WriteNonSecure:
		want = reach.NonSecure
	default:
		return true
	}
	if j.c.Site.Facts == nil {
		return false
	}
	facts, err := j.c.Site.Facts.Facts(ctx)
	return err == nil && facts.Mode == want
}

// notOurs describes a node that serves neither the job's new file nor its former one.
func (j *job) notOurs(t *target, want, live []byte) *ConflictError {
	return &ConflictError{Node: t.node.Name(), Name: j.name, Expected: want, Found: live,
		hints: []message.Message{
			message.Phrase("the node serves a file that is neither this job's new nor its former one: look at the difference"),
			message.Phrase("to leave the nodes as they are and close the job: %s", message.Action{Do: message.CloseJob, ID: j.j.Begin.ID}),
			message.Phrase("to replace the file: %s", message.Action{Do: message.Overwrite}),
		}}
}

// verifies accepts a trust list that a publisher signed itself and whose signature holds.
func verifies(data []byte) error {
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return message.Errorf("what the publisher serves is no trust list: %w", err)
	}
	if v := l.Verify(); !v.OK {
		return message.Errorf("the publisher's file does not verify: %s", v.Reason)
	}
	if !l.Tokenless() {
		return message.NewError("the file that the publisher serves is signed by a token, so that it is not what the publisher wrote")
	}
	return nil
}

// wroteUnseen reports whether the publisher was asked, at any time, to write a file that
// nobody looked at before it was asked again: to set the mode, to set it back, or by a
// program that was ended then. A node that got nothing after it has that file yet.
func (j *job) wroteUnseen() bool {
	unseen, waits := false, false
	for _, e := range j.j.Lines() {
		switch {
		case e.Kind == journal.KindContent:
			waits = false
		case e.Kind != journal.KindAct || e.Step != StepAuthor:
		case e.State == journal.Refused:
			waits = false
		case e.State == journal.Intent:
			unseen, waits = unseen || waits, true
		}
	}
	return unseen || waits
}

// knew reports whether a content was the job's new file at some time: a publisher that is
// asked again writes another one.
func (j *job) knew(data []byte) bool {
	sum := hexDigest(data)
	return data != nil && slices.ContainsFunc(j.j.Lines(), func(e journal.Entry) bool {
		return e.Kind == journal.KindContent && e.SHA256 == sum
	})
}

// ownFile accepts what a publisher writes itself: a whole list that no token signed.
func ownFile(data []byte) bool {
	l, err := ctlbuild.Parse(data)
	return err == nil && l.Verify().OK && l.Tokenless()
}

// foreign reports what no publisher writes: a whole list that a token signed. While it is
// not known what a publisher wrote, everything else may be its file: also one that is torn
// or does not verify, which is nobody's loss.
func foreign(data []byte) bool {
	l, err := ctlbuild.Parse(data)
	return err == nil && l.Verify().OK && !l.Tokenless()
}

// afterWrite is live, after the publisher was asked to write. A TFTP service that gives the
// former file from its memory is restarted, once, where that was agreed to.
func (j *job) afterWrite(ctx context.Context, t *target) ([]byte, error) {
	data, err := j.live(ctx, t)
	var memory *MemoryError
	if !errors.As(err, &memory) || !j.restart || j.c.Site.Services == nil {
		return data, err
	}
	if !t.restarted {
		t.restarted = true
		if err := j.restartService(ctx, t.node.Name(), reach.TFTP); err != nil {
			return nil, err
		}
		if data, err = j.live(ctx, t); !errors.As(err, &memory) {
			return data, err
		}
	}
	memory.waiting = true
	return nil, err
}

// fromMemory asks a node that can say so whether it holds what its TFTP service gave.
func (j *job) fromMemory(ctx context.Context, t *target, data []byte) error {
	h, ok := t.node.Node.(reach.Holder)
	if !ok {
		return nil
	}
	if holds, known := h.Holds(ctx, j.name, data); !known || holds {
		return nil
	}
	return &MemoryError{Node: t.node.Name(), Name: j.name}
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
