package site

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"ctlclient/message"
)

const notepad = "name = \"São Paulo\"\npublisher = \"none\"\n[[node]]\nname = \"a\"\naddress = \"192.0.2.1\"\nrole = \"tftp\"\ntransport = \"sftp\"\nsftp-user = \"u\"\npath = 'C:\\temp'\n"

// What Notepad and PowerShell write is read.
func TestProfileOfNotepad(t *testing.T) {
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(notepad)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	for what, data := range map[string][]byte{"byte order mark": []byte("\xef\xbb\xbf" + notepad), "UTF-16": wide} {
		p, err := Parse(data, "")
		if err != nil || p.Name != "São Paulo" || p.Nodes[0].Path != `C:\temp` {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Between double quotes \t would be a tab: the error says single quotes.
func TestWindowsPathInDoubleQuotes(t *testing.T) {
	for _, path := range []string{`"C:\temp"`, `"C:\Users\me"`, `"\\nas\tftp"`} {
		_, err := Parse([]byte(strings.Replace(notepad, `'C:\temp'`, path, 1)), "hq.toml")
		var e *Error
		if !errors.As(err, &e) || e.Line != 9 || !strings.Contains(message.Lines(e.Hints()).String(), "single quotes") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
