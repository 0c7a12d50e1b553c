package ctlbuild

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes text from a file fit for a terminal: control characters,
// characters that reorder or hide text, and bytes that are no UTF-8 become
// escapes. All else stays as it is.
func Printable(s string) string {
	if !strings.ContainsFunc(s, needsEscape) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case !needsEscape(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func needsEscape(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

// colonHex writes bytes as show ctl writes serial numbers: 3C:F9:27.
func colonHex(b []byte) string { return joinHex(b, ":") }

func joinHex(b []byte, sep string) string {
	parts := make([]string, len(b))
	for i := range b {
		parts[i] = strings.ToUpper(hex.EncodeToString(b[i : i+1]))
	}
	return strings.Join(parts, sep)
}
