//go:build unix

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ctlclient/cluster"
	"ctlclient/cluster/site"
	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
	"ctlclient/softhsm/faulty"
)

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){
		"ctlclient":  recordedMain,
		"dumpable":   dumpable,
		"maketokens": makeTokens,
	})
}

// makeTokens makes SoftHSM2 tokens: maketokens DIR LABEL... It is a program of its
// own since a PKCS#11 module belongs to a whole process.
func makeTokens() {
	s, err := softhsm.New(os.Args[1])
	for _, label := range os.Args[2:] {
		if err == nil {
			_, err = s.Create(softhsm.Spec{Label: label, CN: label})
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// needSoftHSM skips without SoftHSM2, or fails where the parts must be there.
func needSoftHSM(t *testing.T) string {
	t.Helper()
	module, err := softhsm.ModulePath()
	if err != nil {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return module
}

func TestScripts(t *testing.T) {
	module := needSoftHSM(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for _, dir := range []string{"home", "config", "state", "data"} {
				if err := os.Mkdir(filepath.Join(e.WorkDir, dir), 0o700); err != nil {
					return err
				}
			}
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			e.Setenv("SOFTHSM2_CONF", filepath.Join(e.WorkDir, "tokens", "softhsm2.conf"))
			e.Setenv("MODULE", module)
			e.Setenv("PIN", softhsm.DefaultPIN)
			e.Setenv("PROFILE", filepath.Join(e.WorkDir, "lab", "lab.toml"))
			e.Values[labKey{}] = &labs{}
			return searchScript(e)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"newestjob": cmdNewestJob, "portuguese": cmdPortuguese, "filesprofile": cmdFilesProfile,
			"exits": cmdExits, "lab": cmdLab, "faulty": cmdFaulty, "edit": cmdEdit, "flip": cmdFlip, "same": cmdSame,
		},
	})
}

type labKey struct{}

// labs is the lab that a script runs.
type labs struct{ running *lab.Lab }

// cmdExits runs a command and demands its exit code: exits 3 ctlclient ...
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdLab starts a lab in $WORK/lab or another folder, and sets $TFTP to its first TFTP
// server, $TVS to the publisher's TVS, $CM_NAME and $CM_SERIAL to what names its CallManager
// certificate: lab up [dir=NAME] [nonsecure] [nodes=N] [version=V] [refused] [noalt] [noitl]
// [cucm] [fault=NAME].
func cmdLab(ts *testscript.TestScript, neg bool, args []string) {
	l := ts.Value(labKey{}).(*labs)
	o := lab.Options{Dir: ts.MkAbs("lab"), KeyBits: 1024}
	for _, arg := range args[1:] {
		k, v, _ := strings.Cut(arg, "=")
		switch k {
		case "nonsecure":
			o.NonSecure = true
		case "refused":
			o.ExportRefused = true
		case "dir":
			o.Dir = ts.MkAbs(v)
		case "noitl":
			o.NoITL = true
		case "noalt":
			o.NoAltTFTP = true
		case "cucm":
			o.CUCM = true
		case "fault":
			o.Faults = map[string]int{v: 1}
		case "version":
			o.Version = v
		case "nodes":
			n, err := strconv.Atoi(v)
			ts.Check(err)
			o.Nodes = n
		default:
			ts.Fatalf("unknown option %s", arg)
		}
	}
	if args[0] != "up" || neg {
		ts.Fatalf("usage: lab up ...")
	}
	running, err := control.Up(context.Background(), o)
	ts.Check(err)
	l.running = running
	ts.Setenv("TFTP", running.TFTPServers()[0])
	pub := running.Nodes[0]
	ts.Setenv("TVS", net.JoinHostPort(pub.Address, fmt.Sprint(pub.Ports().TVS)))
	call, err := pub.Certificate("CallManager")
	ts.Check(err)
	c, err := ctlbuild.ParseCertificate(call)
	ts.Check(err)
	ts.Setenv("CM_NAME", c.Subject)
	ts.Setenv("CM_SERIAL", hex.EncodeToString(c.Serial))
	ts.Defer(func() { ts.Check(running.Close()) })
}

// cmdFilesProfile writes a profile of some of the lab's nodes as of a cluster of which
// nobody answers but the files: filesprofile FILE NODE...
func cmdFilesProfile(ts *testscript.TestScript, _ bool, args []string) {
	p, err := site.Load(ts.Value(labKey{}).(*labs).running.Profile)
	ts.Check(err)
	p.Publisher, p.User, p.PasswordSource = site.PublisherNone, "", ""
	p.Nodes = slices.DeleteFunc(p.Nodes, func(n site.Node) bool { return !slices.Contains(args[1:], n.Name) })
	ts.Check(p.Save(ts.MkAbs(args[0])))
}

// cmdNewestJob puts the ID of the newest job of a state folder into $JOB.
func cmdNewestJob(ts *testscript.TestScript, _ bool, args []string) {
	jobs, err := cluster.History(filepath.Join(ts.MkAbs(args[0]), "ctlclient"), "")
	ts.Check(err)
	if len(jobs) == 0 {
		ts.Fatalf("no job was done")
	}
	ts.Setenv("JOB", jobs[0].ID)
}

// cmdFaulty builds a module that fails on request, or has it fail:
// faulty build | faulty pull FUNCTION LABEL | faulty absent LABEL | faulty tries LABEL MAX LEFT | faulty clear | faulty left LABEL N.
func cmdFaulty(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs("faulty")
	c := faulty.Open(dir)
	atoi := func(s string) int {
		n, err := strconv.Atoi(s)
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "build":
		c, err := faulty.Build(dir)
		ts.Check(err)
		ts.Setenv("MODULE", c.Module)
	case "pull":
		ts.Check(c.Pull(args[1], args[2]))
	case "absent":
		ts.Check(c.Absent(args[1]))
	case "crash":
		ts.Check(c.Crash(args[1]))
	case "exit":
		ts.Check(c.Exit(args[1], atoi(args[2])))
	case "hang":
		_, _, err := c.Block(args[1])
		ts.Check(err)
	case "free":
		ts.Check(os.Remove(filepath.Join(dir, "block."+args[1])))
	case "print":
		ts.Check(c.Print(args[1], args[2]))
	case "tries":
		ts.Check(c.Tries(args[1], atoi(args[2]), atoi(args[3])))
	case "left":
		left, err := c.TriesLeft(args[1])
		ts.Check(err)
		if left != atoi(args[2]) {
			ts.Fatalf("%d tries are left, want %s", left, args[2])
		}
	case "clear":
		ts.Check(c.Clear())
	default:
		ts.Fatalf("unknown: faulty %s", args[0])
	}
}

// cmdEdit replaces what a pattern matches in a file: edit FILE PATTERN TEXT.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	re := regexp.MustCompile(args[1])
	if !re.Match(data) {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, re.ReplaceAll(data, []byte(args[2])), 0o600))
}

// cmdFlip changes the last byte of a file: flip FILE.
func cmdFlip(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)-1] ^= 1
	ts.Check(os.WriteFile(path, data, 0o600))
}

// cmdSame demands that all nodes of the lab serve the same CTL, and, with a file, this
// one: same [FILE].
func cmdSame(ts *testscript.TestScript, neg bool, args []string) {
	l := ts.Value(labKey{}).(*labs).running
	files, err := servedBy(l)
	ts.Check(err)
	want := files[0]
	if len(args) == 1 {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		want = string(b)
	}
	same := true
	for _, f := range files {
		same = same && f == want
	}
	if same == neg {
		ts.Fatalf("the nodes serve the same CTL: %v", same)
	}
}

// servedBy reads every node's CTL from its folder; "" is none.
func servedBy(l *lab.Lab) ([]string, error) {
	var files []string
	for _, n := range l.Nodes {
		b, err := os.ReadFile(filepath.Join(n.Folder, "CTLFile.tlv"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		files = append(files, string(b))
	}
	return files, nil
}
