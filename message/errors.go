package message

import "slices"

// Advisor is an error that says what to do next, in sentences that a front end words.
type Advisor interface{ Hints() []Message }

// Speaker is an error that can say itself in a voice.
type Speaker interface {
	error
	Say(Voice) string
}

// An error that is made of other errors in words has Said() error in place of Say: what
// it says, as one error that [Voice.Tell] can word.

// ActionsOf are what the person can do after an error, each once, in the order in which its
// advice names them.
func ActionsOf(err error) []Action {
	var out []Action
	for _, m := range Advice(err) {
		for _, a := range m.Actions() {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// Advice are what the errors of a tree say to do next, each once, in the order in which
// they are met.
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
		if h, ok := err.(Advisor); ok {
			for _, m := range h.Hints() {
				add(m)
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
