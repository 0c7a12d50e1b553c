package ctlbuild

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ctlclient/message"
)

// Select finds the records that a selector names and returns their indexes: a number as
// shown (from 1), a host or an address, or a whole common name, in this order; case does
// not matter. All records of one host are one thing to select, and so are all of one
// certificate; a name that fits several such things, or nothing, is a *[SelectorError].
func Select(records []Record, selector string) ([]int, error) {
	return selection{records: records, shown: len(records)}.find(selector)
}

// SelectToken finds the one record of a hardware token that a selector names.
func SelectToken(records []Record, selector string) (int, error) {
	s := selection{records: records, shown: len(records)}
	found, err := s.find(selector)
	if e, ok := errors.AsType[*SelectorError](err); ok && e.Why != NamesNothing {
		return -1, err
	}
	tokens := slices.DeleteFunc(slices.Clone(found), func(i int) bool { return !records[i].IsToken() })
	if len(tokens) == 1 {
		return tokens[0], nil
	}
	e := &SelectorError{Selector: selector, Why: NoToken, Records: s.shown}
	for i := range records {
		if records[i].IsToken() {
			e.Fits = append(e.Fits, s.label(i))
		}
	}
	return -1, e
}

// SelectorProblem is what is wrong with a selector.
type SelectorProblem uint8

// The problems.
const (
	NamesNothing   SelectorProblem = iota // no record fits
	NamesSeveral                          // more than one host or certificate fits
	NamesWhatIsOut                        // the record was taken out of the draft, or changed, already
	NoToken                               // no token's record fits
)

// SelectorError says that a selector does not name what it should.
type SelectorError struct {
	Selector string
	Why      SelectorProblem
	Fits     []message.Message // the records that fit, or that may have been meant, as a person knows them
	Records  int               // how many were shown
}

// Error is Said in English.
func (e *SelectorError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *SelectorError) Said() error {
	switch e.Why {
	case NamesSeveral:
		return message.Errorf("%q fits several records", e.Selector)
	case NamesWhatIsOut:
		return message.Errorf("record %s was taken out or changed already", e.Selector)
	case NoToken:
		return message.Errorf("%q is no token of the list", e.Selector)
	}
	return message.Errorf("no record is named by %q", e.Selector)
}

// Hints list what fits and says how records are named.
func (e *SelectorError) Hints() []message.Message {
	var hints []message.Message
	fits := message.Parts(e.Fits)
	switch {
	case e.Why == NoToken && len(e.Fits) == 0:
		return message.Hint("the list has no tokens")
	case e.Why == NoToken:
		hints = message.Hint("its tokens are: %s", fits)
	case e.Why == NamesSeveral:
		hints = message.Hint("it fits %s", fits)
	case len(e.Fits) > 0:
		hints = message.Hint("did you mean %s?", message.OneOf(e.Fits))
	}
	return append(hints, message.Phrase("name a record by its number as shown (1 to %d), its host name, its address or its whole common name", e.Records))
}

// selection is records with the numbers under which a person saw them.
type selection struct {
	records []Record
	numbers []int // nil: the index and one; 0: not shown yet
	shown   int   // how many were shown
}

func (s selection) number(i int) int {
	if s.numbers == nil {
		return i + 1
	}
	return s.numbers[i]
}

// label names a record for a person: "2 CCM+TFTP, 10.48.47.155, cucm-pub".
func (s selection) label(i int) message.Message {
	text := s.records[i].summary()
	if n := s.number(i); n > 0 {
		return message.Phrase("%d %s", n, text)
	}
	return message.Phrase("new %s", text)
}

func (s selection) find(selector string) ([]int, error) {
	selector = strings.TrimSpace(selector)
	n, notNumber := strconv.Atoi(selector)
	if notNumber == nil && n >= 1 && n <= s.shown {
		for i := range s.records {
			if s.number(i) == n {
				return []int{i}, nil
			}
		}
		return nil, &SelectorError{Selector: selector, Why: NamesWhatIsOut, Records: s.shown}
	}
	byHost := s.all(func(r *Record) bool { return atHost(r, selector) })
	byCN := s.all(func(r *Record) bool { return selector != "" && strings.EqualFold(r.CN(), selector) })
	found := byHost
	if len(found) == 0 {
		found = byCN
	}
	if len(found) == 0 {
		return nil, &SelectorError{Selector: selector, Records: s.shown, Fits: s.labels(s.all(func(r *Record) bool { return resembles(r, selector) }))}
	}
	if all := union(byHost, byCN); !s.oneThing(all) {
		return nil, &SelectorError{Selector: selector, Why: NamesSeveral, Records: s.shown, Fits: s.labels(all)}
	}
	return found, nil
}

func (s selection) all(fits func(*Record) bool) []int {
	var found []int
	for i := range s.records {
		if fits(&s.records[i]) {
			found = append(found, i)
		}
	}
	return found
}

func (s selection) labels(indexes []int) []message.Message {
	labels := make([]message.Message, len(indexes))
	for n, i := range indexes {
		labels[n] = s.label(i)
	}
	return labels
}

func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// oneThing reports that each record is of the same host or the same certificate as one
// before it.
func (s selection) oneThing(indexes []int) bool {
	for n, i := range indexes[1:] {
		related := slices.ContainsFunc(indexes[:n+1], func(o int) bool {
			a, b := &s.records[o], &s.records[i]
			return SameHost(a.DNSName(), b.DNSName()) || sameAddress(a, b) || len(a.Certificate()) > 0 && bytes.Equal(a.Certificate(), b.Certificate())
		})
		if !related {
			return false
		}
	}
	return true
}

// atHost reports a record of the host or address. The 0.0.0.0 of tokens names
// nothing.
func atHost(r *Record, selector string) bool {
	if SameHost(r.DNSName(), selector) {
		return true
	}
	want, err := netip.ParseAddr(selector)
	if err != nil || want.IsUnspecified() {
		return false
	}
	ip, ok := r.IP()
	return ok && ip.Unmap() == want.Unmap()
}

// resembles reports a record that a selector which fits none may have meant: part of its
// host or common name, at least three characters of it.
func resembles(r *Record, selector string) bool {
	part := strings.ToLower(selector)
	return len(part) >= 3 && (strings.Contains(strings.ToLower(r.DNSName()), part) || strings.Contains(strings.ToLower(r.CN()), part))
}
