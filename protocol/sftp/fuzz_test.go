package sftp

import (
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Words of a server are bounded, one line, and safe for a terminal; words that the
// library has put round them once more say the same.
func FuzzServerWords(f *testing.F) {
	for _, s := range []string{"", "Failure", `sftp: "" (unknown)`, `sftp: "sftp: \"\" (unknown)" (SSH_FX_FAILURE)`,
		"disk\x1b[31m on fire\n", "\xff\u202e", strings.Repeat("x", 500), `sftp: "\x` + `" (x)`} {
		f.Add(uint32(4), s)
	}
	f.Fuzz(func(t *testing.T, code uint32, s string) {
		e := words(code, s)
		if len(e.Message) > maxWords+len("...")+utf8.UTFMax || !utf8.ValidString(e.Message) {
			t.Errorf("%q became %q", s, e.Message)
		}
		if strings.ContainsFunc(e.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q, which is not safe to print", s, e.Error())
		}
		if strings.HasSuffix(e.Error(), ": ") || strings.TrimSpace(e.Error()) == "" {
			t.Errorf("%q became %q, which says nothing", s, e.Error())
		}
		if again := words(code, "sftp: "+strconv.Quote(s)+" (SSH_FX_FAILURE)"); again.Message != e.Message {
			t.Errorf("%q became %q, and in the library's words %q", s, e.Message, again.Message)
		}
	})
}
