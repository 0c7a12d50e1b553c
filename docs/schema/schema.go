// Package schema has a JSON Schema (draft 2020-12) for every line that ctlclient writes with
// --json. A line of type result has the schema of its command, every other one the schema of
// its type. Each schema names under "x-commands" the commands that write such lines, and stands
// on its own.
package schema

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Schema is one of the schemas.
type Schema struct {
	Name     string   // of its file, without .json
	Types    []string // values of type
	Commands []string // that write such lines, without the program's name; empty: any
	About    string   // a sentence
	Text     []byte   // the schema itself
}

// All lists the schemas by name. What is embedded can be read; an error is a fault of the build.
func All() ([]Schema, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []Schema
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		var head struct {
			Description string
			Commands    []string `json:"x-commands"`
			Properties  struct {
				Type struct {
					Const string
					Enum  []string
				}
			}
		}
		if err := json.Unmarshal(text, &head); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		s := Schema{Name: strings.TrimSuffix(e.Name(), ".json"), Types: head.Properties.Type.Enum, Commands: head.Commands, About: head.Description, Text: text}
		if t := head.Properties.Type.Const; t != "" {
			s.Types = []string{t}
		}
		all = append(all, s)
	}
	return all, nil
}

// Of lists the schemas that a line of a type may have, written by a command: more than one
// where a command writes results of several kinds, or a word means several things.
func Of(all []Schema, command, kind string) []Schema {
	return slices.DeleteFunc(slices.Clone(all), func(s Schema) bool {
		return !slices.Contains(s.Types, kind) || len(s.Commands) > 0 && !slices.Contains(s.Commands, command)
	})
}
