package provider

import (
	"bytes"
	_ "embed" // the example
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"ctlclient/ctlbuild"
	"ctlclient/internal/textfile"
	"ctlclient/message"
	"ctlclient/protocol/ctlp"
)

// ExampleConfig is a configuration with every key, explained.
//
//go:embed provider.toml
var ExampleConfig string

// maxConfig bounds a configuration file.
const maxConfig = 1 << 20

// Config of the service, TOML. Relative paths start at the configuration's folder.
type Config struct {
	Listen         string   `toml:"listen"`          // host:port; default :2444
	Folder         string   `toml:"folder"`          // what TFTP serves; required
	Users          string   `toml:"users"`           // default users
	Certificate    string   `toml:"certificate"`     // PEM; default provider-cert.pem
	Key            string   `toml:"key"`             // PEM; default provider-key.pem
	AuditLog       string   `toml:"audit-log"`       // default "-": standard error
	AnySigner      bool     `toml:"any-signer"`      // take lists whose signer the former list does not trust
	Legacy         bool     `toml:"legacy"`          // also TLS 1.0 and 1.1
	MaxConnections int      `toml:"max-connections"` // default 2048
	MaxStrangers   int      `toml:"max-strangers"`   // of one address before a login; default 32
	IdleTimeout    duration `toml:"idle-timeout"`    // default 60s

	// A node that is the publisher tells its clients of the cluster; without
	// nodes it does not.
	ModeFile string `toml:"mode-file"` // where the security mode is kept; default mode
	Nodes    []Node `toml:"node"`

	File string `toml:"-"` // where it was read
}

// Node of the cluster as the publisher describes it.
type Node struct {
	Name        string       `toml:"name"`
	Address     string       `toml:"address"`
	Role        string       `toml:"role"`     // publisher | subscriber
	Services    []string     `toml:"services"` // callmanager tftp capf ctl-provider tvs
	Credentials []Credential `toml:"credential"`
}

// Credential is a certificate of a node that belongs into the CTL.
type Credential struct {
	Function    string `toml:"function"`    // ccm+tftp, capf...
	Certificate string `toml:"certificate"` // PEM or DER
}

// duration is written as "60s".
type duration struct{ time.Duration }

// UnmarshalText reads "60s".
func (d *duration) UnmarshalText(b []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(b))
	return err
}

var services = map[string]ctlp.Service{
	"callmanager":  ctlp.CallManager,
	"tftp":         ctlp.TFTP,
	"capf":         ctlp.CAPF,
	"ctl-provider": ctlp.CTLProvider,
	"tvs":          ctlp.TVS,
}

// ConfigError is a configuration that cannot be used, with file and, where it is
// known, line and key.
type ConfigError struct {
	File string
	Line int
	Key  string
	Why  error
}

// Error is Said in English.
func (e *ConfigError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *ConfigError) Said() error {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	if e.Key != "" {
		return fmt.Errorf("%s: %s: %w", where, e.Key, e.Why)
	}
	return fmt.Errorf("%s: %w", where, e.Why)
}

func (e *ConfigError) Unwrap() error { return e.Why }

// LoadConfig reads a configuration and fills in what it leaves out. An error of
// its content is a *ConfigError.
func LoadConfig(file string) (Config, error) {
	f, err := os.Open(file)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, err
	}
	if len(data) > maxConfig {
		return Config{}, &ConfigError{File: file, Why: message.Errorf("longer than %d bytes", maxConfig)}
	}
	return parseConfig(data, file)
}

