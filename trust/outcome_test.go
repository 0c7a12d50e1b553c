package trust_test

import (
	"testing"

	"ctlclient/message"
	"ctlclient/trust"
)

// What becomes of phones is said as sure as it is, and of whom by name where one phone has one.
func TestOutcomeOfAClass(t *testing.T) {
	for want, c := range map[string]trust.Class{
		"accept":                   {Accept: true, Certain: true},
		"probably accept":          {Accept: true},
		"reject":                   {Certain: true},
		"reject, if there are any": {Certain: true, Supposed: true},
		"not known":                {Supposed: true},
		"accepts":                  {Accept: true, Certain: true, Phones: 1},
		"rejects":                  {Certain: true, Phones: 1},
	} {
		if got := c.OutcomeText().String(); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for want, c := range map[string]trust.Class{
		"SEP0011215A1AE3":        {Phones: 1, Names: []string{"SEP0011215A1AE3"}},
		"3 phones":               {Phones: 3, Names: []string{"SEP0011215A1AE3"}},
		"1 phone":                {Phones: 1},
		"2 phones":               {Phones: 2, Names: []string{"SEP0011215A1AE3", "SEP0011215A1AE4"}},
		"1 phone of model 7940":  {Phones: 1, Model: "7940", Names: []string{"SEP0011215A1AE3"}},
		"4 phones of model 7940": {Phones: 4, Model: "7940"},
	} {
		if got := c.WhoText().String(); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := (trust.Class{Reason: "as it was"}).ReasonText().String(); got != "as it was" {
		t.Errorf("without a key: %q", got)
	}
	if got := (trust.Class{Reason: "as it was", Why: message.Plain("why")}).ReasonText().String(); got != "why" {
		t.Errorf("with one: %q", got)
	}
}
