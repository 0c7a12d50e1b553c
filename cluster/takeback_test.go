package cluster

import (
	"errors"
	"maps"
	"testing"

	"ctlclient/cluster/reach"
)

var errWhy = errors.New("why it ended")

// begun is a job of a site that has begun, and wrote nothing.
func begun(t *testing.T, steps ...Step) (*testSite, *Run) {
	t.Helper()
	s := newSite(t, oldFile)
	r, err := s.connect(s.options()).Begin(t.Context(), JobSpec{Data: newFile, Retries: -1, Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return s, r
}

// A job that ends before its first commit changed nothing, says why of the node, and names every
// node whose file somebody else changed.
func TestAbandonedJobNamesItsNodes(t *testing.T) {
	s, r := begun(t)
	s.node("sub").halt()
	out, err := r.File(t.Context())
	if !errors.As(err, new(*UnchangedError)) || out.State != StateUntouched || out.Nodes[1].Err == nil || out.Nodes[0].Err != nil ||
		!maps.Equal(statuses(out), map[string]string{"pub": StatusUnchanged, "sub": StatusUnchanged, "alt": StatusUnchanged}) {
		t.Errorf("a node that is gone: %v, %v", statuses(out), err)
	}
	s.node("sub").start()
	s.wantAll(oldFile)

	s, r = begun(t)
	other := []byte("somebody else's file")
	s.node("sub").put(CTLFile, other)
	s.node("alt").put(CTLFile, other)
	out, err = r.File(t.Context())
	var conflict *ConflictError
	if !errors.As(err, &conflict) || conflict.Node != "sub" || len(conflict.Others) != 1 || conflict.Others[0].Node != "alt" ||
		!maps.Equal(statuses(out), map[string]string{"pub": StatusUnchanged, "sub": StatusFailed, "alt": StatusFailed}) || !errors.Is(out.Nodes[1].Err, ErrConflict) {
		t.Errorf("two nodes that were changed: %+v, %v", conflict, statuses(out))
	}
	if got := s.serves(); got["pub"] != string(oldFile) || got["sub"] != string(other) || got["alt"] != string(other) {
		t.Errorf("nodes serve %v", got)
	}
}

// A job that is left says what each node serves; it is done where nothing is left to do.
func TestLeftJobIsJudged(t *testing.T) {
	mode := Step{Kind: StepMode, Mode: reach.Mixed, Former: reach.NonSecure}
	all := func(status string) map[string]string {
		return map[string]string{"pub": status, "sub": status, "alt": status}
	}
	file := func(t *testing.T, r *Run) {
		t.Helper()
		if _, err := r.File(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("nothing is left", func(t *testing.T) {
		_, r := begun(t)
		file(t, r)
		if out, err := r.Leave(t.Context(), errWhy); err != nil || out.State != StateFinished || !maps.Equal(statuses(out), all(StatusPassed)) {
			t.Errorf("%v %s, %v", statuses(out), out.State, err)
		}
	})
	t.Run("a step is left", func(t *testing.T) {
		_, r := begun(t, mode)
		file(t, r)
		out, err := r.Leave(t.Context(), errWhy)
		if !errors.Is(err, errWhy) || out.State != StateIncomplete || len(out.Left) != 1 || !maps.Equal(statuses(out), all(StatusPassed)) {
			t.Errorf("%v %s, left %v, %v", statuses(out), out.State, out.Left, err)
		}
	})
	t.Run("a node is gone", func(t *testing.T) {
		s, r := begun(t)
		file(t, r)
		s.node("sub").halt()
		out, err := r.Leave(t.Context(), errWhy)
		want := all(StatusPassed)
		want["sub"] = StatusUnknown
		if !errors.Is(err, errWhy) || out.State != StateIncomplete || !maps.Equal(statuses(out), want) || out.Nodes[1].Err == nil {
			t.Errorf("%v %s, %v", statuses(out), out.State, err)
		}
	})
	t.Run("a node has another file", func(t *testing.T) {
		s, r := begun(t)
		file(t, r)
		s.node("sub").put(CTLFile, []byte("somebody else's file"))
		out, err := r.Leave(t.Context(), errWhy)
		want := all(StatusPassed)
		want["sub"] = StatusFailed
		if !errors.Is(err, errWhy) || out.State != StateIncomplete || !maps.Equal(statuses(out), want) {
			t.Errorf("%v %s, %v", statuses(out), out.State, err)
		}
	})
	t.Run("nothing was done", func(t *testing.T) {
		s, r := begun(t)
		if out, err := r.Leave(t.Context(), errWhy); !errors.As(err, new(*UnchangedError)) || out.State != StateUntouched {
			t.Errorf("%s, %v", out.State, err)
		}
		s.wantAll(oldFile)
	})
}

// What somebody else put on a node meanwhile is not taken back.
func TestTakeBackLeavesAThirdContent(t *testing.T) {
	s, r := begun(t)
	if _, err := r.File(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := []byte("somebody else's file")
	s.node("sub").put(CTLFile, other)
	out, err := r.TakeBack(t.Context(), errWhy)
	want := map[string]string{"pub": StatusTakenBack, "sub": StatusFailed, "alt": StatusTakenBack}
	if !errors.Is(err, errWhy) || out.State != StateIncomplete || !maps.Equal(statuses(out), want) {
		t.Errorf("%v %s, %v", statuses(out), out.State, err)
	}
	if got := s.serves(); got["pub"] != string(oldFile) || got["sub"] != string(other) || got["alt"] != string(oldFile) {
		t.Errorf("nodes serve %v", got)
	}
}