func parseConfig(data []byte, file string) (Config, error) {
	c := Config{
		Listen:         ":2444",
		Users:          "users",
		Certificate:    "provider-cert.pem",
		Key:            "provider-key.pem",
		AuditLog:       "-",
		MaxConnections: ctlp.DefaultMaxConns,
		MaxStrangers:   ctlp.DefaultMaxStrangers,
		IdleTimeout:    duration{ctlp.DefaultIdleTimeout},
		ModeFile:       "mode",
		File:           file,
	}
	data, err := textfile.UTF8(data)
	if err != nil {
		return Config{}, &ConfigError{File: file, Why: err}
	}
	if line := textfile.WindowsPath(data); line > 0 {
		return Config{}, &ConfigError{File: file, Line: line, Why: message.Errorf("a Windows path stands between double quotes; %s", textfile.PathHint)}
	}
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, tomlError(err, file)
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	dir := filepath.Dir(file)
	for _, p := range []*string{&c.Folder, &c.Users, &c.Certificate, &c.Key, &c.AuditLog, &c.ModeFile} {
		*p = resolve(dir, *p)
	}
	for i := range c.Nodes {
		for j := range c.Nodes[i].Credentials {
			p := &c.Nodes[i].Credentials[j].Certificate
			*p = resolve(dir, *p)
		}
	}
	return c, nil
}

func resolve(dir, p string) string {
	if p == "-" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(dir, p)
}

func tomlError(err error, file string) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		line, _ := strict.Errors[0].Position()
		return &ConfigError{File: file, Line: line, Key: strings.Join(strict.Errors[0].Key(), "."), Why: message.NewError("unknown key")}
	}
	var dec *toml.DecodeError
	if errors.As(err, &dec) {
		line, _ := dec.Position()
		return &ConfigError{File: file, Line: line, Key: strings.Join(dec.Key(), "."), Why: textfile.TOMLWords(dec.Error())}
	}
	return &ConfigError{File: file, Why: textfile.TOMLWords(err.Error())}
}

func (c *Config) check() error {
	bad := func(key string, why error) error {
		return &ConfigError{File: c.File, Key: key, Why: why}
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return bad("listen", message.Errorf("%q is not host:port", c.Listen))
	}
	for _, p := range []struct{ key, value string }{
		{"folder", c.Folder}, {"users", c.Users}, {"certificate", c.Certificate}, {"key", c.Key},
		{"audit-log", c.AuditLog}, {"mode-file", c.ModeFile},
	} {
		if p.value == "" {
			return bad(p.key, message.NewError("missing"))
		}
	}
	if c.MaxConnections < 1 || c.MaxConnections > 4096 {
		return bad("max-connections", message.Errorf("%d is not 1 to 4096", c.MaxConnections))
	}
	if c.MaxStrangers < 1 || c.MaxStrangers > 4096 {
		return bad("max-strangers", message.Errorf("%d is not 1 to 4096", c.MaxStrangers))
	}
	if c.IdleTimeout.Duration < time.Second || c.IdleTimeout.Duration > time.Hour {
		return bad("idle-timeout", message.Errorf("%v is not 1s to 1h", c.IdleTimeout.Duration))
	}
	publishers := 0
	for _, n := range c.Nodes {
		if n.Name == "" {
			return bad("node.name", message.NewError("missing"))
		}
		if _, err := netip.ParseAddr(n.Address); err != nil {
			return bad("node.address", message.Errorf("%q of %s is not an IP address", n.Address, n.Name))
		}
		switch n.Role {
		case "publisher":
			publishers++
		case "subscriber":
		default:
			return bad("node.role", message.Errorf("%q of %s is neither publisher nor subscriber", n.Role, n.Name))
		}
		for _, s := range n.Services {
			if _, ok := services[s]; !ok {
				return bad("node.services", message.Errorf("%q of %s is none of callmanager, tftp, capf, ctl-provider, tvs", s, n.Name))
			}
		}
		for _, cr := range n.Credentials {
			if _, err := ctlbuild.ParseFunction(cr.Function); err != nil {
				return bad("node.credential.function", message.Errorf("%q of %s: %v", cr.Function, n.Name, err))
			}
			if cr.Certificate == "" {
				return bad("node.credential.certificate", message.Errorf("missing at %s", n.Name))
			}
		}
	}
	if len(c.Nodes) > 0 && publishers != 1 {
		return bad("node", message.Errorf("%d publishers, a cluster has one", publishers))
	}
	return nil
}
