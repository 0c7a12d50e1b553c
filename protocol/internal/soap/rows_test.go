package soap

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// table is an answer of rows, which encoding/xml reads by its tags.
type table struct {
	Rows []pair `xml:"return>row"`
}

func (t *table) Forget() { t.Rows = nil }

func (t *table) Row(element []byte) bool {
	t.Rows = append(t.Rows, pair{})
	return string(element) == "row"
}

func (t *table) Field(name, text []byte) bool {
	last := &t.Rows[len(t.Rows)-1]
	switch string(name) {
	case "a":
		last.A = string(text)
	case "b":
		last.B = string(text)
	default:
		return false
	}
	return true
}

// byTags hides that a table is also Rows.
type byTags struct {
	Rows []pair `xml:"return>row"`
}

const (
	before = `<?xml version='1.0' encoding='UTF-8'?><s:Envelope xmlns:s="` + Namespace + `"><s:Body><ns:op xmlns:ns="urn:x"><return>`
	after  = `</return></ns:op></s:Body></s:Envelope>`
)

// What servers write is read the quick way; what is more than that is not, and what it
// says is what encoding/xml says.
func TestRows(t *testing.T) {
	for _, c := range []struct {
		document string
		quick    bool
		want     []pair
	}{
		{before + `<row uuid="{1}"><a>1</a><b>2</b></row><row><b>ä</b></row>` + after, true, []pair{{"1", "2"}, {"", "ä"}}},
		{before + "\n <row>\n\t<a x='1' y=\"2\">1</a>\n<a>2</a> <b/></row> <row/>\n" + after + "\n", true, []pair{{"2", ""}, {}}},
		{before + `<row><a>&lt;&amp;&quot;&apos;&gt; </a></row>` + after, true, []pair{{`<&"'> `, ""}}},
		{before + after, true, nil},
		{strings.ReplaceAll(before, "<return>", "") + `<return/>` + strings.TrimPrefix(after, "</return>"), true, nil},
		{`<Envelope xmlns="` + Namespace + `"><Body><op><return><row><a>1</a></row></return></op></Body></Envelope>`, true, []pair{{"1", ""}}},

		{before + `<row><a>&#65;</a></row>` + after, false, []pair{{"A", ""}}},
		{before + `<row><a><![CDATA[<]]></a></row>` + after, false, []pair{{"<", ""}}},
		{before + `<row><!-- --><a>1<c>2</c>3</a></row>` + after, false, []pair{{"13", ""}}},
		{before + `<row><a>1</a><c/></row>` + after, false, []pair{{"1", ""}}},
		{before + "<row><a>1\r\n2</a></row>" + after, false, []pair{{"1\n2", ""}}},
		{before + `<other/><row><a>1</a></row>` + after, false, []pair{{"1", ""}}},
	} {
		var got table
		if quick := readRows([]byte(c.document), "op", &got); quick != c.quick {
			t.Errorf("%s\nquick: %v", c.document, quick)
		}
		got = table{}
		if err := Decode([]byte(c.document), "op", &got); err != nil || !slices.Equal(got.Rows, c.want) {
			t.Errorf("%s\n%q, %v", c.document, got.Rows, err)
		}
	}
}

// What is wrong is not taken for plain.
func TestRowsThatAreWrong(t *testing.T) {
	good := before + `<row><a>1</a></row>` + after
	for _, document := range []string{
		good[:len(good)-1], good + "<x/>", strings.Replace(good, Namespace, "urn:y", 1), strings.Replace(good, "</a>", "</b>", 1),
		strings.Replace(good, "op", "other", 2), strings.Replace(good, "1</a>", "]]></a>", 1), strings.Replace(good, "1</a>", "\x01</a>", 1),
		strings.Replace(good, "1</a>", "\xff</a>", 1), strings.Replace(good, "1</a>", "\uffff</a>", 1), strings.Replace(good, "<a>", "<a x>", 1),
		strings.Replace(good, "<a>", `<a x="<">`, 1), strings.Replace(good, "1</a>", "&nbsp;</a>", 1), strings.Replace(good, "1</a>", "& </a>", 1),
		strings.Replace(good, "</s:Body>", "</x:Body>", 1), "", "<",
	} {
		if err := Decode([]byte(document), "op", &table{}); err == nil {
			t.Errorf("%s: taken", document)
		}
	}
}

// FuzzRows: where the quick way reads a document, encoding/xml reads the same.
func FuzzRows(f *testing.F) {
	f.Add("<&\"'>", "]]&gt;", []byte(before+`<row u="1"><a>&lt;</a><b/></row>`+after))
	f.Add("]]>", "\u2028", []byte(`<Envelope xmlns="`+Namespace+`"><Body><op><return/></op></Body></Envelope>`))
	f.Fuzz(func(t *testing.T, a, b string, data []byte) {
		var quick table
		if readRows(data, "op", &quick) {
			var want byTags
			if err := Decode(data, "op", &want); err != nil || !slices.Equal(quick.Rows, want.Rows) {
				t.Fatalf("%q: %q, encoding/xml has %q, %v", data, quick.Rows, want.Rows, err)
			}
		}
		sent := []pair{{sayable(a), sayable(b)}, {sayable(b), ""}}
		text, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"op"`
			Rows    []pair   `xml:"return>row"`
		}{Rows: sent})
		if err != nil {
			t.Fatal(err)
		}
		var got table
		if err := Decode(Envelope(text), "op", &got); err != nil || !slices.Equal(got.Rows, sent) {
			t.Fatalf("%q became %q, %v", sent, got.Rows, err)
		}
	})
}

func BenchmarkRows(b *testing.B) {
	var page strings.Builder
	page.WriteString(before)
	for i := range 1_000 {
		fmt.Fprintf(&page, `<row uuid="{%032X}"><a>SEP%012X</a><b>Cisco 8845</b></row>`, i, i)
	}
	page.WriteString(after)
	data := []byte(page.String())
	b.SetBytes(int64(len(data)))
	b.Run("quick", func(b *testing.B) {
		for b.Loop() {
			if !readRows(data, "op", &table{}) {
				b.Fatal("not read")
			}
		}
	})
	b.Run("encoding-xml", func(b *testing.B) {
		for b.Loop() {
			if err := Decode(data, "op", &byTags{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
