package sftp_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"ctlclient/protocol/sftp"
)

// smallDisk mounts a file system of 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a small disk to fill")
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,nr_inodes=16"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// A full disk is called so, the live file stays, and nothing half is left.
func TestFullDisk(t *testing.T) {
	s := startSSHD(t, "")
	t.Run("while staging", func(t *testing.T) {
		dir := smallDisk(t)
		put(t, filepath.Join(dir, name), oldBytes, 0o644)
		c := s.dial(t)
		_, err := c.Stage(t.Context(), dir, name, make([]byte, 200_000), digest(oldBytes))
		if !errors.Is(err, sftp.ErrNoSpace) {
			t.Errorf("%v, want ErrNoSpace", err)
		}
		wantFile(t, filepath.Join(dir, name), oldBytes)
		wantNames(t, dir, name)
	})
	t.Run("while copying the former file", func(t *testing.T) {
		// There is room for the new list and none for a copy of the former one: that
		// is found before anything is committed anywhere.
		dir := smallDisk(t)
		list := make([]byte, 24<<10)
		put(t, filepath.Join(dir, name), list, 0o644)
		_, err := s.dial(t).Stage(t.Context(), dir, name, newBytes, digest(list))
		if err != nil {
			t.Fatalf("with room for both: %v", err)
		}
		_, err = s.dial(t).Stage(t.Context(), dir, name, newBytes, digest(list))
		if !errors.Is(err, sftp.ErrNoSpace) {
			t.Errorf("%v, want ErrNoSpace", err)
		}
		wantFile(t, filepath.Join(dir, name), list)
		left, err := s.dial(t).Leftovers(t.Context(), dir, name)
		if err != nil || len(left) != 1 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	t.Run("between stage and commit", func(t *testing.T) {
		// Nothing more is written, so that the commit needs no room.
		dir := smallDisk(t)
		put(t, filepath.Join(dir, name), oldBytes, 0o644)
		c := s.dial(t)
		token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		if err != nil {
			t.Fatal(err)
		}
		filler, err := os.Create(filepath.Join(dir, "zz-filler"))
		if err != nil {
			t.Fatal(err)
		}
		defer filler.Close()
		for err == nil {
			_, err = filler.Write(make([]byte, 4096))
		}
		if err := c.Commit(t.Context(), dir, name, token, digest(oldBytes)); err != nil {
			t.Error(err)
		}
		wantFile(t, filepath.Join(dir, name), newBytes)
		wantFile(t, filepath.Join(dir, name+".previous"), oldBytes)
		wantNames(t, dir, name, name+".previous", "zz-filler")
	})
	t.Run("no file numbers left", func(t *testing.T) {
		dir := smallDisk(t)
		var err error
		for i := 0; err == nil; i++ {
			var f *os.File
			if f, err = os.Create(filepath.Join(dir, "f"+string(rune('a'+i)))); err == nil {
				err = f.Close()
			}
		}
		c := s.dial(t)
		if _, err := c.Stage(t.Context(), dir, name, newBytes, nil); !errors.Is(err, sftp.ErrNoSpace) {
			t.Errorf("%v, want ErrNoSpace", err)
		}
	})
}

func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t)
	put(t, filepath.Join(dir, name), oldBytes, 0o644)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot be made read-only: %v", err)
	}
	c := startSSHD(t, "").dial(t)
	_, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
	if !errors.Is(err, sftp.ErrReadOnly) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want ErrReadOnly", err)
	}
}

// The new file belongs to whom the former one belonged.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may give files away")
	}
	onBoth(t, func(t *testing.T, s server, folder, dir string) {
		live := filepath.Join(folder, name)
		put(t, live, oldBytes, 0o640)
		if err := os.Chown(live, 12345, 23456); err != nil {
			t.Fatal(err)
		}
		c := s.dial(t)
		token, err := c.Stage(t.Context(), dir, name, newBytes, digest(oldBytes))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(t.Context(), dir, name, token, digest(oldBytes)); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{live, live + ".previous"} {
			var st unix.Stat_t
			if err := unix.Stat(file, &st); err != nil {
				t.Fatal(err)
			}
			if st.Uid != 12345 || st.Gid != 23456 || st.Mode&0o777 != 0o640 {
				t.Errorf("%s: %d:%d %o", filepath.Base(file), st.Uid, st.Gid, st.Mode&0o777)
			}
		}
	})
}
