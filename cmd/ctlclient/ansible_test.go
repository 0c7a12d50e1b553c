//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The playbook of docs/automation.md runs as it is written.
func TestAnsible(t *testing.T) {
	needSoftHSM(t)
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	text, err := os.ReadFile("../../docs/automation.md")
	if err != nil {
		t.Fatal(err)
	}
	_, playbook, _ := strings.Cut(string(text), "```yaml\n")
	playbook, _, found := strings.Cut(playbook, "```")
	if !found {
		t.Fatal("no playbook")
	}
	r := newReader(t)
	r.env = append(r.env, "ANSIBLE_LOCALHOST_WARNING=false", "ANSIBLE_NOCOLOR=1")
	if err := os.WriteFile(filepath.Join(r.dir, "playbook.yml"), []byte(playbook), 0o600); err != nil {
		t.Fatal(err)
	}
	r.lab(t, "ctlclient lab up --dir config/ctlclient")
	if out, code := r.run(t, "cp config/ctlclient/lab.toml config/ctlclient/hq.toml && ansible-playbook playbook.yml"); code != 0 || !strings.Contains(out, "failed=0") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// A node that serves another file is an assertion that fails.
	out, code := r.run(t, "printf x >> $(find config/ctlclient -name CTLFile.tlv | grep -v phones | head -1) && ansible-playbook playbook.yml")
	if code == 0 || !strings.Contains(out, "failed=1") {
		t.Errorf("nodes that differ: exit code %d\n%s", code, out)
	}
}
