// Package phoneword decides what a phone's own status messages say of a trust list: that
// it took the new one, that it kept the old one, or nothing. The texts are those of
// Cisco's 8800 administration guide; where they were read is not this package's matter.
//
// What always holds: a message counts only when it came after what was read before the
// job, or after the phone's last restart; a text that is not known decides nothing, and
// where a phone does not speak English the verdict is Unknown, never a guess. A phone that
// could not be read is Unknown, never one that refused.
package phoneword

import (
	"slices"
	"strings"

	"ctlclient/internal/lazyregexp"
)

// Entry is one status message, as the phone writes it.
type Entry struct {
	Time string // in the phone's own words; it is compared, not understood
	Text string
}

// Kind is what a message says.
type Kind int

const (
	Other        Kind = iota // of another matter, or in words that are not known
	Updated                  // a trust list was replaced
	Installed                // a first CTL was installed, with or without an ITL
	ITLInstalled             // a first ITL alone
	Failed                   // a new list was not taken: the phone keeps what it has
	NoList                   // the phone has no trust list
	Erasing                  // the lists are being deleted on the phone
	FileNotFound             // the node had no CTL
	Restarting               // the node asked the phone to restart or reset
	kinds                    // how many there are
)

// String is for people.
func (k Kind) String() string {
	return [kinds]string{"other", "trust list updated", "CTL installed", "ITL installed", "trust list update failed",
		"no trust list", "deleting the trust lists", "CTL not found", "restart requested"}[k]
}

// texts in the order in which they are tried.
var texts = []struct {
	kind    Kind
	pattern *lazyregexp.Regexp
}{
	{Failed, lazyregexp.New(`(?i)^(trust list|ctl and itl|ctl)( file)? (update|updates|verification|installation) failed`)},
	{Updated, lazyregexp.New(`(?i)^(trust list|ctl and itl|ctl)( file)? updated`)},
	{NoList, lazyregexp.New(`(?i)^no trust list installed`)},
	{Installed, lazyregexp.New(`(?i)^(ctl and itl|ctl)( file)? installed`)},
	{ITLInstalled, lazyregexp.New(`(?i)^itl( file)? installed`)},
	{Erasing, lazyregexp.New(`(?i)^erasing (ctl|itl)`)},
	{FileNotFound, lazyregexp.New(`(?i)^file not found\b.*\bctl\w*\.tlv`)},
	{Restarting, lazyregexp.New(`(?i)^(restart|reset) requested by`)},
}

// KindOf a message's text.
func KindOf(text string) Kind {
	text = strings.Join(strings.Fields(text), " ")
	for _, t := range texts {
		if t.pattern.MatchString(text) {
			return t.kind
		}
	}
	return Other
}

// Verdict on a phone after a job.
type Verdict int

const (
	Unknown     Verdict = iota // not read, or not understood
	NothingSaid                // it was read and says nothing: not restarted yet, or the same file
	Took                       // it has the new list
	Kept                       // it refused the new list and keeps the old one
)

// String is for people.
func (v Verdict) String() string {
	return [...]string{"unknown", "nothing said", "took the new list", "kept the old list"}[v]
}

// Reading is what was read of a phone at one time.
type Reading struct {
	Read    bool // false: its page could not be read, or was another phone's
	Entries []Entry
}

// Word is what a phone says.
type Word struct {
	Verdict  Verdict
	Deciding Entry   // the message that decided; empty: none did
	Since    []Entry // what the phone said since, for a person to read
}

// Judge compares what a phone said before a job and after it.
func Judge(before, after Reading) Word {
	if !after.Read {
		return Word{}
	}
	since, known := news(before, after)
	w := Word{Since: since}
	if !known {
		return w
	}
	w.Verdict = NothingSaid
	for _, e := range since { // the last word counts
		switch KindOf(e.Text) {
		case Updated, Installed:
			w.Verdict, w.Deciding = Took, e
		case Failed:
			w.Verdict, w.Deciding = Kept, e
		case NoList, Erasing:
			// What it had is gone: whatever was decided before is no longer so.
			w.Verdict, w.Deciding = NothingSaid, e
		}
	}
	if w.Verdict == NothingSaid && w.Deciding == (Entry{}) && foreign(since) && !english(slices.Concat(before.Entries, after.Entries)) {
		w.Verdict = Unknown
	}
	return w
}

// news are the entries of after that came later than before's. A phone keeps its last
// messages: the end of what it said before is the beginning of what it says after.
// Without a reading before, what came after the last restart is new; without a restart
// nothing can be told.
func news(before, after Reading) (since []Entry, known bool) {
	if before.Read {
		most := min(len(before.Entries), len(after.Entries))
		for n := most; n > 0; n-- {
			if equal(before.Entries[len(before.Entries)-n:], after.Entries[:n]) {
				return after.Entries[n:], true
			}
		}
		return after.Entries, true
	}
	for i := len(after.Entries) - 1; i >= 0; i-- {
		if KindOf(after.Entries[i].Text) == Restarting {
			return after.Entries[i+1:], true
		}
	}
	return nil, false
}

func equal(a, b []Entry) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

var (
	fileName     = lazyregexp.New(`(?i)\.(xml|sgn|tlv|loads|enc|jar|sbn)\b`)
	englishWords = lazyregexp.New(`(?i)\b(requested|not found|updated|installed|failed|timeout|timed out|rejected|incorrect|released|disabled|denied)\b`)
)

// foreign says whether there is a message of which nothing is known, not even that it
// names a file.
func foreign(entries []Entry) bool {
	for _, e := range entries {
		if KindOf(e.Text) == Other && !fileName.MatchString(e.Text) {
			return true
		}
	}
	return false
}

// english says whether the phone speaks the language whose words are known here.
func english(entries []Entry) bool {
	for _, e := range entries {
		if KindOf(e.Text) != Other || englishWords.MatchString(e.Text) {
			return true
		}
	}
	return false
}
