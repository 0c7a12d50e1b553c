package soap

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"unicode"
)

type pair struct {
	A string `xml:"a"`
	B string `xml:"b"`
}

func TestElement(t *testing.T) {
	body, err := Element("urn:x", "op", pair{"1 < 2", ""})
	if want := `<ns:op xmlns:ns="urn:x"><a>1 &lt; 2</a><b></b></ns:op>`; err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
	if got := string(Envelope(body)); !strings.HasPrefix(got, `<?xml version="1.0" encoding="UTF-8"?>`) || !strings.HasSuffix(got, "</ns:op></soapenv:Body></soapenv:Envelope>") {
		t.Error(got)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " a\r\n\tb ": "a b", "a\x1b[31mb": "a [31mb", "a\u202eb": "a b", "\xff": "", "äöü 漢": "äöü 漢",
		strings.Repeat("ä", 600): strings.Repeat("ä", 500) + "...",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzDecode: what two texts say arrives as it was sent, whatever they are; and bytes
// from elsewhere are a result, a fault or ErrMalformed, a fault's words being fit for a
// terminal.
func FuzzDecode(f *testing.F) {
	f.Add("a", "<b>&amp;]]>", []byte(`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Fault><faultstring>x</faultstring><detail><axlError><axlcode>5007</axlcode></axlError></detail></Fault></Body></Envelope>`))
	f.Add("\r\n", "\u2028", []byte(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body><x:op xmlns:x="y"><a>1</a></x:op></e:Body></e:Envelope>`))
	f.Fuzz(func(t *testing.T, a, b string, data []byte) {
		sent := pair{sayable(a), sayable(b)}
		body, err := Element("urn:x", "op", sent)
		if err != nil {
			t.Fatal(err)
		}
		var got pair
		if err := Decode(Envelope(body), "op", &got); err != nil || got != sent {
			t.Fatalf("%q became %q, %v", sent, got, err)
		}
		err = Decode(data, "op", &got)
		if fault, ok := errors.AsType[*Fault](err); ok {
			if strings.ContainsFunc(fault.Error(), unicode.IsControl) || fault.Error() == "" || len(fault.Error()) > maxWords+100 {
				t.Fatalf("%q", fault.Error())
			}
		} else if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		name, decode, err := Request(data)
		if (err == nil) != (decode != nil) || err == nil && name == (xml.Name{}) {
			t.Fatalf("%v, %v", name, err)
		}
	})
}

// sayable leaves out what XML cannot say, and what it says another way.
func sayable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
