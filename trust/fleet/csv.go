package fleet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ctlclient/message"
)

// columns and what exports call them.
var columnNames = map[string]string{
	"name": "name", "device name": "name", "device": "name", "phone": "name", "class": "name",
	"model": "model", "device type": "model", "type": "model", "product": "model",
	"count": "count", "number": "count", "quantity": "count",
	"ctl": "ctl", "ctl checksum": "ctl", "ctl file": "ctl", "ctl md5": "ctl", "ctl sha1": "ctl",
	"itl": "itl", "itl checksum": "itl", "itl file": "itl", "itl md5": "itl", "itl sha1": "itl",
	"last seen": "last-seen", "last active": "last-seen", "last registered": "last-seen",
	"tvs": "tvs", "tvs servers": "tvs",
	"sbd": "sbd", "security by default": "sbd",
}

// column finds the column that a heading means.
func column(heading string) (string, bool) {
	h := strings.ToLower(strings.TrimSpace(heading))
	h = strings.Join(strings.FieldsFunc(h, func(r rune) bool { return r == ' ' || r == '-' || r == '_' }), " ")
	name, ok := columnNames[h]
	return name, ok
}

func (f *reader) csv(data []byte) ([]Entry, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = separator(data)
	r.TrimLeadingSpace = true
	r.FieldsPerRecord = 0 // as many as headings
	r.ReuseRecord = true
	headings, err := r.Read()
	if err != nil {
		return nil, csvError(err)
	}
	columns := make([]string, len(headings))
	for i, h := range headings {
		name, ok := column(h)
		if !ok {
			return nil, &Error{Line: 1, Column: fmt.Sprint(i + 1), Err: message.Errorf("no column is called %q", strings.TrimSpace(h))}
		}
		if slices.Contains(columns[:i], name) {
			return nil, &Error{Line: 1, Column: fmt.Sprint(i + 1), Err: message.Errorf("a second column for %s", name)}
		}
		columns[i] = name
	}
	entries := make([]Entry, 0, min(bytes.Count(data, []byte("\n")), maxEntries))
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := r.FieldPos(0)
		e := Entry{Line: line}
		for i, value := range row {
			if err := f.set(&e, columns[i], value); err != nil {
				at, _ := r.FieldPos(i)
				return nil, &Error{Line: at, Column: columns[i], Err: err}
			}
		}
		if err := e.check(); err != nil {
			return nil, &Error{Line: line, Err: err}
		}
		if entries = append(entries, e); len(entries) > maxEntries {
			return nil, &Error{Line: line, Err: message.Errorf("more than %d phones; give classes with a count", maxEntries)}
		}
	}
	if len(entries) == 0 {
		return nil, &Error{Line: 1, Err: message.NewError("column names, but no phones below them")}
	}
	return entries, nil
}

// separator is the one that the line of headings uses more.
func separator(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		return ';'
	}
	return ','
}

func csvError(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		if errors.Is(p.Err, csv.ErrFieldCount) {
			return &Error{Line: p.Line, Err: message.NewError("not as many values as there are columns")}
		}
		return &Error{Line: p.Line, Column: fmt.Sprint(p.Column), Err: p.Err}
	}
	if errors.Is(err, io.EOF) {
		err = message.NewError("empty")
	}
	return &Error{Err: err}
}
