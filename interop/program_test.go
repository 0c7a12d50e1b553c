//go:build unix

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ctlclient/ctlbuild"
	"ctlclient/lab"
	"ctlclient/lab/control"
	"ctlclient/softhsm"
)

var program struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	program.path = filepath.Join(dir, "ctlclient")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the headless program, once.
func build(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		// On a new machine this takes minutes; the limit is that of the whole test.
		c := exec.CommandContext(t.Context(), need(t, "go"), "build", "-tags", "nogui", "-o", program.path, "../cmd/ctlclient")
		if out, err := c.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// tokens makes two SoftHSM2 tokens and exports their certificates, as DER.
func tokens(t *testing.T, dir string) (flags []string, certs string) {
	t.Helper()
	module, err := softhsm.ModulePath()
	if err != nil {
		missing(t, err)
	}
	store, err := softhsm.New(filepath.Join(dir, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	for label, bits := range map[string]int{"SAST-1": 1024, "SAST-2": 2048} {
		if _, err := store.Create(softhsm.Spec{Label: label, CN: label, KeyBits: bits}); err != nil {
			t.Fatal(err)
		}
	}
	build(t) // with the compiler's caches, which are found by HOME
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, filepath.Join(dir, name))
	}
	t.Setenv("SOFTHSM2_CONF", store.Conf())
	t.Setenv("PIN", softhsm.DefaultPIN)
	certs = filepath.Join(dir, "certs")
	succeed(t, build(t), "--module", module, "token", "export", "--all", "--dir", certs)
	return []string{"--module", module, "--pin-source", "env:PIN"}, certs
}

// TestFileBuild: what `file build` signs with a token verifies there, in every digest,
// both orders inside SIGNERID, both byte orders of a token's serial number, and with a
// SIGNERVERSION.
func TestFileBuild(t *testing.T) {
	dir := t.TempDir()
	flags, certs := tokens(t, dir)
	var files []string
	for _, token := range []string{"SAST-1", "SAST-2"} {
		for _, digest := range digests {
			for i, more := range [][]string{
				nil, {"--ca-name-first"}, {"--serial-order", "big-endian"}, {"--serial-order", "big-endian", "--ca-name-first", "--signer-version", "1.1"},
			} {
				path := filepath.Join(dir, fmt.Sprintf("%s-%s-%d.tlv", token, words[digest], i))
				args := append(flags, "file", "build", path, "--sign-with", "pkcs11:token="+token, "--digest", words[digest],
					"--record", "ccm+tftp="+filepath.Join(certs, "SAST-2.cer")+",host=pub,ip=10.0.0.1",
					"--record", "sast="+filepath.Join(certs, "SAST-2.cer"))
				succeed(t, build(t), append(args, more...)...)
				files = append(files, path)
			}
		}
	}
	secondVerifies(t, files...)
}

// TestMigrate: what `migrate to-tokens` leaves on every node of a practice cluster
// verifies there, and before it what the cluster itself signed: lists and .sgn files.
func TestMigrate(t *testing.T) {
	dir := t.TempDir()
	flags, certs := tokens(t, dir)
	l, err := control.Up(t.Context(), lab.Options{Dir: filepath.Join(dir, "lab"), KeyBits: 1024})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	secondVerifies(t, served(t, l, "*LFile.tlv")...)
	for _, node := range []string{"cucm-pub", "cucm-sub1"} {
		folder := filepath.Join(l.Dir, "nodes", node)
		configs, err := filepath.Glob(filepath.Join(folder, "tftp", "*.sgn"))
		if err != nil || len(configs) == 0 {
			t.Fatalf("no .sgn files on %s: %v", node, err)
		}
		secondVerifies(t, append([]string{"--signer", filepath.Join(folder, "certs", "CallManager.pem")}, configs...)...)
	}

	succeed(t, build(t), "lab", "trust", "--dir", l.Dir, filepath.Join(certs, "SAST-1.cer"), filepath.Join(certs, "SAST-2.cer"))
	job := append(flags, "--profile", l.Profile, "--yes", "migrate", "to-tokens", "--accept-loss",
		"--token", "pkcs11:token=SAST-1", "--token", "pkcs11:token=SAST-2")
	var files []string
	for _, digest := range digests {
		for _, order := range []string{"little-endian", "big-endian"} {
			path := filepath.Join(dir, words[digest]+"-"+order)
			succeed(t, build(t), append(job, "--sign-with", "pkcs11:token=SAST-1", "--digest", words[digest], "--serial-order", order, "--out", path)...)
			files = append(files, path)
		}
	}
	secondVerifies(t, files...)

	succeed(t, build(t), append(job, "--sign-with", "pkcs11:token=SAST-2")...)
	files = served(t, l, "CTLFile.tlv")
	if len(files) != len(l.Nodes) {
		t.Errorf("%d of %d nodes have a CTL", len(files), len(l.Nodes))
	}
	for _, path := range files {
		list, err := ctlbuild.Parse(read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		if r, _ := list.Signer(); r == nil || !strings.HasPrefix(r.CN(), "SAST-2") {
			t.Errorf("%s is not signed by SAST-2", path)
		}
	}
	secondVerifies(t, files...)
}

// served finds files in the folders of a lab's nodes.
func served(t *testing.T, l *lab.Lab, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(l.Dir, "nodes", "*", "tftp", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s on the nodes: %v", pattern, err)
	}
	return files
}
