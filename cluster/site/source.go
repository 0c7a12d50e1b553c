package site

import (
	"strconv"
	"strings"

	"ctlclient/message"
)

// SourcePrompt is the password source that asks a person.
const SourcePrompt = "prompt"

// CheckSource checks the form of a password source: prompt, env:NAME, file:PATH or fd:N.
func CheckSource(src string) error {
	kind, arg, _ := strings.Cut(src, ":")
	switch {
	case src == SourcePrompt:
		return nil
	case (kind == "env" || kind == "file") && arg != "":
		return nil
	case kind == "fd":
		if n, err := strconv.Atoi(arg); err == nil && n >= 0 {
			return nil
		}
	}
	// The text is not repeated: it may be a password that was put there by mistake.
	return message.NewError("not a password source: prompt, env:NAME, file:PATH or fd:N")
}
