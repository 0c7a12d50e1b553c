package reach

import (
	"context"
	"errors"
)

// Node is anything that can take one named file. Its methods may be called again after an
// error: a connection that died is made anew. They may be called from several goroutines,
// and then wait for each other. expect and current are the SHA-256 of the live file, nil
// for none; where a node cannot check them (Properties.ChecksReplaced), the caller has.
type Node interface {
	Name() string // in the profile
	Properties() Properties
	// Fetch returns the live file; fs.ErrNotExist when there is none.
	Fetch(ctx context.Context, name string) ([]byte, error)
	// Stage makes data ready where it is not live yet: beside the live file on the node,
	// or, on a node that has no such place, on this machine. Another live file than
	// expect is ErrConflict.
	Stage(ctx context.Context, name string, data []byte, expect *[32]byte) (stage string, err error)
	// Commit puts a staged file in the live one's place and returns its path, to show.
	// fs.ErrNotExist: the stage is gone. After any error the live file is the old or the
	// new one; only Fetch tells which.
	Commit(ctx context.Context, name, stage string, expect *[32]byte) (path string, err error)
	// Abort removes a staged file; one that is gone already is no error.
	Abort(ctx context.Context, name, stage string) error
	// Restore puts former back (nil: removes the file) where the live file is current.
	Restore(ctx context.Context, name string, former []byte, current *[32]byte) error
	// Close ends the connection, within a few seconds.
	Close() error
}

// Properties are what a node promises, and what not. What it cannot promise is shown in
// the plan, confirmed by the person and kept in the journal.
type Properties struct {
	Way            string `json:"way"`             // "CTL Provider", "SFTP", "OS Administration", "by hand"
	ReadOnly       bool   `json:"read_only"`       // nothing can be put there: it is looked at only
	AtomicReplace  bool   `json:"atomic_replace"`  // the live file changes in one step
	KeepsFormer    bool   `json:"keeps_former"`    // the node keeps the file that was replaced
	ChecksReplaced bool   `json:"checks_replaced"` // it refuses when the live file is not the expected one
	NeedsRestart   bool   `json:"needs_restart"`   // its TFTP service serves the new file after a restart only
	Person         bool   `json:"person"`          // a person puts the file there: it takes as long as that takes
}

// Preparer is a Node that can say beforehand whether it will take a file: the account is
// used and the place looked at, and nothing is changed. It is asked before a PIN is.
type Preparer interface {
	Prepare(ctx context.Context) error
}

// Holder is a Node that can say what file it holds, apart from what its TFTP service gives:
// a service may give another file from its memory until it is restarted.
type Holder interface {
	// Holds reports whether the node holds these bytes (nil: no file) under name. Where it
	// does not say, known is false.
	Holds(ctx context.Context, name string, data []byte) (holds, known bool)
}

// Sweeper is a Node whose stages outlive their connection.
type Sweeper interface {
	// Leftovers are stages of name that nobody committed.
	Leftovers(ctx context.Context, name string) (stages []string, err error)
	// Unsure reports, once, that a connection was lost while something was staged, so
	// that there may be a stage whose name was never learnt.
	Unsure() bool
}

// Replace stages and commits, for a Node's Restore.
func Replace(ctx context.Context, n Node, name string, data []byte, current *[32]byte) error {
	stage, err := n.Stage(ctx, name, data, current)
	if err != nil {
		return err
	}
	if _, err := n.Commit(ctx, name, stage, current); err != nil {
		return errors.Join(err, n.Abort(ctx, name, stage))
	}
	return nil
}
