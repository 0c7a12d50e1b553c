package ctlp

import (
	"os"
	"os/exec"
	"path/filepath"
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

// A service that may not give files away still leaves one that the TFTP server
// can read. Files of several owners are root's to make.
func TestForeignOwner(t *testing.T) {
	const child, nobody = "CTLP_TEST_FOREIGN_OWNER", 65534
	if dir := os.Getenv(child); dir != "" {
		testForeignOwner(t, dir)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	live := filepath.Join(dir, ctlFile)
	if err := os.WriteFile(live, []byte("one"), 0o640); err != nil {
		t.Fatal(err)
	}
	// As root itself: mode, owner and group are kept.
	if err := os.Chown(live, 1, nobody); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(mustStage(t, s, "two", digest("one"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(live)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); info.Mode() != 0o640 || st.Uid != 1 || st.Gid != nobody {
		t.Errorf("root's new file is %v %d:%d", info.Mode(), st.Uid, st.Gid)
	}
	// As somebody else, who may write the folder and not give files away.
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(live, 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(live, 0o604); err != nil {
		t.Fatal(err)
	}
	sticky := filepath.Join(dir, "sticky")
	if err := os.Mkdir(sticky, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sticky, ctlFile), []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(sticky, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	cmd := exec.CommandContext(t.Context(), "/proc/self/fd/3", "-test.run=^TestForeignOwner$", "-test.v")
	cmd.ExtraFiles = []*os.File{self}
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), child+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestForeignOwner") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func testForeignOwner(t *testing.T, dir string) {
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(mustStage(t, s, "three", digest("two"))); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, ctlFile))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("the new file has mode %v, %v; everybody should read it", info.Mode(), err)
	}
	// Files of others under the sticky bit of a folder of others: found at the stage.
	sticky := filepath.Join(dir, "sticky")
	if s, err = OpenStore(sticky); err != nil {
		t.Fatal(err)
	}
	_, err = s.Stage(ctlFile, []byte("two"), digest("one"), nil)
	if se := wantStatus(t, err, Internal); !strings.Contains(se.Message, "sticky") {
		t.Error(err)
	}
	wantFiles(t, sticky, map[string]string{ctlFile: "one"})
	// A name that nobody has is anybody's there.
	if _, err := s.Stage("ITLFile.tlv", []byte("two"), nil, nil); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
