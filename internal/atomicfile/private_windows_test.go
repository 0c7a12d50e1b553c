package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

// Two are let in, this user and SYSTEM, and nothing comes from the folder above.
func TestAccessLists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	if err := MakeFolder(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := Write(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Fatal(err)
		}
		list := sd.String()
		if !strings.HasPrefix(list, "D:P") || strings.Count(list, "(A;") != 2 ||
			!strings.Contains(list, ";SY)") || !strings.Contains(list, user.User.Sid.String()+")") {
			t.Errorf("%s: %s", path, list)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "secret" {
		t.Errorf("%q, %v", data, err)
	}
}
