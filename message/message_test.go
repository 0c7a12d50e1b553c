package message

import (
	"errors"
	"strings"
	"testing"
)

var (
	refused = Define("test.refused", "{who} {n|refuses|refuse} it: {why}")
	counted = Define("test.counted", "{n|# phone|# phones}")
	key     = Define("test.key", "the key is another")
)

func TestEnglish(t *testing.T) {
	for want, m := range map[string]Message{
		"a and b refuse it: the key is another":             refused.With("who", []string{"a", "b"}, "n", 2, "why", key.With()),
		"a, b or c refuses it: the key is another; 1 phone": refused.With("who", Either{"a", "b", "c"}, "n", 1, "why", Parts{key.With(), counted.With("n", 1)}),
		"3 phones":                              counted.With("n", []string{"x", "y", "z"}),
		"0 phones":                              counted.With("n", uint8(0)),
		"{who} refuse it: cut":                  refused.With("n", 0, "why", errors.New("cut")),
		"none refuse it: {why}":                 refused.With("who", []string{}, "n", 0),
		"1 phone and 2 phones refuse it: {why}": refused.With("who", []Message{counted.With("n", 1), counted.With("n", 2)}, "n", 3),
		"as it came":                            Plain("as it came"),
		"":                                      {},
		"no.such.key":                           {Key: "no.such.key"},
	} {
		if got := m.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !(Message{}).IsZero() || Plain("x").IsZero() || key.With().IsZero() {
		t.Error("only the message without key and words says nothing")
	}
}

func TestLanguage(t *testing.T) {
	pt, err := ReadLanguage("pt-BR", []byte(`{"list.and": "{first} e {last}", "test.refused": "{why}: {n|recusa|recusam} {who}", "test.counted": "{n|# telefone|# telefones}"}`))
	if err != nil {
		t.Fatal(err)
	}
	pt.One = func(n int) bool { return n < 2 }
	m := refused.With("who", []Message{counted.With("n", 0), counted.With("n", 2)}, "n", 0, "why", key.With())
	if got, want := m.In(pt), "the key is another: recusa 0 telefone e 2 telefones"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	missing := strings.Join(pt.Missing(), " ")
	if !strings.Contains(missing, "test.key") || strings.Contains(missing, "test.counted") {
		t.Errorf("missing: %s", missing)
	}
	for data, want := range map[string]string{
		`{"no.such": "x"}`:               `no text "no.such"`,
		`{"test.key": "{a"}`:             "brace",
		`{"test.key": "a}"}`:             "brace",
		`{"test.key": "{{a}}"}`:          "brace",
		`{"test.key": "{a|b}"}`:          "want {name} or",
		`{"test.key": "{}"}`:             "one word",
		`{"test.key": "{other}"}`:        "has no {other}",
		`{"test.counted": "{m|a|b} #n"}`: "has no {m}",
		`[]`:                             "cannot unmarshal",
	} {
		if _, err := ReadLanguage("xx", []byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestDefineRefusesWhatIsTaken(t *testing.T) {
	for _, c := range []struct{ key, english string }{{"test.key", "again"}, {"", "no key"}, {"test.brace", "{"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q %q is taken", c.key, c.english)
				}
			}()
			Define(c.key, c.english)
		}()
	}
}

// Whatever a catalogue says, it is an error or it can be filled.
func FuzzReadLanguage(f *testing.F) {
	f.Add(`{"test.refused": "{who} {n|a #|b}"}`)
	f.Fuzz(func(t *testing.T, data string) {
		l, err := ReadLanguage("xx", []byte(data))
		if err != nil {
			return
		}
		out := refused.With("who", "W", "n", 2, "why", "Y").In(l)
		if strings.Contains(out, "{who}") || strings.Contains(out, "{n|") {
			t.Errorf("%s is filled as %q", data, out)
		}
	})
}

func TestActions(t *testing.T) {
	mend := Define("test.mend", "finish it: {do}")
	both := Define("test.both", "{a}, or {b}")
	m := both.With("a", mend.With("do", Action{Do: Resume, ID: "7"}), "b", Action{Do: TakeBack, ID: "7"})
	if got := m.String(); got != "finish it: resume, or take-back" {
		t.Errorf("without a voice: %q", got)
	}
	v := Voice{Word: func(a Action) string { return "ctlclient " + string(a.Do) + " " + a.ID }}
	if got := v.Say(m); got != "finish it: ctlclient resume 7, or ctlclient take-back 7" {
		t.Errorf("with one: %q", got)
	}
	pt, err := ReadLanguage("pt-BR", []byte(`{"test.mend": "termine: {do}"}`))
	if err != nil {
		t.Fatal(err)
	}
	v.Language = pt
	if got := v.Say(mend.With("do", Action{Do: Resume, ID: "7"})); got != "termine: ctlclient resume 7" {
		t.Errorf("in another language: %q", got)
	}
	if got := m.Actions(); len(got) != 2 || got[0].Do != Resume || got[1].Do != TakeBack {
		t.Errorf("actions %v", got)
	}
}
