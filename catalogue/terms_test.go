package catalogue

import (
	"encoding/json"
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// texts are all texts of a file by their keys.
func texts(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

var portugueseFiles = []string{"pt-BR.json", "pt-BR.errors.json", "pt-BR.system.json", "pt-BR.commands.json", "pt-BR.help.json", "../gui/translations/pt-BR.json"}

// Words that another one stands for: Cisco's own Portuguese terms, and one term for one thing.
var otherTerms = []struct{ word, term string }{
	{`publicador`, "editor"},
	{`subscritor|subscriber`, "assinante"},
	{`\baparelhos?\b`, "telefone"},
	{`modo mixed|modo combinado`, "modo misto"},
	{`modo inseguro|não-seguro`, "modo não seguro"},
	{`repositório|armazém`, "armazenamento confiável"},
	{`\b(a|da|na|uma|à|pela|nenhuma|essa|esta) (CTL|ITL)\b`, "o CTL, o ITL"},
	{`\b(o|do|no|pelo|ao) OS Administration`, "a OS Administration"},
	{`usuário de aplica|usuário da aplica`, "usuário do aplicativo"},
	{`\bjobs?\b`, "tarefa"},
	{`checksum`, "soma de verificação"},
	{`fingerprint`, "impressão digital"},
	{`\bupload\b`, "envio, enviar"},
	{`\bdelet(ar|e|ado|ada|a)\b`, "excluir"},
	{`(tvs|nada|nenhum) (não )?responde por `, "atesta"},
	{`\b(limpar|limpá-los|limpos?|limpe) (um |os |cada )?(telefones?|manualmente)`, "excluir o CTL"},
	{`\bà mão\b`, "manualmente"},
}

// What the rules above do not mean: Cisco's own pages and words of systems.
var termKept = regexp.MustCompile(`Upload (File|Certificate)|objeto de job|\{\w*\}|\{\{[^}]*\}\}|está à mão|Tenha à mão|publisher nem subscriber|publisher, subscriber|--[a-z-]+|"[^"]*"`)

// One term stands for one thing, in the window, on the command line and below.
func TestOneTermForOneThing(t *testing.T) {
	var all []string
	for _, o := range otherTerms {
		all = append(all, o.word)
	}
	any := regexp.MustCompile(`(?i:` + strings.Join(all, "|") + `)`)
	found := 0
	for _, name := range portugueseFiles {
		for key, text := range texts(t, name) {
			if strings.Contains(text, "telefone") {
				found++
			}
			bare := text
			if !any.MatchString(bare) {
				continue
			}
			bare = termKept.ReplaceAllString(text, " ")
			for _, o := range otherTerms {
				if m := regexp.MustCompile(`(?i:` + o.word + `)`).FindString(bare); m != "" && !(m == "a CTL" || m == "a ITL") {
					t.Errorf("%s: %s: %q; the term is %s: %s", name, key, m, o.term, text)
				}
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d texts speak of phones: are these the texts?", found)
	}
}

// Nouns of what is counted, in both languages, in the plural.
const counted = `(?:phones|nodes|records|files|tokens|certificates|changes|services|tries|times|bits of|jobs|models|days|hours|minutes|seconds|telefones|nós|registros|arquivos|certificados|alterações|serviços|tentativas|vezes|tarefas|modelos|dias|horas|minutos|segundos)`

// A number that may be 1 before a noun that is always in the plural: "1 phones", "1 telefones".
var (
	numberPhrase  = regexp.MustCompile(`%(?:\[\d\])?d (?:more |mais )?` + counted + `\b`)
	numberMessage = regexp.MustCompile(`(?:^|[^{])\{\w+\} (?:more |mais )?` + counted + `\b`)
)

// Numbers that are never 1: bounds, what is said of many alone, and what has a text of its own
// for one.
var neverOne = map[string]string{
	"%d records are unchanged.":   "one has its own text",
	"%d phones":                   "one has its own text",
	"%d phones hold an older CTL": "one has its own text",
	"%d records":                  "one has its own text",
	"%d records; SAST:":           "one has its own text",
	"vouches on %d nodes":         "one has its own text",
	"TVS on every node vouches for %d certificates.": "one has its own text",
	"on, %d times": "one has its own text",
	"the list has %d records; the others are as they were, byte for byte": "a list of the demonstration has many",
	"the list has %d records already, the most that it can":               "a bound",
	"the list has %d records; at most %d fit":                             "more than a bound",
	"%d nodes: a lab has 1 to %d":                                         "one is a lab",
	"a crowd of %d phones: a CUCM cluster has up to %d":                   "more than a bound",
	"AXL listPhone: %w: %d phones came where at most %d were asked for":   "more than a bound",
	"%d practice tokens are there already":                                "a bound",
	"%d certificates fit":                                                 "one would be taken",
	"%d tokens fit":                                                       "one would be taken",
	"%d tries":                                                            "of a damaged file, which has none or too many",
	"finding.many-silent":                                                 "few are told one by one",
	"finding.many-sast":                                                   "many",
	"hazard.sast-count":                                                   "more than two",
}

var bound = regexp.MustCompile(`(?:more than|at most|up to|than the|last|mais de|no máximo|além de|que os|outras) (?:%(?:\[\d\])?d|\{\w+\}) `)

func TestNumbersThatMayBeOne(t *testing.T) {
	check := func(where, key, text string) {
		if neverOne[key] != "" {
			return
		}
		text = bound.ReplaceAllString(text, "")
		for _, form := range []*regexp.Regexp{numberPhrase, numberMessage} {
			if m := form.FindString(text); m != "" {
				t.Errorf("%s: %q: %q can be \"1 ...\": give it two wordings", where, key, m)
			}
		}
	}
	for _, name := range portugueseFiles[:5] {
		for key, text := range texts(t, name) {
			check(name, key, text)
			if strings.Contains(key, " ") {
				check("English", key, key)
			}
		}
	}
	for key, english := range englishTexts(t) {
		check("English", key, english)
	}
	if numberPhrase.FindString("Há %d telefones") == "" || numberMessage.FindString("of {n} phones") == "" || numberMessage.FindString("{n|# phone|# phones}") != "" {
		t.Error("numbers are not noticed")
	}
}

// englishTexts are the English of messages, by key, as the code has it.
func englishTexts(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	walkCode(t, func(place string, _ *ast.File, call *ast.CallExpr) {
		fun, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || fun.Sel.Name != "Define" || len(call.Args) != 2 {
			return
		}
		key, ok := literal(call.Args[0])
		english, ok2 := literal(call.Args[1])
		if !ok || !ok2 {
			t.Errorf("%s: the text is not a literal", place)
			return
		}
		found[key] = english
	})
	if len(found) < 500 {
		t.Fatalf("only %d texts found: is this still how they are defined?", len(found))
	}
	return found
}

// Where English alone is right, each with the reason.
var englishErrors = map[string]string{
	"message/":                    "what a mistake in the catalogues is, for who writes them",
	"catalogue/":                  "as message",
	"internal/bench":              "for who measures the program",
	"internal/xvfb":               "for tests",
	"softhsm/faulty":              "a module for tests",
	"trust/trusttest":             "for tests",
	"protocol/ctlp/server":        "a server's log",
	"protocol/ctlp/store":         "a server's log",
	"protocol/internal/serve":     "a server's log",
	"protocol/osadmin/server":     "a page as CUCM writes it",
	"protocol/platform/server":    "words as CUCM writes them",
	"protocol/tftp/request":       "what the protocol says to the other side",
	"protocol/tvs/server":         "a server's log",
	"cluster/job.go":              "a fault that tests ask for",
	"cluster/pin.go":              "never said: it ends a handshake",
	"cluster/reach/cucm/cucm.go":  "never said: it ends a handshake",
	"cluster/reach/internal/door": "never said: it ends a handshake",
	"cluster/reach/serve":         "never said: it ends a handshake",
}

// An error of ours is made with package message, so that it can be said in another language: one
// that is made with fmt or errors has no words of its own.
func TestErrorsHaveAVoice(t *testing.T) {
	used := map[string]bool{}
	seen := 0
	walkCode(t, func(place string, _ *ast.File, call *ast.CallExpr) {
		name := ofPackage(call)
		if name != "fmt.Errorf" && name != "errors.New" {
			return
		}
		seen++
		text, ok := literal(call.Args[0])
		if !ok || !words.MatchString(verb.ReplaceAllString(text, "")) {
			return
		}
		path := strings.TrimPrefix(place, "../")
		for allowed := range englishErrors {
			if strings.HasPrefix(path, allowed) {
				used[allowed] = true
				return
			}
		}
		t.Errorf("%s: %q is English alone: make it with message.Errorf or message.NewError", place, text)
	})
	if seen < 50 {
		t.Errorf("only %d errors of fmt and errors seen: is this still how they are made?", seen)
	}
	for allowed := range englishErrors {
		if !used[allowed] {
			t.Errorf("nothing of %s needs English any more", allowed)
		}
	}
}
