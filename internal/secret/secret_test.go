package secret_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"ctlclient/internal/secret"
	"ctlclient/message"
)

func TestLine(t *testing.T) {
	for file, want := range map[string]string{
		"Cisco123":             "Cisco123",
		"Cisco123\n":           "Cisco123",
		"Cisco123\r\nmore\r\n": "Cisco123",
		"\xef\xbb\xbfCisco123": "Cisco123",
		"a b":                  "a b",
		"Zoë":                  "Zoë",
		"\xff":                 "\xff", // Latin-1, perhaps: the token knows
		"":                     "",
		"\nCisco123":           "",
		"12345678901234567890": "12345678901234567890",
	} {
		got, err := secret.Line(strings.NewReader(file), 20)
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", file, got, err)
		}
	}
	for file, want := range map[string]string{
		"\xff\xfe1\x002\x00":    "UTF-16",
		"\xfe\xff\x001\x002":    "UTF-16",
		"1\x002\x003\x00\n":     "NUL",
		"Cisco123 ":             "blank",
		" Cisco123":             "blank",
		"Cisco123\t\r\n":        "blank",
		"Cisco123\u00a0":        "blank",
		"\xef\xbb\xbf Cisco":    "blank",
		" ":                     "blank",
		"123456789012345678901": "longer than 20 bytes",
		strings.Repeat("1", 99): "longer than 20 bytes",
	} {
		got, err := secret.Line(strings.NewReader(file), 20)
		var e *secret.Error
		if got != nil || !errors.As(err, &e) || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %q, %v", file, got, err)
		}
		if e != nil && !strings.HasPrefix(want, "longer") && message.Lines(e.Hints()).String() == "" {
			t.Errorf("%q: no hint", file)
		}
		if err != nil && (strings.Contains(err.Error(), "Cisco") || strings.Contains(err.Error(), "123")) {
			t.Errorf("the secret stands in %v", err)
		}
	}
}

// The next secret of a descriptor is on the next line.
func TestNextLine(t *testing.T) {
	r := strings.NewReader("one\ntwo\r\n")
	for _, want := range []string{"one", "two", ""} {
		if got, err := secret.Line(r, 20); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	broken := io.MultiReader(strings.NewReader("on"), brokenReader{})
	if got, err := secret.Line(broken, 20); !errors.Is(err, errBroken) || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// A secret is what stands in the first line, or nothing.
func FuzzLine(f *testing.F) {
	f.Add([]byte("Cisco123\r\n"))
	f.Add([]byte("\xef\xbb\xbfa\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := secret.Line(bytes.NewReader(file), 64)
		if err != nil {
			return
		}
		line, _, _ := bytes.Cut(file, []byte("\n"))
		if !bytes.Contains(line, got) || len(line)-len(got) > 4 || bytes.Contains(got, []byte{0}) || len(got) > 64 {
			t.Errorf("%q of %q", got, line)
		}
		if utf8.Valid(got) && strings.TrimSpace(string(got)) != string(got) {
			t.Errorf("blanks around %q", got)
		}
	})
}
