package provider

import (
	_ "embed" // the unit
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/template"
)

// The user that the service runs as, and its folder.
const (
	DefaultUser  = "ctlprovider"
	DefaultState = "/var/lib/ctlclient-provider"
)

//go:embed ctlclient-provider.service
var unitText string

var unitTemplate = template.Must(template.New("unit").Parse(unitText))

// UnitOptions of a systemd unit.
type UnitOptions struct {
	Binary string // path of the program
	Config string // path of the configuration; its folder is where the service keeps its own files
	Folder string // what is served
	User   string // empty: DefaultUser
}

// WriteUnit writes a systemd unit that runs the service as its own user, with
// nothing but its two folders to write to.
func WriteUnit(w io.Writer, o UnitOptions) error {
	if o.User == "" {
		o.User = DefaultUser
	}
	for _, p := range []string{o.Binary, o.Config, o.Folder} {
		// systemd has its own quoting, and expands % and $.
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, " \t\n\"'\\%$;") {
			return fmt.Errorf("%q cannot stand in a systemd unit: an absolute path of plain characters is needed", p)
		}
	}
	if strings.ContainsAny(o.User, " \t\n\"'\\%$;/") {
		return fmt.Errorf("%q is no name of a system user", o.User)
	}
	return unitTemplate.Execute(w, struct {
		UnitOptions
		State string
	}{o, filepath.Dir(o.Config)})
}
