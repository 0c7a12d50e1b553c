package textfile

import (
	"strings"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// tomlWords are what the reader of TOML says, and what a person is told instead; the first that
// fits counts. What is in parentheses is the value of the sentence.
var tomlWords = []struct {
	said *lazyregexp.Regexp
	tell func(value string) error
}{
	{lazyregexp.New(`^cannot decode TOML (\w+) into .*\bbool$`), func(kind string) error { return message.Errorf("true or false is expected here, not a TOML %s", kind) }},
	{lazyregexp.New(`^cannot decode TOML (\w+) into .*\[\]string$`), func(kind string) error {
		return message.Errorf("a list of texts is expected here, not a TOML %s", kind)
	}},
	{lazyregexp.New(`^cannot decode TOML (\w+) into .*\bstring$`), func(kind string) error {
		return message.Errorf("text between quotation marks is expected here, not a TOML %s", kind)
	}},
	{lazyregexp.New(`^cannot decode TOML (\w+) into .*\bu?int\d*$`), func(kind string) error { return message.Errorf("a number is expected here, not a TOML %s", kind) }},
	{lazyregexp.New(`^cannot decode TOML (\w+) into `), func(kind string) error { return message.Errorf("a TOML %s cannot stand here", kind) }},
	{lazyregexp.New(`^(?:key|table) (\S+) (?:is already defined|already exists|should be)`), func(key string) error { return message.Errorf("%q stands twice", key) }},
	{lazyregexp.New(`^expected '=' after key`), tomlSays(message.NewError("a key is followed by = and its value"))},
	{lazyregexp.New(`^expected '\]\]' to close`), tomlSays(message.NewError("the name after [[ must end with ]]"))},
	{lazyregexp.New(`^expected '\]' to close`), tomlSays(message.NewError("the name after [ must end with ]"))},
	{lazyregexp.New(`^expected newline`), tomlSays(message.NewError("something follows the value; the next key begins on a line of its own"))},
	{lazyregexp.New(`^invalid character at start of key|^expected key\b`), tomlSays(message.NewError("the line does not begin with a key"))},
	{lazyregexp.New(`^expected value|at start of value$|^expected keyword|^strings must be quoted`), tomlSays(message.NewError(`the value is missing, or is text without quotation marks: write it as in name = "hq"`))},
	{lazyregexp.New(`cannot have new lines|not terminated by|^unterminated|^too many quotes`), tomlSays(message.NewError("the text has no quotation mark at its end"))},
	{lazyregexp.New(`escape (?:character|sequence)`), tomlSays(message.NewError("a backslash between double quotes begins a special character; write text with a backslash between single quotes"))},
	{lazyregexp.New(`control characters|carriage returns`), tomlSays(message.NewError("a control character stands here"))},
	{lazyregexp.New(`^invalid UTF-8`), tomlSays(message.NewError("the text is not UTF-8; save the file as UTF-8"))},
	{lazyregexp.New(`too large to fit|cannot be stored`), tomlSays(message.NewError("the number is too large"))},
	{lazyregexp.New(`^array is incomplete|after array value`), tomlSays(message.NewError("the list must have commas between its values and end with ]"))},
	{lazyregexp.New(`inline table`), tomlSays(message.NewError("the table must have commas between its keys and end with }"))},
}

func tomlSays(err error) func(string) error { return func(string) error { return err } }

// TOMLWords is what is wrong with TOML, for a person; said is what the reader of TOML says, whose
// words stay where none of ours fit.
func TOMLWords(said string) error {
	said = strings.TrimPrefix(said, "toml: ")
	for _, w := range tomlWords {
		if m := w.said.FindStringSubmatch(said); m != nil {
			return w.tell(m[len(m)-1])
		}
	}
	return message.Errorf("this is not valid TOML: %q", said)
}
