package ctlp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// page is docs/ctlp.md.
func page(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../docs/ctlp.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// section is the text below a heading, up to the next one.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/ctlp.md has no section %s", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// table reads the rows of the first table whose first cell is a number.
func table(t *testing.T, text string) map[int][]string {
	t.Helper()
	rows := map[int][]string{}
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimSuffix(strings.TrimSpace(line), "|"), "|")
		cells := strings.Split(line, "|")
		n, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil || !ok {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows[n] = cells[1:]
	}
	return rows
}

// The page's tables have every tag, message and status, and no other.
func TestPageTables(t *testing.T) {
	p := page(t)
	compare := func(what string, rows map[int][]string, want map[int]string) {
		t.Helper()
		for n, name := range want {
			if len(rows[n]) == 0 || rows[n][0] != name {
				t.Errorf("%s %d is %q in docs/ctlp.md, want %q", what, n, rows[n], name)
			}
		}
		for n := range rows {
			if _, ok := want[n]; !ok {
				t.Errorf("%s %d is in docs/ctlp.md and nowhere else", what, n)
			}
		}
	}
	want := map[int]string{}
	for tag, name := range tagNames {
		want[int(tag)] = name
	}
	compare("element", table(t, section(t, p, "2. Elements")), want)
	want = map[int]string{}
	for typ, name := range typeNames {
		want[int(typ)] = name
	}
	requests := table(t, section(t, p, "3. Requests"))
	compare("request", requests, want)
	want = map[int]string{}
	for status, text := range statusTexts {
		want[status] = text.Error()
	}
	compare("status", table(t, section(t, p, "4. Status")), want)

	// What a request and its response carry is what the examples carry.
	for _, e := range exchanges(t, "/var/lib/tftp/CTLFile.tlv", StageID{}) {
		row := requests[int(e.request[2])]
		for i, message := range [][]byte{e.request, e.response} {
			es, err := parse(message[12:])
			if err != nil {
				t.Fatal(err)
			}
			var carries []string
			for _, el := range es.list {
				name := tag(el.Tag).String()
				if tag(el.Tag) != tagStatus && (len(carries) == 0 || carries[len(carries)-1] != name) {
					carries = append(carries, name)
				}
			}
			named := regexp.MustCompile(`[A-Z][A-Z0-9_]+`).FindAllString(row[1+i], -1)
			if strings.Join(carries, " ") != strings.Join(named, " ") {
				t.Errorf("%s carries %v, docs/ctlp.md says %v", e.name, carries, named)
			}
		}
	}
	for _, number := range []any{limitBeforeLogin, limitAfterLogin, maxName, format.Protocol} {
		if !strings.Contains(p, fmt.Sprintf("%d", number)) {
			t.Errorf("docs/ctlp.md does not have the number %d", number)
		}
	}
}

// example is a fenced block: "```ctlp NAME request".
var example = regexp.MustCompile("(?ms)^```ctlp ([A-Z_]+) (request|response)\n(.*?)^```$")

// literal is what an example line is made of: hexadecimal, or text.
var literal = regexp.MustCompile(`"([^"]*)"|([0-9a-f]{2,})|(\S+)`)

func exampleBytes(t *testing.T, text string) (out []byte) {
	t.Helper()
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, ";")
		for _, m := range literal.FindAllStringSubmatch(line, -1) {
			b, err := hex.DecodeString(m[2])
			if err != nil || m[3] != "" {
				t.Fatalf("docs/ctlp.md: %q is neither bytes nor text", m[0])
			}
			out = append(append(out, m[1]...), b...)
		}
	}
	return out
}

// Every example on the page is, byte for byte, a message that client and server are
// tested with.
func TestPageExamples(t *testing.T) {
	found := map[string][]byte{}
	for _, m := range example.FindAllStringSubmatch(page(t), -1) {
		found[m[1]+" "+m[2]] = exampleBytes(t, m[3])
	}
	all := exchanges(t, "/var/lib/tftp/CTLFile.tlv", StageID{1, 2, 3})
	for _, e := range all {
		for what, want := range map[string][]byte{"request": e.request, "response": e.response} {
			if got := found[e.name+" "+what]; !bytes.Equal(got, want) {
				t.Errorf("docs/ctlp.md has for the %s of %s\n%x, want\n%x", what, e.name, got, want)
			}
		}
	}
	if len(found) != 2*len(all) {
		t.Errorf("docs/ctlp.md has %d examples, want %d", len(found), 2*len(all))
	}
}
