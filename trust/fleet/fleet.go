// Package fleet reads which phones there are, in CSV, JSON or words, and what each holds,
// as phones of package trust.
package fleet

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ctlclient/ctlbuild"
	"ctlclient/internal/textfile"
	"ctlclient/message"
	"ctlclient/trust"
)

// A fleet is read from one of three forms:
//
//   - CSV with a line of column names, comma or semicolon between: name, model,
//     count, ctl, itl, last-seen, tvs, sbd. Only model or name is needed.
//   - JSON: an array of objects with the same keys, or {"phones": [...]}.
//   - words: "40 x 7945, 12 x 7940, 3 x 8861 never seen since 2019".
//
// ctl and itl say what a phone holds: an MD5 or SHA-1 as its screen shows, the name
// of a file, "none", "current" (what the cluster serves), or "unknown". Left out
// altogether, or left empty, they are "current" for a phone that has been seen.

// Limits of a fleet, against files that are something else.
const (
	maxFleetFile = 32 << 20
	maxEntries   = 200_000
	maxCount     = 10_000_000
	maxCell      = 4096
)

// HeldKind says how a fleet describes a list that a phone holds.
type HeldKind uint8

const (
	HeldCurrent  HeldKind = iota // what the cluster serves
	HeldNone                     // none
	HeldChecksum                 // the list with this checksum
	HeldFile                     // this list, read from a file
	HeldUnknown                  // not known
)

// Held is one list that a phone is said to hold.
type Held struct {
	Kind     HeldKind
	Checksum trust.Checksum
	List     *ctlbuild.List
}

// Entry is one phone, or one class of phones, as a fleet describes it.
type Entry struct {
	Name     string
	Model    string
	Count    int // at least 1
	CTL, ITL Held
	LastSeen string   // as written: "2019", "2024-03-01"; empty when not said
	Unseen   string   // why what it holds is not known ("never seen since 2019"), empty otherwise
	TVS      []string // host:port, in order
	NoSBD    bool
	Line     int // where it stands, from 1
}

// Error says what is wrong in a fleet, and where.
type Error struct {
	Line   int
	Column string // a column's name, or a number for text without columns
	Err    error
}

// Error is Said in English.
func (e *Error) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *Error) Said() error {
	switch {
	case e.Line == 0:
		return message.Errorf("fleet: %v", e.Err)
	case e.Column == "":
		return message.Errorf("fleet, line %d: %v", e.Line, e.Err)
	default:
		return message.Errorf("fleet, line %d, column %s: %v", e.Line, e.Column, e.Err)
	}
}

func (e *Error) Unwrap() error { return e.Err }

// Hints show the forms that are understood.
func (e *Error) Hints() []message.Message {
	return []message.Message{
		message.Phrase("columns: name,model,count,ctl,itl,last-seen,tvs,sbd; ctl and itl take an MD5, a SHA-1, a file, none, current or unknown"),
		message.Phrase(`or in words: "40 x 7945, 12 x 7940, 3 x 8861 never seen since 2019"`),
	}
}

// OpenFunc opens a file that a fleet names. Names come from the fleet as they stand;
// the caller decides which folder they are relative to and which are allowed.
type OpenFunc func(name string) (io.ReadCloser, error)

// Read reads a fleet in any of its forms; which one is told by its first
// characters. open may be nil: a fleet that names files is then an error. Every
// error is a *Error.
func Read(r io.Reader, open OpenFunc) ([]Entry, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFleetFile+1))
	if err != nil {
		return nil, &Error{Err: err}
	}
	if len(data) > maxFleetFile {
		return nil, &Error{Err: message.Errorf("larger than %d MiB", maxFleetFile>>20)}
	}
	if data, err = textfile.UTF8(data); err != nil {
		return nil, &Error{Err: err}
	}
	if !utf8.Valid(data) {
		return nil, &Error{Err: message.NewError("not UTF-8 text; save the export as UTF-8")}
	}
	f := &reader{open: open, files: map[string]*ctlbuild.List{}, cells: map[cell]Held{}}
	switch text := bytes.TrimSpace(data); {
	case len(text) == 0:
		return nil, &Error{Err: message.NewError("empty")}
	case text[0] == '[' || text[0] == '{':
		return f.json(data)
	case looksLikeClasses(string(text)):
		return ParseClasses(string(text))
	default:
		return f.csv(data)
	}
}

