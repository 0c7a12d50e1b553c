package ctlp

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A full disk, a real one: a file system of 64 KiB, in a mount namespace that
// only a child of this test sees.
func TestNoSpace(t *testing.T) {
	const child = "CTLP_TEST_NO_SPACE"
	if dir := os.Getenv(child); dir != "" {
		testNoSpace(t, dir)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoSpace$", "-test.v")
	cmd.Env = append(os.Environ(), child+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	text := string(out)
	if (err != nil && len(out) == 0) || strings.Contains(text, "mount:") {
		if os.Getenv("CTLCLIENT_REQUIRE_PARTS") != "" {
			t.Fatalf("no mount namespace to be had: %v\n%s", err, text)
		}
		t.Skipf("no mount namespace to be had: %v", err)
	}
	if err != nil || !strings.Contains(text, "--- PASS: TestNoSpace") {
		t.Fatalf("%v\n%s", err, text)
	}
}

func testNoSpace(t *testing.T, dir string) {
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal("mount:", err)
	}
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Stage(ctlFile, []byte("one"), nil, nil)
	if err == nil {
		_, err = s.Commit(id)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Stage(ctlFile, make([]byte, 128<<10), digest("one"), nil)
	wantStatus(t, err, NoSpace)
	// Nothing of it is left, and what fits goes on.
	wantFiles(t, dir, map[string]string{ctlFile: "one"})
	id, err = s.Stage(ctlFile, []byte("two"), digest("one"), nil)
	if err == nil {
		_, err = s.Commit(id)
	}
	if err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{ctlFile: "two", ctlFile + ".previous": "one"})
}
