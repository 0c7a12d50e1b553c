package site

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"ctlclient/internal/atomicfile"
	"ctlclient/message"
)

// Save writes the profile, readable by its owner alone, in one step: a new file
// beside the old one, flushed, renamed over it. Comments of a former file are not kept.
func (p *Profile) Save(file string) error {
	data, err := p.Marshal()
	if err != nil {
		return err
	}
	if err := atomicfile.MakeFolder(filepath.Dir(file)); err != nil {
		return message.Errorf("cannot save profile: %w", err)
	}
	if err := atomicfile.Write(file, data, 0o600); err != nil {
		return message.Errorf("cannot save profile: %w", err)
	}
	return nil
}

// Marshal is the profile as TOML; what it returns parses to the same profile.
func (p *Profile) Marshal() ([]byte, error) {
	c := *p
	c.Nodes = append([]Node(nil), p.Nodes...)
	c.Complete()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := encodeTable(&buf, c, "node"); err != nil {
		return nil, err
	}
	for _, n := range c.Nodes {
		buf.WriteString("\n[[node]]\n")
		if err := encodeTable(&buf, n); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// encodeTable writes the keys of one struct, without the named ones.
func encodeTable(w io.Writer, v any, without ...string) error {
	rv := reflect.ValueOf(v)
	for i := range rv.NumField() {
		tag := rv.Type().Field(i).Tag.Get("toml")
		key, opts, _ := strings.Cut(tag, ",")
		if key == "-" || slices.Contains(without, key) || (opts == "omitempty" && rv.Field(i).IsZero()) {
			continue
		}
		line, err := toml.Marshal(map[string]any{key: rv.Field(i).Interface()})
		if err != nil {
			return message.Errorf("key %s: %w", key, err)
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// keysOf are the TOML keys of a struct.
func keysOf(t reflect.Type) (keys []string) {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ","); name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

// knownKeys is the hint for an unknown key that resembles none: those of its table.
func knownKeys(key string) message.Message {
	if strings.HasPrefix(key, "node.") {
		return message.Phrase("the keys of a [[node]]: %s", strings.Join(keysOf(reflect.TypeFor[Node]()), " "))
	}
	return message.Phrase("the keys of a profile: %s", strings.Join(keysOf(reflect.TypeFor[Profile]()), " "))
}

// nearestKey suggests a key for a misspelt one: the one with the fewest letters to
// change, at most two.
func nearestKey(key string) string {
	key = strings.ReplaceAll(key[strings.LastIndex(key, ".")+1:], "_", "-")
	best, bestDist := "", 3
	for _, name := range append(keysOf(reflect.TypeFor[Profile]()), keysOf(reflect.TypeFor[Node]())...) {
		if d := editDistance(key, name); d < bestDist {
			best, bestDist = name, d
		}
	}
	return best
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// Append adds nodes at the end of a profile's file, in one step. What stands in the
// file, comments included, stays as it is; the outcome is read before it is kept.
func Append(file string, nodes []Node) (*Profile, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, message.Errorf("cannot read profile: %w", err)
	}
	buf := bytes.NewBuffer(data)
	if len(data) > 0 && !bytes.HasSuffix(data, []byte("\n")) {
		buf.WriteByte('\n')
	}
	for _, n := range nodes {
		buf.WriteString("\n[[node]]\n")
		if err := encodeTable(buf, n); err != nil {
			return nil, err
		}
	}
	p, err := Parse(buf.Bytes(), file)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(file, buf.Bytes(), 0o600); err != nil {
		return nil, message.Errorf("cannot save profile: %w", err)
	}
	return p, nil
}
