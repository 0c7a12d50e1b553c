package cluster

import "ctlclient/message"

// stepWords are the steps at a node, as a person reads them.
var stepWords = message.Glossary{
	StepConnect:   message.Phrase("connect"),
	StepLogin:     message.Phrase("login"),
	StepFetch:     message.Phrase("fetch"),
	StepFetchTFTP: message.Phrase("fetch-tftp"),
	StepStage:     message.Phrase("stage"),
	StepCommit:    message.Phrase("commit"),
	StepReadBack:  message.Phrase("read-back"),
	StepAbort:     message.Phrase("abort"),
	StepRestore:   message.Phrase("restore"),
	StepMode:      message.Phrase("mode"),
	StepAuthor:    message.Phrase("publisher-writes"),
	StepTrust:     message.Phrase("trust"),
	StepRestart:   message.Phrase("restart"),
	StepJournal:   message.Phrase("journal"),
	StepPrepare:   message.Phrase("prepare"),
}

// StepText names a step at a node, by Progress.Step; the name of a protocol stays.
func StepText(step string) message.Message { return stepWords.Of(step) }

var statusWords = message.Glossary{
	StatusPassed:    message.Phrase("Passed"),
	StatusTakenBack: message.Phrase("Taken back"),
	StatusUnchanged: message.Phrase("Unchanged"),
	StatusFailed:    message.Phrase("Failed"),
	StatusUnknown:   message.Phrase("Unknown"),
}

// StatusText is what became of a node, by NodeOutcome.Status.
func StatusText(status string) message.Message { return statusWords.Of(status) }
