package trust

import "ctlclient/message"

// Words that several steps of a verdict share.
var (
	yes      = message.Phrase("yes")
	no       = message.Phrase("no")
	notKnown = message.Phrase("not known")
)

// NotKnown reports a step whose question has no answer.
func (s Step) NotKnown() bool { return s.Outcome.String() == notKnown.String() }

// files are the kinds of file that a phone is given, as a person reads them.
var files = message.Glossary{
	"configuration": message.Phrase("configuration"),
	"certificate":   message.Phrase("certificate"),
	"signed file":   message.Phrase("signed file"),
}

// FileText is a kind of file as a person reads it, by its name in verdicts: CTL, ITL,
// configuration, certificate.
func FileText(kind string) message.Message { return files.Of(kind) }

func verifiesText(record, list string) message.Message {
	return message.Phrase("Does %s of the %s held verify the file?", record, list)
}
