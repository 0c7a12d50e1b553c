package axl

import (
	"context"
	"encoding/xml"
	"errors"
	"io"

	"ctlclient/message"
)

// field is one element with text.
type field struct{ name, text string }

// fields are what is searched for and what is wanted: elements without a namespace, in
// the order of the schema.
type fields []field

// MarshalXML writes the elements within start.
func (fs fields) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, f := range fs {
		if err := e.EncodeElement(f.text, xml.StartElement{Name: xml.Name{Local: f.name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// maxFields bounds how many elements are read where a few are meant.
const maxFields = 500

// UnmarshalXML reads the elements within start, each with its text; what is deeper
// counts as text.
func (fs *fields) UnmarshalXML(d *xml.Decoder, _ xml.StartElement) error {
	*fs = nil
	for {
		token, err := d.Token()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			f := field{name: t.Name.Local}
			if err := d.DecodeElement(&f.text, &t); err != nil {
				return err
			}
			if len(*fs) == maxFields {
				return message.NewError("too many elements")
			}
			*fs = append(*fs, f)
		}
	}
}

func (fs fields) text(name string) string {
	for _, f := range fs {
		if f.name == name {
			return f.text
		}
	}
	return ""
}

// listRequest is what all operations list... take.
type listRequest struct {
	Criteria fields  `xml:"searchCriteria"`
	Tags     fields  `xml:"returnedTags"`
	Skip     *uint64 `xml:"skip"`
	First    *uint64 `xml:"first"`
}

// wanted makes tags of names. Their content counts for nothing on the wire; the schema
// wants true in an empty boolean's place.
func wanted(names ...string) fields {
	var fs fields
	for _, name := range names {
		text := ""
		switch name {
		case "isActive":
			text = "true"
		}
		fs = append(fs, field{name, text})
	}
	return fs
}

const (
	// DefaultPage is how many rows are asked for at a time.
	DefaultPage = 1000

	// maxRows bounds a list whose server never comes to an end.
	maxRows = 1 << 20
)

// pages asks for rows until none come. get asks for at most first rows after skip rows,
// hands them on, and says how many there were. An answer that is too large for AXL is
// asked for in smaller pages.
func pages(ctx context.Context, get func(skip, first int) (int, error)) error {
	first := DefaultPage
	for skip := 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := get(skip, first)
		if large, ok := errors.AsType[*TooLargeError](err); ok && first > 1 {
			// What the server suggests, with room to spare; less than before in any case.
			smaller := min(first/2, large.Fetch*7/10)
			first = max(smaller, 1)
			continue
		}
		if err != nil {
			return err
		}
		// A page that is not full may still not be the last one: only an empty one is.
		if n == 0 {
			return nil
		}
		if skip += n; skip > maxRows {
			return message.Errorf("%w: more than %d rows", ErrMalformed, maxRows)
		}
	}
}
