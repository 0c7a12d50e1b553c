package ctlbuild

import (
	"io"
	"time"
)

// Show prints as show ctl / show itl does. loc is for "last modified"; verdict line included.
func Show(w io.Writer, l *List, loc *time.Location) error { panic("stub") }

// ShowEnvelope prints the header of a .sgn file.
func ShowEnvelope(w io.Writer, e *Envelope, loc *time.Location) error { panic("stub") }

// ChangeKind of a comparison.
type ChangeKind uint8

const (
	Added ChangeKind = iota
	Removed
	Changed // same certificate or same server, other fields
)

// Change is one difference. Old/New are record indexes, -1 when absent.
type Change struct {
	Kind     ChangeKind
	Old, New int
	OldRec   *Record
	NewRec   *Record
	Fields   []string // names of the fields that differ, for Changed
}

// Diff compares two lists.
type Diff struct {
	Changes      []Change
	Reordered    bool
	SignerChange bool   // another certificate signs
	OldSigner    string // subject names
	NewSigner    string
	DigestChange bool
	Resigned     bool // signature or time differ
	Identical    bool // same bytes
}

func Compare(old, new *List) Diff           { panic("stub") }
func CompareDraft(old *List, d *Draft) Diff { panic("stub") }
func (d Diff) WriteText(w io.Writer) error  { panic("stub") }
