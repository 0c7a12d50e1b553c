package fleet

import (
	"fmt"
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// classShape is "40 x 7945 words": count, model, and what else is said of the class.
// A model may be several words (ATA 187, Cisco TelePresence SX20).
var classShape = lazyregexp.New(`(?i)^(\d+)\s*(?:x|×|\*)\s*(\S.*)$`)

var modelNumber = lazyregexp.New(`^\d{4}\w*$`)

// classWords are what may be said of a class after its model.
var classWords = []struct {
	shape *lazyregexp.Regexp
	apply func(e *Entry, said string)
}{
	{lazyregexp.New(`(?i)\s+((?:never|not) seen(?: since \S+)?)$`), func(e *Entry, said string) { e.Unseen = strings.ToLower(said) }},
	{lazyregexp.New(`(?i)\s+(new|empty|cleared|factory reset|holding nothing)$`), func(e *Entry, _ string) {
		e.CTL.Kind, e.ITL.Kind = HeldNone, HeldNone
	}},
	{lazyregexp.New(`(?i)\s+(without sbd|without security by default)$`), func(e *Entry, _ string) { e.NoSBD = true }},
	{lazyregexp.New(`(?i)\s+(without (?:an )?itl)$`), func(e *Entry, _ string) { e.ITL.Kind = HeldNone }},
	{lazyregexp.New(`(?i)\s+(without (?:a )?ctl)$`), func(e *Entry, _ string) { e.CTL.Kind = HeldNone }},
}

// looksLikeClasses tells words from CSV: they begin with a number and a times sign.
func looksLikeClasses(s string) bool {
	first, _, _ := strings.Cut(s, "\n")
	first, _, _ = strings.Cut(first, ",")
	first, _, _ = strings.Cut(first, ";")
	return classShape.MatchString(strings.TrimSpace(first))
}

// ParseClasses reads classes of phones in words: "40 x 7945, 12 x 7940, 3 x 8861
// never seen since 2019". Between classes stands a comma, a semicolon or a new line.
// After the model may stand: never seen [since ...], not seen since ..., new (or
// empty, cleared, factory reset, holding nothing), without SBD, without CTL, without
// ITL. Every error is a *Error.
func ParseClasses(s string) ([]Entry, error) {
	var entries []Entry
	for n, line := range strings.Split(s, "\n") {
		start := 0
		for start <= len(line) {
			end := strings.IndexAny(line[start:], ",;")
			if end < 0 {
				end = len(line) - start
			}
			text := line[start : start+end]
			if part := strings.TrimSpace(text); part != "" {
				e, err := parseClass(part)
				if err != nil {
					column := start + strings.Index(text, part) + 1
					return nil, &Error{Line: n + 1, Column: fmt.Sprint(column), Err: err}
				}
				e.Line = n + 1
				if entries = append(entries, e); len(entries) > maxEntries {
					return nil, &Error{Line: n + 1, Err: message.NewError("too many classes")}
				}
			}
			start += end + 1
		}
	}
	if len(entries) == 0 {
		return nil, &Error{Err: message.NewError("no phones in it")}
	}
	return entries, nil
}

func parseClass(s string) (Entry, error) {
	m := classShape.FindStringSubmatch(s)
	if m == nil {
		return Entry{}, message.Errorf("%q is no class of phones: want a number, x and a model, like 40 x 7945", s)
	}
	n, err := parseCount(m[1])
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Count: n}
	rest := strings.TrimSpace(m[2])
	for again := true; again; {
		again = false
		for _, w := range classWords {
			if found := w.shape.FindStringSubmatchIndex(rest); found != nil {
				w.apply(&e, rest[found[2]:found[3]])
				rest, again = strings.TrimSpace(rest[:found[0]]), true
			}
		}
	}
	// A model that is a number says all; what follows would be words misspelt.
	words := strings.Fields(rest)
	if len(words) == 0 || len(words) > 5 || len(rest) > 80 || (len(words) > 1 && modelNumber.MatchString(words[0])) {
		return Entry{}, message.Errorf("%q is not understood: after the model may stand never seen [since ...], new, without SBD, without CTL or without ITL", rest)
	}
	e.Model = rest
	return e, nil
}
