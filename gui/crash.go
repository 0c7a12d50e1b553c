package gui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"fyne.io/fyne/v2/theme"

	"ctlclient/gui/widgets"
	"ctlclient/internal/atomicfile"
)

// A crash of a desktop program is seen by nobody who has no terminal. The runtime writes
// what it has to say into a file as well; an ordinary end removes the empty file, and the
// next start says where a full one is.

const crashPattern = "crash-*.txt"

// watchCrash names the file for this run. It returns what ends the watch.
func watchCrash(dir string) (end func(), err error) {
	if err := atomicfile.MakeFolder(dir); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "crash-"+time.Now().Format("20060102-150405")+fmt.Sprintf("-%d.txt", os.Getpid()))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	// The runtime keeps a copy of the descriptor; ours is not needed any more.
	err = debug.SetCrashOutput(f, debug.CrashOptions{})
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(name)
		return nil, err
	}
	return func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		if st, err := os.Stat(name); err == nil && st.Size() == 0 {
			_ = os.Remove(name)
		}
	}, nil
}

// tellCrash says where the files are.
func (s *shell) tellCrash(files []string) {
	text := t("crash.text", map[string]any{"File": strings.Join(files, "\n")})
	q := widgets.NewStatement(s.dialogs, t("crash.title"), widgets.NewNotice(widgets.WarningNotice, text))
	q.Add(t("clusters.folder"), theme.FolderOpenIcon(), func() { s.openFolder(filepath.Dir(files[0])) })
	q.Show()
}

// crashesOf lists what earlier runs left, and marks it as told: a crash is mentioned once.
func crashesOf(dir string) []string {
	names, _ := filepath.Glob(filepath.Join(dir, crashPattern))
	var found []string
	for _, name := range names {
		st, err := os.Stat(name)
		if err != nil {
			continue
		}
		if st.Size() == 0 { // of a run that was ended from outside, or one that goes on
			if !runs(name) {
				_ = os.Remove(name)
			}
			continue
		}
		told := filepath.Join(dir, "told-"+filepath.Base(name))
		if os.Rename(name, told) == nil {
			found = append(found, told)
		}
	}
	return found
}

// runs tells whether the program that a crash file is for still runs.
func runs(name string) bool {
	_, end, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), "crash-"), "-") // date, then time-pid.txt
	_, number, _ := strings.Cut(strings.TrimSuffix(end, ".txt"), "-")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return true
	}
	p, err := os.FindProcess(pid)
	return err == nil && !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
