package cluster

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"ctlclient/internal/atomicfile"
)

// Save writes the profile, readable by its owner alone, in one step: a new file
// beside the old one, flushed, renamed over it. Ports that are the defaults of the
// node's role are left out. Comments of a former file are not kept.
func (p *Profile) Save(file string) error {
	data, err := p.Marshal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("cannot save profile: %w", err)
	}
	if err := writeFileAtomic(file, data); err != nil {
		return fmt.Errorf("cannot save profile: %w", err)
	}
	return nil
}

// Marshal is the profile as TOML; what it returns parses to the same profile.
func (p *Profile) Marshal() ([]byte, error) {
	c := *p
	c.Nodes = append([]NodeProfile(nil), p.Nodes...)
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	off := make([][]string, len(c.Nodes)) // keys of services that a node does not run
	for i := range c.Nodes {
		n := &c.Nodes[i]
		for _, port := range n.ports() {
			switch *port.value {
			case n.defaultPort(port.key):
				*port.value = 0
			case NoPort:
				off[i] = append(off[i], port.key)
				*port.value = 0
			}
		}
	}
	// omitempty leaves a port of 0 out of what the encoder writes; a node that does
	// not run a service gets its "key = 0" after its table's first line.
	var buf bytes.Buffer
	head := c
	head.Nodes = nil
	if err := encodeTable(&buf, head, "node"); err != nil {
		return nil, err
	}
	for i, n := range c.Nodes {
		buf.WriteString("\n[[node]]\n")
		if err := encodeTable(&buf, n); err != nil {
			return nil, err
		}
		for _, key := range off[i] {
			fmt.Fprintf(&buf, "%s = 0\n", key)
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
			return fmt.Errorf("key %s: %w", key, err)
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
func knownKeys(key string) string {
	if strings.HasPrefix(key, "node.") {
		return "the keys of a [[node]]: " + strings.Join(keysOf(reflect.TypeFor[NodeProfile]()), " ")
	}
	return "the keys of a profile: " + strings.Join(keysOf(reflect.TypeFor[Profile]()), " ")
}

// nearestKey suggests a key for a misspelt one: the one with the fewest letters to
// change, at most two.
func nearestKey(key string) string {
	key = strings.ReplaceAll(key[strings.LastIndex(key, ".")+1:], "_", "-")
	best, bestDist := "", 3
	for _, name := range append(keysOf(reflect.TypeFor[Profile]()), keysOf(reflect.TypeFor[NodeProfile]())...) {
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

// writeFileAtomic replaces file by rename; the new one is 0600 and on disk before.
func writeFileAtomic(file string, data []byte) error {
	return atomicfile.Write(file, data, 0o600)
}

// readBounded reads all of r, an error past limit bytes.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}

// AppendNodes adds nodes at the end of a profile's file, in one step. What stands in the
// file, comments included, stays as it is; the outcome is read before it is kept.
func AppendNodes(file string, nodes []NodeProfile) (*Profile, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read profile: %w", err)
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
	p, err := ParseProfile(buf.Bytes(), file)
	if err != nil {
		return nil, err
	}
	if err := writeFileAtomic(file, buf.Bytes()); err != nil {
		return nil, fmt.Errorf("cannot save profile: %w", err)
	}
	return p, nil
}
