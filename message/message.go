// Package message holds sentences as keys with values, so that what the rooms below
// the front ends have to say can be worded in any language at the top.
//
// A sentence is defined once, beside the code that says it, with its English:
//
//	var refused = message.Define("hazard.refused", "{who} {n|refuses|refuse} the new CTL.")
//
//	m := refused.With("who", names, "n", len(names))
//	m.String()   // English
//	m.In(german) // by a catalogue
//
// In a text, {name} is a value and {name|one|other} is one of two wordings, by a
// number; # in a wording is that number. Values are texts that are the same in every
// language (names, checksums), numbers, lists of them, and other messages.
package message

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Text is a sentence that the program can say.
type Text struct {
	key   string
	parts []part
}

// Key is the sentence's name in catalogues: "hazard.continuity.refused".
func (t *Text) Key() string { return t.key }

var (
	mu      sync.RWMutex
	defined = map[string]*Text{}
)

// Define makes a text known. It is called for package variables; a key that is taken,
// or English that cannot be read, is a mistake in the program, and panics.
func Define(key, english string) *Text {
	parts, err := parse(english)
	if err != nil {
		panic(fmt.Sprintf("message %s: %v", key, err))
	}
	mu.Lock()
	defer mu.Unlock()
	if key == "" || defined[key] != nil {
		panic(fmt.Sprintf("message %q: the key is empty or taken", key))
	}
	t := &Text{key: key, parts: parts}
	defined[key] = t
	return t
}

// Keys are the keys of all texts, in alphabetical order.
func Keys() []string {
	mu.RLock()
	defer mu.RUnlock()
	return slices.Sorted(maps.Keys(defined))
}

func lookup(key string) *Text {
	mu.RLock()
	defer mu.RUnlock()
	return defined[key]
}

// With fills a text: a name and its value, the next name and its value.
func (t *Text) With(namesAndValues ...any) Message {
	m := Message{Key: t.key}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		m.Values = append(m.Values, Value{fmt.Sprint(namesAndValues[i]), namesAndValues[i+1]})
	}
	return m
}

// Value is one value of a message.
type Value struct {
	Name  string
	Value any // string, int, []string, Either, OneOf, Message, []Message, Parts, Lines, Action or error
}

// Either is a list of which one does: "a, b or c".
type Either []string

// String is the list in English.
func (e Either) String() string { return word(e, nil) }

// OneOf is Either of messages.
type OneOf []Message

// Parts are clauses that stand side by side: "a; b; c".
type Parts []Message

// List is messages with commas between them: "a, b, c".
type List []Message

// Lines are sentences that stand one below the other.
type Lines []Message

// String is the lines in English.
func (ls Lines) String() string { return word(ls, nil) }

// Message is a sentence with its values. The zero Message says nothing.
type Message struct {
	Key    string
	Values []Value
	plain  string
	phrase *phrase // of Phrase
}

// Plain is a message in words that come from elsewhere, and have no key.
func Plain(text string) Message { return Message{plain: text} }

// Phrase is [fmt.Sprintf] for a sentence whose format is its own key as that of [Errorf]
// is. An [Action] among args is worded by the front end. White space around the format
// belongs to no translation.
func Phrase(format string, args ...any) Message {
	return Message{phrase: &phrase{format: format, args: args}}
}

// Words is a Phrase without values: its text may hold percent signs.
func Words(text string) Message { return Message{phrase: &phrase{format: text}} }

// Glossary is words that code knows by a name of its own, as a person reads them.
type Glossary map[string]Message

// Of is the word for a name; what is not in it stands as it is.
func (g Glossary) Of(name string) Message {
	if m, ok := g[name]; ok {
		return m
	}
	return Plain(name)
}

// IsZero reports a message that says nothing.
func (m Message) IsZero() bool { return m.Key == "" && m.plain == "" && m.phrase == nil }

// String is the message in English.
func (m Message) String() string { return m.In(nil) }

// In is the message in a language; what its catalogue lacks, and nil, is English.
func (m Message) In(l *Language) string {
	if m.phrase != nil {
		return m.phrase.Say(l.voice())
	}
	if m.Key == "" {
		return m.plain
	}
	parts := l.parts(m.Key)
	if parts == nil {
		t := lookup(m.Key)
		if t == nil {
			return m.Key
		}
		parts = t.parts
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.fill(m, l))
	}
	return b.String()
}

// Get is the value of a name, nil when there is none.
func (m Message) Get(name string) any {
	for _, v := range m.Values {
		if v.Name == name {
			return v.Value
		}
	}
	return nil
}
