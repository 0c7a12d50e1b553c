package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// phrase is an error whose English is its own key: what [Errorf] makes.
type phrase struct {
	format string
	args   []any
	err    error
}

// Errorf is [fmt.Errorf] for a sentence that a person reads: its format is the key of
// the sentence in the phrases of a language, so that it is written once, beside its
// cause. Errors and Messages among args are said in the same voice. A sentence that
// names an action, counts, or has hints, is a [Define] and an error type of its own.
func Errorf(format string, args ...any) error {
	return &phrase{format: format, args: args, err: fmt.Errorf(format, args...)}
}

// NewError is [errors.New] in the same way; its text has no percent sign.
func NewError(text string) error { return &phrase{format: text, err: errors.New(text)} }

func (p *phrase) Error() string { return p.err.Error() }

// Unwrap is what fmt made of it, with its causes.
func (p *phrase) Unwrap() error { return p.err }

// Say implements [Speaker].
func (p *phrase) Say(v Voice) string {
	if len(p.args) == 0 {
		return v.Language.phrase(p.format)
	}
	args := slices.Clone(p.args)
	for i, a := range args {
		switch a := a.(type) {
		case error:
			args[i] = v.Tell(a)
		case string:
			args[i] = v.Language.name(a)
		case Message, Action, []string, Either, OneOf, []Message, List, Parts, Lines:
			args[i] = v.word(a)
		}
	}
	format := v.Language.phrase(p.format)
	return fmt.Sprintf(strings.NewReplacer("%%", "%%", "%w", "%s", "]w", "]s").Replace(format), args...)
}

// AddPhrases reads phrases, a JSON object of English and translation: formats of Errorf,
// and what systems say. A translation takes the values that its English takes; one that
// takes them in another order numbers them, as in "%[2]s".
func (l *Language) AddPhrases(data []byte) error {
	var phrases map[string]string
	if err := json.Unmarshal(data, &phrases); err != nil {
		return fmt.Errorf("phrases %s: %w", l.Tag, err)
	}
	if l.phrases == nil {
		l.phrases = map[string]string{}
	}
	for english, text := range phrases {
		if want, got := verbs(english), verbs(text); !maps.Equal(want, got) {
			return fmt.Errorf("phrases %s: %q takes %v, and its English %v", l.Tag, text, got, want)
		}
		l.phrases[english] = text
	}
	return nil
}

// HasPhrase reports that a language has a translation of a format or text.
func (l *Language) HasPhrase(english string) bool { return l.phrases[english] != "" }

// phrase is a format or text in a language; what it lacks is English.
func (l *Language) phrase(english string) string {
	if l == nil {
		return english
	}
	core := strings.TrimSpace(english)
	if text := l.phrases[core]; text != "" {
		before, after, _ := strings.Cut(english, core)
		return before + text + after
	}
	return english
}

// verbs are the values that a format takes, by number, each with its verb.
func verbs(format string) map[int]string {
	found := map[int]string{}
	for n := 1; ; n++ {
		_, rest, more := strings.Cut(format, "%")
		if !more {
			return found
		}
		if strings.HasPrefix(rest, "%") {
			format, n = rest[1:], n-1
			continue
		}
		if _, err := fmt.Sscanf(rest, "[%d]", &n); err == nil {
			_, rest, _ = strings.Cut(rest, "]")
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
		if end < 0 {
			found[n] = rest
			return found
		}
		found[n], format = rest[:end+1], rest[end+1:]
	}
}

// Tell is an error's text in a voice: what it and its causes say in words of ours, and
// what systems say, as far as the language knows it. What has no translation stays as it
// is.
func (v Voice) Tell(err error) string {
	if err == nil {
		return ""
	}
	switch s := err.(type) {
	case Speaker:
		return s.Say(v)
	case interface{ Said() error }:
		return v.Tell(s.Said())
	}
	if p, ok := err.(*fs.PathError); ok && v.Language != nil && v.Language.phrases != nil {
		return p.Path + ": " + v.Tell(p.Err) // the call that failed is English
	}
	text := err.Error()
	var causes []error
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		causes = append(causes, u.Unwrap())
	case interface{ Unwrap() []error }:
		causes = u.Unwrap()
	}
	for _, c := range causes {
		if c == nil || c.Error() == "" {
			continue
		}
		if at := strings.LastIndex(text, c.Error()); at >= 0 {
			text = text[:at] + v.Tell(c) + text[at+len(c.Error()):]
		}
	}
	return v.Language.phrase(text)
}

// Hint is one [Phrase], as an error's Hints returns it.
func Hint(format string, args ...any) []Message { return []Message{Phrase(format, args...)} }

// instead is an error in words of ours that has a cause of its own, which it does not say.
type instead struct{ said, cause error }

// Instead says an error in other words: errors.Is and errors.As find the cause, and nobody
// reads it.
func Instead(cause, said error) error { return &instead{said, cause} }

func (e *instead) Error() string { return e.said.Error() }
func (e *instead) Unwrap() error { return e.cause }

// Said is what a person reads, for [Voice.Tell].
func (e *instead) Said() error { return e.said }
