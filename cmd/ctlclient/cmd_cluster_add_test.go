package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be a cluster is refused before a server is asked, by the name of the flag.
func TestClusterAddRefusesBeforehand(t *testing.T) {
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	err := os.MkdirAll(filepath.Join(config, "ctlclient"), 0o700)
	if err = errors.Join(err, os.WriteFile(filepath.Join(config, "ctlclient", "taken.toml"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says, hints string }{
		{"hq --address 192.0.2.1:8443", `"192.0.2.1:8443" is not a host name or an IP address alone`, "leave out the port"},
		{"hq --address [2001:db8::1]:8443", `"[2001:db8::1]:8443" is not`, "leave out the port"},
		{"https://192.0.2.1/ccmadmin", `"https://192.0.2.1/ccmadmin" is not`, "https://"},
		{"hq --address 192.0.2.1 --https-port 99999", "99999 is not a port", "--https-port 8443"},
		{"hq --address [2001:db8::1] --tftp-port -1", "-1 is not a port", "--tftp-port 69"},
		{"hq --address cucm_pub! ", `"cucm_pub!" is neither`, "--address"},
		{"hq --address 192.0.2.1 --version 99x", `"99x"`, "--version 12.0"},
		{"hq --address 192.0.2.1 --publisher cumc", `"cumc" is not ctlp, cucm or none`, "--publisher cucm"},
		{"hq --address 192.0.2.1 --publisher cucm", "needs `platform-user`", "--platform-user administrator"},
		{"taken --address 192.0.2.1", "taken.toml exists already", "ctlclient --profile taken cluster add --missing"},
		{"hq --address 192.0.2.1 --publisher none", "needs `path`", "--path /srv/tftp"},
	} {
		var out bytes.Buffer
		code := run(append([]string{"--state-dir", t.TempDir(), "cluster", "add"}, strings.Fields(c.args)...), nil, &out, &out)
		if code != exitUsage || !strings.Contains(out.String(), c.says) || !strings.Contains(out.String(), "hint: ") || !strings.Contains(out.String(), c.hints) {
			t.Errorf("cluster add %s: exit %d:\n%s\nwant %q and the hint %q", c.args, code, out.String(), c.says, c.hints)
		}
	}
}
