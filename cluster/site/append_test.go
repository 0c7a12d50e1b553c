package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hq = `# the head office
name = "hq"
user = "admin"

[[node]]
name = "cucm-pub"
role = "publisher"
address = "192.0.2.1" # changed last spring`

func TestAppendKeepsWhatThePersonWrote(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hq.toml")
	if err := os.WriteFile(file, []byte(hq), 0o600); err != nil {
		t.Fatal(err)
	}
	sub := Node{Name: "cucm-sub1", Role: "subscriber", Address: "192.0.2.2", Transport: "ctlp"}
	p, err := Append(file, []Node{sub})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Nodes) != 2 || p.Nodes[1].Address != "192.0.2.2" || p.Nodes[1].Port(PortCTLP) != 2444 {
		t.Errorf("nodes: %+v", p.Nodes)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), hq) {
		t.Errorf("the text before was changed:\n%s", data)
	}
	// A second node of the same name is refused, and the file stays as it was.
	if _, err := Append(file, []Node{sub}); err == nil {
		t.Error("a node was added twice")
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != string(data) {
		t.Error("a refused change was written")
	}
}
