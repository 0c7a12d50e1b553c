package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ctlclient/message"
)

// json reads token by token, so that an error can name its line.
func (f *reader) json(data []byte) ([]Entry, error) {
	j := &jsonReader{reader: f, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	j.dec.UseNumber()
	entries, err := j.top()
	if err != nil {
		return nil, err
	}
	if _, err := j.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, j.fail("", message.NewError("something follows the phones"))
	}
	if len(entries) == 0 {
		return nil, &Error{Err: message.NewError("no phones in it")}
	}
	return entries, nil
}

type jsonReader struct {
	*reader
	data []byte
	dec  *json.Decoder
}

func (j *jsonReader) line() int {
	at := min(int(j.dec.InputOffset()), len(j.data))
	return 1 + bytes.Count(j.data[:at], []byte("\n"))
}

func (j *jsonReader) fail(column string, err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		at := min(int(s.Offset), len(j.data))
		return &Error{Line: 1 + bytes.Count(j.data[:at], []byte("\n")), Err: err}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = message.NewError("it ends in the middle")
	}
	return &Error{Line: j.line(), Column: column, Err: err}
}

// top is an array of phones, or an object whose "phones" is one.
func (j *jsonReader) top() ([]Entry, error) {
	t, err := j.dec.Token()
	if err != nil {
		return nil, j.fail("", err)
	}
	if t == json.Delim('[') {
		return j.phones()
	}
	var entries []Entry
	for j.dec.More() {
		key, err := j.dec.Token()
		if err != nil {
			return nil, j.fail("", err)
		}
		if key != "phones" {
			return nil, j.fail("", message.Errorf("unknown key %q: want \"phones\"", key))
		}
		if open, err := j.dec.Token(); err != nil || open != json.Delim('[') {
			return nil, j.fail("phones", message.NewError("want an array"))
		}
		if entries, err = j.phones(); err != nil {
			return nil, err
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return nil, j.fail("", err)
	}
	return entries, nil
}

func (j *jsonReader) phones() ([]Entry, error) {
	var entries []Entry
	for j.dec.More() {
		e, err := j.phone()
		if err != nil {
			return nil, err
		}
		if entries = append(entries, e); len(entries) > maxEntries {
			return nil, j.fail("", message.Errorf("more than %d phones; give classes with a count", maxEntries))
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return nil, j.fail("", err)
	}
	return entries, nil
}

func (j *jsonReader) phone() (Entry, error) {
	if t, err := j.dec.Token(); err != nil {
		return Entry{}, j.fail("", err)
	} else if t != json.Delim('{') {
		return Entry{}, j.fail("", message.NewError("want an object for each phone"))
	}
	e := Entry{Line: j.line()}
	var seen []string
	for j.dec.More() {
		key, err := j.dec.Token()
		if err != nil {
			return e, j.fail("", err)
		}
		name, ok := column(fmt.Sprint(key))
		if !ok {
			return e, j.fail("", message.Errorf("unknown key %q", key))
		}
		if slices.Contains(seen, name) {
			return e, j.fail(name, message.NewError("given twice"))
		}
		seen = append(seen, name)
		value, err := j.value()
		if err != nil {
			return e, j.fail(name, err)
		}
		if err := j.set(&e, name, value); err != nil {
			return e, j.fail(name, err)
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return e, j.fail("", err)
	}
	if err := e.check(); err != nil {
		return e, &Error{Line: e.Line, Err: err}
	}
	return e, nil
}

// value reads text, a number, a truth value, null, or an array of texts, as a cell would hold it.
func (j *jsonReader) value() (string, error) {
	t, err := j.dec.Token()
	if err != nil {
		return "", err
	}
	switch v := t.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	case nil:
		return "", nil
	}
	if t != json.Delim('[') {
		return "", message.NewError("want text or a number")
	}
	var parts []string
	for j.dec.More() {
		t, err := j.dec.Token()
		if err != nil {
			return "", err
		}
		s, ok := t.(string)
		if !ok {
			return "", message.NewError("want texts in the array")
		}
		parts = append(parts, s)
	}
	if _, err := j.dec.Token(); err != nil {
		return "", err
	}
	return strings.Join(parts, " "), nil
}
