package ctlbuild

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// ChangeKind of a comparison.
type ChangeKind uint8

// The kinds of change.
const (
	Added ChangeKind = iota
	Removed
	Changed // same certificate or same server, other fields
)

// Change is one difference. Old and New are record indexes, -1 when absent.
type Change struct {
	Kind     ChangeKind
	Old, New int
	OldRec   *Record
	NewRec   *Record
	Fields   []string // names of the fields that differ, for Changed
}

// Diff is what lies between two lists.
type Diff struct {
	Changes      []Change // by position in the new list, removals at their old place
	Unchanged    int      // records that are in both, byte for byte
	Reordered    bool     // records that are in both stand in another order
	SignerChange bool     // another certificate signs
	OldSigner    string   // subject names; empty when not known
	NewSigner    string
	DigestChange bool
	OldDigest    Digest
	NewDigest    Digest
	Resigned     bool // signature or time differ
	OldTime      time.Time
	NewTime      time.Time // zero in a draft that does not say
	Identical    bool      // same bytes
}

// Compare compares two lists. A nil list is one that is not there: all records
// of the other are added or removed.
func Compare(old, new *List) Diff {
	d := compareRecords(recordsOf(old), recordsOf(new))
	d.old(old)
	if new != nil {
		d.NewSigner, d.NewDigest, d.NewTime = new.Header.SignerName, new.Header.Digest, new.Header.Time
	}
	if old == nil || new == nil {
		d.Identical = old == new
		return d
	}
	d.Identical = bytes.Equal(old.raw, new.raw)
	d.SignerChange = !sameSigner(old, new)
	d.DigestChange = d.OldDigest != d.NewDigest
	d.Resigned = !bytes.Equal(old.Header.Signature, new.Header.Signature) || !d.OldTime.Equal(d.NewTime)
	return d
}

// CompareDraft compares a list, which may be nil, with what is to become of
// it. Who will sign is not known yet, and the two are never identical.
func CompareDraft(old *List, draft *Draft) Diff {
	d := compareRecords(recordsOf(old), draft.Records)
	d.old(old)
	d.NewDigest, d.NewTime = draft.Digest, draft.Time
	d.DigestChange = old != nil && d.OldDigest != d.NewDigest
	return d
}

func (d *Diff) old(l *List) {
	if l != nil {
		d.OldSigner, d.OldDigest, d.OldTime = l.Header.SignerName, l.Header.Digest, l.Header.Time
	}
}

func recordsOf(l *List) []Record {
	if l == nil {
		return nil
	}
	return l.Records
}

// sameSigner compares the certificates that sign; where one is not in its
// list, the names in the headers.
func sameSigner(a, b *List) bool {
	ra, _ := a.Signer()
	rb, _ := b.Signer()
	if ra != nil && rb != nil && ra.Certificate() != nil && rb.Certificate() != nil {
		return bytes.Equal(ra.Certificate(), rb.Certificate())
	}
	return a.Header.CAName == b.Header.CAName && bytes.Equal(a.Header.SerialNumber, b.Header.SerialNumber)
}

// likenesses say when two records that differ are one that changed, the surest
// first.
var likenesses = []func(a, b *Record) bool{
	func(a, b *Record) bool { return a.Function() == b.Function() && sameCertificate(a, b) },
	func(a, b *Record) bool {
		return a.Function().IsServer() && b.Function().IsServer() && sameCertificate(a, b)
	},
	func(a, b *Record) bool { return a.Function() == b.Function() && sameHost(a, b) && sameCN(a, b) },
	func(a, b *Record) bool { return a.Function() == b.Function() && a.Function() != SAST && sameHost(a, b) },
	func(a, b *Record) bool { return a.Function() == b.Function() && sameCN(a, b) },
}

func sameCertificate(a, b *Record) bool {
	return a.MatchesCertificate(b.Certificate()) || b.MatchesCertificate(a.Certificate())
}

func sameHost(a, b *Record) bool {
	name := strings.TrimSpace(a.DNSName())
	return name != "" && strings.EqualFold(name, strings.TrimSpace(b.DNSName())) || sameAddress(a, b)
}

func sameCN(a, b *Record) bool { return a.CN() != "" && strings.EqualFold(a.CN(), b.CN()) }

// compareRecords pairs records that are the same, then those that are alike;
// the rest was added or removed.
func compareRecords(old, new []Record) Diff {
	var d Diff
	partner := slices.Repeat([]int{-1}, len(new)) // in old, of each in new
	taken := make([]bool, len(old))
	pair := func(alike func(a, b *Record) bool) {
		for n := range new {
			for o := range old {
				if partner[n] < 0 && !taken[o] && alike(&old[o], &new[n]) {
					partner[n], taken[o] = o, true
				}
			}
		}
	}
	pair(func(a, b *Record) bool { return len(differing(a, b)) == 0 })
	for _, alike := range likenesses {
		pair(alike)
	}
	last := -1
	for n, o := range partner {
		if o < 0 {
			d.Changes = append(d.Changes, Change{Kind: Added, Old: -1, New: n, NewRec: &new[n]})
			continue
		}
		d.Reordered = d.Reordered || o < last
		last = max(last, o)
		if fields := differing(&old[o], &new[n]); len(fields) > 0 {
			d.Changes = append(d.Changes, Change{Changed, o, n, &old[o], &new[n], fields})
		} else {
			d.Unchanged++
		}
	}
	for o := range old {
		if !taken[o] {
			d.Changes = append(d.Changes, Change{Kind: Removed, Old: o, New: -1, OldRec: &old[o]})
		}
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return a.place() - b.place() })
	return d
}

// place is where a change is shown.
func (c Change) place() int {
	if c.Old >= 0 {
		return c.Old
	}
	return c.New
}

// differing names the fields that differ, in file order; their order counts as
// a difference too.
func differing(a, b *Record) []string {
	if bytes.Equal(a.Bytes(), b.Bytes()) {
		return nil
	}
	var names []string
	seen := map[uint8]bool{}
	for _, f := range slices.Concat(a.Fields, b.Fields) {
		if seen[f.Tag] {
			continue
		}
		seen[f.Tag] = true
		va, vb := a.value(f.Tag), b.value(f.Tag)
		if !bytes.Equal(va, vb) || (va == nil) != (vb == nil) {
			names = append(names, fieldName(f.Tag))
		}
	}
	if names == nil {
		names = []string{"order of fields"}
	}
	return names
}
