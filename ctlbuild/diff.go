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
	OldSerial    []byte // serial numbers beside these names
	NewSerial    []byte
	DigestChange bool
	OldDigest    Digest
	NewDigest    Digest
	OldVersion   [2]byte // SIGNERVERSION, zero when absent
	NewVersion   [2]byte
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
		d.NewSigner, d.NewSerial = new.Header.SignerName, new.Header.SerialNumber
		d.NewDigest, d.NewTime, d.NewVersion = new.Header.Digest, new.Header.Time, new.Header.SignerVersion
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
	d.NewDigest, d.NewTime, d.NewVersion = draft.Digest, draft.Time, draft.SignerVersion
	d.DigestChange = old != nil && d.OldDigest != d.NewDigest
	return d
}

func (d *Diff) old(l *List) {
	if l != nil {
		d.OldSigner, d.OldSerial = l.Header.SignerName, l.Header.SerialNumber
		d.OldDigest, d.OldTime, d.OldVersion = l.Header.Digest, l.Header.Time, l.Header.SignerVersion
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

// side is a record of one list with what it is recognised by, reckoned once.
type side struct {
	*Record
	function Function
	bytes    string
	host, cn string // without blanks, in lower case
}

func sides(records []Record) []side {
	s := make([]side, len(records))
	for i := range records {
		r := &records[i]
		s[i] = side{
			Record: r, function: r.Function(), bytes: string(r.Bytes()),
			host: hostKey(r.DNSName()), cn: strings.ToLower(r.CN()),
		}
	}
	return s
}

func (a *side) sameCertificate(b *side) bool {
	return a.MatchesCertificate(b.Certificate()) || b.MatchesCertificate(a.Certificate())
}

func (a *side) sameHost(b *side) bool {
	return a.host != "" && a.host == b.host || sameAddress(a.Record, b.Record)
}

func (a *side) sameCN(b *side) bool { return a.cn != "" && a.cn == b.cn }

// likenesses say when two records that differ are one that changed, the surest
// first.
var likenesses = []func(a, b *side) bool{
	func(a, b *side) bool { return a.function == b.function && a.sameCertificate(b) },
	func(a, b *side) bool { return a.function.IsServer() && b.function.IsServer() && a.sameCertificate(b) },
	func(a, b *side) bool { return a.function == b.function && a.sameCN(b) && a.sameHost(b) },
	func(a, b *side) bool { return a.function == b.function && a.function != SAST && a.sameHost(b) },
	func(a, b *side) bool { return a.function == b.function && a.sameCN(b) },
}

// compareRecords pairs records that are the same, then those that are alike;
// the rest was added or removed.
func compareRecords(old, new []Record) Diff {
	olds, news := sides(old), sides(new)
	partner := pairUp(olds, news)
	var d Diff
	last := -1
	kept := make([]bool, len(old))
	for n, o := range partner {
		if o < 0 {
			d.Changes = append(d.Changes, Change{Kind: Added, Old: -1, New: n, NewRec: &new[n]})
			continue
		}
		kept[o] = true
		d.Reordered = d.Reordered || o < last
		last = max(last, o)
		if olds[o].bytes == news[n].bytes {
			d.Unchanged++
			continue
		}
		d.Changes = append(d.Changes, Change{Changed, o, n, &old[o], &new[n], differing(&old[o], &new[n])})
	}
	for o := range old {
		if !kept[o] {
			d.Changes = append(d.Changes, Change{Kind: Removed, Old: o, New: -1, OldRec: &old[o]})
		}
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return a.place() - b.place() })
	return d
}

// pairUp gives for each new record the index of the old one that it was, -1
// for none.
func pairUp(olds, news []side) []int {
	partner := make([]int, len(news))
	same := map[string][]int{} // old records by their bytes, in order
	for o := range olds {
		same[olds[o].bytes] = append(same[olds[o].bytes], o)
	}
	taken := make([]bool, len(olds))
	for n := range news {
		partner[n] = -1
		if at := same[news[n].bytes]; len(at) > 0 {
			partner[n], taken[at[0]] = at[0], true
			same[news[n].bytes] = at[1:]
		}
	}
	for _, alike := range likenesses {
		for n := range news {
			for o := 0; partner[n] < 0 && o < len(olds); o++ {
				if !taken[o] && alike(&olds[o], &news[n]) {
					partner[n], taken[o] = o, true
				}
			}
		}
	}
	return partner
}

// place is where a change is shown.
func (c Change) place() int {
	if c.Old >= 0 {
		return c.Old
	}
	return c.New
}

// differing names the fields in which two records differ, in file order. When
// none does, it is their order.
func differing(a, b *Record) []string {
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
