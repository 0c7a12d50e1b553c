package message

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// part of a text: words, a value, or a choice by a number.
type part struct {
	words string
	name  string
	forms []string // for one, for others
}

var errBrace = errors.New("a brace without its other half")

func parse(text string) ([]part, error) {
	var parts []part
	for text != "" {
		words, rest, more := strings.Cut(text, "{")
		if strings.Contains(words, "}") {
			return nil, errBrace
		}
		if words != "" {
			parts = append(parts, part{words: words})
		}
		if !more {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed || strings.Contains(inner, "{") {
			return nil, errBrace
		}
		p := part{name: inner}
		if fields := strings.Split(inner, "|"); len(fields) == 3 {
			p.name, p.forms = fields[0], fields[1:]
		} else if len(fields) != 1 {
			return nil, fmt.Errorf("{%s}: want {name} or {name|one|other}", inner)
		}
		if p.name == "" || strings.ContainsAny(p.name, " \t") {
			return nil, fmt.Errorf("{%s}: a name is one word", inner)
		}
		parts, text = append(parts, p), after
	}
	return parts, nil
}

// names of the values that a text takes.
func names(parts []part) map[string]bool {
	found := map[string]bool{}
	for _, p := range parts {
		if p.name != "" {
			found[p.name] = true
		}
	}
	return found
}

func (p part) fill(m Message, l *Language) string {
	if p.name == "" {
		return p.words
	}
	v := m.Get(p.name)
	if v == nil {
		return "{" + p.name + "}"
	}
	if p.forms == nil {
		return word(v, l)
	}
	n, ok := number(v)
	form := p.forms[1]
	if ok && l.one(n) {
		form = p.forms[0]
	}
	return strings.ReplaceAll(form, "#", strconv.Itoa(n))
}

// number is what a choice goes by: a number, or how long a list is.
func number(v any) (int, bool) {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return int(r.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int(min(r.Uint(), 1<<62)), true
	case reflect.Slice:
		return r.Len(), true
	}
	return 0, false
}

// word is a value in a language.
func word(v any, l *Language) string {
	switch v := v.(type) {
	case string:
		return l.name(v)
	case Message:
		return v.In(l)
	case error:
		return l.voice().Tell(v)
	case Action:
		if l != nil && l.word != nil {
			return l.word(v)
		}
		return string(v.Do)
	case []string:
		return list(l.names(v), both, l)
	case Either:
		return list(l.names(v), either, l)
	case OneOf:
		return list(words(v, l), either, l)
	case []Message:
		return list(words(v, l), both, l)
	case List:
		return strings.Join(words(v, l), ", ")
	case Parts:
		return strings.Join(words(v, l), "; ")
	case Lines:
		return strings.Join(words(v, l), "\n")
	}
	return fmt.Sprint(v)
}

// name is a name in the language.
func (l *Language) name(s string) string {
	if l == nil || l.Name == nil {
		return s
	}
	return l.Name(s)
}

func (l *Language) names(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = l.name(s)
	}
	return out
}

func words(ms []Message, l *Language) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = m.In(l)
	}
	return out
}

var (
	both   = Define("list.and", "{first} and {last}")
	either = Define("list.or", "{first} or {last}")
	none   = Define("list.none", "none")
)

// list joins names: "a", "a and b", "a, b and c".
func list(names []string, join *Text, l *Language) string {
	switch n := len(names); n {
	case 0:
		return none.With().In(l)
	case 1:
		return names[0]
	default:
		return join.With("first", strings.Join(names[:n-1], ", "), "last", names[n-1]).In(l)
	}
}

// And joins names in English: "a", "a and b", "a, b and c"; none are "none".
func And(names []string) string { return list(names, both, nil) }

// Count writes a number of things in English: "1 phone", "12 phones".
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
