package message

// Action is something that the person can do with this program, as the value of a
// sentence. The rooms below the front ends name it; a front end words it, as a command
// line or as the button that leads there.
type Action struct {
	Do   Verb
	ID   string // of a job in the journal
	File string
	Node string
	Name string // of a token, a key of the profile, a service: by the verb
}

// String is the verb: an action that no front end words.
func (a Action) String() string { return string(a.Do) }

// Verb is what an Action does.
type Verb string

// The verbs. Each front end words all of them; Verbs lists them.
const (
	SeeStatus     Verb = "see-status"     // what every node serves
	SeeHistory    Verb = "see-history"    // the jobs of the journal
	Resume        Verb = "resume"         // job ID
	TakeBack      Verb = "take-back"      // job ID
	CloseJob      Verb = "close-job"      // job ID, which another one has overtaken
	Distribute    Verb = "distribute"     // File, or a file that is signed already
	Update        Verb = "update"         // the CTL, signed by a token of the list
	AddToken      Verb = "add-token"      // an update that adds token Name, or one
	RemoveRecord  Verb = "remove-record"  // an update that removes record Name
	ListAnchors   Verb = "list-anchors"   // an update that lists ITLRecovery and CallManager as SAST
	ToTokens      Verb = "to-tokens"      // the migration
	ToTokenless   Verb = "to-tokenless"   // the migration back
	PublisherSign Verb = "publisher-sign" // the publisher writes its tokenless CTL anew, by its usual key
	SetMixed      Verb = "set-mixed"      // with two tokens
	SetNonSecure  Verb = "set-non-secure" // signed by a token
	RecoverCTL    Verb = "recover-ctl"    // the publisher signs the CTL with its other key
	RecoverITL    Verb = "recover-itl"    // the same of the ITLs
	PublisherMode Verb = "publisher-mode" // the publisher sets mode Name ("mixed", "non-secure") by itself
	AddMissing    Verb = "add-missing"    // nodes that the publisher names
	EditProfile   Verb = "edit-profile"   // key Name
	MeetServers   Verb = "meet-servers"   // confirm who they are (cluster pin)
	ListTokens    Verb = "list-tokens"
	ExportTokens  Verb = "export-tokens" // certificates, for the trust store
	UploadTrust   Verb = "upload-trust"  // to Phone-SAST-trust
	VerifyFile    Verb = "verify-file"   // File
	DescribePhone Verb = "describe-phones"
	AcceptLoss    Verb = "accept-loss"
	SayCleared    Verb = "say-cleared" // that the CTL of a phone was deleted by hand
	Overwrite     Verb = "overwrite"   // what is neither the new nor the former file (--force)
	RestartTFTP   Verb = "restart-tftp"
	Rehearse      Verb = "rehearse" // on the practice cluster
	AddCluster    Verb = "add-cluster"
	NameProfile   Verb = "name-profile" // of the cluster to work on
	LeaveOut      Verb = "leave-out"    // node Node, which the profile no longer has
	GivePIN       Verb = "give-pin"
	LastTry       Verb = "last-try"       // of a PIN, which locks the token if it is wrong
	ChangePIN     Verb = "change-pin"     // of a token
	InitToken     Verb = "init-token"     // one that is empty
	EraseToken    Verb = "erase-token"    // one that is not, and is lost by it
	MakePractice  Verb = "make-practice"  // practice tokens
	ResetPractice Verb = "reset-practice" // of practice tokens, to unlock them
	NameModule    Verb = "name-module"    // File, of PKCS#11
	ChooseDigest  Verb = "choose-digest"
	SecondSAST    Verb = "second-sast"    // add a certificate as SAST
	ListHTTPS     Verb = "list-https"     // add a certificate as HTTPS
	SignerVersion Verb = "signer-version" // write files of SIGNERVERSION 1.1
)

// Verbs are all of them.
func Verbs() []Verb {
	return []Verb{SeeStatus, SeeHistory, Resume, TakeBack, CloseJob, Distribute, Update, AddToken, RemoveRecord, ListAnchors,
		ToTokens, ToTokenless, PublisherSign, SetMixed, SetNonSecure, RecoverCTL, RecoverITL, PublisherMode, AddMissing, EditProfile, MeetServers, ListTokens,
		ExportTokens, UploadTrust, VerifyFile, DescribePhone, AcceptLoss, SayCleared, Overwrite, RestartTFTP, Rehearse,
		AddCluster, NameProfile, LeaveOut, GivePIN, LastTry, ChangePIN, InitToken, EraseToken, MakePractice, ResetPractice, NameModule, ChooseDigest, SecondSAST, ListHTTPS, SignerVersion}
}

// Actions are what the person can do, of a message and the messages in it.
func (m Message) Actions() []Action {
	var out []Action
	add := func(value any) {
		switch v := value.(type) {
		case Action:
			out = append(out, v)
		case Message:
			out = append(out, v.Actions()...)
		}
	}
	for _, v := range m.Values {
		add(v.Value)
	}
	if m.phrase != nil {
		for _, a := range m.phrase.args {
			add(a)
		}
	}
	return out
}

// Voice is how a front end speaks: a language, and words for actions. The zero Voice is
// English, and names an action by its verb.
type Voice struct {
	Language *Language
	Word     func(Action) string
}

// Say is the message in this voice.
func (v Voice) Say(m Message) string { return m.In(v.spoken()) }

// word is a value in this voice.
func (v Voice) word(value any) string { return word(value, v.spoken()) }

// spoken is the language with the voice's words for actions.
func (v Voice) spoken() *Language {
	if v.Word == nil {
		return v.Language
	}
	spoken := Language{word: v.Word}
	if v.Language != nil {
		spoken = *v.Language
		spoken.word = v.Word
	}
	return &spoken
}
