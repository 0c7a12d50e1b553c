package trust

import (
	"strings"
	"sync"
	"sync/atomic"

	"ctlclient/internal/lazyregexp"
	"ctlclient/message"
)

// modelRule is a line of the table of models. The first that matches decides.
type modelRule struct {
	match  *lazyregexp.Regexp // against the model in lower case, maker's words taken out
	can    bool
	source message.Message
}

var (
	sourceTokenless = message.Phrase(`Tokenless CTL, "Requirements", note: Jabber, many TelePresence endpoints and 7940/7960 have no Security By Default; 7945 and 7965 or newer have it`)
	sourceOlder     = message.Phrase(`not named in the documents; older than or of the generation of 7940/7960, which have no Security By Default (Tokenless CTL, "Requirements", note); taken as unable, the careful reading`)
	sourceNewer     = message.Phrase(`newer than 7945/7965, which have Security By Default (Tokenless CTL, "Requirements", note)`)
	sourceSameAge   = message.Phrase(`of the generation of 7945/7965, not named in the documents; CUCM's Unified CM Phone Feature List says for certain`)
	sourceMany      = message.Phrase(`Tokenless CTL, "Requirements", note: "many" TelePresence endpoints have no Security By Default, without saying which; taken as unable, the careful reading`)
	sourceSoft      = message.Phrase(`not named in the documents; software endpoint of Jabber's kind or older; taken as unable, the careful reading`)
	source7975      = message.Phrase(`Tokenless CTL, "Components Used" and "Certificate regeneration": a 7975 asks TVS in the logs shown`)
)

// models is the table: what the documents say of Security By Default by model,
// and where they do not say, which way was taken.
var models = []modelRule{
	{lazyregexp.New(`^79(40|60)g?$`), false, sourceTokenless},
	{lazyregexp.New(`^79(02|05|10|12|20|35|36)g?(\+sw)?$`), false, sourceOlder},
	{lazyregexp.New(`^ata\s*-?18[678]$`), false, sourceOlder},
	{lazyregexp.New(`^(30vip|12sp\+?|12s|vgc)`), false, sourceOlder},
	{lazyregexp.New(`jabber|^csf$|client services framework`), false, sourceTokenless},
	{lazyregexp.New(`dual mode for (iphone|android)|^(tct|bot|tab)$`), false, sourceTokenless},
	{lazyregexp.New(`^(cipc|ip communicator|communicator)$|personal communicator`), false, sourceSoft},
	{lazyregexp.New(`telepresence|^(mx|sx|ex)\d+|^c\d0$`), false, sourceMany},
	{lazyregexp.New(`^7975g?$`), true, source7975},
	{lazyregexp.New(`^79(45|65)g?$`), true, sourceTokenless},
	{lazyregexp.New(`^79(06|11|21|25|26|31|37|41|42|61|62|70|71)(g|g-ge|ge)?(-ex)?$`), true, sourceSameAge},
	{lazyregexp.New(`^(69|78|88|89|99)\d\d[a-z]*(-[a-z0-9]+)?$`), true, sourceNewer},
}

// makerWords are dropped from a model before the table is asked: "Cisco Unified
// IP Phone 7965G" is 7965G.
var makerWords = lazyregexp.New(`\b(cisco|unified|ip|conference|wireless|phone|cp|sip|sccp)\b[- ]*`)

// CanAskTVS looks a model up in the table of models: whether it has Security By
// Default, and so can ask TVS about a signer that it does not know. known is false
// for a model that the table does not have (third-party phones among them). source
// says where the line of the table comes from, or that there is none.
//
// For a cluster of one's own, Cisco Unified Reporting's "Unified CM Phone Feature
// List" is the authority; the table is what can be said without it.
func CanAskTVS(model string) (can, known bool, source message.Message) {
	if f, ok := lookedUp.Load(model); ok {
		f := f.(feature)
		return f.can, f.known, f.source
	}
	can, known, source = lookUp(model)
	if lookedUpCount.Load() < maxLookedUp {
		lookedUpCount.Add(1)
		lookedUp.Store(strings.Clone(model), feature{can, known, source})
	}
	return can, known, source
}

// feature is a line of the table, found.
type feature struct {
	can, known bool
	source     message.Message
}

// lookedUp has what was found for models: fleets have many phones of few.
var (
	lookedUp      sync.Map // string -> feature
	lookedUpCount atomic.Int32
)

const maxLookedUp = 1000

func lookUp(model string) (can, known bool, source message.Message) {
	m := strings.ToLower(strings.TrimSpace(model))
	short := m
	if !strings.Contains(m, "communicator") {
		short = strings.TrimSpace(makerWords.ReplaceAllString(m, ""))
	} else {
		short = strings.TrimPrefix(short, "cisco ")
	}
	if short == "" {
		return false, false, message.Phrase("no model was given")
	}
	for _, r := range models {
		if r.match.MatchString(short) {
			return r.can, true, r.source
		}
	}
	return false, false, message.Phrase("not in the table of models; see CUCM's Unified CM Phone Feature List, \"Security By Default\"")
}
