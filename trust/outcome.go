package trust

import (
	"ctlclient/message"
)

// What becomes of a group of phones.
var (
	outcomeAccept      = message.Define("outcome.accept", "{n|accepts|accept}")
	outcomeProbably    = message.Define("outcome.probably", "probably {n|accepts|accept}")
	outcomeRejectIfAny = message.Define("outcome.reject-if", "{n|rejects, if there is one|reject, if there are any}")
	outcomeReject      = message.Define("outcome.reject", "{n|rejects|reject}")
	outcomeUnknown     = message.Define("outcome.unknown", "not known")
	outcomeTotals      = message.Define("outcome.totals", "{accept|# accepts|# accept}, {lost} would be lost, {unsure} not certain")
	phones             = message.Define("outcome.phones", "{n|# phone|# phones}")
	phonesOf           = message.Define("outcome.phones-of", "{n|# phone|# phones} of model {model}")
)

// OutcomeText is Outcome by its key, for as many phones as there are.
func (c Class) OutcomeText() message.Message { return c.outcome(c.Phones) }

func (c Class) outcome(n int) message.Message {
	text := outcomeUnknown
	switch {
	case c.Accept && c.Certain:
		text = outcomeAccept
	case c.Accept:
		text = outcomeProbably
	case c.Certain && c.Supposed:
		text = outcomeRejectIfAny
	case c.Certain:
		text = outcomeReject
	}
	return text.With("n", n)
}

// WhoText is Who by its key.
func (c Class) WhoText() message.Message {
	switch {
	case c.Model == "" && len(c.Names) == 1 && c.Phones == 1:
		return message.Words(c.Names[0])
	case c.Model == "":
		return phones.With("n", c.Phones)
	}
	return phonesOf.With("n", c.Phones, "model", c.Model)
}

// TotalsText counts phones by what becomes of them.
func TotalsText(vs []Verdict) message.Message {
	accept, lost, unsure := Totals(vs)
	return outcomeTotals.With("accept", accept, "lost", lost, "unsure", unsure)
}

// ReasonText is Reason by its key; as it is, where it has none.
func (c Class) ReasonText() message.Message {
	if c.Why.IsZero() {
		return message.Plain(c.Reason)
	}
	return c.Why
}
