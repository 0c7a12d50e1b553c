package soap

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Rows is an answer of rows of fields, each a text: <return><row><field>text</field>...
// There may be a hundred thousand, and encoding/xml takes most of the time that they
// take. [Decode] reads such an answer without it where the document is plain (see
// plain); Forget, and encoding/xml, where it is not. Both give the same.
type Rows interface {
	Forget()                      // everything that was read so far
	Row(element []byte) bool      // one begins; false: it is not known
	Field(name, text []byte) bool // of the row; false: it is not known. text is not to be kept
}

// plain is a reader of documents as servers write them, and of no others: elements and
// attributes with names of ASCII, text with the five entities that have names, at most
// the usual declaration before. It has no comments, no CDATA, no numbered entities, no
// document types, and no names that XML allows and nobody uses. Whatever it is not sure
// of makes it say so, and no harm is done: encoding/xml reads it then.
type plain struct {
	data []byte
	at   int
	text []byte // of a field with entities
}

// tag is the start or end of an element.
type tag struct {
	prefix, local    []byte
	end, empty, attr bool   // </a>; <a/>; it has attributes
	space            []byte // what xmlns of its own prefix says; nil: nothing, or more than once
}

func (t tag) is(prefix []byte, local string) bool {
	return string(t.local) == local && bytes.Equal(t.prefix, prefix)
}

var declarations = []string{
	`<?xml version="1.0" encoding="UTF-8"?>`, `<?xml version='1.0' encoding='UTF-8'?>`,
	`<?xml version="1.0" encoding="utf-8"?>`, `<?xml version='1.0' encoding='utf-8'?>`,
}

// readRows reads the answer name into rows; false: it is not plain, or not such an answer.
func readRows(data []byte, name string, rows Rows) bool {
	p := &plain{data: data}
	for _, d := range declarations {
		if bytes.HasPrefix(data, []byte(d)) {
			p.at = len(d)
			break
		}
	}
	envelope, ok := p.tag()
	if !ok || envelope.end || envelope.empty || string(envelope.local) != "Envelope" || string(envelope.space) != Namespace {
		return false
	}
	body, ok := p.tag()
	if !ok || body.end || body.empty || body.attr || !body.is(envelope.prefix, "Body") {
		return false
	}
	answer, ok := p.tag()
	if !ok || answer.end || answer.empty || string(answer.local) != name {
		return false
	}
	result, ok := p.tag()
	if !ok || result.end || string(result.local) != "return" {
		return false
	}
	if !result.empty && !p.rows(result, rows) {
		return false
	}
	for _, open := range []tag{answer, body, envelope} {
		if end, ok := p.tag(); !ok || !end.end || !end.is(open.prefix, string(open.local)) {
			return false
		}
	}
	p.space()
	return p.at == len(p.data)
}

// rows reads to the end of result.
func (p *plain) rows(result tag, rows Rows) bool {
	for {
		row, ok := p.tag()
		switch {
		case !ok:
			return false
		case row.end:
			return row.is(result.prefix, string(result.local))
		case !rows.Row(row.local):
			return false
		case !row.empty && !p.fields(row, rows):
			return false
		}
	}
}

