package trust

import (
	"ctlclient/message"
)

// What becomes of a group of phones.
var (
	outcomeAccept      = message.Define("outcome.accept", "accept")
	outcomeProbably    = message.Define("outcome.probably", "probably accept")
	outcomeRejectIfAny = message.Define("outcome.reject-if", "reject, if there are any")
	outcomeReject      = message.Define("outcome.reject", "reject")
	outcomeUnknown     = message.Define("outcome.unknown", "not known")
	outcomeTotals      = message.Define("outcome.totals", "{accept|# accepts|# accept}, {lost} would be lost, {unsure} not certain")
	phones             = message.Define("outcome.phones", "{n|# phone|# phones}")
	phonesOf           = message.Define("outcome.phones-of", "{n|# phone|# phones} of model {model}")
)

// OutcomeText is Outcome by its key.
func (c Class) OutcomeText() message.Message {
	switch {
	case c.Accept && c.Certain:
		return outcomeAccept.With()
	case c.Accept:
		return outcomeProbably.With()
	case c.Certain && c.Supposed:
		return outcomeRejectIfAny.With()
	case c.Certain:
		return outcomeReject.With()
	}
	return outcomeUnknown.With()
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
