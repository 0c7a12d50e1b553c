//go:build unix

package provider

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is set up for the service is its owner's: the key, the users and the
// configuration for nobody else's eyes; what exists is kept.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	uid := os.Geteuid()
	if uid == 0 {
		uid = 65534 // root sets up for another
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(dir, `a "folder"`)
	file := filepath.Join(dir, "provider.toml")
	if _, _, err := Init(file, folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that does not exist: %v", err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	c, fingerprint, err := Init(file, folder)
	if err != nil || c.Folder != folder {
		t.Fatalf("%+v, %v", c, err)
	}
	if again, err := LoadConfig(file); err != nil || again.Folder != folder || again.Listen != c.Listen {
		t.Errorf("read again: %+v, %v", again, err)
	}
	if got, err := CertificateFingerprint(c); err != nil || got != fingerprint {
		t.Errorf("%s, %v; want %s", got, err, fingerprint)
	}
	if _, err := AddUser(t.Context(), c.Users, "admin", []byte("long enough")); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{file: 0o600, c.Key: 0o600, c.Users: 0o600, c.Certificate: 0o644} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; info.Mode() != mode || owner != uint32(uid) {
			t.Errorf("%s: mode %v, owner %d; want %v, %d", name, info.Mode(), owner, mode, uid)
		}
	}
	before := mustRead(t, file)
	if _, _, err := Init(file, dir); !errors.Is(err, fs.ErrExist) || string(mustRead(t, file)) != string(before) {
		t.Errorf("a second time: %v", err)
	}
}
