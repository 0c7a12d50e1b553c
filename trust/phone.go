package trust

import (
	"context"
	"time"

	"ctlclient/ctlbuild"
	"ctlclient/message"
)

// Phone is what is known of one phone, or of a class of Count phones that are alike.
type Phone struct {
	Name  string // SEP0011215A1AE3, or a class's name
	Model string // "7975", "7940", "8861", "Jabber"...
	Count int    // 0 counts as 1
	// NoSBD: has no Security By Default, so neither uses an ITL nor asks TVS. A
	// model that the table of CanAskTVS has as unable counts the same.
	NoSBD bool
	CTL   *ctlbuild.List // held; nil: none
	ITL   *ctlbuild.List // held; nil: none
	TVS   []string       // host:port of the TVS servers that its configuration names, in order
	// Unknown says why part of what the phone holds is not known ("never seen
	// since 2019", "the checksum is that of no known list"). A list that is set
	// beside it is known all the same.
	Unknown string
	// UnknownText is Unknown as a person reads it; [Phone.NotKnown] sets both.
	UnknownText message.Message
	// Assumed says that no one described this phone: it stands in for phones that
	// there may be, as DefaultPhones makes them.
	Assumed bool
}

// Supposed reports a phone that nobody described and that a cluster may well not
// have: one that cannot ask TVS. Phones that can are taken to be there always.
func (p Phone) Supposed() bool { return p.Assumed && p.NoSBD }

// N is the number of phones that p stands for.
func (p Phone) N() int { return max(p.Count, 1) }

// SBD tells whether p has Security By Default, so that it uses an ITL and asks TVS,
// and whether that is known. A phone whose model the table does not have is taken to.
func (p Phone) SBD() (has, known bool) {
	has, known, _ = p.canAsk()
	return has, known
}

// NotKnown notes why part of what the phone holds is not known; nothing, when it is.
func (p *Phone) NotKnown(why message.Message) { p.Unknown, p.UnknownText = why.String(), why }

// WhyUnknown is Unknown as a person reads it.
func (p Phone) WhyUnknown() message.Message {
	if p.UnknownText.IsZero() {
		return message.Plain(p.Unknown)
	}
	return p.UnknownText
}

// canAsk tells whether p has Security By Default, and whether that is known.
func (p Phone) canAsk() (can, known bool, source message.Message) {
	if p.NoSBD {
		return false, true, message.Phrase("described as having no Security By Default")
	}
	if p.Model == "" {
		return true, true, message.Phrase("described as having Security By Default")
	}
	can, known, source = CanAskTVS(p.Model)
	return can || !known, known, source
}

// Offer is one file or certificate put before a phone. Exactly one field is set.
type Offer struct {
	CTL    *ctlbuild.List
	ITL    *ctlbuild.List
	Config *ctlbuild.Envelope // .cnf.xml.sgn or .enc.sgn
	HTTPS  []byte             // DER of a server's certificate
	Empty  bool               // a file of no bytes
}

// Question is what a phone puts to TVS: the names and the serial number that the header
// of a file has, or the certificate of an HTTPS server. A list that brings its signer's
// certificate has both; the phone asks by the names all the same.
type Question struct {
	Certificate     []byte // DER
	Subject, Issuer string // as the header writes them
	Serial          []byte
}

// ByName tells a question by names from one by the certificate.
func (q Question) ByName() bool { return len(q.Serial) > 0 }

// Answer of TVS.
type Answer struct {
	Valid       bool
	Certificate []byte        // DER; answers to questions by name have it
	Roles       []uint8       // FUNCTION numbers of a trust list
	TTL         time.Duration // how long the answer may be cached
}

