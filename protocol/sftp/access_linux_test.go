package sftp_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ctlclient/message"
	"ctlclient/protocol/sftp"
)

// nobody is a user without rights, whom OpenSSH lets in by key; its group is the same
// number.
const nobody = 65534

// asNobody is OpenSSH's server with a login of no rights, and a folder that belongs to it.
func asNobody(t *testing.T) (s server, folder string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may log in as another user")
	}
	s = startSSHDFor(t, "nobody", "")
	folder, err := os.MkdirTemp("", "sftp-access")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	own(t, folder, nobody, nobody, 0o755)
	return s, folder
}

func own(t *testing.T, file string, uid, gid int, mode uint32) {
	t.Helper()
	if err := os.Chown(file, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(file, mode); err != nil { // with the bits that os has other names for
		t.Fatal(err)
	}
}

// Whoever reads the live file by its owner, its group or its permissions must be able
// to read the new one: it is found at the stage, and nothing is left behind.
func TestAccess(t *testing.T) {
	s, folder := asNobody(t)
	live := filepath.Join(folder, name)
	c := s.dial(t)
	for what, o := range map[string]struct {
		uid, gid     int
		mode, folder uint32
		ok           bool
		hint         string
	}{
		"ours":                                       {nobody, nobody, 0o640, 0o755, true, ""},
		"group lost":                                 {nobody, 23456, 0o640, 0o755, false, "chmod g+s"},
		"group lost, everybody reads":                {nobody, 23456, 0o644, 0o755, true, ""},
		"group given by the folder":                  {nobody, 23456, 0o640, 0o2755, true, ""},
		"owner lost":                                 {12345, nobody, 0o640, 0o755, false, "sftp-user"},
		"owner lost, everybody reads":                {12345, nobody, 0o644, 0o755, true, ""},
		"owner lost, who reads everything":           {0, nobody, 0o640, 0o755, true, ""},
		"group lost, of a group that may only write": {nobody, 23456, 0o620, 0o755, true, ""},
	} {
		group := nobody
		if o.folder&0o2000 != 0 {
			group = 23456
		}
		own(t, folder, nobody, group, o.folder)
		put(t, live, oldBytes, 0o644)
		own(t, live, o.uid, o.gid, o.mode)
		token, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes))
		var access *sftp.AccessError
		switch {
		case o.ok && err != nil:
			t.Errorf("%s: %v", what, err)
		case o.ok:
			if err := c.Abort(t.Context(), folder, token); err != nil {
				t.Error(err)
			}
		case !errors.As(err, &access) || !errors.Is(err, fs.ErrPermission) || errors.Is(err, sftp.ErrUnreachable):
			t.Errorf("%s: %v, want an *AccessError", what, err)
		case !strings.Contains(message.Lines(access.Hints()).String(), o.hint) || access.Path != live:
			t.Errorf("%s: hint %q, want %q in it", what, message.Lines(access.Hints()).String(), o.hint)
		}
		wantNames(t, folder, name)
	}
}

// A server that sets no permissions makes another file of the new one.
func TestPermissionsRefused(t *testing.T) {
	c := startSSHD(t, "-P setstat,fsetstat").dial(t)
	folder := t.TempDir()
	live := filepath.Join(folder, name)
	put(t, live, oldBytes, 0o640)
	_, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes))
	var access *sftp.AccessError
	if !errors.As(err, &access) || !strings.Contains(message.Lines(access.Hints()).String(), "setstat") || access.Want.Mode != 0o640 || access.Got.Mode == 0o640 {
		t.Errorf("%v, want an *AccessError", err)
	}
	wantNames(t, folder, name)
	// Where they come out right by themselves it is no matter.
	if err := os.Chmod(live, access.Got.Mode); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes)); err != nil {
		t.Error(err)
	}
}

// What the commit would not be allowed is found at the stage: a folder with the sticky
// bit, and files of others in it.
func TestSticky(t *testing.T) {
	s, folder := asNobody(t)
	live := filepath.Join(folder, name)
	c := s.dial(t)
	for what, o := range map[string]struct {
		folderOwner, liveOwner, formerOwner int
		mode                                uint32
		path                                string // of the one refused; "": none
	}{
		"both ours":        {0, nobody, nobody, 0o1777, ""},
		"live is root's":   {0, 0, nobody, 0o1777, live},
		"former is root's": {0, nobody, 0, 0o1777, live + ".previous"},
		"our folder":       {nobody, 0, 0, 0o1777, ""},
		"no sticky bit":    {0, 0, 0, 0o777, ""},
	} {
		own(t, folder, o.folderOwner, 0, o.mode)
		put(t, live, oldBytes, 0o644)
		own(t, live, o.liveOwner, nobody, 0o644)
		put(t, live+".previous", newBytes, 0o644)
		own(t, live+".previous", o.formerOwner, nobody, 0o644)
		token, err := c.Stage(t.Context(), folder, name, newBytes, digest(oldBytes))
		if o.path == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			} else if err := c.Commit(t.Context(), folder, name, token, digest(oldBytes)); err != nil {
				t.Errorf("%s: commit: %v", what, err)
			}
			continue
		}
		var sticky *sftp.StickyError
		if !errors.As(err, &sticky) || sticky.Path != o.path || sticky.Owner != 0 || !errors.Is(err, fs.ErrPermission) || message.Lines(sticky.Hints()).String() == "" {
			t.Errorf("%s: %v, want a *StickyError for %s", what, err, o.path)
		}
		wantNames(t, folder, name, name+".previous")
	}
}

func TestKeptNameIsAFolder(t *testing.T) {
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		put(t, filepath.Join(folder, name), oldBytes, 0o644)
		if err := os.Mkdir(filepath.Join(folder, name+".previous"), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := s.dial(t).Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		var keep *sftp.KeepError
		if !errors.As(err, &keep) || message.Lines(keep.Hints()).String() == "" {
			t.Errorf("%v, want a *KeepError", err)
		}
		wantNames(t, folder, name, name+".previous")
	})
}

// OpenSSH's own server, stopped by a signal when all that was asked has been answered:
// closing does not wait for it, and a call ends with its time.
func TestFrozenServer(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, name), oldBytes, 0o644)
	s := startSSHD(t, "")
	s.options.Timeout = 5 * time.Second
	c, other := s.dial(t), s.dial(t)
	if _, err := c.Get(t.Context(), folder, name); err != nil {
		t.Fatal(err)
	}
	s.freeze(t)
	if err := within(t, "Close", c.Close); err != nil {
		t.Errorf("close: %v", err)
	}
	err := within(t, "Get", func() error {
		_, err := other.Get(t.Context(), folder, name)
		return err
	})
	if !errors.Is(err, sftp.ErrUnreachable) {
		t.Errorf("get: %v, want ErrUnreachable", err)
	}
	if err := within(t, "Close", other.Close); err != nil {
		t.Errorf("close after that: %v", err)
	}
}

// freeze stops the server and all its children until the test ends.
func (s server) freeze(t *testing.T) {
	t.Helper()
	for _, pid := range descendants(t, s.pid) {
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGCONT) })
	}
}

func descendants(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(pid)).Output()
	found := []int{pid}
	if err != nil {
		return found // it has none
	}
	for _, field := range strings.Fields(string(out)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, descendants(t, child)...)
	}
	return found
}
