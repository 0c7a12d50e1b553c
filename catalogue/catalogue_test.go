package catalogue

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"ctlclient/message"

	// The rooms that have something to say.
	_ "ctlclient/trust/advise"
	_ "ctlclient/workflow"
	_ "ctlclient/workflow/report"
)

// Every sentence of the program has its Portuguese: a key that is missing here is English in the
// middle of a Portuguese screen.
func TestEveryMessageIsTranslated(t *testing.T) {
	l, err := Of("pt_BR.UTF-8")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range l.Missing() {
		t.Errorf("no Portuguese for %q: add it to catalogue/pt-BR.json", key)
	}
	if n := len(message.Keys()); n < 200 {
		t.Errorf("only %d messages are known: which room is not linked?", n)
	}
}

// English words that no Portuguese sentence has. What is quoted is Cisco's own text, and what
// begins with a name of a command stays as it is typed.
var (
	english = regexp.MustCompile(`(?i)\b(the|and|with|is|are|was|not|will|file|files|phone|phones|node|nodes|key|signed|signer|server|servers|of|cannot|this|that|which|from|must|has|have|does|its|by|it|they|when|until|list|record|records|certificate|certificates)\b`)
	kept    = regexp.MustCompile(`"[^"]*"|\b[A-Z]{3,}\b|Unified CM Phone Feature List|lab phones|app-server|move-phones|Security By Default|File Management|Upload File|Standard CCM Server Monitoring|Export OpenSSH key|sftp-server|Trust Verification Service|Upload Certificate|\b(file|token|phone|trust|user) (show|list|cleared|verify|reset|diff|content|export)\b|file:[A-Z]+|\.key\b|\[\[node\]\]|by-hand|\{[^}]*\}|--[a-z-]+( [a-zA-Z=]+)?|utils [a-z]+ [a-z]+( [A-Za-z]+)?|Phone-SAST-trust|Phone Interaction[A-Za-z ]*|CTLFile\.tlv|APP-SERVER|Certificate Management|(Certificate|Identity) Trust List|Certificate Authority Proxy Function|ITLFile\.tlv`)
)

func englishIn(text string) string { return english.FindString(kept.ReplaceAllString(text, " ")) }

// No English is left in the Portuguese, here and in the window's own texts.
func TestNoEnglishInPortuguese(t *testing.T) {
	for _, name := range []string{"pt-BR.json", "pt-BR.errors.json", "pt-BR.system.json", "pt-BR.commands.json", "pt-BR.help.json", "../gui/translations/pt-BR.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatal(err)
		}
		for key, text := range texts {
			if word := englishIn(text); word != "" {
				t.Errorf("%s: %s has the English word %q: %s", name, key, word, text)
			}
		}
	}
	if englishIn("O CTL é recusado by the phone.") == "" {
		t.Error("English is not noticed")
	}
}

func TestOf(t *testing.T) {
	for locale, want := range map[string]string{"": "", "C": "", "en_US.UTF-8": "", "de_DE": "", "pt_BR.UTF-8": "pt-BR", "pt": "pt-BR", "PT-br": "pt-BR"} {
		l, err := Of(locale)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if l != nil {
			got = l.Tag
		}
		if got != want {
			t.Errorf("%q: %q, not %q", locale, got, want)
		}
	}
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "pt_BR.UTF-8")
	t.Setenv("LANG", "en_US.UTF-8")
	if got := Environment(); !strings.HasPrefix(got, "pt") {
		t.Errorf("the environment says %q", got)
	}
}

// A record is named in the language, wherever a sentence names one.
func TestRecordsAreNamed(t *testing.T) {
	l, err := Of("pt-BR")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{"record 12 (SAST-1)", []string{"record 12 (SAST-1)"}, message.Either{"record 12 (SAST-1)"}} {
		m := message.Message{Key: "preflight.tvs.bad", Values: []message.Value{{Name: "nodes", Value: value}}}
		if got := m.In(l); !strings.Contains(got, "registro 12 (SAST-1)") {
			t.Errorf("%T: %q", value, got)
		}
		if got := m.String(); !strings.Contains(got, "record 12 (SAST-1)") {
			t.Errorf("%T in English: %q", value, got)
		}
	}
}

// A list keeps its names in every language: the words between them are a text of the catalogue.
func TestListsKeepTheirNames(t *testing.T) {
	for tag, want := range map[string][2]string{"en": {"a, b and c", "a, b or c"}, "pt-BR": {"a, b e c", "a, b ou c"}} {
		l, err := Of(tag)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"a", "b", "c"}
		for i, list := range []any{names, message.Either(names)} {
			m := message.Message{Key: "preflight.tvs.bad", Values: []message.Value{{Name: "nodes", Value: list}}}
			if got := m.In(l); !strings.Contains(got, want[i]) {
				t.Errorf("%s: %q", tag, got)
			}
		}
	}
}
