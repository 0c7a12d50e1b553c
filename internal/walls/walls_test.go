// Package walls holds the rules of the tree: the walls between the rooms, who may import whom;
// how large files and functions can be; that what is cited is there; that decoders are fuzzed.
package walls

import (
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"testing"
)

const module = "ctlclient/"

// room says what the product code of one folder may import of ours, besides message,
// which is under everything as lazyregexp and textfile are, and what it may not import at all. Test files
// are free: they stand outside the house.
type room struct {
	ours   []string // folders of ours; a folder stands for what is below it too
	never  []string // import paths, exact, or ending in / for all below
	reason string
}

// roomOf finds the room of a folder: the one with the longest name that the folder has or
// lies in. A name that ends in a slash is that of the folders below alone.
func roomOf(dir string) (room, bool) {
	best, found := "", false
	for name := range rooms {
		in := dir == name || strings.HasPrefix(dir, strings.TrimSuffix(name, "/")+"/")
		if in && len(name) > len(best) {
			best, found = name, true
		}
	}
	return rooms[best], found
}

var (
	network = []string{"net", "net/", "crypto/tls", "golang.org/x/crypto/ssh", "golang.org/x/crypto/ssh/"}
	disk    = []string{"os", "path/filepath", "io/ioutil"}
)

var rooms = map[string]room{
	"certificate":    {ours: []string{"certificate"}, never: append(network, disk...), reason: "a certificate is bytes in; it knows neither lists nor tokens"},
	"ctlbuild":       {ours: []string{"ctlbuild", "certificate"}, never: append(network, disk...), reason: "the trust list is bytes in, bytes out: no network, no files"},
	"token":          {ours: []string{"token", "internal/atomicfile", "internal/secret", "certificate"}, never: network, reason: "PKCS#11 knows no trust lists and no network"},
	"softhsm":        {ours: []string{"softhsm", "internal/atomicfile", "certificate", "token"}, never: network, reason: "practice tokens stand beside the product"},
	"protocol":       {ours: []string{"protocol", "internal/atomicfile"}, reason: "the wire makes no decisions"},
	"message":        {ours: []string{"message"}, never: append(network, disk...), reason: "words stand under everything, and know nothing of it"},
	"trust":          {ours: []string{"trust", "certificate", "ctlbuild"}, never: append(network, disk...), reason: "a verdict asks through an interface, so that it can be given without a network"},
	"provider":       {ours: []string{"provider", "internal/atomicfile", "certificate", "ctlbuild", "protocol", "trust"}, reason: "the node's side stands on the ground floor"},
	"cluster":        {ours: []string{"cluster", "internal/atomicfile", "internal/secret", "certificate", "ctlbuild", "token", "trust"}, reason: "no screens, no jobs, no protocol words"},
	"cluster/reach/": {ours: []string{"cluster/reach", "cluster/meet", "cluster/site", "internal/atomicfile", "certificate", "ctlbuild", "protocol", "trust"}, reason: "a way to a cluster translates a protocol into the house's words, and decides nothing"},
	"workflow":       {ours: []string{"workflow", "internal/atomicfile", "certificate", "cluster", "ctlbuild", "token", "trust"}, reason: "no widgets, no flags, no practice cluster"},
	"catalogue":      {ours: []string{"catalogue", "message"}, reason: "words in other languages, and nothing else"},
	"gui":            {ours: []string{"gui", "source", "internal/atomicfile", "certificate", "workflow", "cluster", "ctlbuild", "token", "trust", "catalogue", "message"}, reason: "a screen holds nothing that a headless user would also need"},
	"source":         {ours: []string{"source", "ctlbuild", "protocol"}, reason: "a file that a person names is bytes; what they mean is told elsewhere"},
	"lab":            {ours: []string{"lab", "cluster/site", "internal/atomicfile", "certificate", "ctlbuild", "protocol", "trust", "softhsm", "token"}, reason: "the practice cluster speaks the real protocols, not the product's own jobs"},
	"cmd":            {ours: []string{""}, never: []string{module + "protocol/"}, reason: "the top, and no protocol: what is asked of a server is asked through cluster/reach"},
	"docs":           {reason: "what users and auditors read; docs/schema is only embedded"},
	"internal":       {ours: []string{"internal"}, reason: "checks"},
	"interop":        {ours: []string{"interop"}, reason: "checks"},
}

// only lists libraries that belong to some rooms.
var only = []struct {
	library string
	rooms   []string
	reason  string
}{
	{"fyne.io/", []string{"gui"}, "only gui knows the toolkit, so that everything else runs on a bare server"},
	{"github.com/miekg/pkcs11", []string{"token", "softhsm"}, "only token talks to PKCS#11 modules"},
	{"github.com/ThalesIgnite/crypto11", []string{"token", "softhsm"}, "only token talks to PKCS#11 modules"},
	{"github.com/spf13/cobra", []string{"cmd"}, "flags belong to the command line"},
}

// forbidden leaves out what is called net but reaches nothing.
func forbidden(path string, never []string) bool {
	if path == "net/netip" || path == "net/url" {
		return false
	}
	for _, n := range never {
		if path == n || strings.HasSuffix(n, "/") && strings.HasPrefix(path, n) {
			return true
		}
	}
	return false
}

func within(path string, folders []string) bool {
	for _, f := range folders {
		if f == "" || path == f || strings.HasPrefix(path, f+"/") {
			return true
		}
	}
	return false
}

func TestWalls(t *testing.T) {
	seen := 0
	eachFile(t, func(rel string, data []byte) {
		if strings.HasSuffix(rel, "_test.go") {
			return
		}
		seen++
		name, _, _ := strings.Cut(rel, "/")
		r, ok := roomOf(path.Dir(rel))
		if !ok {
			t.Errorf("%s: the room %q is not in the plan; give it a floor in this test", rel, name)
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), rel, data, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Error(err)
				continue
			}
			if ours, ok := strings.CutPrefix(imported, module); ok && ours != "message" && ours != "internal/lazyregexp" && ours != "internal/services" && ours != "internal/textfile" && !within(ours, r.ours) {
				t.Errorf("%s imports %s: %s", rel, imported, r.reason)
			}
			if forbidden(imported, r.never) {
				t.Errorf("%s imports %s: %s", rel, imported, r.reason)
			}
			for _, o := range only {
				if strings.HasPrefix(imported, o.library) && !within(name, o.rooms) {
					t.Errorf("%s imports %s: %s", rel, imported, o.reason)
				}
			}
		}
	}, ".go")
	if seen < 10 {
		t.Fatalf("only %d files seen: is this still the root of the project?", seen)
	}
}
