package atomicfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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

var errNothing = message.NewError("it holds nothing")

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
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > limit {
		return message.Errorf("%s has more than the %d bytes that are read; move it away", path, limit)
	}
	err = json.Unmarshal(data, v)
	if err == nil && bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		err = errNothing // it would make a map of the caller's nil
	}
	if err != nil {
		return message.Errorf("%s is damaged: %w; move it away", path, err)
	}
	return nil
}
