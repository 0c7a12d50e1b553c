package token_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"ctlclient/message"
	"ctlclient/token"
)

func TestURI(t *testing.T) {
	slot := uint(3)
	for text, want := range map[string]token.URI{
		"pkcs11:token=SAST-1":                                                          {Token: "SAST-1"},
		"pkcs11:serial=0054f509":                                                       {Serial: "0054f509"},
		"pkcs11:token=SAST-1;id=%01":                                                   {Token: "SAST-1", ID: []byte{1}},
		"pkcs11:token=SAST-1;object=a%3Bb;id=%01%FF%00":                                {Token: "SAST-1", Object: "a;b", ID: []byte{1, 0xff, 0}},
		"pkcs11:manufacturer=Aladdin%20Ltd.;model=eToken;token=t;slot-id=3":            {Manufacturer: "Aladdin Ltd.", Model: "eToken", Token: "t", SlotID: &slot},
		"pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;type=private":             {Token: "The Software PKCS#11 Softtoken", Type: "private"},
		"pkcs11:token=a?module-path=/usr/lib/libeToken.so&pin-source=file:/etc/pin":    {Token: "a", ModulePath: "/usr/lib/libeToken.so", PINSource: "file:/etc/pin"},
		"pkcs11:?module-name=softhsm2":                                                 {ModuleName: "softhsm2"},
		"pkcs11:library-manufacturer=a;library-description=b;library-version=2.6":      {LibraryManufacturer: "a", LibraryDescription: "b", LibraryVersion: "2.6"},
		"pkcs11:slot-manufacturer=Generic;slot-description=Reader%2000%2F00;token=A&B": {SlotManufacturer: "Generic", SlotDescription: "Reader 00/00", Token: "A&B"},
	} {
		u, err := token.ParseURI(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(u, want) {
			t.Errorf("%s is %+v", text, u)
		}
		if u.String() != text {
			t.Errorf("%s is written %s", text, u)
		}
	}
}

// What is not in its shortest form is read, and written in it.
func TestURIAsTyped(t *testing.T) {
	for text, want := range map[string]string{
		"PKCS11:token=%53AST-1":                     "pkcs11:token=SAST-1",
		"pkcs11:token=SAST 1":                       "pkcs11:token=SAST%201",
		"pkcs11:token=Jürgen":                       "pkcs11:token=J%C3%BCrgen",
		"pkcs11:id=A":                               "pkcs11:id=%41",
		"pkcs11:id=%aB;token=x":                     "pkcs11:token=x;id=%AB",
		`pkcs11:token=x?module-path=C:\softhsm.dll`: `pkcs11:token=x?module-path=C:%5Csofthsm.dll`,
		"pkcs11:token=x?":                           "pkcs11:token=x",
	} {
		u, err := token.ParseURI(text)
		if err != nil || u.String() != want {
			t.Errorf("%s is %q, %v; want %q", text, u, err, want)
		}
	}
}

func TestURIRefused(t *testing.T) {
	for text, want := range map[string]struct{ msg, hint string }{
		"SAST-1":                 {"does not start with pkcs11:", "pkcs11:token=SAST-1"},
		"0054f509":               {"does not start with pkcs11:", "pkcs11:serial=0054f509"},
		"my token":               {"does not start with pkcs11:", "pkcs11:token=my%20token"},
		"":                       {"does not start with pkcs11:", "pkcs11:token=SAST-1"},
		"pkcs11:":                {"names nothing", "pkcs11:token=SAST-1"},
		"pkcs11:SAST-1":          {"not name=value", ""},
		"pkcs11:token=a;token=b": {"stands twice", ""},
		"pkcs11:token=a;":        {"not name=value", ""},
		"pkcs11:token=":          {"is empty", ""},
		"pkcs11:tokn=a":          {"unknown attribute", ""},
		"pkcs11:TOKEN=a":         {"unknown attribute", ""},
		"pkcs11:module-path=/a":  {"unknown attribute", ""},
		"pkcs11:token=a?token=b": {"unknown attribute", ""},
		"pkcs11:token=a?module-name=b&module-name=c": {"stands twice", ""},
		"pkcs11:token=a?pin-value=1234":              {"pin-value is not accepted", "pin-source"},
		"pkcs11:token=a;pin-value=1234":              {"pin-value is not accepted", "pin-source"},
		"pkcs11:token=a;PIN-Value=1234":              {"pin-value is not accepted", "pin-source"},
		"pkcs11:token=a;pin-value=1234?token=b":      {"pin-value is not accepted", "pin-source"},
		"pkcs11:token=a%2":                           {"two hex digits", ""},
		"pkcs11:token=a%zz":                          {"percent-encoded", ""},
		"pkcs11:token=a#b":                           {"must be written %23", ""},
		"pkcs11:token=a\x1b[2J":                      {"must be written %1B", ""},
		"pkcs11:token=a%00":                          {"holds a NUL", ""},
		"pkcs11:slot-id=x":                           {"not a number", ""},
		"pkcs11:slot-id=99999999999":                 {"not a number", ""},
		"pkcs11:type=key":                            {"is none of", ""},
		"pkcs11:token=" + strings.Repeat("a", 5000):  {"longer than", ""},
	} {
		_, err := token.ParseURI(text)
		var e *token.URIError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if !strings.Contains(e.Error(), want.msg) || !strings.Contains(message.Lines(e.Hints()).String(), want.hint) || message.Lines(e.Hints()).String() == "" {
			t.Errorf("%q: %v; hint %q", text, e, message.Lines(e.Hints()).String())
		}
		if strings.Contains(e.Error()+message.Lines(e.Hints()).String(), "1234") {
			t.Errorf("%q: the PIN stands in the error", text)
		}
	}
}

// What parses is written in a form that parses to the same and is written the same.
func FuzzParseURI(f *testing.F) {
	for _, s := range []string{
		"pkcs11:token=SAST-1;serial=0054f509;id=%01?module-path=/usr/lib/libeToken.so&pin-source=file:/p",
		"pkcs11:manufacturer=a;model=b;slot-id=0;object=c%3B;type=cert",
		"pkcs11:library-version=1.2;slot-description=r%2F;id=%00%ff?module-name=x",
		"PKCS11:token=J\xfcrgen", "pkcs11:?", "pkcs11:token=a?pin-value=1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := token.ParseURI(s)
		if err != nil {
			return
		}
		text := u.String()
		if len(text) > 4096 {
			return // within the bound as typed, beyond it when encoded
		}
		again, err := token.ParseURI(text)
		if reflect.DeepEqual(u, token.URI{}) {
			return // "pkcs11:?" names nothing
		}
		if err != nil {
			t.Fatalf("%q is written %q: %v", s, text, err)
		}
		if !reflect.DeepEqual(u, again) || again.String() != text {
			t.Fatalf("%q is %+v, written %q, read %+v", s, u, text, again)
		}
	})
}
