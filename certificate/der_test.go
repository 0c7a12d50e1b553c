package certificate

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	utc := func(y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, 0, time.UTC)
	}
	for _, c := range []struct {
		tag  byte
		text string
		want time.Time // zero: not understood
	}{
		{derUTCTime, "140605163139Z", utc(2014, 6, 5, 16, 31, 39)},
		{derUTCTime, "491231235959Z", utc(2049, 12, 31, 23, 59, 59)},
		{derUTCTime, "500101000000Z", utc(1950, 1, 1, 0, 0, 0)},
		{derUTCTime, "691231000000Z", utc(1969, 12, 31, 0, 0, 0)},
		{derUTCTime, "1406051631Z", utc(2014, 6, 5, 16, 31, 0)},
		{derUTCTime, "140605163139+0130", utc(2014, 6, 5, 15, 1, 39)},
		{derGeneralizedTime, "20500101000000Z", utc(2050, 1, 1, 0, 0, 0)},
		{derGeneralizedTime, "99991231235959Z", utc(9999, 12, 31, 23, 59, 59)},
		{derGeneralizedTime, "20140605163139.5Z", utc(2014, 6, 5, 16, 31, 39).Add(time.Second / 2)},
		{derUTCTime, "never", time.Time{}},
		{derUTCTime, "", time.Time{}},
		{derOctetString, "140605163139Z", time.Time{}},
	} {
		got, ok := parseTime(element{tag: c.tag, content: []byte(c.text)})
		if !got.Equal(c.want) || ok == c.want.IsZero() {
			t.Errorf("%q (tag %#x) is %v, %v; want %v", c.text, c.tag, got, ok, c.want)
		}
	}
}

func TestDotted(t *testing.T) {
	for content, want := range map[string]string{
		"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05": "1.2.840.113549.1.1.5",
		"\x55\x04\x03":                         "2.5.4.3",
		"\x88\x37\x01":                         "2.999.1",
		"\x01":                                 "0.1",
		"\x2a\x90\x80\x80\x80\x00":             "1.2.4294967296", // the largest arc that is told
		"":                                     "",
		"\x2a\xff\xff\xff\xff\xff\xff\x7f":     "1.2", // an arc that is too large to be told
	} {
		if got := dotted([]byte(content)); got != want {
			t.Errorf("%x is %q, want %q", content, got, want)
		}
	}
}

// The bounds of the lenient reader: what it forgives, and what not.
func TestReadElement(t *testing.T) {
	for _, c := range []struct {
		name, in, content, rest string
		ok                      bool
	}{
		{"short length", "\x04\x01ab", "a", "b", true},
		{"long length for a short value", "\x04\x84\x00\x00\x00\x01ab", "a", "b", true},
		{"indefinite", "\x30\x80\x04\x01a\x00\x00b", "\x04\x01a", "b", true},
		{"indefinite in indefinite", "\x30\x80\x30\x80\x00\x00\x00\x00b", "\x30\x80\x00\x00", "b", true},
		{"indefinite without end", "\x30\x80\x04\x01a", "", "", false},
		{"indefinite primitive", "\x04\x80\x00\x00", "", "", false},
		{"one byte", "\x04", "", "", false},
		{"length of lengths cut off", "\x04\x82\x01", "", "", false},
		{"value cut off", "\x04\x02a", "", "", false},
		{"length beyond all bounds", "\x04\x88\x7f\xff\xff\xff\xff\xff\xff\xffa", "", "", false},
		{"tag of several bytes", "\x1f\x81\x01\x00", "", "", false},
	} {
		e, rest, err := readElement([]byte(c.in))
		if (err == nil) != c.ok || string(e.content) != c.content || string(rest) != c.rest {
			t.Errorf("%s: %x, %x, %v", c.name, e.content, rest, err)
		}
	}
}
