package gui

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"ctlclient/internal/atomicfile"
)

// listing is a folder as it was read.
type listing struct {
	dir     string
	file    string // that was named instead of a folder, "" where none was
	entries []listed
}

// listed is one entry of a folder.
type listed struct {
	name    string
	isDir   bool
	size    int64
	changed time.Time
}

// maxListed bounds a folder's listing; what lies beyond can be typed.
const maxListed = 20000

// list reads a folder, or the one that a file is in: folders first, then by name.
func list(path string) (listing, error) {
	l := listing{dir: filepath.Clean(path)}
	st, err := os.Stat(path)
	if err != nil {
		return l, err
	}
	if !st.IsDir() {
		l.file, l.dir = l.dir, filepath.Dir(l.dir)
	}
	f, err := os.Open(l.dir)
	if err != nil {
		return l, err
	}
	defer f.Close()
	entries, err := f.ReadDir(maxListed)
	if err != nil && !errors.Is(err, io.EOF) {
		return l, err
	}
	for _, e := range entries {
		one := listed{name: e.Name(), isDir: e.IsDir()}
		if info, err := os.Stat(filepath.Join(l.dir, e.Name())); err == nil { // where a link leads
			one.isDir, one.size, one.changed = info.IsDir(), info.Size(), info.ModTime()
		}
		l.entries = append(l.entries, one)
	}
	slices.SortFunc(l.entries, func(a, b listed) int {
		if a.isDir != b.isDir {
			if a.isDir {
				return -1
			}
			return 1
		}
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return l, nil
}

// folder is one where files usually are.
type folder struct {
	name, path string
	icon       fyne.Resource
}

// usualFolders are those of them that there are.
func usualFolders(home string) []folder {
	var found []folder
	for _, f := range []folder{
		{t("files.home"), home, theme.HomeIcon()},
		{t("files.desktop"), filepath.Join(home, "Desktop"), theme.DesktopIcon()},
		{t("files.downloads"), filepath.Join(home, "Downloads"), theme.DownloadIcon()},
	} {
		if st, err := os.Stat(f.path); err == nil && st.IsDir() {
			found = append(found, f)
		}
	}
	for _, d := range drives() {
		found = append(found, folder{d, d, theme.StorageIcon()})
	}
	return found
}

// sizeText is a size in bytes, or in thousands of them.
func sizeText(n int64) string {
	switch {
	case n < 10_000:
		return t("files.bytes", map[string]any{"Count": n})
	case n < 10_000_000:
		return t("files.kilobytes", map[string]any{"Count": (n + 500) / 1000})
	}
	return t("files.megabytes", map[string]any{"Count": (n + 500_000) / 1_000_000})
}

// joinName makes a path of a folder, a name that may hold anything, and an ending.
func joinName(dir, name, ending string) string { return filepath.Join(dir, fileName(name)+ending) }

// fileName keeps what every file system takes.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, strings.TrimSpace(name))
	if name == "" || name == "." || name == ".." {
		return "certificate"
	}
	return name
}

// writeNew writes a file that must not exist yet: nothing of the person's is overwritten.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return writeAll(f, data)
}

// writeOver writes a file; chooseSave has asked where there is one.
func writeOver(path string, data []byte) error { return atomicfile.Write(path, data, 0o644) }

func writeAll(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return errors.Join(err, f.Close())
}

// saveAs asks for a name and writes a file; done is told where it is.
func saveAs(s *shell, title, name string, data []byte, done func(path string)) {
	chooseSave(s, title, name, func(path string) {
		if err := writeOver(path, data); err != nil {
			s.fail(title, err)
			return
		}
		done(path)
	})
}
