package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// isWine: Wine keeps who is let in, as the mode of the file, but not that the list is protected.
func isWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// Two are let in, this user and SYSTEM, and nothing comes from the folder above.
func TestAccessLists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	if err := MakeFolder(dir); err != nil {
		t.Fatal(err)
	}
	file, made := filepath.Join(dir, "file"), filepath.Join(t.TempDir(), "made")
	if err := Write(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(made, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file, made} {
		sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Fatal(err)
		}
		list := sd.String()
		if !strings.HasPrefix(list, "D:P") && !isWine() || strings.Count(list, "(A;") != 2 ||
			!strings.Contains(list, ";SY)") || !strings.Contains(list, user.User.Sid.String()+")") {
			t.Errorf("%s: %s", path, list)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "secret" {
		t.Errorf("%q, %v", data, err)
	}
}

// A scanner that has the file open and shares it with nobody is waited for, and named where it
// does not let go.
func TestHeldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("former"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	scanner, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	replace := func(letGo int) error {
		next := path + ".new"
		if err := os.WriteFile(next, []byte("new"), 0o600); err != nil {
			t.Fatal(err)
		}
		return retry(path, func() error { return os.Rename(next, path) }, held, func(time.Duration) {
			if waits++; waits == letGo {
				if err := windows.CloseHandle(scanner); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var h *HeldError
	if err := replace(0); !errors.As(err, &h) || h.Path != path {
		t.Errorf("held all the time: %v", err)
	}
	waits = 0
	if err := replace(3); err != nil || waits != 3 {
		t.Errorf("held for a moment: %v after %d waits", err, waits)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
}
