//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// guides are read one after the other, as a person does: each goes on where the former ended.
var guides = map[string][]string{
	"tokens":     {"practise.md", "migrate-to-tokens.md", "add-a-server.md", "lost-token.md", "regenerate.md", "back-to-tokenless.md"},
	"portuguese": {"practise.md", "migrar-para-tokens.pt-BR.md", "all-tokens-lost.md"},
	"phones":     {"verify-a-phone.md"},
	"move":       {"practise.md", "move-phones.md"},
}

// Every guide does what it says when it is followed to the letter.
func TestGuides(t *testing.T) {
	for _, tool := range []string{"bash", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	tried := map[string]bool{}
	for name, chain := range guides {
		for _, guide := range chain {
			tried[guide] = true
		}
		t.Run(name, func(t *testing.T) {
			r := newReader(t)
			for _, guide := range chain {
				r.follow(t, guide)
			}
		})
	}
	all, err := filepath.Glob("../../docs/guide/*.md")
	if err != nil || len(all) == 0 {
		t.Fatal("no guides", err)
	}
	for _, file := range all {
		if !tried[filepath.Base(file)] && filepath.Base(file) != "README.md" {
			t.Errorf("nothing tries %s", file)
		}
	}
}

// A guide works in PowerShell as it does in a Unix shell, but for what the table of docs/guide/practise.md names; all
// that the table names is in a guide.
func TestGuidesInPowerShell(t *testing.T) {
	files, err := filepath.Glob("../../docs/guide/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps(string(text)) {
			commands.WriteString(s.command + "\n")
		}
	}
	all := commands.String()
	text, err := os.ReadFile("../../docs/guide/practise.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `[^`]+` \\|$").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 3 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(all, row[1]) {
			t.Errorf("no guide has %q", row[1])
		}
		all = strings.ReplaceAll(all, row[1], "")
	}
	if other := regexp.MustCompile(`\$\(|\$[A-Za-z]|(?m:^export\b)|[^-]> | \| |\*\.|&&|\bsed\b|~/`).FindString(all); other != "" {
		t.Errorf("%q means something else in PowerShell, and the table does not say so", other)
	}
}

// reader follows guides in a shell, in a home of its own.
type reader struct {
	dir string
	env []string
}

func newReader(t *testing.T) *reader {
	dir := t.TempDir()
	r := &reader{dir: dir, env: append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")}
	for _, name := range []string{"CONFIG", "STATE", "DATA"} {
		r.env = append(r.env, "XDG_"+name+"_HOME="+filepath.Join(dir, strings.ToLower(name)))
	}
	return r
}

// step is a command of a guide, with what it says in the guide and how it ends.
type step struct {
	command string
	says    []string
	exit    int
}

// steps reads the blocks of a guide: ```console, or ```console exit=N where the command fails.
func steps(text string) []step {
	var all []step
	inside, exit := false, 0
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimRight(line, "\n"), "   ")
		last := len(all) - 1
		switch {
		case strings.HasPrefix(line, "```console"):
			_, number, _ := strings.Cut(line, "exit=")
			exit, _ = strconv.Atoi(number) // none: 0
			inside = true
		case line == "```":
			inside = false
		case !inside || strings.TrimSpace(line) == "" || strings.TrimSpace(line) == "...":
		case strings.HasPrefix(line, "$ "):
			all = append(all, step{command: line[2:], exit: exit})
		case last >= 0 && strings.HasSuffix(all[last].command, `\`):
			all[last].command += "\n" + strings.TrimPrefix(line, "> ")
		case last >= 0:
			all[last].says = append(all[last].says, strings.Join(strings.Fields(line), " "))
		}
	}
	return all
}

func (r *reader) follow(t *testing.T, guide string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs/guide", guide))
	if err != nil {
		t.Fatal(err)
	}
	list := steps(string(text))
	if len(list) == 0 {
		t.Fatalf("%s has no commands", guide)
	}
	for _, s := range list {
		if strings.HasPrefix(s.command, "ctlclient lab up") {
			r.lab(t, s.command)
			continue
		}
		script := "[ ! -f .env ] || . ./.env\n" + s.command + "\ncode=$?; export -p >.env; exit $code"
		out, exit := r.run(t, script)
		if exit != s.exit {
			t.Fatalf("%s: $ %s\n%s\nexit code %d, want %d", guide, s.command, out, exit, s.exit)
		}
		said := strings.Join(strings.Fields(out), " ")
		for _, want := range s.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: $ %s\n%s\ndoes not say %q", guide, s.command, out, want)
			}
		}
	}
}

func (r *reader) run(t *testing.T, script string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// lab starts the practice cluster as in a terminal of its own, and ends it after the test.
func (r *reader) lab(t *testing.T, command string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", "exec "+command)
	cmd.Dir, cmd.Env = r.dir, r.env
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ctrl+C ends it") {
			return
		}
	}
	t.Fatalf("$ %s\n%s", command, complaints.String())
}
