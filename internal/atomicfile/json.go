package atomicfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ctlclient/message"
)

// WriteJSON keeps v in a file for its owner alone, and makes the folder where there is none.
func WriteJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := MakeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return Write(path, data, 0o600)
}

// ReadJSON reads what WriteJSON kept into v, which stays as it is where there is no such
// file. A file of more than limit bytes, or a damaged one, is an error that says what to do.
func ReadJSON(path string, limit int64, v any) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > limit {
		return message.Errorf("%s has %d bytes, more than the %d that are read; move it away", path, info.Size(), limit)
	}
	if err := json.NewDecoder(f).Decode(v); err != nil {
		return message.Errorf("%s is damaged: %w; move it away", path, err)
	}
	return nil
}
