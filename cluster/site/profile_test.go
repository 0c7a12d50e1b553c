package site

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/ctlbuild/ctltest"
	"ctlclient/message"
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
	p, err := Parse([]byte(fullProfile), "")
	if err != nil {
		t.Fatal(err)
	}
	pub, alt := p.Nodes[0], p.Nodes[1]
	want := Node{Name: "cucm-pub", Role: RolePublisher, Address: "10.48.47.155", Transport: TransportCTLP,
		CTLPPort: At(2444), Fingerprint: fingerprintA, SSHUser: "admin", SSHPasswordSource: "prompt"}
	if !reflect.DeepEqual(pub, want) {
		t.Errorf("publisher\n got %+v\nwant %+v", pub, want)
	}
	wantPorts(t, pub, 2444, 8443, 22, 69, 6970, 2445, 22)
	want = Node{Name: "tftp-1", Role: RoleTFTP, Address: "tftp1.example.com", Transport: TransportSFTP,
		SFTPPort: At(2222), SFTPUser: "ctl", SFTPPasswordSource: "env:TFTP1", SFTPHostKey: fingerprintA,
		Path: "/var/lib/tftpboot", TFTPPort: NotRun(), SSHPasswordSource: "prompt", Legacy: true}
	if !reflect.DeepEqual(alt, want) {
		t.Errorf("alternate TFTP server\n got %+v\nwant %+v", alt, want)
	}
	wantPorts(t, alt, 2444, 0, 2222, 0, 6970, 0, 22)
	// Nothing but a name, a role and an address is needed of a CUCM node, and a
	// firewall runs none of the services.
	p, err = Parse([]byte(`name = "x"
user = "u"
node = [{name="p", role="publisher", address="p"}, {name="f", role="firewall", address="::1", path="disk0:", sftp-user="a"}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	if f := p.Nodes[1]; f.Transport != TransportSFTP {
		t.Errorf("firewall %+v", f)
	}
	wantPorts(t, p.Nodes[1], 2444, 0, 22, 0, 0, 0, 22)
}

// wantPorts compares a node's ports, in the order of allPorts; 0: it does not run it.
func wantPorts(t *testing.T, n Node, want ...int) {
	t.Helper()
	for i, p := range allPorts {
		if got := n.Port(p); got != want[i] {
			t.Errorf("%s of %s = %d, want %d", p, n.Name, got, want[i])
		}
	}
}

// A profile of a cluster as Cisco ships it, and one of a TFTP server alone.
func TestPublisherKinds(t *testing.T) {
	p, err := Parse([]byte(`name = "hq"
publisher = "cucm"
user = "axl"
platform-user = "administrator"
platform-password-source = "env:OS"
node = [{name="p", role="publisher", address="p"}, {name="s", role="subscriber", address="s", transport="by-hand", ssh-user="other"},
	{name="t", role="tftp", address="t", path="/t", sftp-user="a"}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Nodes[0]; n.Transport != TransportOSAdmin || n.SSHUser != "administrator" || n.SSHPasswordSource != "env:OS" {
		t.Errorf("publisher %+v", n)
	}
	if n := p.Nodes[1]; n.Transport != TransportByHand || n.SSHUser != "other" {
		t.Errorf("subscriber %+v", n)
	}
	if n := p.Nodes[2]; n.Transport != TransportSFTP || n.SSHUser != "" || p.Lead() != 0 {
		t.Errorf("alternate TFTP server %+v", n)
	}
	p, err = Parse([]byte(`name = "pbx"
publisher = "none"
node = [{name="a", role="tftp", address="192.0.2.1", path="/t", sftp-user="a", certificates=["ccm+tftp=a.pem"]}]`), "")
	if err != nil {
		t.Fatal(err)
	}
	if p.LeadNode().Name != "a" || p.Lead() != 0 || p.Nodes[0].Transport != TransportSFTP {
		t.Errorf("a TFTP server alone: %+v", p)
	}
}

func TestReadCertificates(t *testing.T) {
	dir := t.TempDir()
	der := ctltest.New(t, ctltest.Spec{Subject: "CN=asterisk"}).DER
	if err := os.WriteFile(filepath.Join(dir, "a.cer"), der, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Profile{Name: "pbx", File: filepath.Join(dir, "pbx.toml")}
	got, err := p.ReadCertificates(&Node{Name: "a", Certificates: []string{"ccm+tftp=a.cer"}})
	if err != nil || len(got) != 1 || got[0].Function != ctlbuild.CCMTFTP || !bytes.Equal(got[0].DER, der) {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range []string{"ccm+tftp=b.cer", "ccm+tftp=pbx.toml", "boss=a.cer", "ccm", "=a.cer", "ccm="} {
		var e *Error
		if _, err := p.ReadCertificates(&Node{Name: "a", Certificates: []string{c}}); !errors.As(err, &e) || e.Key != "certificates" || e.Node != "a" {
			t.Errorf("%s: %v", c, err)
		}
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
		{"kind of publisher", edit(`user =`, "publisher = \"axl\"\nuser ="), 0, "publisher", "ctlp, cucm or none"},
		{"ctlp with a CUCM publisher", edit(`user =`, "publisher = \"cucm\"\nuser ="), 0, "transport", `needs publisher = "ctlp"`},
		{"CUCM without its administrator", "name='x'\npublisher='cucm'\nuser='u'\nnode=[{name='p',role='publisher',address='p'}]", 0, "platform-user", "platform-user"},
		{"CUCM without an application user", "name='x'\npublisher='cucm'\nnode=[{name='p',role='publisher',address='p'}]", 0, "user", "application user"},
		{"administrator of nothing", edit(`user =`, "platform-user = \"x\"\nuser ="), 0, "platform-user", "ssh-user"},
		{"by hand and unseen", edit(`transport = "sftp"`, "transport = \"by-hand\"\nhttp-port = 0"), 0, "tftp-port", "compared"},
		{"certificates from two sides", fullProfile + "certificates = [\"ccm=a\"]\n", 0, "certificates", "tells them itself"},
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
			_, err := Parse([]byte(tt.toml), "hq.toml")
			var e *Error
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
		_, err := Parse([]byte(edit("ctlp-port", key)), "")
		var e *Error
		if errors.As(err, &e); e == nil || !strings.HasPrefix(message.Lines(e.Hints()).String(), hint) {
			t.Errorf("hint of %v: %q", err, message.Lines(e.Hints()).String())
		}
	}
}

func TestProfileLookup(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("AppData", dir)
	_, err := Load("hq")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `"hq"`) {
		t.Fatalf("a profile that is not there: %v", err)
	}
	p, err := Parse([]byte(fullProfile), "")
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
	got, err := Load("hq")
	if err != nil {
		t.Fatal(err)
	}
	p.File = file
	if !reflect.DeepEqual(got, p) {
		t.Errorf("saved and read\n got %+v\nwant %+v", got, p)
	}
	if byFile, err := Load(file); err != nil || !reflect.DeepEqual(byFile, got) {
		t.Errorf("by file: %+v, %v", byFile, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ctlclient", "broken.toml"), []byte("nam = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := All()
	if len(list) != 1 || list[0].Name != "hq" || err == nil || !strings.Contains(err.Error(), "broken.toml") {
		t.Errorf("All: %v, %v", list, err)
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
		p, err := Parse(data, "")
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		out, err := p.Marshal()
		if err != nil {
			t.Fatalf("what parsed is not written: %v", err)
		}
		again, err := Parse(out, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !reflect.DeepEqual(p, again) {
			t.Fatalf("changed:\n%+v\n%+v", p, again)
		}
	})
}
