package message

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

var errSilent = NewError("no server answers")

func portuguese(t *testing.T) *Language {
	t.Helper()
	l, err := ReadLanguage("pt-BR", []byte(`{"test.refused": "{who} {n|recusa|recusam} # {why}"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AddPhrases([]byte(`{
		"no server answers": "nenhum servidor responde",
		"asking %s failed: %v": "a pergunta a %s falhou: %v",
		"asking %s about %q: %w": "pergunta sobre %[2]q a %[1]s: %[3]w",
		"permission denied": "permissão negada"
	}`)); err != nil {
		t.Fatal(err)
	}
	return l
}

// An error is told in the language from its outermost sentence to its cause, whoever wraps it,
// and stays the error that it is.
func TestErrorsAreTold(t *testing.T) {
	v := Voice{Language: portuguese(t)}
	asked := Errorf("asking %s about %q: %w", "cucm1", "SAST-1", errSilent)
	for _, c := range []struct {
		err           error
		english, told string
	}{
		{errSilent, "no server answers", "nenhum servidor responde"},
		{asked, `asking cucm1 about "SAST-1": no server answers`, `pergunta sobre "SAST-1" a cucm1: nenhum servidor responde`},
		{fmt.Errorf("cucm1: %w", asked), `cucm1: asking cucm1 about "SAST-1": no server answers`, `cucm1: pergunta sobre "SAST-1" a cucm1: nenhum servidor responde`},
		{errors.Join(errSilent, errSilent), "no server answers\nno server answers", "nenhum servidor responde\nnenhum servidor responde"},
		{&fs.PathError{Op: "open", Path: "/x", Err: errors.New("permission denied")}, "open /x: permission denied", "/x: permissão negada"},
		{errors.New("nobody knows this"), "nobody knows this", "nobody knows this"},
	} {
		if got := (Voice{}).Tell(c.err); got != c.english || c.err.Error() != c.english {
			t.Errorf("in English %q and %q, not %q", got, c.err, c.english)
		}
		if got := v.Tell(c.err); got != c.told {
			t.Errorf("told %q, not %q", got, c.told)
		}
	}
	if !errors.Is(fmt.Errorf("x: %w", asked), errSilent) {
		t.Error("the cause is lost")
	}
	if got := v.Say(refused.With("who", "Eles", "n", 2, "why", asked)); !strings.Contains(got, "pergunta sobre") {
		t.Errorf("as a value it is %q", got)
	}
}

// A sentence of a front end is one like any other, with the space that it was given around it.
func TestPhrase(t *testing.T) {
	v := Voice{Language: portuguese(t)}
	why := errors.New("permission denied")
	for _, c := range []struct {
		m             Message
		english, said string
	}{
		{Phrase("  no server answers\n"), "  no server answers\n", "  nenhum servidor responde\n"},
		{Phrase("asking %s failed: %v", "a", why), "asking a failed: permission denied", "a pergunta a a falhou: permissão negada"},
		{Phrase("%s", Phrase("no server answers")), "no server answers", "nenhum servidor responde"},
		{Phrase("not known: %d", 3), "not known: 3", "not known: 3"},
		{Phrase(""), "", ""},
	} {
		if got := c.m.String(); got != c.english {
			t.Errorf("in English %q, not %q", got, c.english)
		}
		if got := v.Say(c.m); got != c.said {
			t.Errorf("said %q, not %q", got, c.said)
		}
	}
	if Phrase("x").IsZero() {
		t.Error("a phrase says something")
	}
}

// A translation that takes other values than its English would print nonsense.
func TestPhrasesTakeTheirValues(t *testing.T) {
	for _, bad := range []string{`{"%s of %d": "%d de %s"}`, `{"%s": "tudo"}`, `{"a": "%s"}`, `{"%w": "%s"}`, `[]`} {
		l := &Language{Tag: "xx"}
		if err := l.AddPhrases([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// Whatever phrases say, they are an error or they can be filled.
func FuzzAddPhrases(f *testing.F) {
	f.Add(`{"asking %s about %q: %w": "%[2]q %[1]s %[3]w"}`)
	f.Fuzz(func(t *testing.T, data string) {
		l := &Language{Tag: "xx"}
		if l.AddPhrases([]byte(data)) != nil {
			return
		}
		told := Voice{Language: l}.Tell(Errorf("asking %s about %q: %w", "A", "B", errors.New("C")))
		if l.HasPhrase("asking %s about %q: %w") && (strings.Contains(told, "%!") || strings.Contains(told, "MISSING")) {
			t.Errorf("%s is told as %q", data, told)
		}
	})
}
