package osadmin

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"ctlclient/message"
	"ctlclient/protocol/internal/pinned"
)

// Delete deletes a file from the node's TFTP folder, by the same pages: it looks for the
// list of files, marks the row of this name, and presses the button that deletes what is
// marked. No document says how those pages are made: what is not found as named here is a
// *PageError, and nothing is deleted. A file that is not in the list is fs.ErrNotExist.
// The CLI's `file delete tftp NAME` does the same.
func (c *Client) Delete(ctx context.Context, name string) (*Answer, error) {
	if !fileName.MatchString(name) {
		return nil, message.NewError("not the name of a file in the folder of TFTP")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	upload, err := c.uploadPage(ctx)
	if err != nil {
		return nil, err
	}
	home, err := c.fetch(ctx, pinned.Request{Path: pathHome})
	if err != nil {
		return nil, err
	}
	listed := false
	for _, path := range append(upload.tftpPages, home.tftpPages...) {
		p, err := c.fetch(ctx, pinned.Request{Path: path})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, f := range p.forms {
			values, ok := f.deleting(name)
			listed = listed || f.lists()
			if !ok || f.path == "" {
				continue
			}
			p, err := c.fetch(ctx, pinned.Request{Method: http.MethodPost, Path: f.path, Body: []byte(values.Encode()),
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}})
			if err != nil {
				return nil, err
			}
			return p.answer(name)
		}
	}
	if listed {
		return nil, &fs.PathError{Op: "delete", Path: name, Err: fs.ErrNotExist}
	}
	return nil, &PageError{What: "no list of TFTP files in which one can be marked and deleted", Text: upload.text}
}

// lists: the form is a list in which files are marked and deleted.
func (f *htmlForm) lists() bool { return f.deleteButton() != nil }

func (f *htmlForm) deleteButton() *input {
	for i, in := range f.inputs {
		if (in.kind == "submit" || in.kind == "button") && strings.HasPrefix(strings.ToLower(in.value), "delete") && in.name != "" {
			return &f.inputs[i]
		}
	}
	return nil
}

// deleting is what a browser sends when the file's row is marked and the button pressed.
func (f *htmlForm) deleting(name string) (url.Values, bool) {
	button := f.deleteButton()
	if button == nil {
		return nil, false
	}
	values, marked := url.Values{}, 0
	for _, in := range f.inputs {
		switch in.kind {
		case "checkbox", "radio":
			if isRowOf(in, name) {
				values.Add(in.name, in.value)
				marked++
			}
		case "hidden":
			values.Add(in.name, in.value)
		}
	}
	values.Add(button.name, button.value)
	return values, marked == 1
}

// isRowOf: one of the words of the box's row, or its value, is the file's name.
func isRowOf(in input, name string) bool {
	if in.name == "" {
		return false
	}
	if in.value == name {
		return true
	}
	for _, word := range strings.Fields(in.row) {
		if word == name {
			return true
		}
	}
	return false
}
