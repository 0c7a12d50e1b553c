package main

import (
	"strings"

	"github.com/spf13/cobra"

	"ctlclient/docs/schema"
)

func newSchemaCommand(a *app) *cobra.Command {
	return withExits(&cobra.Command{
		Use: "schema [NAME]", Short: "Show the JSON Schema of what --json writes",
		Long: `Show a JSON Schema (draft 2020-12). Without NAME: which there are, with the lines that
each is for. A line of type result has the schema of its command, every other one that of
its type.`,
		Example: "  ctlclient schema\n  ctlclient schema result.cluster.status\n  ctlclient schema event",
		Args:    atMost(1),
		RunE:    func(_ *cobra.Command, args []string) error { return runSchema(a, args) },
	}, exitDone, exitUsage)
}

func runSchema(a *app, args []string) error {
	all, err := schema.All()
	if err != nil {
		return err
	}
	if len(args) == 1 {
		for _, s := range all {
			if s.Name == strings.TrimSuffix(args[0], ".json") {
				_, err := a.out.Write(s.Text)
				return err
			}
		}
		return usagef("ctlclient schema lists them", "there is no schema %q", args[0])
	}
	var names []string
	t := table{}
	for _, s := range all {
		names = append(names, s.Name)
		t.row(plain(s.Name), painted(a.word(s.About), a.outSt.dim))
	}
	if a.json {
		return a.result(map[string]any{"schemas": names})
	}
	return t.write(a.out, a.outSt)
}
