package message

import "strings"

// Advisor is an error that says what to do next, in sentences that a front end words.
type Advisor interface{ Hints() []Message }

// Speaker is an error that can say itself in a voice.
type Speaker interface {
	error
	Say(Voice) string
}

// Advice are what the errors of a tree say to do next, each once, in the order in which
// they are met: by Hints, or, in words that come from elsewhere, by Hint() string, a line
// each.
func Advice(err error) []Message {
	var out []Message
	seen := map[string]bool{}
	add := func(m Message) {
		if text := m.String(); text != "" && !seen[text] {
			seen[text] = true
			out = append(out, m)
		}
	}
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		switch h := err.(type) {
		case Advisor:
			for _, m := range h.Hints() {
				add(m)
			}
		case interface{ Hint() string }:
			for l := range strings.Lines(h.Hint()) {
				add(Plain(strings.TrimSpace(l)))
			}
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			walk(u.Unwrap())
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				walk(e)
			}
		}
	}
	walk(err)
	return out
}
