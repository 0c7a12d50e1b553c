package trust

import "ctlclient/message"

// lacking is what a phone lacks, and about whom: why TVS would be asked.
type lacking struct {
	text *message.Text
	name string
}

// and says what is wrong with asking TVS.
func (l lacking) and(but *message.Text) message.Message {
	return l.text.With("name", l.name, "but", but.With())
}

// Why a phone accepts or refuses.
var (
	whyEmpty         = message.Define("phone.empty-file", "The file is empty: the phone takes nothing from it and keeps what it has.")
	whyNothing       = message.Define("phone.nothing-offered", "Nothing was offered.")
	whyUnreadable    = message.Define("phone.signer-unreadable", "The certificate of the signer cannot be read.")
	whyNoITL         = message.Define("phone.no-itl", "The phone has no Security By Default and never asks for an ITL: nothing changes for it.")
	whyUnknown       = message.Define("phone.not-known", "What the phone holds is not known ({unknown}), so whether it accepts cannot be told.")
	whyUnsound       = message.Define("phone.unsound", "The offered {file} is not a sound file: {fault}.")
	whySame          = message.Define("phone.same", "The phone already holds this {file}: nothing changes.")
	whyBlind         = message.Define("phone.blind", "The phone holds nothing to check against: it trusts the next list blindly, and its signer from then on.")
	whyCTLAlone      = message.Define("phone.ctl-alone", "The phone holds a CTL and no ITL: it takes an ITL only from a signer that its CTL lists as CCM+TFTP (or as ITLRecovery), and {signer} is not.")
	whyNoCertificate = message.Define("phone.record-without-certificate", "The signer is {record} of the {list} held, but that record has no certificate to verify with.")
	whyOtherKey      = message.Define("phone.other-key", "The phone knows the signer's name from {record} of its {list}, but the key is another: the signature does not verify.")
	whyKnown         = message.Define("phone.signer-known", "The signer, {signer}, is {record} of the {list} that the phone holds.")
	whyListVouched   = message.Define("phone.signer-vouched", "The phone does not know the signer, {signer}, but TVS vouches for it.")
	whyNotSAST       = message.Define("phone.not-as-sast", "TVS knows {signer}, but not as SAST; it has to be in Phone-SAST-trust to sign a {file}.")
	whyNotAs         = message.Define("phone.not-as-role", "TVS knows {signer}, but not as {role}.")
	whyNoAnswerCert  = message.Define("phone.answer-without-certificate", "TVS knows the signer, but gave no certificate to verify the {file} with.")
	whyAnswerKey     = message.Define("phone.answer-of-other-key", "TVS knows the signer's name, but the key is another: the signature of the {file} does not verify.")

	whyStubs         = message.Define("phone.config.stubs", "The CTL held lists the servers by address alone: the phone takes them for non-secure ones and asks for the configuration without a signature.")
	whyEmptied       = message.Define("phone.config.emptied-itl", "With an emptied ITL the phone takes any configuration, whoever signed it.")
	whyUnsigned      = message.Define("phone.config.no-list", "The phone holds no list: it asks for the configuration without a signature and takes any.")
	whyConfigKey     = message.Define("phone.config.other-key", "The signature of the configuration does not verify with {record} of the {list} that the phone holds.")
	whyConfigKnown   = message.Define("phone.config.signer-known", "The signer is {record} of the {list} that the phone holds.")
	whyConfigVouched = message.Define("phone.config.signer-vouched", "No list that the phone holds has the signer, {signer}, but TVS vouches for it.")

	whyEmptiedHTTPS = message.Define("phone.https.emptied-itl", "With an emptied ITL the phone cannot verify HTTPS servers; the secured phone URLs must be set to HTTP.")
	whyNoListHTTPS  = message.Define("phone.https.no-list", "The phone has no list in which to find the certificate of {name}; the documents do not say what it does then.")
	whyHTTPSVouched = message.Define("phone.https.vouched", "The certificate of {name} is in no list that the phone holds, but TVS vouches for it.")
	whyHTTPSKnown   = message.Define("phone.https.known", "The certificate is {record} of the {list} that the phone holds.")
)

// What a phone lacks, and what is wrong with asking TVS about it.
var (
	whyLacksList   = message.Define("phone.lacks.list", "The signer, {name}, is no SAST that the phone knows, and {but}.")
	whyLacksConfig = message.Define("phone.lacks.config", "No list that the phone holds has the signer, {name}, as CCM+TFTP or TFTP, and {but}.")
	whyLacksHTTPS  = message.Define("phone.lacks.https", "The certificate of {name} is in no list that the phone holds, and {but}.")

	butNoSBD      = message.Define("phone.but.no-sbd", "the phone cannot ask TVS, having no Security By Default")
	butNoRecord   = message.Define("phone.but.no-tvs-record", "it holds no TVS record by which to ask TVS")
	butNotAsked   = message.Define("phone.but.not-asked", "TVS was not asked; the phone accepts only if TVS vouches for it")
	butNotVouched = message.Define("phone.but.not-vouched", "TVS does not vouch for it")
	butBrokenOff  = message.Define("phone.but.broken-off", "asking TVS was broken off; the phone accepts only if TVS vouches for it")
	butOutOfReach = message.Define("phone.but.out-of-reach", "TVS cannot be reached")
	butStranger   = message.Define("phone.but.stranger", "no TVS server shows a certificate that the phone's lists know")
)

// Why an acceptance is not certain.
var (
	whyDoubted  = message.Define("phone.not-certain", "{why} That is not certain: {doubt}.")
	doubtSHA512 = message.Define("phone.doubt.sha512", "the list is signed with SHA-512, which not every model verifies")
	doubtSAST   = message.Define("phone.doubt.third-sast", "it is SAST number {nth} of the {list}, and some phones remember only two")
	doubtBits   = message.Define("phone.doubt.bits", "its key has {bits} bits, and phones are known to verify lists with up to 2048")
	doubtModel  = message.Define("phone.doubt.model", "whether phones of model {model} ask TVS is not known")
)
