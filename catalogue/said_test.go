package catalogue

import (
	"slices"
	"strings"
	"testing"

	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
)

// Whatever is wrong with the TOML of a profile, it is said in plain words, in both languages: the
// words of the reader of TOML are for those who read its specification.
func TestTOMLInWords(t *testing.T) {
	pt, err := Of("pt-BR")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		"name = 3":                    {"text between quotation marks is expected here, not a TOML integer", "aqui se espera um texto entre aspas"},
		"name = [1]":                  {"text between quotation marks is expected here, not a TOML array", "aqui se espera um texto entre aspas"},
		"legacy = \"yes\"":            {"true or false is expected here, not a TOML string", "aqui se espera true ou false"},
		"[[node]]\ncertificates = 4":  {"a list of texts is expected here, not a TOML integer", "aqui se espera uma lista de textos"},
		"node = 3":                    {"a TOML integer cannot stand here", "aqui não pode haver"},
		"[[node]]\nctlp-port = \"x\"": {"a number is expected here, not a TOML string", "aqui se espera um número"},
		"name = \"a\"\nname = \"b\"":  {`"name" stands twice`, `"name" aparece duas vezes`},
		"name":                        {"a key is followed by = and its value", "depois de uma chave vêm ="},
		"[[node":                      {"the name after [[ must end with ]]", "deve terminar com ]]"},
		"[node":                       {"the name after [ must end with ]", "deve terminar com ]"},
		"name = \"a\" b":              {"something follows the value", "há algo depois do valor"},
		"= 1":                         {"the line does not begin with a key", "a linha não começa com uma chave"},
		"name = hq":                   {"the value is missing, or is text without quotation marks", "falta o valor"},
		"name =":                      {"the value is missing", "falta o valor"},
		"legacy = tru":                {"the value is missing", "falta o valor"},
		"name = \"a\nb\"":             {"the text has no quotation mark at its end", "faltam as aspas no fim do texto"},
		"name = \"a\\q\"":             {"a backslash between double quotes", "uma barra invertida entre aspas duplas"},
		"# \x01":                      {"a control character stands here", "há um caractere de controle aqui"},
		"name = \"\xc3\"":             {"the text is not UTF-8", "o texto não é UTF-8"},
		"[[node]]\nssh-port = 99999999999999999999": {"the number is too large", "o número é grande demais"},
		"leave-out = [\"a\" \"b\"]":                 {"the list must have commas", "a lista deve ter vírgulas"},
		"node = [{name = \"a\",,}]":                 {"the table must have commas", "a tabela deve ter vírgulas"},
		"name = 2020-13-45":                         {`this is not valid TOML: "impossible date"`, "isto não é TOML válido"},
	} {
		_, err := site.Parse([]byte(text), "p.toml")
		if err == nil {
			t.Errorf("%q is a profile", text)
			continue
		}
		if got := err.Error(); !strings.HasPrefix(got, "p.toml:") || !strings.Contains(got, want[0]) || strings.Contains(got, "site.") {
			t.Errorf("%q: %s, want %s", text, got, want[0])
		}
		if got := (message.Voice{Language: pt}).Tell(err); !strings.Contains(got, want[1]) {
			t.Errorf("%q in Portuguese: %s, want %s", text, got, want[1])
		}
	}
}

// A key in the wrong table is not one that is misspelt.
func TestKeyInAnotherTable(t *testing.T) {
	for text, want := range map[string]string{
		"ctlp-port = 1":              "stands below a [[node]]",
		"[[node]]\nuser = \"x\"":     "stands above the first [[node]]",
		"[[node]]\naddres = \"1.2\"": `did you mean "address"?`,
	} {
		_, err := site.Parse([]byte(text), "p.toml")
		var said []string
		for _, m := range message.Advice(err) {
			said = append(said, m.String())
		}
		if got := strings.Join(said, "; "); !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Whatever is wrong with the bytes of a file, no English is left in what is said of it: why it
// cannot be read, what is odd about it, why it does not verify, and how it differs from another.
func TestFilesInWords(t *testing.T) {
	pt, err := Of("pt-BR")
	if err != nil {
		t.Fatal(err)
	}
	v := message.Voice{Language: pt}
	seen := map[string]bool{}
	say := func(text string) {
		if seen[text] {
			return
		}
		if word := englishIn(text); word != "" {
			t.Errorf("the English word %q: %s", word, text)
		}
		seen[text] = true
	}
	intact := ctltest.NewCluster(t, 1024).ETokens(t)
	look := func(data []byte) {
		l, err := ctlbuild.Parse(data)
		if err != nil {
			say(v.Tell(err))
			return
		}
		for _, f := range l.Findings() {
			say(v.Say(f.Message))
		}
		if found := l.Verify(); !found.OK {
			say(v.Say(found.Why))
		}
		var b strings.Builder
		if err := ctlbuild.Compare(intact, l).WriteText(&b, v); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) { // most are said of many files
			say(line)
		}
	}
	raw := intact.Bytes()
	for cut := range min(len(raw), 700) {
		look(raw[:cut])
	}
	look(append(slices.Clone(raw), 0))
	for at := 0; at < len(raw); at += 1 + at/1200*12 { // the records are alike
		for _, b := range []byte{0, 0xff, raw[at] ^ 1, raw[at] ^ 0x80} {
			changed := slices.Clone(raw)
			changed[at] = b
			look(changed)
		}
	}
	if len(seen) < 100 {
		t.Errorf("only %d sentences were said: are files still damaged here?", len(seen))
	}
}
