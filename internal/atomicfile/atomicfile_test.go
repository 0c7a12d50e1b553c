package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"first", "second, longer", "3"} {
		if err := Write(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != text {
			t.Fatalf("%q, %v", data, err)
		}
	}
	if n := names(t, filepath.Dir(path)); len(n) != 1 {
		t.Errorf("left beside it: %v", n)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestNewFilesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Replace(path, nil, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// Whatever fails, the former file stands and nothing is left.
func TestFailuresLeaveTheFormerFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Write(path, []byte("former"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := Replace(path, []byte("new"), func(*os.File) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	if err := Replace(path, []byte("new"), func(f *os.File) error { return f.Close() }); err == nil {
		t.Error("a file that cannot be written is no error")
	}
	if err := Write(filepath.Join(dir, "no", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "folder"), nil, 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "former" {
		t.Errorf("%q, %v", data, err)
	}
	if n := names(t, dir); len(n) != 2 {
		t.Errorf("left beside it: %v", n)
	}
}

// A scanner that lets go in time is not noticed; one that does not is named.
func TestRetry(t *testing.T) {
	busy, other := errors.New("busy"), errors.New("other")
	held := func(_ string, err error) bool { return errors.Is(err, busy) }
	for _, test := range []struct {
		what   string
		fails  int
		err    error
		held   bool
		waited time.Duration
	}{
		{"free", 0, nil, false, 0},
		{"held for a moment", 3, busy, false, 3 * pause},
		{"held all the time", 1000, busy, true, patience},
		{"another error", 1000, other, false, 0},
	} {
		t.Run(test.what, func(t *testing.T) {
			tries, waited := 0, time.Duration(0)
			err := retry("file", func() error {
				if tries++; tries <= test.fails {
					return test.err
				}
				return nil
			}, held, func(d time.Duration) { waited += d })
			var h *HeldError
			if errors.As(err, &h) != test.held || test.fails >= 1000 && !errors.Is(err, test.err) || test.fails < 1000 && err != nil {
				t.Errorf("%v", err)
			}
			if waited != test.waited {
				t.Errorf("waited %v, want %v", waited, test.waited)
			}
		})
	}
}
