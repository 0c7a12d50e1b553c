// Package frametest writes messages byte by byte, as the tests of CTLP and TVS lay them out.
package frametest

import (
	"encoding/hex"
	"strings"
	"testing"
)

// Wire joins what a message consists of: "=text" is taken as it is, []byte too,
// other strings are hexadecimal with blanks.
func Wire(t testing.TB, parts ...any) []byte {
	t.Helper()
	var out []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			out = append(out, p...)
		case string:
			if s, ok := strings.CutPrefix(p, "="); ok {
				out = append(out, s...)
				continue
			}
			b, err := hex.DecodeString(strings.ReplaceAll(p, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b...)
		}
	}
	return out
}
