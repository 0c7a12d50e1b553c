//go:build unix

package token

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ctlclient/message"
)

// A module that somebody else may have put there is not loaded, unless it is named.
func TestPlaces(t *testing.T) {
	if err := checkPlace("/etc/passwd"); err != nil {
		t.Errorf("a file of the administrator: %v", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp(home, "place")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	module := filepath.Join(dir, "libx.so")
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(os.WriteFile(module, nil, 0o600))
	if err := checkPlace(module); err != nil {
		t.Fatalf("a file of one's own: %v", err)
	}
	link := filepath.Join(t.TempDir(), "liblink.so") // below the folder for temporary files, where everybody writes
	do(os.Symlink(module, link))
	for name, change := range map[string]func() error{
		"file for all":   func() error { return os.Chmod(module, 0o666) },
		"folder for all": func() error { return os.Chmod(dir, 0o777) },
		"folder for a group": func() error {
			return errors.Join(os.Chown(dir, -1, os.Getgid()+4711), os.Chmod(dir, 0o770))
		},
	} {
		do(os.Chmod(dir, 0o700))
		do(os.Chmod(module, 0o600))
		if err := change(); errors.Is(err, os.ErrPermission) {
			continue // no group of ours that is not an administrator's
		} else if err != nil {
			t.Fatal(err)
		}
		err := checkPlace(module)
		var e *placeError
		if !errors.As(err, &e) || message.ActionsOf(e)[0].File != module {
			t.Errorf("%s: %v", name, err)
		}
	}
	do(os.Chmod(dir, 0o700))
	if err := checkPlace(link); err == nil {
		t.Error("a link in a folder that everybody writes to was followed")
	}
	t.Setenv("HOME", filepath.Dir(link))
	config := filepath.Join(filepath.Dir(link), ".config", "pkcs11", "modules")
	do(os.MkdirAll(config, 0o700))
	do(os.WriteFile(filepath.Join(config, "evil.module"), []byte("module: "+link+"\n"), 0o600))
	names, refused := candidates(nil)
	for _, n := range names {
		if n == link {
			t.Error("it is loaded all the same")
		}
	}
	if len(refused) == 0 || !strings.Contains(errors.Join(refused...).Error(), link) {
		t.Errorf("nothing is said of it: %v", refused)
	}
	if names, _ := candidates([]string{link}); len(names) != 1 {
		t.Error("it is not loaded when it is named")
	}
}

// A relative name is taken from the current folder when it is given, a bare one never.
func TestRelativeNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("libx.so", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := absolute("./libx.so"); !filepath.IsAbs(got) || realPath(got) != realPath(filepath.Join(dir, "libx.so")) {
		t.Errorf("./libx.so is %s", got)
	}
	if got := absolute("libx.so"); got != "libx.so" {
		t.Errorf("libx.so is %s", got)
	}
	if got := absolute("/a/b.so"); got != "/a/b.so" {
		t.Errorf("/a/b.so is %s", got)
	}
}
