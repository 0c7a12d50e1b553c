package trust

import (
	"fmt"
	"io"

	"ctlclient/message"
)

// Class is a group of phones of one model whose verdicts are alike.
type Class struct {
	Model   string
	Phones  int // how many phones, counts of classes included
	Accept  bool
	Certain bool
	ByTVS   bool
	// Supposed phones are ones that nobody described (see Phone.Supposed).
	Supposed bool
	Reason   string
	Why      message.Message // Reason by key and values
	Source   string
	Names    []string // of the phones or classes, in the order given
}

// Lost reports phones that are certain to refuse.
func (c Class) Lost() bool { return !c.Accept && c.Certain }

// Outcome is, for data, accept, reject, or one of them with "probably" when it is not certain:
// a phone of which nothing is known is "unknown".
func (c Class) Outcome() string { return c.outcome(2).String() }

// Who names the group for a sentence: "12 phones of model 7940".
func (c Class) Who() string { return c.WhoText().String() }

// Summarise groups verdicts by model and by what decided, in the order in which
// each group first appears.
func Summarise(verdicts []Verdict) []Class {
	var classes []Class
	at := map[string]int{}
	for _, v := range verdicts {
		model := v.Phone.Model
		key := fmt.Sprintf("%q %t %t %t %t %s", model, v.Accept, v.Certain, v.ByTVS, v.Phone.Supposed(), v.Reason)
		if model == "" {
			// Without a model, phones are alike only in name.
			key += " " + v.Phone.Name
		}
		i, seen := at[key]
		if !seen {
			i = len(classes)
			at[key] = i
			classes = append(classes, Class{
				Model: model, Accept: v.Accept, Certain: v.Certain, ByTVS: v.ByTVS, Supposed: v.Phone.Supposed(), Reason: v.Reason, Why: v.Why, Source: v.Source,
			})
		}
		c := &classes[i]
		c.Phones += v.Phone.N()
		if v.Phone.Name != "" {
			c.Names = append(c.Names, v.Phone.Name)
		}
	}
	return classes
}

// Totals counts phones by outcome: those that accept, those that are lost, and
// those of which it cannot be said for certain, or of which there may be none
// (Phone.Supposed).
func Totals(verdicts []Verdict) (accept, lost, unsure int) {
	for _, v := range verdicts {
		switch {
		case !v.Certain, v.Lost() && v.Phone.Supposed():
			unsure += v.Phone.N()
		case v.Accept:
			accept += v.Phone.N()
		default:
			lost += v.Phone.N()
		}
	}
	return accept, lost, unsure
}

// WriteText prints a verdict for a person, in a voice: the answer, the steps, the console lines.
func (v Verdict) WriteText(w io.Writer, voice message.Voice) error {
	word := message.Phrase("REJECT")
	if v.Accept {
		word = message.Phrase("ACCEPT")
	}
	if !v.Certain {
		word = message.Phrase("%s (not certain)", word)
	}
	lines := message.Lines{word, v.Why}
	if v.Why.IsZero() {
		lines[1] = message.Plain(v.Reason)
	}
	if v.Phone.Name != "" {
		lines[0] = message.Phrase("%s: %s", v.Phone.NameText(), word)
	}
	for i, s := range v.Steps {
		mark := "--"
		if s.OK {
			mark = "ok"
		}
		lines = append(lines, message.Phrase("  %d. [%s] %s\n          %s", i+1, mark, s.What, s.Outcome))
	}
	if v.Source != "" {
		lines = append(lines, message.Phrase("Source: %s", v.Source))
	}
	if len(v.Console) > 0 {
		lines = append(lines, message.Phrase("On the phone's console:"))
		for _, line := range v.Console {
			lines = append(lines, message.Plain("  "+line))
		}
	}
	_, err := io.WriteString(w, voice.Say(message.Phrase("%s\n", lines)))
	return err
}
