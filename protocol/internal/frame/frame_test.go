package frame

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

var errFormat = errors.New("not the format")

func format(wide bool) *Format {
	return &Format{Protocol: 86, Version: 1, Wide: wide, Err: errFormat,
		Tag: func(t uint8) string { return fmt.Sprintf("element %d", t) }}
}

// The bytes are laid out by hand, field by field.
func TestBytes(t *testing.T) {
	for name, c := range map[string]struct {
		wide bool
		body string
		want string
	}{
		"wide":   {true, "01" + "00000002" + "abcd" + "02" + "00000000", "56 01 07 f7 01020304 0000000c 01 00000002 abcd 02 00000000"},
		"narrow": {false, "01" + "0002" + "abcd" + "02" + "0000", "56 01 07 f7 01020304 0008 01 0002 abcd 02 0000"},
	} {
		t.Run(name, func(t *testing.T) {
			f := format(c.wide)
			body := f.AppendElement(f.AppendElement(nil, 1, []byte{0xab, 0xcd}), 2, nil)
			if got := hex.EncodeToString(body); got != c.body {
				t.Errorf("elements %s, want %s", got, c.body)
			}
			m := Frame{Type: 7, Flags: 0xf7, ID: 0x01020304, Body: body}
			got := f.Bytes(m)
			if want := strings.ReplaceAll(c.want, " ", ""); hex.EncodeToString(got) != want {
				t.Errorf("message %x, want %s", got, want)
			}
			back, err := f.Read(bytes.NewReader(got), uint32(len(body)))
			if err != nil || back.Type != 7 || back.Flags != 0xf7 || back.ID != 0x01020304 || !bytes.Equal(back.Body, body) {
				t.Errorf("read again as %+v, %v", back, err)
			}
			es, err := f.Split(back.Body)
			if err != nil || len(es) != 2 || es[0].Tag != 1 || string(es[0].Value) != "\xab\xcd" || es[1].Tag != 2 || len(es[1].Value) != 0 {
				t.Errorf("split into %+v, %v", es, err)
			}
		})
	}
}

// A limit holds to the byte, before the body is waited for.
func TestLimit(t *testing.T) {
	for _, wide := range []bool{true, false} {
		f := format(wide)
		b := f.Bytes(Frame{Body: make([]byte, 10)})
		if _, err := f.Read(bytes.NewReader(b), 10); err != nil {
			t.Errorf("wide %v: a body of the limit: %v", wide, err)
		}
		if _, err := f.Read(bytes.NewReader(b[:f.HeadSize()]), 9); !errors.Is(err, errFormat) || !strings.Contains(err.Error(), "a body of 10 bytes, at most 9") {
			t.Errorf("wide %v: a body past the limit: %v", wide, err)
		}
	}
}

func TestCutShort(t *testing.T) {
	f := format(true)
	whole := f.Bytes(Frame{Body: f.AppendElement(nil, 1, []byte("abc"))})
	for n := range len(whole) {
		_, err := f.Read(bytes.NewReader(whole[:n]), 100)
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if err != want {
			t.Errorf("%d of %d bytes: %v, want %v", n, len(whole), err, want)
		}
	}
	for name, b := range map[string][]byte{"protocol": {85, 1}, "version": {86, 2}} {
		if _, err := f.Read(bytes.NewReader(append(b, make([]byte, 20)...)), 100); !errors.Is(err, errFormat) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"no room for a head":   {1, 0, 0, 0},
		"past the container":   {1, 0, 0, 0, 2, 9},
		"longest of lengths":   {1, 0xff, 0xff, 0xff, 0xff, 9},
		"after one that fits":  {1, 0, 0, 0, 1, 9, 2},
		"second past the rest": {1, 0, 0, 0, 0, 2, 0, 0, 0, 1},
	} {
		if es, err := f.Split(b); !errors.Is(err, errFormat) || es != nil {
			t.Errorf("%s: %v, %v", name, es, err)
		}
	}
}

// A value cannot grow into the one behind it.
func TestValuesAreApart(t *testing.T) {
	f := format(false)
	body := f.AppendElement(f.AppendElement(nil, 1, []byte("a")), 2, []byte("b"))
	before := bytes.Clone(body)
	es, err := f.Split(body)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(es[0].Value, "xyz"...)
	if !bytes.Equal(body, before) {
		t.Errorf("appending to the first value made %x of %x", body, before)
	}
}

func TestTooLongToSay(t *testing.T) {
	f := format(false)
	f.AppendElement(nil, 1, make([]byte, math.MaxUint16))
	defer func() {
		if recover() == nil {
			t.Error("a length that does not fit was written")
		}
	}()
	f.AppendElement(nil, 1, make([]byte, math.MaxUint16+1))
}

// What is read is written back byte for byte, as a message and as elements.
func FuzzFrame(f *testing.F) {
	for _, wide := range []bool{true, false} {
		fm := format(wide)
		body := fm.AppendElement(fm.AppendElement(nil, 1, []byte("abc")), 2, nil)
		f.Add(wide, fm.Bytes(Frame{Type: 3, Flags: 1, ID: 9, Body: body}))
		f.Add(wide, fm.Bytes(Frame{Type: 4, Body: body[:len(body)-1]}))
	}
	f.Fuzz(func(t *testing.T, wide bool, b []byte) {
		fm := format(wide)
		r := bytes.NewReader(b)
		m, err := fm.Read(r, 1<<12)
		if err != nil {
			return
		}
		if len(m.Body) > 1<<12 {
			t.Fatalf("a body of %d bytes", len(m.Body))
		}
		if got, want := fm.Bytes(m), b[:len(b)-r.Len()]; !bytes.Equal(got, want) {
			t.Fatalf("%x was read and written as %x", want, got)
		}
		es, err := fm.Split(m.Body)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range es {
			again = fm.AppendElement(again, e.Tag, e.Value)
		}
		if !bytes.Equal(again, m.Body) {
			t.Errorf("%x was split and written as %x", m.Body, again)
		}
	})
}
