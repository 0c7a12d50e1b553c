package workflow

import "ctlclient/message"

// What jobs say while they run.
var (
	sayConnect       = message.Define("progress.connect", "connecting to {cluster}")
	saySnapshot      = message.Define("progress.snapshot", "looking at what the cluster trusts now")
	sayAssess        = message.Define("progress.assess", "asking what each phone will make of it")
	sayListPhones    = message.Define("progress.list-phones", "asking the cluster for its phones")
	sayRegistered    = message.Define("progress.registered", "asking which phones are registered")
	sayWherePhones   = message.Define("progress.where-phones", "asking where the phones are")
	sayReset         = message.Define("progress.reset", "resetting {n|# phone|# phones} and waiting until {n|it is|they are} registered again")
	sayPages         = message.Define("progress.pages", "reading the web {n|page of # phone|pages of # phones}")
	sayFetchPhone    = message.Define("progress.fetch-phone", "fetching from every node what it serves to the phone")
	saySign          = message.Define("progress.sign", "signing with {token}")
	sayUpload        = message.Define("progress.upload", "uploading to Phone-SAST-trust: {names}")
	sayUploaded      = message.Define("progress.uploaded", "{name} uploaded ({door})")
	sayNoITL         = message.Define("progress.no-itl", "the publisher serves no ITL, so TVS cannot be asked whether it vouches")
	sayAwaitTVS      = message.Define("progress.await-tvs", "waiting until TVS on every node vouches")
	sayNoList        = message.Define("progress.no-list", "the cluster's phones could not be listed, so that verdicts are about one phone of each kind: {why}")
	sayNoCTL         = message.Define("progress.no-ctl", "the file of job {id} is no CTL, so what phones make of it cannot be said: {why}")
	sayPublisherITL  = message.Define("progress.publisher-itl", "the publisher signs the ITL with its other key")
	sayFetchITL      = message.Define("progress.fetch-itl", "fetching the ITL from every node as a phone does")
	sayFetchCTL      = message.Define("progress.fetch-ctl", "fetching the file from every node as a phone does")
	sayServes        = message.Define("progress.serves", "serves this very file over TFTP")
	sayGoingOn       = message.Define("progress.going-on", "going on although phones would be lost, as told; the journal records it")
	sayDistribute    = message.Define("progress.distribute", "staging on {n|# node|# nodes}, then committing on all")
	saySetMode       = message.Define("progress.set-mode", "setting the cluster to {mode}")
	sayModeSet       = message.Define("progress.mode-set", "Cluster set to {mode}")
	sayPublisherMode = message.Define("progress.publisher-mode", "the publisher sets the cluster to {mode}; the token-signed CTL follows")
	sayNoVersion     = message.Define("progress.no-version", "the cluster's version is not known: {why}")
	sayPublisherCTL  = message.Define("progress.publisher-ctl", "the publisher writes and signs its own CTL")
	sayToOthers      = message.Define("progress.to-others", "bringing the publisher's file to every other node")
	sayPutBack       = message.Define("progress.put-back", "putting the former file back on every node")
	sayAskTVS        = message.Define("progress.ask-tvs", "asking TVS on every node about the tokens")
	sayAskTVSAbout   = message.Define("progress.ask-tvs-about", "asking TVS on every node about {name}")
	sayNobodyAsked   = message.Define("progress.nobody-asked", "nobody could be asked about {name}: {why}")
	sayRestart       = message.Define("progress.restart", "restarting TFTP, then CallManager, on all nodes that run them")
	sayRestarted     = message.Define("progress.restarted", "{service} restarted")
	sayMixed         = message.Define("progress.mixed", "Mixed Mode")
	sayNonSecure     = message.Define("progress.non-secure", "Non Secure Mode")
	sayStale         = message.Define("progress.stale", "still serves another file: its TFTP service has to be restarted")
	sayFinish        = message.Define("progress.finish", "finishing the job on every node")
	sayKeypad        = message.Define("progress.keypad", "enter the PIN of {token} at the token or its reader")
	sayTouch         = message.Define("progress.touch", "waiting for {token}: it may have to be touched")
)

// What a plan does by itself.
var (
	noteOtherKey       = message.Define("note.other-key", "the CTL is then signed by {key}, the publisher's other key; have it signed with the usual key again once every phone holds this one: {do}")
	noteOtherITL       = message.Define("note.other-itl", "each node's ITL is then signed by {key}, the other key; its former ITL is kept in the journal, and is not put back by rollback: the next restart of TFTP makes the ITL anew, by the usual key")
	noteNoFile         = message.Define("note.no-file", "the publisher writes the file, or the job is about none")
	noteRemoved        = message.Define("note.removed", "the CTL file is removed; phones keep what they hold")
	noteServed         = message.Define("note.served", "every node serves this very file already")
	noteDropped        = message.Define("note.dropped", "the {function} record of {host} is not one of the publisher's servers and is removed; only a token-signed CTL can list it")
	noteKept           = message.Define("note.kept", "{token} is in the list already; its record is kept")
	noteSAST           = message.Define("note.sast", "{token} is SAST now, as asked")
	noteBeside         = message.Define("note.beside", "{name} is SAST beside the tokens: {why}")
	noteServersDropped = message.Define("note.servers-dropped", "{n|# server SAST record|# server SAST records} dropped: {why}")
	noteStay           = message.Define("note.stay", "CallManager and ITLRecovery stay SAST beside the tokens: {why}")
	noteAgain          = message.Define("note.again", "{function} record of {host}: its certificate is listed again")
	noteNewCert        = message.Define("note.new-certificate", "{function} record of {host} replaced: the server has a new certificate ({certificate})")
	noteAdded          = message.Define("note.added", "{function} record of {host} added: the list lacked its certificate")
	noteGone           = message.Define("note.gone", "{function} record of {host} removed: no server presents its certificate any more")
	whyAsked           = message.Define("note.asked", "as asked")
	whyNoVersion       = message.Define("note.no-version", "the cluster's version is not known, and keeping them loses nothing")
	whyListed          = message.Define("note.listed", "CUCM {version} lists them so (11.5 and later do)")
	whyTokensAlone     = message.Define("note.tokens-alone", "CUCM {version} lists tokens alone (before 11.5)")
	noteReplaced       = message.Define("note.replaced", "SAST record of {name} replaced: the server has a new certificate ({certificate})")
)

// modeText is the cluster's security mode in Cisco's words.
func modeText(mixed bool) message.Message {
	if mixed {
		return sayMixed.With()
	}
	return sayNonSecure.With()
}
