package message

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// Kept is a sentence that leaves the program, for a journal or for another process: the
// sentence in each language, by tag, "en" among them. Who reads it later, perhaps with
// another version of the program, reads it in their language all the same; a language that
// it was not kept in gets English.
type Kept map[string]string

var (
	spokenMu sync.RWMutex
	spoken   []func() *Language
)

// Speak adds a language to those in which sentences are kept. It is called once for each
// catalogue, which is read when it is needed first; nil is a catalogue that cannot be read.
func Speak(language func() *Language) {
	spokenMu.Lock()
	defer spokenMu.Unlock()
	spoken = append(spoken, language)
}

// Keep keeps a message; a message that says nothing is nil.
func Keep(m Message) Kept { return keep(func(v Voice) string { return v.Say(m) }) }

// KeepError keeps what an error says, on one line; no error is nil.
func KeepError(err error) Kept {
	return keep(func(v Voice) string { return strings.Join(strings.Fields(v.Tell(err)), " ") })
}

func keep(say func(Voice) string) Kept {
	english := say(Voice{})
	if english == "" {
		return nil
	}
	k := Kept{"en": english}
	spokenMu.RLock()
	languages := slices.Clone(spoken)
	spokenMu.RUnlock()
	for _, language := range languages {
		if l := language(); l != nil {
			if text := say(Voice{Language: l}); text != english {
				k[l.Tag] = text
			}
		}
	}
	return k
}

// Others is what is kept in languages other than English, nil where English is all.
func (k Kept) Others() Kept {
	var others Kept
	for tag, text := range k {
		if tag != "en" {
			if others == nil {
				others = Kept{}
			}
			others[tag] = text
		}
	}
	return others
}

// KeptAs is a sentence that was kept as English beside its other languages, or as English
// alone, as older versions of the program kept it.
func KeptAs(english string, others Kept) Kept {
	if english == "" {
		return nil
	}
	k := Kept{"en": english}
	for tag, text := range others {
		if tag != "en" && text != "" {
			k[tag] = text
		}
	}
	return k
}

// UnmarshalJSON reads what Kept is written as, and a text alone, which is English: so older
// versions of the program wrote it.
func (k *Kept) UnmarshalJSON(data []byte) error {
	var english string
	if json.Unmarshal(data, &english) == nil {
		*k = KeptAs(english, nil)
		return nil
	}
	return json.Unmarshal(data, (*map[string]string)(k))
}

// Error is the sentence in English.
func (k Kept) Error() string { return k["en"] }

// Say is the sentence in a voice's language. An action in it is named by its verb.
func (k Kept) Say(v Voice) string {
	if v.Language != nil {
		if text := k[v.Language.Tag]; text != "" {
			return text
		}
		return v.Language.phrase(k["en"]) // kept by an older version: a sentence without values is still known
	}
	return k["en"]
}

// Message is the sentence as a value of another.
func (k Kept) Message() Message {
	if len(k) == 0 {
		return Message{}
	}
	return Phrase("%w", k.Err())
}

// keptError is a Kept that can be compared, as errors are.
type keptError struct{ Kept }

// Err is the sentence as an error, nil where nothing was kept.
func (k Kept) Err() error {
	if len(k) == 0 {
		return nil
	}
	return &keptError{k}
}
