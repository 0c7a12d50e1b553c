package platform

import (
	"strings"
	"testing"
	"unicode"
)

func TestScreen(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"one\r\ntwo", "one\ntwo"},
		{"progress 10%\rprogress 99%\r\n", "progress 99%\n"},
		{"abcdef\rxy\n", "xycdef\n"},
		{"abcdef\rxy\x1b[K\n", "xy\n"},
		{"abcd\b\b\x1b[Kz\n", "abz\n"},
		{"ab\x1b[3Ccd\n", "ab   cd\n"},
		{"abcd\x1b[2Dx\n", "abxd\n"},
		{"abcd\x1b[2K\rx\n", "x\n"},
		{"abcd\x1b[1Gx\n", "xbcd\n"},
		{"\x1b[1;31mred\x1b[0m", "red"},
		{"\x1b]0;title\x07text\x1b]2;other\x1b\\!", "text!"},
		{"\x1b(Bx\x1b=y\x1b#8z", "xyz"},
		{"never closed \x1b]0;title\nnext", "never closed\nnext"},
		{"bell\a nul\x00 del\x7f c1\u009b", "bell nul del c1"},
		{"tab\there", "tab\there"},
		{"Málopolska é\n", "Málopolska é\n"},
	} {
		var s screen
		s.feed([]byte(test.in))
		if got := s.text(); got != test.want {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
	}
}

// However output is cut into pieces it reads the same, and nothing in it can
// move a person's terminal.
func FuzzScreen(f *testing.F) {
	f.Add([]byte("\x1b[1;32madmin:\x1b[0mshow ctl\b\b\r\nM\xc3\xa1\x1b]0;t\x07\r\x1b[K\n"), uint8(3))
	f.Add([]byte("ab\x1b[3Ccd\x1b[2D\x1b(B\xff\xfe\n\x1b]never"), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		var whole, pieces screen
		whole.feed(in)
		size := int(cut)%7 + 1
		for rest := in; len(rest) > 0; {
			n := min(size, len(rest))
			pieces.feed(rest[:n])
			rest = rest[n:]
		}
		if whole.text() != pieces.text() {
			t.Fatalf("whole %q, in pieces of %d %q", whole.text(), size, pieces.text())
		}
		for _, r := range whole.text() {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("control character %q", r)
			}
		}
		for line := range strings.Lines(whole.text()) {
			if len([]rune(line)) > maxLine+1 {
				t.Fatalf("line of %d characters", len([]rune(line)))
			}
		}
	})
}