// Asker asks TVS as the phone would: servers in the phone's order, each server's
// certificate authenticated by the TVS records of the phone's lists (see
// [CheckTVSCertificate]). An error means that no server could be asked, which
// for the phone is the same as being refused. A nil Asker means that TVS was not
// asked, so that a verdict which needs its answer is not certain; [NoTVS] is the
// Asker for a cluster whose TVS is known to be out of reach.
type Asker interface {
	Ask(ctx context.Context, p Phone, q Question) (Answer, error)
}

// ErrNoTVS is what NoTVS answers.
var ErrNoTVS = message.NewError("no TVS server can be reached")

// NoTVS is an Asker that reaches no server.
var NoTVS Asker = AskerFunc(func(context.Context, Phone, Question) (Answer, error) {
	return Answer{}, ErrNoTVS
})

// AskerFunc makes an Asker of a function.
type AskerFunc func(ctx context.Context, p Phone, q Question) (Answer, error)

// Ask calls f.
func (f AskerFunc) Ask(ctx context.Context, p Phone, q Question) (Answer, error) {
	return f(ctx, p, q)
}

// Step of the reasoning, in order.
type Step struct {
	What    message.Message // "The signer is looked for among the SAST records of the CTL held."
	Outcome message.Message // "found: record 5 (SAST-ADN008580ef)"
	OK      bool
}

// Verdict on one offer to one phone.
type Verdict struct {
	Phone   Phone
	Accept  bool
	Certain bool            // false when it rests on something not known (TVS not asked, unknown contents)
	Reason  string          // one sentence, in English
	Why     message.Message // Reason by key and values
	Doubt   message.Message // why an acceptance is not certain, as Why says; nothing otherwise
	Source  string          // where the rule that decided stands
	Steps   []Step
	Decider *ctlbuild.Record // the record that decided, nil when none
	// DeciderName is the decider as shown, "record 5 (SAST-ADN008580ef) of the CTL".
	DeciderName string
	ByTVS       bool     // TVS was what decided
	Console     []string // lines that a phone would print, in the documents' form
}

// Lost reports a phone that is certain to refuse: one to be cleared by hand. Where
// [Phone.Supposed] it is lost only if there is any.
func (v Verdict) Lost() bool { return !v.Accept && v.Certain }

// Names of phones that nobody described: in the data they are English, and a person reads them
// in their language.
var (
	withSBD    = message.Phrase("a phone with Security By Default")
	withoutSBD = message.Phrase("a phone without Security By Default (7940/7960, Jabber, many TelePresence endpoints)")
	newPhone   = message.Phrase("a new or cleared phone")
)

// NameText is the phone's name as a person reads it.
func (p Phone) NameText() message.Message { return message.Words(p.Name) }

// UnknownPhones stand in beside DefaultPhones where there is a CTL that nobody can read.
func UnknownPhones(itl *ctlbuild.List) []Phone {
	phones := []Phone{{Name: withSBD.String(), ITL: itl, Assumed: true}, {Name: withoutSBD.String(), NoSBD: true, Assumed: true}}
	for i := range phones {
		phones[i].NotKnown(message.Phrase("its CTL is not known"))
	}
	return phones
}

// DefaultPhones stands in when no fleet is described: a phone that holds the
// lists and can ask TVS, one that holds the CTL and cannot (7940/7960, Jabber...),
// one that holds nothing. Phones with Security By Default always have an ITL; with
// itl nil it is not known which.
func DefaultPhones(old, itl *ctlbuild.List, tvs []string) []Phone {
	phones := []Phone{
		{Name: withSBD.String(), CTL: old, ITL: itl, TVS: tvs, Assumed: true},
		{Name: withoutSBD.String(), NoSBD: true, CTL: old, Assumed: true},
		{Name: newPhone.String(), Assumed: true},
	}
	if itl == nil {
		phones[0].NotKnown(message.Phrase("its ITL is not known"))
	}
	if old == nil {
		// Without a CTL the second phone is the third.
		phones = append(phones[:1], phones[2])
	}
	if old == nil && itl == nil {
		phones = phones[1:]
	}
	return phones
}