// fields reads to the end of row.
func (p *plain) fields(row tag, rows Rows) bool {
	for {
		field, ok := p.tag()
		if !ok {
			return false
		}
		if field.end {
			return bytes.Equal(field.local, row.local) && bytes.Equal(field.prefix, row.prefix)
		}
		var text []byte
		if !field.empty {
			if text, ok = p.content(); !ok {
				return false
			}
			end, ok := p.tag()
			if !ok || !end.end || !bytes.Equal(end.local, field.local) || !bytes.Equal(end.prefix, field.prefix) {
				return false
			}
		}
		if !rows.Field(field.local, text) {
			return false
		}
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' }

func (p *plain) space() {
	for p.at < len(p.data) && isSpace(p.data[p.at]) {
		p.at++
	}
}

// take is whether b comes next, and passes over it.
func (p *plain) take(b byte) bool {
	if p.at < len(p.data) && p.data[p.at] == b {
		p.at++
		return true
	}
	return false
}

// tag reads white space and a tag.
func (p *plain) tag() (t tag, ok bool) {
	p.space()
	if !p.take('<') {
		return t, false
	}
	t.end = p.take('/')
	if t.prefix, t.local, ok = p.name(); !ok {
		return t, false
	}
	spaces := 0
	for !p.take('>') {
		if !t.end && p.take('/') {
			t.empty = true
			return t, spaces <= 1 && p.take('>')
		}
		before := p.at
		p.space()
		if t.end || p.at == before {
			return t, false
		}
		if p.at < len(p.data) && (p.data[p.at] == '>' || p.data[p.at] == '/') {
			continue
		}
		prefix, local, ok := p.name()
		if !ok || !p.take('=') {
			return t, false
		}
		value, ok := p.quoted()
		if !ok {
			return t, false
		}
		t.attr = true
		if declares(prefix, local, t.prefix) {
			t.space = value
			spaces++
		}
	}
	return t, spaces <= 1
}

// declares is whether an attribute says what the prefix means.
func declares(prefix, local, of []byte) bool {
	if len(of) == 0 {
		return len(prefix) == 0 && string(local) == "xmlns"
	}
	return string(prefix) == "xmlns" && bytes.Equal(local, of)
}

// name reads a name of ASCII, with a prefix or without.
func (p *plain) name() (prefix, local []byte, ok bool) {
	first, ok := p.word()
	if !ok || !p.take(':') {
		return nil, first, ok
	}
	local, ok = p.word()
	return first, local, ok
}

func (p *plain) word() ([]byte, bool) {
	start := p.at
	for ; p.at < len(p.data); p.at++ {
		b := p.data[p.at]
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_'
		if !letter && (p.at == start || b != '-' && b != '.' && (b < '0' || b > '9')) {
			break
		}
	}
	return p.data[start:p.at], p.at > start
}

// quoted reads a value of an attribute; one with entities is not plain.
func (p *plain) quoted() ([]byte, bool) {
	if p.at == len(p.data) || p.data[p.at] != '"' && p.data[p.at] != '\'' {
		return nil, false
	}
	quote := p.data[p.at]
	p.at++
	n := bytes.IndexByte(p.data[p.at:], quote)
	if n < 0 {
		return nil, false
	}
	value := p.data[p.at : p.at+n]
	p.at += n + 1
	entities, ok := characters(value)
	return value, ok && !entities && bytes.IndexByte(value, '<') < 0
}

// content reads the text before the next tag.
func (p *plain) content() ([]byte, bool) {
	n := bytes.IndexByte(p.data[p.at:], '<')
	if n < 0 {
		return nil, false
	}
	text := p.data[p.at : p.at+n]
	p.at += n
	entities, ok := characters(text)
	if !ok || !entities {
		return text, ok
	}
	p.text, ok = appendText(p.text[:0], text)
	return p.text, ok
}

// characters looks for what is not plain text; entities: there may be some.
func characters(text []byte) (entities, ok bool) {
	ascii, bracket := true, false
	for _, b := range text {
		switch {
		case b < ' ' && b != '\n' && b != '\t':
			return false, false
		case b == '&':
			entities = true
		case b == ']':
			bracket = true
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	if bracket && bytes.Contains(text, []byte("]]>")) {
		return entities, false
	}
	// U+FFFE and U+FFFF are no characters of XML.
	ok = ascii || utf8.Valid(text) && !bytes.Contains(text, []byte("\uFFFE")) && !bytes.Contains(text, []byte("\uFFFF"))
	return entities, ok
}

var entityNames = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'")

// appendText appends text with the five entities that have names as what they stand for.
func appendText(to, text []byte) ([]byte, bool) {
	for {
		n := bytes.IndexByte(text, '&')
		if n < 0 {
			return append(to, text...), true
		}
		to = append(to, text[:n]...)
		end := bytes.IndexByte(text[n:], ';')
		if end < 0 {
			return to, false
		}
		entity := string(text[n : n+end+1])
		character := entityNames.Replace(entity)
		if len(character) != 1 {
			return to, false
		}
		to, text = append(to, character...), text[n+end+1:]
	}
}