// reader reads files that a fleet names once each.
type reader struct {
	open  OpenFunc
	files map[string]*ctlbuild.List
	cells map[cell]Held // what cells were found to say: most phones hold the same
}

// cell is what is said of a list of one kind.
type cell struct {
	kind ctlbuild.Kind
	text string
}

// set puts one value of a row into an entry.
func (f *reader) set(e *Entry, column, value string) error {
	value = strings.TrimSpace(value)
	if len(value) > maxCell {
		return message.NewError("too long")
	}
	var err error
	switch column {
	case "name":
		e.Name = value
	case "model":
		e.Model = value
	case "count":
		e.Count, err = parseCount(value)
	case "ctl":
		e.CTL, err = f.said(value, ctlbuild.KindCTL)
	case "itl":
		e.ITL, err = f.said(value, ctlbuild.KindITL)
	case "last-seen":
		err = e.seen(value)
	case "tvs":
		e.TVS = strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ';' || r == ',' || r == '|' })
	case "sbd":
		err = e.sbd(value)
	}
	return err
}

func parseCount(s string) (int, error) {
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxCount {
		return 0, message.Errorf("%q is no number of phones", s)
	}
	return n, nil
}

// said is held, asked once for all cells that say the same.
func (f *reader) said(s string, kind ctlbuild.Kind) (Held, error) {
	at := cell{kind, s}
	if h, ok := f.cells[at]; ok {
		return h, nil
	}
	h, err := f.held(s, kind)
	if err == nil {
		at.text = strings.Clone(s)
		f.cells[at] = h
	}
	return h, err
}

func (f *reader) held(s string, kind ctlbuild.Kind) (Held, error) {
	switch strings.ToLower(s) {
	case "", "current":
		return Held{}, nil
	case "none", "-", "no", "not installed":
		return Held{Kind: HeldNone}, nil
	case "unknown", "?":
		return Held{Kind: HeldUnknown}, nil
	}
	if c, err := trust.ParseChecksum(s); err == nil {
		return Held{Kind: HeldChecksum, Checksum: c}, nil
	}
	if f.open == nil {
		return Held{}, message.Errorf("%q is no checksum, and files cannot be opened here", s)
	}
	l, err := f.read(s)
	if err != nil {
		return Held{}, err
	}
	if l.Kind() != kind {
		return Held{}, message.Errorf("%s holds the %s, not the %s", s, trust.ListName(l.Kind()), trust.ListName(kind))
	}
	return Held{Kind: HeldFile, List: l}, nil
}

