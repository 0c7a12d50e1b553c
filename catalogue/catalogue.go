// Package catalogue has the translations of what the rooms below the front ends say (package
// message), for the window and the command line alike. English stands beside the code; a file
// here is one other language: pt-BR.json by the keys of the messages, pt-BR.errors.json by the
// English of errors (message.Errorf), pt-BR.system.json by what systems and Go say,
// pt-BR.commands.json and pt-BR.help.json by what the command line says and its help.
package catalogue

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

//go:embed pt-BR.json
var portuguese []byte

//go:embed pt-BR.errors.json
var portugueseErrors []byte

//go:embed pt-BR.system.json
var portugueseSystem []byte

//go:embed pt-BR.commands.json
var portugueseCommands []byte

//go:embed pt-BR.help.json
var portugueseHelp []byte

// Sentences that leave the program are kept in each language that is here.
func init() {
	message.Speak(func() *message.Language {
		l, err := readPortuguese()
		if err != nil {
			return nil // a test holds that it can be read
		}
		return l
	})
}

var readPortuguese = sync.OnceValues(func() (*message.Language, error) {
	l, err := message.ReadLanguage("pt-BR", portuguese)
	if err != nil {
		return nil, err
	}
	l.Name = func(name string) string {
		return ofList.ReplaceAllString(record.ReplaceAllString(name, "registro $1 ("), ") do $1")
	}
	for _, phrases := range [][]byte{portugueseErrors, portugueseSystem, portugueseCommands, portugueseHelp} {
		err = errors.Join(err, l.AddPhrases(phrases))
	}
	return l, err
})

// Names that the program makes of numbers: record is how trust.RecordName begins, ofList how it
// goes on where there are two lists.
var (
	record = lazyregexp.New(`\brecord (\d+) \(`)
	ofList = lazyregexp.New(`\) of the ([CI]TL)\b`)
)

// Of is the language of a locale or tag, such as "pt_BR.UTF-8" or "pt-BR"; nil is English, which
// every language that is not here falls back to.
func Of(locale string) (*message.Language, error) {
	if !strings.HasPrefix(strings.ToLower(locale), "pt") {
		return nil, nil
	}
	l, err := readPortuguese()
	if err != nil {
		return nil, fmt.Errorf("the translations that are built in cannot be read: %w", err)
	}
	return l, nil
}

// Environment is the locale for messages that the environment names, by POSIX's rule; where it
// names none, that of the person's settings on Windows.
func Environment() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return systemLocale()
}
