// Package textfile reads text that a person wrote with an editor of any system: profiles,
// lists of phones. Windows programs put a byte order mark before it or write UTF-16.
package textfile

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// ErrUTF16 is text that a byte order mark calls UTF-16, and that is not.
var ErrUTF16 = message.NewError("broken text in UTF-16; save the file as UTF-8")

// UTF8 is data without a byte order mark; what the mark calls UTF-16 becomes UTF-8. Data
// without a mark is returned as it is. Errors: ErrUTF16.
func UTF8(data []byte) ([]byte, error) {
	if text, ok := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); ok {
		return text, nil
	}
	little := bytes.HasPrefix(data, []byte{0xff, 0xfe})
	if !little && !bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return data, nil
	}
	if len(data)%2 != 0 {
		return nil, ErrUTF16
	}
	out := make([]byte, 0, len(data))
	for at := 2; at < len(data); at += 2 {
		r, size := unit(data[at:], little), 2
		if utf16.IsSurrogate(r) {
			if len(data) < at+4 {
				return nil, ErrUTF16
			}
			if r = utf16.DecodeRune(r, unit(data[at+2:], little)); r == utf8.RuneError {
				return nil, ErrUTF16
			}
			size = 4
		}
		out = utf8.AppendRune(out, r)
		at += size - 2
	}
	return out, nil
}

func unit(b []byte, little bool) rune {
	if little {
		return rune(b[0]) | rune(b[1])<<8
	}
	return rune(b[1]) | rune(b[0])<<8
}

// A path of Windows between double quotes with single backslashes: "C:\temp", "\\nas\share".
var windowsPath = lazyregexp.New(`^[^'#]*"(file:)?([A-Za-z]:\\[^\\"]|\\\\[^\\"]+\\[^\\"])`)

// PathHint tells how a path of Windows is written in TOML.
var PathHint = message.Phrase(`write a Windows path between single quotes, 'C:\folder\file': between double quotes a backslash begins a special character`)

// WindowsPath finds the first line, from 1, of TOML that has a path of Windows between double
// quotes, where \t is a tab and \U an error; 0 when there is none.
func WindowsPath(data []byte) int {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if windowsPath.Match(line) {
			return n
		}
	}
	return 0
}
