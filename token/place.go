package token

import (
	"os"
	"path/filepath"
	"strings"

	"ctlclient/message"
)

// placeError says that a module that was found is not loaded, for somebody else may
// have put it there.
type placeError struct{ path, writable string }

// Error is Said in English.
func (e *placeError) Error() string { return e.Said().Error() }

// Said is what happened, for [message.Voice.Tell].
func (e *placeError) Said() error {
	return message.Errorf("%s was not loaded: others than its user and the administrator can write to %s", e.path, e.writable)
}

// Hints say how it is used all the same.
func (e *placeError) Hints() []message.Message {
	return message.Hint("if the module is wanted, name it: %s", message.Action{Do: message.NameModule, File: e.path})
}

// checkPlace refuses a file that somebody else than its user or an administrator could
// have put there: by its own permissions and those of every folder above it, by the
// name under which it was found and by the one that it has.
func checkPlace(path string) error {
	for _, p := range []string{filepath.Clean(path), realPath(path)} {
		for at := p; ; at = filepath.Dir(at) {
			if othersWrite(at) {
				return &placeError{path, at}
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return nil
}

// absolute makes a module's name independent of the current folder. A name with a
// folder in it is taken from there now; a bare name is looked for where modules are, and
// never in the current folder.
func absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if strings.ContainsAny(path, `/`+string(filepath.Separator)) {
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	}
	if found := resolve(path, moduleFolders()); filepath.IsAbs(found) {
		return found
	}
	for _, p := range usualPlaces() {
		if filepath.Base(p) == path {
			if _, err := os.Stat(p); err == nil {
				return p
			}
		}
	}
	return path
}
