package message

import (
	"encoding/json"
	"errors"
	"testing"
)

// A sentence that was kept is read in each language that it was kept in, whatever the program
// that reads it knows; one that an older program kept as English alone is still an English one,
// and has its translation where it has no values.
func TestKept(t *testing.T) {
	pt := portuguese(t)
	Speak(func() *Language { return pt })
	t.Cleanup(func() { spoken = nil })
	v, asked := Voice{Language: pt}, Errorf("asking %s failed: %v", "cucm1", errSilent)

	k := KeepError(asked)
	data, err := json.Marshal(k.Others())
	if err != nil || string(data) != `{"pt-BR":"a pergunta a cucm1 falhou: nenhum servidor responde"}` {
		t.Fatalf("%s, %v", data, err)
	}
	var others Kept
	if err := json.Unmarshal(data, &others); err != nil {
		t.Fatal(err)
	}
	again := KeptAs(k.Error(), others).Err()
	if got := again.Error(); got != "asking cucm1 failed: no server answers" {
		t.Errorf("English: %q", got)
	}
	for _, err := range []error{again, errors.Join(again)} {
		if got := v.Tell(err); got != "a pergunta a cucm1 falhou: nenhum servidor responde" {
			t.Errorf("Portuguese: %q", got)
		}
	}
	if errors.Is(again, k.Err()) || !errors.Is(again, again) {
		t.Error("what is kept is an error like any other")
	}
	if got := v.Say(Phrase("  %s\n", k.Message())); got != "  a pergunta a cucm1 falhou: nenhum servidor responde\n" {
		t.Errorf("as a value: %q", got)
	}
	if got := v.Tell(KeptAs("no server answers", nil).Err()); got != "nenhum servidor responde" {
		t.Errorf("of an older program: %q", got)
	}
	if got := (Voice{Language: &Language{Tag: "de"}}).Tell(again); got != "asking cucm1 failed: no server answers" {
		t.Errorf("in a language that it was not kept in: %q", got)
	}
	var old, none, both Kept
	for text, k := range map[string]*Kept{`"no server answers"`: &old, `null`: &none, `{"en":"a","pt-BR":"b"}`: &both} {
		if err := json.Unmarshal([]byte(text), k); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if v.Tell(old.Err()) != "nenhum servidor responde" || none != nil || v.Tell(both.Err()) != "b" || json.Unmarshal([]byte("3"), &both) == nil {
		t.Errorf("read as %v, %v, %v", old, none, both)
	}
	if Keep(Message{}) != nil || KeepError(nil) != nil || KeptAs("", others) != nil || KeptAs("", nil).Err() != nil || !KeptAs("", nil).Message().IsZero() || Keep(Plain("x")).Others() != nil {
		t.Error("nothing is kept of nothing")
	}
}

// Whatever is read as a sentence that was kept can be said and written again.
func FuzzKept(f *testing.F) {
	f.Add(`"x"`)
	f.Add(`{"en":"x","pt-BR":"y"}`)
	f.Fuzz(func(t *testing.T, data string) {
		var k Kept
		if json.Unmarshal([]byte(data), &k) != nil {
			return
		}
		if err := k.Err(); err != nil && (Voice{}).Tell(err) != k["en"] {
			t.Errorf("%s is said as %q", data, (Voice{}).Tell(err))
		}
		written, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		var again Kept
		if err := json.Unmarshal(written, &again); err != nil || again.Error() != k.Error() {
			t.Errorf("%s is written as %s: %v", data, written, err)
		}
	})
}
