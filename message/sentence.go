package message

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainWord is a text's first word where it is no name, address, path, flag or command line.
var plainWord = regexp.MustCompile(`^\p{Ll}+([ ,;]|$)`)

// commands are plain words that begin what is typed.
var commands = []string{"utils", "ctlclient"}

// Sentence begins a text with a capital letter, as windows and boxes have it; texts of this program
// begin with a small one, since they may follow a colon. names are first words that stay as they
// are, such as those of nodes.
func Sentence(text string, names ...string) string {
	first := strings.TrimRight(plainWord.FindString(text), " ,;")
	if first == "" || slices.Contains(commands, first) || slices.Contains(names, first) {
		return text
	}
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}
