package meet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// person answers every question and counts those about passwords.
type person struct {
	password string
	asked    []string // node user
}

func (p *person) Password(_ context.Context, node, user string) ([]byte, error) {
	p.asked = append(p.asked, node+" "+user)
	return []byte(p.password), nil
}

func (p *person) Identity(context.Context, string, string, string) (bool, error) { return true, nil }

var givenAway *os.File

func TestPasswordSources(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte("from file\nsecond line"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	w.WriteString("from fd\r\n")
	w.Close()
	givenAway = r // its number is closed by who reads it, and must not be a second time
	t.Setenv("CLUSTER_TEST_PW", "from env")
	p := &person{password: "from person"}
	s := NewSecrets(p, func(f string) string { return filepath.Join(dir, f) })
	for range 2 { // the second time without asking
		for source, want := range map[string]string{"prompt": "from person", "env:CLUSTER_TEST_PW": "from env",
			"file:pw": "from file", fmt.Sprintf("fd:%d", r.Fd()): "from fd"} {
			got, err := s.Get(t.Context(), source, "ctlp", "pub", "admin")
			if err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", source, got, err)
			}
			clear(got) // the caller's copy
		}
	}
	if fmt.Sprint(p.asked) != "[pub admin]" {
		t.Errorf("asked %q", p.asked)
	}
	var held [][]byte
	for _, pw := range s.held {
		held = append(held, pw)
	}
	s.Wipe()
	for _, pw := range held {
		if strings.Trim(string(pw), "\x00") != "" {
			t.Errorf("%q was not wiped", pw)
		}
	}
	for _, source := range []string{"env:CLUSTER_TEST_NOT_SET", "file:none", "fd:999"} {
		if _, err := s.Get(t.Context(), source, "ctlp", "pub", "admin"); err == nil {
			t.Errorf("%s gave a password", source)
		}
	}
	s.prompter = nil
	if _, err := s.Get(t.Context(), "prompt", "ctlp", "pub", "admin"); err == nil {
		t.Error("nobody was there to be asked")
	}
}
