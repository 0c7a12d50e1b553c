package workflow

import (
	"encoding/json"
	"strings"

	"ctlclient/message"
	"ctlclient/trust"
)

// NoteText is a note of a job's journal as a person reads it: the journal keeps words of this
// program by their English.
func NoteText(key, value string) message.Message {
	switch key {
	case "by":
		if account, host, found := strings.Cut(value, " on "); found {
			return message.Phrase("%s on %s", account, host)
		}
		if value == unknownAccount {
			return message.Phrase("unknown")
		}
	case "mode":
		switch value {
		case modeName(true):
			return message.Phrase("mixed mode")
		case modeName(false):
			return message.Phrase("non-secure mode")
		}
	case "undescribed-phones":
		return message.Phrase("the person went on without a description of the phones")
	case "closed":
		return message.Phrase("the person left the nodes as they are")
	}
	return message.Plain(value)
}

// NoteClosed is the note of a job that a person has closed.
func NoteClosed() map[string]string {
	return map[string]string{"closed": "the person left the nodes as they are"}
}

// unknownAccount runs the program where the system does not name it.
const unknownAccount = "unknown"

// NotePhones is the key of the journal's note about what was predicted for phones: JSON,
// which ReadPhoneNotes reads.
const NotePhones = "phones"

// PhoneNote is a class of phones and what was predicted for it: in English, and in the
// languages that it was kept in.
type PhoneNote struct {
	Who     string `json:"who"` // "12 phones of model 7940"
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Lost    bool   `json:"lost,omitempty"`

	WhoText, OutcomeText, ReasonText message.Message `json:"-"`
}

// keptPhoneNote is a PhoneNote in the journal.
type keptPhoneNote struct {
	PhoneNote
	WhoIn     message.Kept `json:"who_in,omitempty"`
	OutcomeIn message.Kept `json:"outcome_in,omitempty"`
	ReasonIn  message.Kept `json:"reason_in,omitempty"`
}

// maxPhoneNotes bounds the note; classes are few where phones are many.
const maxPhoneNotes = 200

// phoneNotes are the classes of phones for the journal, "" where there are none.
func phoneNotes(vs []trust.Verdict) string {
	var notes []keptPhoneNote
	for _, c := range trust.Summarise(vs) {
		if len(notes) == maxPhoneNotes {
			break
		}
		notes = append(notes, keptPhoneNote{
			PhoneNote: PhoneNote{Who: c.Who(), Outcome: c.Outcome(), Reason: c.Reason, Lost: c.Lost() && !c.Supposed},
			WhoIn:     message.Keep(c.WhoText()).Others(), OutcomeIn: message.Keep(c.OutcomeText()).Others(), ReasonIn: message.Keep(c.ReasonText()).Others(),
		})
	}
	if len(notes) == 0 {
		return ""
	}
	text, err := json.Marshal(notes)
	if err != nil {
		return "" // plain data
	}
	return string(text)
}

// ReadPhoneNotes reads the note NotePhones of a job, as this and older versions wrote it.
func ReadPhoneNotes(note string) ([]PhoneNote, error) {
	var kept []keptPhoneNote
	if err := json.Unmarshal([]byte(note), &kept); err != nil {
		return nil, message.Errorf("the journal's note about phones cannot be read: %w", err)
	}
	notes := make([]PhoneNote, len(kept))
	for i, k := range kept {
		notes[i] = k.PhoneNote
		notes[i].WhoText = message.KeptAs(k.Who, k.WhoIn).Message()
		notes[i].OutcomeText = message.KeptAs(k.Outcome, k.OutcomeIn).Message()
		notes[i].ReasonText = message.KeptAs(k.Reason, k.ReasonIn).Message()
	}
	return notes, nil
}