func (f *reader) read(name string) (*ctlbuild.List, error) {
	if l, ok := f.files[name]; ok {
		return l, nil
	}
	r, err := f.open(name)
	if err != nil {
		return nil, message.Errorf("neither a checksum nor a file: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, ctlbuild.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	l, err := ctlbuild.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.files[name] = l
	return l, nil
}

// seen takes a date or a year, or the words that say there is none.
func (e *Entry) seen(s string) error {
	if s == "" {
		return nil
	}
	if low := strings.ToLower(s); low == "never" || strings.HasPrefix(low, "never seen") || strings.HasPrefix(low, "not seen") {
		e.Unseen = low
		if low == "never" {
			e.Unseen = "never seen"
		}
		return nil
	}
	if !isDate(s) {
		return message.Errorf("%q is no date: want 2019, 2019-06, 2019-06-30, a time as in 2019-06-30T12:00:00Z, or never", s)
	}
	e.LastSeen = s
	return nil
}

func isDate(s string) bool {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly, time.DateTime, time.RFC3339} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

func (e *Entry) sbd(s string) error {
	switch strings.ToLower(s) {
	case "", "yes", "true", "1":
		e.NoSBD = false
	case "no", "false", "0":
		e.NoSBD = true
	default:
		return message.Errorf("%q is neither yes nor no", s)
	}
	return nil
}

// check looks at an entry as a whole.
func (e *Entry) check() error {
	if e.Name == "" && e.Model == "" {
		return message.NewError("neither name nor model is given")
	}
	if e.Count == 0 {
		e.Count = 1
	}
	return nil
}

// Current is what the cluster serves, for phones that are said to hold it.
type Current struct {
	CTL, ITL *ctlbuild.List
	// CTLUnknown and ITLUnknown say of a list that is nil that it is not known.
	CTLUnknown, ITLUnknown bool
	TVS                    []string // host:port, for phones that name none
}

// Resolve turns a fleet's entries into phones: checksums are looked up among the
// known lists (and the current ones), "current" becomes what the cluster serves. A
// checksum of no known list, and a phone that has not been seen, leave the phone
// with a reason in Unknown; nothing is made up.
func Resolve(entries []Entry, known trust.Known, now Current) []trust.Phone {
	all := trust.KnownLists(now.CTL, now.ITL)
	for c, l := range known {
		all[c] = l
	}
	phones := make([]trust.Phone, len(entries))
	for i, e := range entries {
		phones[i] = e.resolve(all, now)
	}
	return phones
}

func (e Entry) resolve(known trust.Known, now Current) trust.Phone {
	p := trust.Phone{Name: e.Name, Model: e.Model, Count: e.Count, NoSBD: e.NoSBD, TVS: e.TVS}
	if p.Name == "" && e.Count > 1 {
		p.Name = fmt.Sprintf("%d x %s", e.Count, e.Model)
	} else if p.Name == "" {
		p.Name = e.Model
	}
	if len(p.TVS) == 0 {
		p.TVS = now.TVS
	}
	var why message.Parts
	if e.Unseen != "" {
		why = append(why, unseenText(e.Unseen))
	}
	notKnown := func(kind ctlbuild.Kind) {
		why = append(why, message.Phrase("its %s is not known", trust.ListName(kind)))
	}
	take := func(h Held, kind ctlbuild.Kind, current *ctlbuild.List, unknown bool) *ctlbuild.List {
		switch h.Kind {
		case HeldFile:
			return h.List
		case HeldCurrent:
			if e.Unseen == "" && current == nil && unknown {
				notKnown(kind)
			}
			if e.Unseen == "" {
				return current
			}
		case HeldUnknown:
			notKnown(kind)
		case HeldChecksum:
			if l := known[h.Checksum]; l != nil && l.Kind() == kind {
				return l
			}
			why = append(why, message.Phrase("the %s of its %s, %s, is that of no known list", h.Checksum.Kind(), trust.ListName(kind), string(h.Checksum)))
		}
		return nil
	}
	can, _ := p.SBD()
	p.CTL = take(e.CTL, ctlbuild.KindCTL, now.CTL, now.CTLUnknown)
	p.ITL = take(e.ITL, ctlbuild.KindITL, now.ITL, now.ITLUnknown && can)
	if !can {
		// Such a phone has no ITL, whatever is served.
		p.ITL = nil
	}
	if len(why) > 0 {
		p.NotKnown(message.Phrase("%s", why))
	}
	if e.Unseen != "" && e.CTL.Kind == HeldNone && e.ITL.Kind == HeldNone {
		p.NotKnown(message.Message{})
	}
	return p
}

// unseenText is why a phone was not seen as a person reads it; what the file has in other words
// stays.
func unseenText(said string) message.Message {
	if since, found := strings.CutPrefix(said, "never seen since "); found {
		return message.Phrase("never seen since %s", since)
	}
	if since, found := strings.CutPrefix(said, "not seen since "); found {
		return message.Phrase("not seen since %s", since)
	}
	switch said {
	case "never seen":
		return message.Phrase("never seen")
	case "not seen":
		return message.Phrase("not seen")
	}
	return message.Plain(said)
}
