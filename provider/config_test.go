package provider

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestConfigDefaults(t *testing.T) {
	c, err := parseConfig([]byte(`folder = "/srv/tftp"`), "/etc/x/provider.toml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":2444" || c.Folder != "/srv/tftp" || c.Users != "/etc/x/users" || c.Key != "/etc/x/provider-key.pem" ||
		c.AuditLog != "-" || c.AnySigner || c.Legacy || c.MaxConnections != 2048 || c.MaxStrangers != 32 || c.IdleTimeout.Duration != time.Minute {
		t.Errorf("%+v", c)
	}
}

// The example says what the program does without it, and has every key.
func TestExampleConfig(t *testing.T) {
	c, err := parseConfig([]byte(ExampleConfig), "provider.toml")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := parseConfig([]byte(`folder = "/var/lib/tftpboot"`), "provider.toml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != plain.Listen || c.Users != plain.Users || c.AnySigner != plain.AnySigner ||
		c.MaxConnections != plain.MaxConnections || c.MaxStrangers != plain.MaxStrangers || c.IdleTimeout != plain.IdleTimeout || c.AuditLog != plain.AuditLog {
		t.Errorf("the example is %+v, without it it is %+v", c, plain)
	}
	// What is commented out is right as well.
	_, nodes, _ := strings.Cut(ExampleConfig, "# mode-file")
	nodes = "folder = \"x\"\nmode-file" + strings.ReplaceAll(nodes, "\n# ", "\n")
	nodes = strings.ReplaceAll(nodes, "\n#\n", "\n")
	nodes = strings.ReplaceAll(nodes, "\n#   ", "\n")
	if c, err := parseConfig([]byte(nodes), "provider.toml"); err != nil || len(c.Nodes) != 1 || len(c.Nodes[0].Credentials) != 1 {
		t.Errorf("%+v, %v in\n%s", c.Nodes, err, nodes)
	}
}

func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		"folder = \"x\"\n\nfoldr = \"y\"":                "p.toml:3: foldr: unknown key",
		"folder = \"x\"\n[[node]]\nnme = \"a\"":          "p.toml:3: node.nme: unknown key",
		"folder = 1":                                     "p.toml:1: folder:",
		"folder = \"":                                    "p.toml:1:",
		"":                                               "p.toml: folder: missing",
		"folder = \"x\"\nlisten = \"2444\"":              "p.toml: listen:",
		"folder = \"x\"\nkey = \"\"":                     "p.toml: key: missing",
		"folder = \"x\"\nmax-connections = 0":            "p.toml: max-connections:",
		"folder = \"x\"\nmax-strangers = 0":              "p.toml: max-strangers:",
		"folder = \"x\"\nidle-timeout = \"1ms\"":         "p.toml: idle-timeout:",
		"folder = \"x\"\nidle-timeout = \"soon\"":        "p.toml:2:",
		"folder = \"x\"\n[[node]]\nrole = \"publisher\"": "p.toml: node.name: missing",
		"folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"b\"\nrole = \"publisher\"":                                                                  "p.toml: node.address:",
		"folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"::1\"\nrole = \"boss\"":                                                                     "p.toml: node.role:",
		"folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"::1\"\nrole = \"subscriber\"":                                                               "p.toml: node: 0 publishers",
		"folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"::1\"\nrole = \"publisher\"\nservices = [\"dns\"]":                                          "p.toml: node.services:",
		"folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"::1\"\nrole = \"publisher\"\n[[node.credential]]\nfunction = \"king\"\ncertificate = \"x\"": "p.toml: node.credential.function:",
	} {
		c, err := parseConfig([]byte(text), "p.toml")
		var ce *ConfigError
		if !errors.As(err, &ce) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %s", text, c, err, want)
		}
	}
}

// A configuration that is read has a meaning or an error, never a panic; what is
// accepted is within its bounds.
func FuzzConfig(f *testing.F) {
	f.Add(ExampleConfig)
	f.Add("folder = \"x\"\n[[node]]\nname = \"a\"\naddress = \"::1\"\nrole = \"publisher\"")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConfig([]byte(text), "p.toml")
		if err != nil {
			var ce *ConfigError
			if !errors.As(err, &ce) {
				t.Errorf("error %v", err)
			}
			return
		}
		if c.Folder == "" || c.MaxConnections < 1 || c.MaxConnections > 4096 || c.IdleTimeout.Duration < time.Second {
			t.Errorf("%+v", c)
		}
	})
}

// systemd reads the unit without a complaint, and calls it well confined.
func TestUnit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("systemd is Linux's")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "ctlclient")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(dir, "ctlclient-provider.service")
	var b strings.Builder
	o := UnitOptions{Binary: binary, Config: DefaultState + "/provider.toml", Folder: "/var/lib/tftpboot", User: "daemon"}
	if err := WriteUnit(&b, o); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "ReadWritePaths=/var/lib/tftpboot /var/lib/ctlclient-provider\n") {
		t.Errorf("%s", b.String())
	}
	if err := os.WriteFile(unit, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "" {
			t.Fatal("systemd-analyze is not installed")
		}
		t.Skip("systemd-analyze is not installed")
	}
	// 0 is confined wholly, 10 not at all; 2.0 is what systemd calls OK.
	for _, args := range [][]string{{"verify", unit}, {"security", "--offline=yes", "--threshold=20", unit}} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil || strings.Contains(string(out), unit+":") {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
	o.Folder = "/srv/my folder"
	if err := WriteUnit(&b, o); err == nil {
		t.Error("a path with a blank went into the unit")
	}
}
