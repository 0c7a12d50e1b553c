package message

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Language is a catalogue: texts by key, in one language.
type Language struct {
	Tag   string // "pt-BR"
	texts map[string][]part
	// phrases are translations of formats of Errorf, by their English.
	phrases map[string]string
	// Name words a name that a room below has made of a number; nil: it stays.
	Name func(name string) string
	// One says which numbers take the first of two wordings; nil: 1 alone.
	One func(n int) bool

	word func(Action) string // of a Voice
}

// ReadLanguage reads a catalogue, a JSON object of key and text. A key that the
// program does not have, a text that cannot be read, and one that takes a value which
// its English does not, are errors; [Language.Missing] has what it lacks.
func ReadLanguage(tag string, data []byte) (*Language, error) {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("catalogue %s: %w", tag, err)
	}
	l := &Language{Tag: tag, texts: map[string][]part{}}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		english := lookup(key)
		if english == nil {
			return nil, fmt.Errorf("catalogue %s: the program has no text %q", tag, key)
		}
		parts, err := parse(texts[key])
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %s: %w", tag, key, err)
		}
		known := names(english.parts)
		for name := range names(parts) {
			if !known[name] {
				return nil, fmt.Errorf("catalogue %s: %s: its English has no {%s}", tag, key, name)
			}
		}
		l.texts[key] = parts
	}
	return l, nil
}

// Missing are the keys that the catalogue has no text for.
func (l *Language) Missing() []string {
	return slices.DeleteFunc(Keys(), func(key string) bool { return l.texts[key] != nil })
}

// parts of a text; nil where it is English.
func (l *Language) parts(key string) []part {
	if l == nil {
		return nil
	}
	return l.texts[key]
}

func (l *Language) one(n int) bool {
	if l == nil || l.One == nil {
		return n == 1
	}
	return l.One(n)
}

// voice speaks the language; of a voice's own copy, it is that voice.
func (l *Language) voice() Voice {
	if l == nil {
		return Voice{}
	}
	return Voice{Language: l, Word: l.word}
}
