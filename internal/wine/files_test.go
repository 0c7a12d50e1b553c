//go:build linux

package wine

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ctlclient/ctlbuild/ctltest"
	"ctlclient/lab"
)

// A session with files, in a folder whose name no code page holds.
func TestFiles(t *testing.T) {
	need(t)
	dir := folder(t)
	cluster := ctltest.NewCluster(t, 2048)
	good := cluster.ETokens(t).Bytes()
	bad := append([]byte(nil), good...)
	bad[len(bad)-1] ^= 1
	for name, data := range map[string][]byte{"CTLFile.tlv": good, "veränderte 電.tlv": bad, "tokenless.tlv": cluster.Tokenless(t).Bytes(),
		"utf16.toml": append([]byte{0xff, 0xfe}, wide("name = \"a\"\npath = \"C:\\temp\"\n")...)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := windows(filepath.Join(dir, "CTLFile.tlv"))
	ctlclient(t, dir, 0, "windows/amd64", "version")
	ctlclient(t, dir, 0, "SAST-ADN0054f509", "file", "show", file)
	ctlclient(t, dir, 0, `"verified":true`, "--json", "file", "verify", file)
	ctlclient(t, dir, 1, `"verified":false`, "--json", "file", "verify", "veränderte 電.tlv")
	ctlclient(t, dir, 1, `"identical":false`, "--json", "file", "diff", "tokenless.tlv", "CTLFile.tlv")
	ctlclient(t, dir, 0, "", "file", "export", "CTLFile.tlv", "--dir", "certificates")
	if names, err := filepath.Glob(filepath.Join(dir, "certificates", "*")); err != nil || len(names) == 0 {
		t.Errorf("nothing was exported: %v", err)
	}
	ctlclient(t, dir, 2, "single quotes", "--profile", "utf16.toml", "cluster", "status")
	ctlclient(t, dir, 2, "Windows has no file descriptors but fd:0", "--pin-source", "fd:7", "token", "pin", "pkcs11:token=a")
}

// Where no variable names a language, as on Windows, the person's settings do.
func TestLanguage(t *testing.T) {
	need(t)
	former := machine.env
	defer func() { machine.env = former }()
	for locale, says := range map[string]string{"pt_BR.UTF-8": "não existe o arquivo none.tlv", "C.UTF-8": "there is no file none.tlv"} {
		machine.env = append(slices.Clone(former), "LANG=", "LC_ALL="+locale) // the settings, as Wine finds them
		program := windows(absolute(t, filepath.Join(*programs, "ctlclient.exe")))
		out, complaints, code := run(t, t.TempDir(), "cmd", "/c", "set LC_ALL=& set LANG=& "+program+" none.tlv")
		if code != 2 || !strings.Contains(complaints, says) {
			t.Errorf("%s: exit code %d, %s%s", locale, code, out, complaints)
		}
	}
}

func wide(ascii string) []byte {
	var out []byte
	for _, b := range []byte(ascii) {
		out = append(out, b, 0)
	}
	return out
}

// practiceCluster runs on this machine; at is the administrator's program on Windows, with its profile.
func practiceCluster(t *testing.T, dir string) (l *lab.Lab, at func(code int, says string, args ...string) string) {
	t.Helper()
	l, err := lab.Up(context.Background(), lab.Options{Dir: filepath.Join(dir, "lab"), AltTFTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(l.Profile)
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(l.Dir, "there.toml") // files beside it, for a path of Unix is none of Windows
	if err := os.WriteFile(there, bytes.ReplaceAll(text, []byte(l.Dir+"/"), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	profile := []string{"--profile", windows(there), "--state-dir", "state", "--yes"}
	return l, func(code int, says string, args ...string) string {
		t.Helper()
		return ctlclient(t, dir, code, says, append(profile, args...)...)
	}
}

// A job: the practice cluster's nodes on this machine, the administrator's program on Windows.
func TestJob(t *testing.T) {
	need(t)
	dir := folder(t)
	_, at := practiceCluster(t, dir)
	at(0, "mixed mode", "cluster", "status")
	before := result(t, at(0, `"agree":true`, "--json", "cluster", "status")).MD5
	next := ctltest.NewCluster(t, 2048).ETokens(t)
	if err := os.WriteFile(filepath.Join(dir, "next 電.tlv"), next.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	job := result(t, at(0, `"state":"done"`, "--json", "distribute", "next 電.tlv", "--accept-loss")).ID
	if got := result(t, at(0, `"agree":true`, "--json", "cluster", "status")).MD5; got != next.MD5() {
		t.Errorf("the nodes serve %s, not %s", got, next.MD5())
	}
	at(0, "distribute", "history")
	at(0, `"state":"taken-back"`, "--json", "rollback", job)
	if got := result(t, at(0, `"agree":true`, "--json", "cluster", "status")).MD5; got != before {
		t.Errorf("taken back, the nodes serve %s, not %s", got, before)
	}
}

// last is what a command's last line says: the sum of the file that the nodes serve, or of a job.
type last struct{ ID, MD5 string }

func result(t *testing.T, out string) (l last) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &l); err != nil || l.MD5 == "" {
		t.Fatalf("%v: %s", err, out)
	}
	return l
}

// own are the tests of what Windows does in its own way, by package; they are run there.
var own = map[string]string{
	"internal/atomicfile": "TestAccessLists TestHeldFile TestWriteReplaces TestMakeFolder TestNewFilesArePrivate",
	"internal/textfile":   "TestUTF8 TestWindowsPath",
	"cluster/site":        "TestProfileOfNotepad TestWindowsPathInDoubleQuotes",
	"cluster/journal":     "TestJournalIsReadBack TestTornLog TestLock TestListIsNewestFirst",
	"protocol/sshconn":    "TestAgentPipes",
	"cluster":             "TestNamesThatDifferInCase",
}

// ofTest is a line that a test that fails prints. Removing the folder of a test is not one: Go's
// os.RemoveAll asks for a function that this Wine does not have.
var ofTest = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: .*|^panic: .*`)

func TestPackages(t *testing.T) {
	need(t)
	for pkg, names := range own {
		t.Run(pkg, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "test.exe")
			build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "nogui", "-vet=off", "-trimpath", "-o", exe, "ctlclient/"+pkg)
			build.Env = append(os.Environ(), "GOOS=windows", "CGO_ENABLED=0", "GOFLAGS=")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			wanted := strings.Fields(names)
			out, complaints, _ := run(t, filepath.Join("..", "..", pkg), exe, "-test.v", "-test.run", "^("+strings.Join(wanted, "|")+")$")
			for _, name := range wanted {
				if !strings.Contains(out, "=== RUN   "+name+"\n") {
					t.Errorf("%s did not run", name)
				}
			}
			if bad := ofTest.FindAllString(out+complaints, -1); bad != nil {
				t.Errorf("%s", strings.Join(bad, "\n"))
			}
		})
	}
}
