// Package soap is the SOAP 1.1 that a cluster's node speaks over HTTP: an envelope with
// one element in its body, or a fault. AXL, RisPort70 and Control Center share it.
//
// What always holds: the element in the body is the one that was asked for, or it is a
// *Fault, or it is an error; what is shown to a person has no control characters.
package soap

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"ctlclient/message"
	"ctlclient/protocol/internal/reach"
)

// Namespace of the envelope.
const Namespace = "http://schemas.xmlsoap.org/soap/envelope/"

// maxWords bounds a text that an error carries, in bytes.
const maxWords = 1000

// ErrMalformed: what came is not the SOAP that was expected.
var ErrMalformed = reach.Strange(message.NewError("the answer is not understood"))

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Fault is what a server answers instead of a result, in its own words.
type Fault struct {
	Code    string // "soapenv:Server", as it came
	String  string // what happened
	AXL     int    // AXL's number; 0: none came
	Message string // AXL's words; empty: none came
	Request string // the operation, where the server names it
}

func (e *Fault) Error() string {
	words := e.Words()
	if e.AXL != 0 {
		return fmt.Sprintf("%s (code %d)", words, e.AXL)
	}
	return words
}

// Words is what the server says, for a person.
func (e *Fault) Words() string {
	for _, s := range []string{e.Message, e.String, e.Code} {
		if s != "" {
			return s
		}
	}
	return "a fault without words"
}

// Envelope puts one element into an envelope. The body is written as it is.
func Envelope(body []byte) []byte {
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soapenv:Envelope xmlns:soapenv="` + Namespace + `"><soapenv:Body>`
	const tail = `</soapenv:Body></soapenv:Envelope>`
	b := make([]byte, 0, len(head)+len(body)+len(tail))
	b = append(b, head...)
	b = append(b, body...)
	return append(b, tail...)
}

// Element writes an element with prefix ns in namespace, with what v marshals to as its
// content: v is a struct, and only its fields are written. Elements within have no
// namespace where they have no prefix, as AXL wants them.
func Element(namespace, name string, v any) ([]byte, error) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	start := xml.StartElement{Name: xml.Name{Local: "ns:" + name}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns:ns"}, Value: namespace}}}
	if err := e.EncodeElement(v, start); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// faultElement is read with and without namespaces, which real servers mix.
type faultElement struct {
	Code   string `xml:"faultcode"`
	String string `xml:"faultstring"`
	Detail struct {
		AXL axlError `xml:"axlError"`
		Old axlError `xml:"Error"`
	} `xml:"detail"`
}

type axlError struct {
	Code    string `xml:"axlcode"`
	Message string `xml:"axlmessage"`
	Request string `xml:"request"`
	OldCode string `xml:"code"`
	OldText string `xml:"message"`
}

func (f *faultElement) fault() *Fault {
	a := f.Detail.AXL
	if a == (axlError{}) {
		a = f.Detail.Old
	}
	if a.Code == "" {
		a.Code = a.OldCode
	}
	if a.Message == "" {
		a.Message = a.OldText
	}
	code, _ := strconv.Atoi(strings.TrimSpace(a.Code)) // a number that is none is no number
	return &Fault{Code: Clean(f.Code), String: Clean(f.String), AXL: code, Message: Clean(a.Message), Request: Clean(a.Request)}
}

// Clean makes one line for a person of a server's text: no control characters and no
// marks that turn the direction of writing, at most 1000 bytes.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}), " ")
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "") + "..."
	}
	return s
}

// isClean is true of nearly every name that a server says.
func isClean(s string) bool {
	before := byte(' ')
	for i := range len(s) {
		if b := s[i]; b < ' ' || b > '~' || b == ' ' && before == ' ' {
			return false
		}
		before = s[i]
	}
	return len(s) <= maxWords && (s == "" || before != ' ')
}

// Decode reads the one element of the body into v, a pointer; its local name must be
// name, its namespace is what it is. A fault is a *Fault. Attributes and elements that
// v does not know are passed over. Where v is also [Rows], what is plain is read the quick
// way.
func Decode(data []byte, name string, v any) error {
	if rows, ok := v.(Rows); ok {
		if readRows(data, name, rows) {
			return nil
		}
		rows.Forget()
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	start, err := body(d)
	if err != nil {
		return err
	}
	if start.Name.Local == "Fault" {
		var f faultElement
		if err := d.DecodeElement(&f, &start); err != nil {
			return malformed("%v", err)
		}
		return f.fault()
	}
	if start.Name.Local != name {
		return malformed("%s came instead of %s", Clean(start.Name.Local), name)
	}
	if err := d.DecodeElement(v, &start); err != nil {
		return malformed("%v", err)
	}
	return end(d)
}

// Request reads a request's one element, for a server: its name, and a decoder of it.
func Request(data []byte) (xml.Name, func(v any) error, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	start, err := body(d)
	if err != nil {
		return xml.Name{}, nil, err
	}
	return start.Name, func(v any) error {
		if err := d.DecodeElement(v, &start); err != nil {
			return malformed("%v", err)
		}
		return end(d)
	}, nil
}

// body reads as far as the start of the element in the body.
func body(d *xml.Decoder) (xml.StartElement, error) {
	for _, want := range []string{"Envelope", "Body"} {
		for {
			start, err := next(d)
			if err != nil {
				return start, err
			}
			if want == "Body" && start.Name.Local == "Header" {
				if err := d.Skip(); err != nil {
					return start, malformed("%v", err)
				}
				continue
			}
			if start.Name.Local != want || start.Name.Space != Namespace {
				return start, malformed("%s came instead of a SOAP %s", Clean(start.Name.Local), want)
			}
			break
		}
	}
	return next(d)
}

// next is the next start of an element; text before it does not count.
func next(d *xml.Decoder) (xml.StartElement, error) {
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF:
			return xml.StartElement{}, malformed("it ended early")
		case err != nil:
			return xml.StartElement{}, malformed("%v", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			return t, nil
		case xml.EndElement:
			return xml.StartElement{}, malformed("%s is empty", Clean(t.Name.Local))
		case xml.Directive:
			return xml.StartElement{}, malformed("it has a document type")
		}
	}
}

// end reads to the end of the document: half an answer is none.
func end(d *xml.Decoder) error {
	for {
		switch token, err := d.Token(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return malformed("%v", err)
		default:
			if start, ok := token.(xml.StartElement); ok {
				return malformed("%s after the result", Clean(start.Name.Local))
			}
		}
	}
}
