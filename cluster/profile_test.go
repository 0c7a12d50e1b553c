package cluster

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

const fingerprintA = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

const fullProfile = `name = "hq"
user = "admin"
password-source = "prompt"
version = "12.0"
fleet = "phones.csv"

[[node]]
name = "cucm-pub"
role = "publisher"
address = "10.48.47.155"
transport = "ctlp"
ctlp-port = 2444
fingerprint = "` + fingerprintA + `"

[[node]]
name = "tftp-1"
role = "tftp"
address = "tftp1.example.com"
transport = "sftp"
sftp-port = 2222
sftp-user = "ctl"
sftp-password-source = "env:TFTP1"
sftp-host-key = "` + fingerprintA + `"
path = "/var/lib/tftpboot"
tftp-port = 0
legacy = true
`

func TestProfileDefaults(t *testing.T) {
	p, err := ParseProfile([]byte(fullProfile), "")
	if err != nil {
		t.Fatal(err)
	}
	pub, alt := p.Nodes[0], p.Nodes[1]
	want := NodeProfile{Name: "cucm-pub", Role: RolePublisher, Address: "10.48.47.155", Transport: TransportCTLP,
		CTLPPort: 2444, Fingerprint: fingerprintA, SFTPPort: 22, TFTPPort: 69, HTTPPort: 6970, TVSPort: 2445,
		SSHPort: 22, SSHUser: "admin", SSHPasswordSource: "prompt"}
	if pub != want {
		t.Errorf("publisher\n got %+v\nwant %+v", pub, want)
	}
	want = NodeProfile{Name: "tftp-1", Role: RoleTFTP, Address: "tftp1.example.com", Transport: TransportSFTP,
		CTLPPort: 2444, SFTPPort: 2222, SFTPUser: "ctl", SFTPPasswordSource: "env:TFTP1", SFTPHostKey: fingerprintA,
		Path: "/var/lib/tftpboot", TFTPPort: NoPort, HTTPPort: 6970, TVSPort: NoPort, SSHPort: 22, SSHPasswordSource: "prompt", Legacy: true}
	if alt != want {
		t.Errorf("alternate TFTP server\n got %+v\nwant %+v", alt, want)
	}
	// Nothing but a name, a role and an address is needed of a CUCM node, and a
	// firewall runs none of the services.
	p, err = ParseProfile([]byte(`name = "x"
user = "u"
node = [{name="p", role="publisher", address="p"}, {name="f", role="firewall", address="::1", path="disk0:", sftp-user="a"}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Nodes[1]; f.Transport != TransportSFTP || f.TFTPPort != NoPort || f.HTTPPort != NoPort || f.TVSPort != NoPort {
		t.Errorf("firewall %+v", f)
	}
}

func TestProfileErrors(t *testing.T) {
	edit := func(old, new string) string {
		if !strings.Contains(fullProfile, old) {
			t.Fatalf("no %q in the profile", old)
		}
		return strings.Replace(fullProfile, old, new, 1)
	}
	tests := []struct {
		name, toml string
		line       int
		key, msg   string
	}{
		{"unknown key", edit("ctlp-port", "ctlp-prot"), 12, "node.ctlp-prot", `hq.toml:12: unknown key "node.ctlp-prot"`},
		{"unknown table", fullProfile + "[tokens]\nx = 1\n", 27, "tokens", "unknown key"},
		{"syntax", edit(`name = "hq"`, `name = "hq`), 1, "", "hq.toml:1"},
		{"wrong type", edit("ctlp-port = 2444", `ctlp-port = "2444"`), 12, "", "hq.toml:12"},
		{"no name", edit(`name = "hq"`, ``), 0, "name", "name"},
		{"name with a separator", edit(`name = "hq"`, `name = "../hq"`), 0, "name", "name"},
		{"no publisher", edit(`"publisher"`, `"subscriber"`), 0, "role", `role = "publisher"`},
		{"two publishers", fullProfile + "[[node]]\nname='b'\nrole='publisher'\naddress='b'\n", 0, "role", "not 2: cucm-pub, b"},
		{"twice the same node", edit(`"tftp-1"`, `"CUCM-pub"`), 0, "name", "two nodes"},
		{"role", edit(`"tftp"`, `"server"`), 0, "role", "server"},
		{"address with a port", edit(`"10.48.47.155"`, `"10.48.47.155:2444"`), 0, "address", "neither an IP"},
		{"no address", edit(`address = "10.48.47.155"`, ``), 0, "address", "address"},
		{"transport", edit(`"ctlp"`, `"scp"`), 0, "transport", "scp"},
		{"publisher over sftp", edit(`"ctlp"`, `"sftp"`), 0, "transport", "publisher"},
		{"no path", edit(`path = "/var/lib/tftpboot"`, ``), 0, "path", "path"},
		{"relative path", edit(`"/var`, `"var`), 0, "path", "root"},
		{"no sftp user", edit(`sftp-user = "ctl"`, ``), 0, "sftp-user", "sftp-user"},
		{"no user", edit(`user = "admin"`, ``), 0, "user", "user"},
		{"fingerprint", edit(fingerprintA, "SHA256:abc"), 0, "fingerprint", "43 characters"},
		{"fingerprint in hex", edit(fingerprintA, "AA:BB"), 0, "fingerprint", "43 characters"},
		{"port", edit("2444", "70000"), 0, "ctlp-port", "70000"},
		{"negative port", edit("2444", "-1"), 0, "ctlp-port", "not a port"},
		{"port needed", edit("2444", "0"), 0, "ctlp-port", "needs"},
		{"source", edit(`"env:TFTP1"`, `"hunter2"`), 0, "sftp-password-source", "password source"},
		{"version", edit(`"12.0"`, `"new"`), 0, "version", "version"},
		{"no nodes", "name='x'\nuser='u'\n", 0, "node", "[[node]]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseProfile([]byte(tt.toml), "hq.toml")
			var e *ProfileError
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if e.Line != tt.line || tt.key != "" && e.Key != tt.key || !strings.Contains(err.Error(), tt.msg) {
				t.Errorf("line %d, key %q: %v", e.Line, e.Key, err)
			}
			// What stands where a source belongs may be a password.
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
	for key, hint := range map[string]string{"ctlp_prot": `did you mean "ctlp-port"?`, "colour": "the keys of a [[node]]: name role address transport"} {
		_, err := ParseProfile([]byte(edit("ctlp-port", key)), "")
		var e *ProfileError
		if errors.As(err, &e); e == nil || !strings.HasPrefix(e.Hint(), hint) {
			t.Errorf("hint of %v: %q", err, e.Hint())
		}
	}
}

func TestProfileLookup(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("AppData", dir)
	_, err := LoadProfile("hq")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"hq"`) {
		t.Fatalf("a profile that is not there: %v", err)
	}
	p, err := ParseProfile([]byte(fullProfile), "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ctlclient", "hq.toml")
	if err := p.Save(file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("saved as %v, %v", info.Mode(), err)
	}
	got, err := LoadProfile("hq")
	if err != nil {
		t.Fatal(err)
	}
	p.File = file
	if !reflect.DeepEqual(got, p) {
		t.Errorf("saved and read\n got %+v\nwant %+v", got, p)
	}
	if byFile, err := LoadProfile(file); err != nil || !reflect.DeepEqual(byFile, got) {
		t.Errorf("by file: %+v, %v", byFile, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ctlclient", "broken.toml"), []byte("nam = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Profiles()
	if len(list) != 1 || list[0].Name != "hq" || err == nil || !strings.Contains(err.Error(), "broken.toml") {
		t.Errorf("Profiles: %v, %v", list, err)
	}
	if got := got.Resolve("phones.csv"); got != filepath.Join(dir, "ctlclient", "phones.csv") {
		t.Errorf("Resolve: %s", got)
	}
}

// A profile that is read, written and read again is the same profile.
func FuzzProfile(f *testing.F) {
	f.Add([]byte(fullProfile))
	f.Add([]byte("name='x'\nuser='u'\nnode=[{name='p',role='publisher',address='::1',tvs-port=0,ssh-user='a',known=1}]"))
	f.Add([]byte("name=\"a b\"\nuser=\"\\u00e9\\n\"\nlegacy=true\n[[node]]\nname='p'\nrole='publisher'\naddress='h.'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProfile(data, "")
		if err != nil {
			if !errors.As(err, new(*ProfileError)) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		out, err := p.Marshal()
		if err != nil {
			t.Fatalf("what parsed is not written: %v", err)
		}
		again, err := ParseProfile(out, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !reflect.DeepEqual(p, again) {
			t.Fatalf("changed:\n%+v\n%+v", p, again)
		}
	})
}
