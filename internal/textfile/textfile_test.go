package textfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"ctlclient/internal/textfile"
)

func inUTF16(text string, order binary.AppendByteOrder) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestUTF8(t *testing.T) {
	const text = "name = \"São Paulo 📞\"\r\n"
	for what, data := range map[string][]byte{
		"plain":                []byte(text),
		"byte order mark":      []byte("\xef\xbb\xbf" + text),
		"UTF-16 little-endian": inUTF16(text, binary.LittleEndian),
		"UTF-16 big-endian":    inUTF16(text, binary.BigEndian),
	} {
		if got, err := textfile.UTF8(data); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	for what, data := range map[string]string{
		"half a character":        "\xff\xfea",
		"half a pair":             "\xff\xfe\x3d\xd8",
		"a pair of no second":     "\xff\xfe\x3d\xd8a\x00",
		"the second of no first":  "\xff\xfe\x00\xdca\x00",
		"big-endian, half a pair": "\xfe\xff\xd8\x3d",
	} {
		if got, err := textfile.UTF8([]byte(data)); !errors.Is(err, textfile.ErrUTF16) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
}

func TestWindowsPath(t *testing.T) {
	for text, want := range map[string]int{
		`path = "C:\temp"`:                         1,
		"a = 1\n" + `password = "file:D:\pin.txt"`: 2,
		`path = "\\nas\tftp"`:                      1,
		`path = "C:\\temp"`:                        0,
		`path = "\\\\nas\\tftp"`:                   0,
		`path = 'C:\temp'`:                         0,
		`path = "C:/temp"`:                         0,
		`# path = "C:\temp"`:                       0,
		`path = "/srv/tftp" # not "C:\temp"`:       0,
		`text = 'he said "C:\temp"'`:               0,
	} {
		if got := textfile.WindowsPath([]byte(text)); got != want {
			t.Errorf("%s: line %d, want %d", text, got, want)
		}
	}
}

// What is read as UTF-16 is UTF-8 that stands for the same text.
func FuzzUTF8(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00"))
	f.Add([]byte("\xfe\xff\xd8\x3d\xdc\xde"))
	f.Add([]byte("\xef\xbb\xbfa"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := textfile.UTF8(data)
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
			if !utf8.Valid(got) || !bytes.Equal(inUTF16(string(got), binary.LittleEndian), data) {
				t.Errorf("%q became %q", data, got)
			}
		case !bytes.HasPrefix(data, []byte{0xfe, 0xff}) && !bytes.HasSuffix(data, got):
			t.Errorf("%q became %q", data, got)
		}
	})
}
