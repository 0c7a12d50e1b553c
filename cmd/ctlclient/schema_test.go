package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ctlclient/docs/schema"
)

// schemas are those of docs/schema, made strict: a field that a schema does not name is an
// error here, though a reader must let it pass.
type schemas struct {
	all      []schema.Schema
	compiled map[string]*jsonschema.Schema
	used     map[string]bool
}

func compileSchemas() (*schemas, error) {
	all, err := schema.All()
	if err != nil {
		return nil, err
	}
	s := &schemas{all: all, compiled: map[string]*jsonschema.Schema{}, used: map[string]bool{}}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, one := range all {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(one.Text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		if err := errors.Join(tighten(one.Name, doc), c.AddResource("mem:///"+one.Name, doc)); err != nil {
			return nil, err
		}
		if s.compiled[one.Name], err = c.Compile("mem:///" + one.Name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// tighten closes every object that has named fields. One that does not say that others can come
// is an error: what a reader must expect is said on purpose.
func tighten(where string, v any) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := tighten(where, e); err != nil {
				return err
			}
		}
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			if v["additionalProperties"] != true {
				return fmt.Errorf("%s: an object does not say additionalProperties: true", where)
			}
			v["additionalProperties"] = false
		}
		for key, e := range v {
			if err := tighten(where+"."+key, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// check holds a line to the schemas that it may have.
func (s *schemas) check(command string, line []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	o, _ := v.(map[string]any)
	kind, _ := o["type"].(string)
	var errs []error
	for _, one := range schema.Of(s.all, command, kind) {
		if err := s.compiled[one.Name].Validate(v); err != nil {
			errs = append(errs, err)
			continue
		}
		s.used[one.Name] = true
		return nil
	}
	if errs == nil {
		return fmt.Errorf("no schema for type %q", kind)
	}
	return errors.Join(errs...)
}

// unseen are schemas of lines that no script brings about.
var unseen = map[string]bool{"started": true} // by a service that runs until it is stopped

// checkRecords holds every line of JSON that the program wrote in this suite to its schema.
// After a run of all tests it demands that each schema was used.
func checkRecords(dir string) error {
	s, err := compileSchemas()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "std*"))
	if err != nil {
		return err
	}
	bad := map[string]error{} // by command and type: one of a kind says enough
	for _, file := range files {
		_, rest, _ := strings.Cut(filepath.Base(file), "-")
		command := strings.ReplaceAll(rest[:max(strings.LastIndex(rest, "-"), 0)], ".", " ")
		if err := s.checkFile(command, file, bad); err != nil {
			return err
		}
	}
	if f := flag.Lookup("test.run"); f == nil || f.Value.String() == "" {
		for _, one := range s.all {
			if !s.used[one.Name] && !unseen[one.Name] {
				bad[one.Name] = errors.New("no command wrote a line of this schema: extend testdata/script/json.txtar")
			}
		}
	}
	var errs []error
	for _, where := range slices.Sorted(maps.Keys(bad)) {
		errs = append(errs, fmt.Errorf("%s: %w", where, bad[where]))
	}
	return errors.Join(errs...)
}

func (s *schemas) checkFile(command, file string, bad map[string]error) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for lines := bufio.NewReader(bytes.NewReader(data)); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil // the end, or a line that an interrupted program did not finish
		}
		var head struct{ Type string }
		if !bytes.HasPrefix(line, []byte(`{"type":`)) || json.Unmarshal(line, &head) != nil {
			continue
		}
		if err := s.check(command, line); err != nil {
			bad[command+", "+head.Type] = fmt.Errorf("%w\n%s", err, line)
		}
	}
}
