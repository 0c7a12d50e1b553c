package gui

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readKeys(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("translations", name))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	if err := json.Unmarshal(data, &keys); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return keys
}

// Both languages have the same texts, with the same fields in them.
func TestLanguagesHaveTheSameKeys(t *testing.T) {
	en, pt := readKeys(t, "en.json"), readKeys(t, "pt-BR.json")
	field := regexp.MustCompile(`\{\{\.\w+\}\}`)
	for key, text := range en {
		other, ok := pt[key]
		if !ok {
			t.Errorf("pt-BR lacks %q", key)
			continue
		}
		a, b := field.FindAllString(text, -1), field.FindAllString(other, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%q: fields %v in English, %v in Portuguese", key, a, b)
		}
	}
	for key := range pt {
		if _, ok := en[key]; !ok {
			t.Errorf("en lacks %q", key)
		}
	}
}

// A number that may be one stands beside no noun in the plural: "1 phones refuse".
func TestNumbersThatMayBeOne(t *testing.T) {
	plural := regexp.MustCompile(`\{\{\.(?:Count|Left|Nodes|Registered|Back|Asked|Took|Kept|Differ|Done)\}\} (?:more )?(phones|nodes|records|changes|services|certificates|telefones|nós|registros|alterações|serviços|certificados)`)
	for _, file := range []string{"en.json", "pt-BR.json"} {
		for key, text := range readKeys(t, file) {
			if strings.HasPrefix(key, "review.class") { // one phone is called by its name there
				continue
			}
			if m := plural.FindString(text); m != "" {
				t.Errorf("%s: %s: %q", file, key, m)
			}
		}
	}
}

// Every key that the screens name has a text, and every text is named.
func TestEveryKeyHasAText(t *testing.T) {
	en := readKeys(t, "en.json")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`"([a-z]+(?:-[a-z]+)*(?:\.[a-z0-9-]+)+)"`)
	prefix := regexp.MustCompile(`t\("([a-z-]+(?:\.[a-z-]+)*\.)"\s*\+`)
	used := map[string]bool{}
	var prefixes []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bt\("([^"]+)"[,)]`).FindAllStringSubmatch(string(data), -1) {
			if _, ok := en[m[1]]; !ok {
				t.Errorf("%s: no text for %q", file, m[1])
			}
		}
		for _, m := range whole.FindAllStringSubmatch(string(data), -1) {
			used[m[1]] = true
		}
		for _, m := range prefix.FindAllStringSubmatch(string(data), -1) {
			prefixes = append(prefixes, m[1])
		}
	}
	for key := range en {
		if used[key] || strings.HasSuffix(key, ".nav") ||
			slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			continue
		}
		t.Errorf("nothing shows %q", key)
	}
}

// What an error says is told in the window's language: its Error is English, for logs.
func TestErrorsAreToldInTheWindow(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 50 {
		t.Fatal("where is the window?", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for number, line := range strings.Split(string(data), "\n") {
			if strings.HasSuffix(file, "_test.go") || !strings.Contains(line, ".Error()") || strings.Contains(line, "Error() string { return e.Said().Error() }") {
				continue
			}
			t.Errorf("%s:%d: English in the window: use tell(err): %s", file, number+1, strings.TrimSpace(line))
		}
	}
}
