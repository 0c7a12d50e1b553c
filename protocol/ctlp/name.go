package ctlp

import (
	"strings"
	"unicode"
)

// maxName is the longest file name, in bytes: what the store writes beside the
// file has a longer name and must fit into the 255 of usual file systems.
const maxName = 200

// previousSuffix is what the former file is kept as. Such names are the store's:
// they can be read, not written.
const previousSuffix = ".previous"

// badRunes do not stand in file names on one system or another; the separators of
// all of them are among these.
const badRunes = `/\:*?"<>|`

// deviceNames are no files on Windows, whatever follows their first dot.
var deviceNames = map[string]bool{"CON": true, "PRN": true, "AUX": true, "NUL": true,
	"CONIN$": true, "CONOUT$": true}

// checkName refuses everything but a plain base name; the error is a
// *StatusError with Malformed.
func checkName(name string) error {
	switch {
	case name == "":
		return refuse(Malformed, "the file name is empty")
	case len(name) > maxName:
		return refuse(Malformed, "the file name has %d bytes, at most %d are allowed", len(name), maxName)
	case name[0] == '.' || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return refuse(Malformed, "the file name %q begins with a dot, or ends with a dot or a blank", name)
	case strings.ContainsAny(name, badRunes) || strings.ContainsFunc(name, isBadRune):
		return refuse(Malformed, "the file name %q has a character that is not allowed", name)
	case isDevice(name):
		return refuse(Malformed, "the file name %q is a device on some systems", name)
	}
	return nil
}

func isBadRune(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

func isDevice(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	if len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) {
		return base[3] >= '0' && base[3] <= '9'
	}
	return deviceNames[base]
}

// checkWritable also refuses the names that the store keeps former files under.
func checkWritable(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if strings.HasSuffix(strings.ToLower(name), previousSuffix) {
		return refuse(Malformed, "%q is kept by the node itself and cannot be written", name)
	}
	return nil
}
