package provider

import (
	_ "embed" // the unit
	"io"
	"path/filepath"
	"slices"
	"strings"

	"ctlclient/message"
)

// The user that the service runs as, and its folder.
const (
	DefaultUser  = "ctlprovider"
	DefaultState = "/var/lib/ctlclient-provider"
)

//go:embed ctlclient-provider.service
var unitText string

// UnitOptions of a systemd unit.
type UnitOptions struct {
	Binary string // path of the program
	Config string // path of the configuration; its folder is where the service keeps its own files
	Folder string // what is served
	User   string // empty: DefaultUser
	// Also are further folders that the service writes to.
	Also []string
}

// Unit describes the unit of a configuration: it may write where the configuration
// keeps files, and nowhere else.
func (c Config) Unit(binary, user string) UnitOptions {
	o := UnitOptions{Binary: binary, Config: c.File, Folder: c.Folder, User: user}
	for _, file := range []string{c.AuditLog, c.ModeFile, c.Certificate, c.Key} {
		dir := filepath.Dir(file)
		if file == "-" || dir == c.Folder || dir == filepath.Dir(c.File) || slices.Contains(o.Also, dir) {
			continue
		}
		o.Also = append(o.Also, dir)
	}
	return o
}

// WriteUnit writes a systemd unit that runs the service as its own user, with
// nothing but its own folders to write to.
func WriteUnit(w io.Writer, o UnitOptions) error {
	if o.User == "" {
		o.User = DefaultUser
	}
	for _, p := range append([]string{o.Binary, o.Config, o.Folder}, o.Also...) {
		// systemd has its own quoting, and expands % and $.
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, " \t\n\"'\\%$;") {
			return message.Errorf("%q cannot stand in a systemd unit: an absolute path of plain characters is needed", p)
		}
	}
	if strings.ContainsAny(o.User, " \t\n\"'\\%$;/") {
		return message.Errorf("%q is no name of a system user", o.User)
	}
	state := filepath.Dir(o.Config)
	_, err := strings.NewReplacer(
		"{{.Folder}}", o.Folder, "{{.Binary}}", o.Binary, "{{.Config}}", o.Config, "{{.User}}", o.User,
		"{{.State}}", state, "{{.Writable}}", strings.Join(append([]string{o.Folder, state}, o.Also...), " "),
	).WriteString(w, unitText)
	return err
}
