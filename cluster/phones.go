package cluster

import (
	"context"
	"errors"
	"io/fs"

	"ctlclient/cluster/journal"
	"ctlclient/cluster/reach"
	"ctlclient/cluster/reach/serve"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// phoneView is what phones get from a node.
type phoneView struct {
	asked bool
	data  []byte // nil: no such file, or err
	err   error
	http  *bool // HTTP gives the same as TFTP; nil: one of them does not answer
}

// view asks a node for a file as a phone does, and remembers the answer.
func (c *Cluster) view(ctx context.Context, n site.Node, name string) phoneView {
	if !c.servesTFTP(n) {
		return phoneView{}
	}
	data, door, err := c.fetchServed(ctx, n, name)
	if err == nil && data == nil {
		data = []byte{}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	v := phoneView{asked: true, data: data, err: err}
	if err == nil && door == serve.DoorTFTP {
		if over, answered := serve.OverHTTP(ctx, n, name); answered {
			same := journal.Same(over, data)
			v.http = &same
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[n.Name+"/"+name] = v
	return v
}

// viewed is the last answer to view, where there is one.
func (c *Cluster) viewed(n site.Node, name string) (phoneView, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.views[n.Name+"/"+name]
	return v, ok
}

// readTFTP compares what phones get with what they should. What phones get decides: a node
// that gave them a file before and gives none now has failed. A TFTP service that still
// has the former file in its memory, or did not answer before either, is a warning.
func (j *job) readTFTP(ctx context.Context, t *target, want []byte) error {
	now := j.c.view(ctx, t.node.Profile, j.name)
	t.out.Warning = message.Message{}
	refused := reach.ClassOf(now.err) == reach.Permanent
	switch {
	case now.err != nil && ctx.Err() != nil:
		return ctx.Err()
	case now.err != nil && t.gave.err == nil && t.gave.data != nil:
		return message.Errorf("phones got the file from this node before, and get none now: %w", now.err)
	case refused:
		t.out.Warning = message.Phrase("phones get no file from this node, before the job and now: %w", asOne{now.err})
	case now.err != nil:
		t.out.Warning = message.Phrase("TFTP did not answer, so that what phones get was not compared: %w", asOne{now.err})
	case journal.Same(now.data, want) && (now.http == nil || *now.http):
		return nil
	case journal.Same(now.data, want):
		t.out.Warning = message.Phrase("HTTP, which newer phones ask, still serves another file than TFTP; restart the node's TFTP service")
	case now.data == nil && t.gave.data != nil:
		return message.NewError("phones got the file from this node before, and now it has none for them")
	case journal.Same(now.data, t.former), t.gave.asked && t.gave.err == nil && journal.Same(now.data, t.gave.data) && isList(now.data):
		// Or one of before that: its service was not restarted then either.
		t.out.Warning = message.Phrase("TFTP still serves the former file; restart the node's TFTP service")
	case j.j.Touched(StepAuthor) && ownFile(now.data):
		t.out.Warning = message.Phrase("TFTP still serves a file that the publisher wrote in between; restart the node's TFTP service")
	default:
		return message.Errorf("TFTP serves neither the new nor the former file (%d bytes)", len(now.data))
	}
	j.c.tell(Progress{Node: t.node.Name(), Step: StepReadBack, State: StateWarning, Text: t.out.Warning})
	return nil
}

// isList tells a whole list, or no file, from other bytes.
func isList(data []byte) bool {
	_, err := ctlbuild.Parse(data)
	return data == nil || err == nil
}
